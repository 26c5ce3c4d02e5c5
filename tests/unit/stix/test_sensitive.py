"""What is seen in objects that needs care, and what is not taken for it."""

from __future__ import annotations

import copy
import json
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories
import mutating_objects
from tocsin.errors import InputError
from tocsin.stix import parse
from tocsin.stix.sensitive import SENSITIVE, kinds

ORG = "identity--8f0f3a43-6f7b-4b36-9c0e-0a9b0f1c2d3e"
OTHER = "identity--7e0f3a43-6f7b-4b36-9c0e-0a9b0f1c2d3e"


def sco(kind, **properties):
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.UUID(int=(4 << 76) | (8 << 60) | 1)}",
    } | properties


def sdo(kind, **properties):
    times = {"created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z"}
    return sco(kind, **times) | properties


def pattern(text):
    return factories.indicator(pattern=text)


def text(words):
    return factories.indicator(description=words)


def held(data):
    found = factories.parsed(data)
    return kinds(found.data, found.body)


SEEN = [
    (sco("ipv4-addr", value="203.0.113.5"), "network-address"),
    (sco("ipv4-addr", value="10.1.2.3"), "internal network-address"),
    (sco("ipv6-addr", value="2001:db8::1"), "network-address"),
    (sco("network-traffic", protocols=["tcp"], src_ref=sco("domain-name")["id"]), "network-address"),
    (
        sco("network-traffic", protocols=["tcp"], src_ref=sco("domain-name")["id"], src_payload_ref=sco("artifact")["id"]),
        "content network-address",
    ),
    (pattern("[ipv4-addr:value = '203.0.113.5']"), "network-address"),
    (pattern("[ipv4-addr:value ISSUBSET '192.168.0.0/16']"), "internal network-address"),
    (pattern("[network-traffic:dst_ref.value = 'x.example']"), "network-address"),
    (pattern("[network-traffic:dst_port = 443]"), ""),
    (pattern(r"[url:value MATCHES '^http://203\\.0\\.113\\.5/']"), "network-address"),
    (pattern("[domain-name:value = 'my-wallet.example']"), ""),
    (pattern("[domain-name:value = 'evil.example']"), ""),
    (pattern("[email-message:from_ref.value = 'a@b.example']"), "email-address"),
    (pattern("[email-message:body LIKE '%invoice%']"), "content email-address"),
    (pattern("[email-addr:display_name = 'X Y']"), "email-address name"),
    (pattern("[user-account:account_login = 'bob']"), "account"),
    (pattern("[user-account:credential = 'bob']"), "account credential"),
    (pattern("[mac-addr:value = '00:1b:44:11:3a:b7']"), "device"),
    (pattern("[cryptocurrency-wallet:address = 'bc1q']"), "wallet"),
    (pattern(r"[file:name = 'C:\\Users\\bob\\a.exe']"), "account internal"),
    (text("seen at 203.0.113.5."), "network-address"),
    (text("203[.]0[.]113[.]5"), "network-address"),
    (text("203[.]0.113(.)5"), "network-address"),
    (text("203 [dot] 0 [dot] 113 [dot] 5"), "network-address"),
    (text("http://198.51.100.7/a"), "network-address"),
    (text("\uff12\uff10\uff13\uff0e\uff10\uff0e\uff11\uff11\uff13\uff0e\uff15"), "network-address"),
    (text("OID 1.3.6.1.4.1.311.2.1"), ""),
    (text("version 1.2.3 and 999.1.1.1 at 12:30:15.000"), ""),
    (sco("software", name="x", version="10.2.0.1"), ""),
    (sdo("vulnerability", name="x", description="fixed in 7.1.0.9"), ""),
    (text("from 172.20.1.9 and 169.254.3.3"), "internal"),
    (text("from 172.32.1.9"), "network-address"),
    (text("2001:0db8:85a3:0000:0000:8a2e:0370:7334 did"), "network-address"),
    (text("it is [fe80::12] and fc00::1"), "internal"),
    (text("2001[:]db8::5"), "network-address"),
    (text("std::string a::b, 12:30:15 and x::y"), ""),
    (text("host dc01.corp.\nnext"), "internal"),
    (text("build.Example.INTERNAL:8443"), "internal"),
    (text("router.home.arpa"), "internal"),
    (text("www.local.example and a local.example or ~/.local/share"), ""),
    (text(r"on \\srv7\share$ today"), "internal"),
    (text(r"C:\Windows\System32\cmd.exe HKLM\Software\X"), ""),
    (text("opened by Ms. Doe of accounting"), "name"),
    (text("Mr Smith, M. le Maire"), "name"),
    (text("an Frau Dr. Müller und Herrn Weiß"), "name"),
    (text("el Señor Álvarez"), "name"),
    (text("Reported by: Jane Q. Doe, contact: desk"), "name"),
    (text("victim: Łucja Żak"), "name"),
    (text("Fraud. Example, Herring Bank, Mrs x, UMr Smith, Master Boot Record"), ""),
    (text("Domain Name: Domain Registration; see also: Cobalt Strike; user: admin"), ""),
    (text(r"C:\Users\Public\x and %APPDATA%\x and C:\Users\%USERNAME%\x"), ""),
    (text(r"in c:\users\j.doe\appdata"), "account internal"),
    (text("in '/home/jdoe/.ssh' there"), "account internal"),
    (text("/Users/jdoe"), "account internal"),
    (text("https://example.com/home/index.html"), ""),
    (text("mail j.doe@corp.example now"), "email-address"),
    (text("j.doe(at)corp.example"), "email-address"),
    (text("j.doe [at] corp [dot] example"), "email-address"),
    (text("?mail=j.doe%40corp.example"), "email-address"),
    (text("twitter @somebody, a @ b and x @"), ""),
    (text("http://bob:hunter2@evil.example/"), "credential"),
    (text("device 00-1B-44-11-3A-B7"), "device"),
    (text("device 00:1B:44:11:3A:B7"), "device"),
    (text("IMEI 490154203237518"), "device"),
    (text("(at least) [ATT&CK] 100% (dots)"), ""),
    (sco("email-addr", value="a@b.example", display_name="A B"), "email-address name"),
    (sco("email-message", is_multipart=False, body="hello"), "content email-address"),
    (sco("artifact", payload_bin="aGFsbG8="), "content"),
    (sco("user-account", user_id="bob", credential="x"), "account credential"),
    (sco("user-account", user_id="bob", credential_last_changed="2026-01-01T00:00:00Z"), "account"),
    (sco("mac-addr", value="00:1b:44:11:3a:b7"), "device"),
    (sco("cryptocurrency-wallet", address="x"), "wallet"),
    (sco("process", extensions={"windows-service-ext": {"display_name": "x"}}), ""),
    (sdo("identity", name="X", identity_class="individual"), "name"),
    (sdo("identity", name="X", identity_class="individual", roles=["Suspect"]), "name offence"),
    (sdo("identity", name="X", identity_class="organization", roles=["victim"]), "victim"),
    (sdo("identity", name="X", identity_class="organization"), ""),
    (sdo("identity", name="X", contact_information="+1 555 0100"), "contact"),
    (sdo("incident", name="X"), "victim"),
    (sdo("threat-actor", name="X", resource_level="individual"), "offence"),
    (sdo("threat-actor", name="X", resource_level="club"), ""),
    (sdo("relationship", relationship_type="targets", source_ref=sdo("malware")["id"], target_ref=ORG), "victim"),
    (sdo("relationship", relationship_type="attributed-to", source_ref=sdo("campaign")["id"], target_ref=ORG), ""),
    (sdo("sighting", sighting_of_ref=sdo("malware")["id"], where_sighted_refs=[OTHER], created_by_ref=ORG), "victim"),
    (sdo("sighting", sighting_of_ref=sdo("malware")["id"], where_sighted_refs=[ORG], created_by_ref=ORG), ""),
    (factories.indicator(x_victim_sector="energy"), "victim"),
    (factories.indicator(x_notes=[{"a": [{"The Victim": 1}]}]), "victim"),
    (factories.indicator(description="the victim's credential"), ""),
    (factories.indicator(x_deep={"contact_information": "x"}), "contact"),
    (factories.indicator(x_deep=[{"type": "user-account", "user_id": "x"}]), "account"),
    (factories.indicator(external_references=[{"source_name": "x", "url": "https://u:p@x.example/"}]), "credential"),
    (
        sdo(
            "observed-data",
            first_observed="2026-01-01T00:00:00Z",
            last_observed="2026-01-01T00:00:00Z",
            number_observed=1,
            objects={"0": {"type": "email-message", "is_multipart": False, "body": "x"}},
        ),
        "content email-address",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), SEEN, ids=lambda each: str(each)[:60])
