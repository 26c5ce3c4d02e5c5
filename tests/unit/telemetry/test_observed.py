from __future__ import annotations

import pytest

from tocsin.errors import ParseError
from tocsin.telemetry import observed
from tocsin.telemetry.schema import Fact
from tocsin.telemetry.schemas import Typed

NOW = 1_795_161_600_000_000
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"


def _said(category="", **facts):
    rows = [
        Fact(name.replace("__", "."), value, "x")
        for name, values in facts.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    return Typed(NOW, "host", category, tuple(rows), "x")


def _made(said, **options):
    made = observed.observed_data(said, place="a.log:1", raw=b"raw", now=NOW, **options)
    return {each.id: each.data for each in made}


def _only(made, kind):
    (found,) = [data for data in made.values() if data["type"] == kind]
    return found


def test_a_process_refers_to_image_parent_and_user():
    made = _made(
        _said(
            "process",
            process__pid="7",
            process__executable="C:\\Windows\\x.exe",
            process__hash__md5="a" * 32,
            process__command_line="x.exe -c",
            process__parent__pid="1",
            user__name="jane",
            user__domain="CORP",
        )
    )
    child = next(data for data in made.values() if data.get("command_line"))
    image = made[child["image_ref"]]
    assert (image["name"], image["hashes"]) == ("x.exe", {"MD5": "a" * 32})
    assert made[image["parent_directory_ref"]]["path"] == "C:\\Windows"
    assert made[child["parent_ref"]]["pid"] == 1
    assert made[child["creator_user_ref"]]["display_name"] == "CORP\\jane"


def test_traffic_has_ends_protocols_and_request():
    made = _made(
        _said(
            "web",
            source__ip="10.0.0.5",
            destination__ip="2001:db8::1",
            destination__port="80",
            network__transport="tcp",
            http__request__method="GET",
            url__path="/x",
            user_agent__original="curl",
            source__bytes="99999999999999999",
        )
    )
    traffic = _only(made, "network-traffic")
    assert made[traffic["src_ref"]]["value"] == "10.0.0.5"
    assert made[traffic["dst_ref"]]["value"] == "2001:db8::1"
    assert traffic["protocols"] == ["ipv4", "tcp", "http"]
    assert traffic["extensions"]["http-request-ext"] == {
        "request_method": "get",
        "request_value": "/x",
        "request_header": {"User-Agent": ["curl"]},
    }
    assert "src_byte_count" not in traffic  # beyond what JSON readers hold exactly


def test_a_name_resolves_to_its_answers():
    made = _made(
        _said(
            "dns",
            dns__question__name="a.example",
            dns__resolved_ip=["1.2.3.4", "::1"],
            dns__answers__name="b.example",
        )
    )
    name = next(data for data in made.values() if data.get("value") == "a.example")
    assert [made[ref]["value"] for ref in name["resolves_to_refs"]] == ["1.2.3.4", "::1", "b.example"]


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("HKLM\\Software\\Run\\x", "x", "HKEY_LOCAL_MACHINE\\Software\\Run"),
        ("HKU\\S-1-5\\Run", None, "HKEY_USERS\\S-1-5\\Run"),
        ("\\REGISTRY\\MACHINE\\SYSTEM", None, "HKEY_LOCAL_MACHINE\\SYSTEM"),
    ],
)
def test_registry_hives_are_written_out(path, value, key):
    facts = {"registry__path": path, **({"registry__value": value} if value else {})}
    found = _only(_made(_said("registry", **facts)), "windows-registry-key")
    assert found["key"] == key
    assert found.get("values") == ([{"name": value}] if value else None)


def test_mail_and_certificate_and_mutex():
    made = _made(
        _said(
            "email",
            email__from__address="a@b.example",
            email__to__address=["c@d.example", "e@f.example"],
            email__subject="s",
            tls__server__hash__sha1="b" * 40,
            mutex__name="m",
        )
    )
    mail = _only(made, "email-message")
    assert made[mail["from_ref"]]["value"] == "a@b.example"
    assert len(mail["to_refs"]) == 2
    assert _only(made, "x509-certificate")["hashes"] == {"SHA-1": "b" * 40}
    assert _only(made, "mutex")["name"] == "m"


def test_ids_are_the_same_when_a_log_is_read_again():
    said = _said("process", process__pid="7", source__ip="1.2.3.4")
    assert _made(said).keys() == _made(said).keys()
    other = observed.observed_data(said, place="a.log:2", raw=b"raw", now=NOW)
    ids = {each.id for each in other}
    assert {i for i in ids if not i.startswith("ipv4")}.isdisjoint(_made(said))


def test_what_stix_has_rules_against_is_left_out():
    made = _made(_said("", registry__path="bogus\udcffhive", source__ip="1.2.3.4", file__name="\ud800"))
    assert {data["type"] for data in made.values()} == {"ipv4-addr", "observed-data"}


def test_a_record_without_observables_makes_nothing():
    assert observed.observed_data(_said("", event__action="x"), place="x", raw=b"", now=NOW) == []


def test_markings_are_on_everything():
    made = _made(
        _said("", source__ip="1.2.3.4"),
        markings=[GREEN],
        created_by="identity--00000000-0000-4000-8000-000000000001",
    )
    assert all(data["object_marking_refs"] == [GREEN] for data in made.values())
    assert _only(made, "observed-data")["created_by_ref"].startswith("identity--")
    with pytest.raises(ParseError):
        _made(_said("", source__ip="1.2.3.4"), created_by="nobody")