def test_seen(data, expected):
    assert held(data) == tuple(expected.split())


def test_every_kind_is_met() -> None:
    assert {kind for _, expected in SEEN for kind in expected.split()} == set(SENSITIVE)
    assert tuple(sorted(SENSITIVE)) == SENSITIVE


PLANTED = [
    ("203.0.113.5", "network-address"),
    ("someone@mail.example", "email-address"),
    ("10.9.8.7", "internal"),
]


def test_found_wherever_text_can_stand() -> None:
    places = 0
    for original in mutating_objects.valid().values():
        for pointer in list(mutating_objects._places(original)):
            if not isinstance(mutating_objects._get(original, pointer), str):
                continue
            for secret, kind in PLANTED:
                if original["type"] in {"software", "vulnerability"} and "@" not in secret:
                    continue
                changed = copy.deepcopy(original)
                mutating_objects._put(
                    changed, pointer, f"{mutating_objects._get(original, pointer)} {secret} x"
                )
                try:
                    found = factories.parsed(changed)
                except InputError:
                    continue  # no text can stand there
                places += 1
                assert kind in kinds(found.data, found.body), (pointer, secret)
    assert places > 400


_NESTED = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    _NESTED,
    st.text(),
    st.sampled_from([" ", "\n", "\t", "\x1f", '"', "é", "(", ","]),
    st.sampled_from(PLANTED),
    st.booleans(),
)
def test_found_in_custom_properties(beside, before, separator, planted, as_key) -> None:
    secret, kind = planted
    words = f"{before}{separator}{secret}"
    inner = {words: 1} if as_key else [words]
    data = sco("x-thing", x_any=[{"a": beside, "b": inner}])
    found = parse(json.dumps(data).encode())
    assert kind in kinds(found.data, found.body)


def test_never_raises() -> None:
    taken = 0
    for _, changed in mutating_objects.mutants(4000, seed=7):
        try:
            found = factories.parsed(changed)
        except InputError:
            continue
        taken += 1
        assert set(kinds(found.data, found.body)) <= set(SENSITIVE)
    assert taken > 300


@given(st.text(alphabet="0123456789abF.:@-[]()\\/%dotusershme ", max_size=300))
def test_never_raises_on_text(words) -> None:
    assert set(held(text(words))) <= set(SENSITIVE)


PIECES = [
    "@", "a@", "1.", "1.1.1.1", ".local", ":", "::", "a:", "0:0:", "\\", "\\\\a", "/home/", "[", "[.", "(at", "%2e", "://", "://a:",
    "victim", "IMEI", "-aa", "\\.", "\uff0e", "user@", "IMEI 1 ", ".1.1.1", "\\Users\\", "fe80::1 ",
    "Mr ", "Frau ", ": A", "by: Aa ", "Mr Aa",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_time_is_linear(piece) -> None:
    def seconds(size: int) -> float:
        found = factories.parsed(text(piece * (size // len(piece))))
        began = time.thread_time()  # its own work, however busy the machine is
        kinds(found.data, found.body)
        return time.thread_time() - began

    small, large = min(seconds(20_000) for _ in range(3)), min(seconds(320_000) for _ in range(2))
    assert large < 80 * max(small, 0.0002), (small, large)  # 16 times the text; quadratic would be 256 times
