"""Forms: what they carry, what they never carry, and that they stay what they are."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any
from uuid import RFC_4122, UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mutating_objects import mutants, valid
from tocsin.clock import to_text
from tocsin.errors import InputError
from tocsin.sharing.redaction import FORM_EXTENSION, Redactor
from tocsin.sharing.redaction.plans import PLANS
from tocsin.stix import canonical, parse

KEY = bytes(range(32))
OWN, PEER, OTHER = (f"identity--00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
ADDED = 1_795_000_000_123_456
REDACTOR = Redactor(KEY, own=OWN, recipient=PEER)
TOKEN = "indicator--f3d16ecb-5873-4206-9365-345f9367e4fd"
SECRETS = ("Zwiebelfisch", "zwiebel@fisch.example.org", "10.77.66.55", "zwiebel.corp", "AKIAZWIEBELFISCH0")
VALID = valid()


def form(data: dict[str, Any], *, minimise: bool = False, keep: tuple[str, ...] = (), redactor=REDACTOR):
    made = redactor.redact(canonical(data), added=ADDED, minimise=minimise, keep=keep)
    return None if made is None else json.loads(made)


def indicator(**changes: Any) -> dict[str, Any]:
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": "indicator--00000000-0000-4000-8000-00000000000a",
        "created_by_ref": OTHER,
        "created": "2026-03-04T05:06:07.891Z",
        "modified": "2026-03-05T05:06:07.891Z",
        "pattern": "[domain-name:value = 'evil.example.com']",
        "pattern_type": "stix",
        "valid_from": "2026-03-04T05:06:07.891Z",
    } | changes


def test_a_form_says_which_it_is() -> None:
    for minimise, name in ((False, "redacted"), (True, "minimised")):
        made = form(indicator(), minimise=minimise)
        assert made["extensions"] == {FORM_EXTENSION: {"extension_type": "property-extension", "form": name}}


def test_markings_are_in_order_and_told_once() -> None:
    red, green = (f"marking-definition--00000000-0000-4000-8000-00000000000{n}" for n in (2, 1))
    for told in ([red, green], [red, green, red], [green, green, red]):
        assert form(indicator(object_marking_refs=told))["object_marking_refs"] == [green, red]
    assert form(indicator(object_marking_refs=[red]))["object_marking_refs"] == [red]
    parts = [{"marking_ref": green, "selectors": ["pattern"]}, {"lang": "de", "selectors": ["name"]}]
    assert form(indicator(object_marking_refs=[red], granular_markings=parts))["object_marking_refs"] == [
        green,
        red,
    ]


def test_a_pattern_is_what_indicators_have() -> None:
    """What has that name elsewhere is a property of somebody's own; what is no text is no pattern."""
    malware = {"type": "malware", "id": "malware--00000000-0000-4000-8000-00000000000a", "is_family": True}
    dated = {name: indicator()[name] for name in ("created", "modified")}
    made = form(malware | dated | {"pattern": "[domain-name:value = 'evil.example.com']"})
    assert made is not None
    assert "pattern" not in made
    assert form(malware | dated | {"pattern": 5}) is not None
    assert form(indicator(pattern=5)) is None


def test_a_form_is_a_new_object_of_ours() -> None:
    made = form(indicator(name="Acme", labels=["x"], confidence=80, valid_until="2026-04-01T01:00:00Z"))
    assert made == {
        "type": "indicator",
        "spec_version": "2.1",
        "id": REDACTOR.token("indicator--00000000-0000-4000-8000-00000000000a"),
        "created_by_ref": OWN,
        "created": "2026-03-04T00:00:00.000000Z",
        "modified": to_text(ADDED),
        "pattern": "[domain-name:value = 'evil.example.com']",
        "pattern_type": "stix",
        "valid_from": "2026-03-04T00:00:00Z",
        "valid_until": "2026-04-02T00:00:00Z",
        "confidence": 80,
        "extensions": {FORM_EXTENSION: {"extension_type": "property-extension", "form": "redacted"}},
    }


@pytest.mark.parametrize("minimise", [False, True])
@pytest.mark.parametrize(
    "pattern",
    ["[domain-name:value = 'login.acme-bank.example']", "[url:value IN ('https://acmebank.example/')]"],
)
def test_what_names_the_victim_of_its_own_object_has_no_form(pattern: str, minimise: bool) -> None:
    assert form(indicator(pattern=pattern), minimise=minimise) is not None
    for named in ({"x_victim": "Acme Bank"}, {"x_seen": [{"Victim_Name": "acme"}]}):
        assert form(indicator(pattern=pattern, **named), minimise=minimise) is None
    assert form(indicator(pattern=pattern, x_victim="Borealis"), minimise=minimise) is not None
    domain = {
        "type": "domain-name",
        "spec_version": "2.1",
        "id": "domain-name--00000000-0000-4000-8000-00000000000a",
    }
    assert form({**domain, "value": "acme.example", "x_victim": "Acme"}, minimise=minimise) is None
    assert form({**domain, "value": "acme.example"}, minimise=minimise) is not None


@pytest.mark.parametrize("name", sorted(VALID))
@pytest.mark.parametrize("minimise", [False, True])
def test_a_form_of_anything_is_good_stix(name: str, minimise: bool) -> None:
    made = REDACTOR.redact(canonical(VALID[name]), added=ADDED, minimise=minimise, keep=())
    if made is not None:
        found = parse(made)
        assert found.body == made
        assert found.type == VALID[name]["type"]
        assert found.data["id"] != VALID[name]["id"]


def test_forms_of_changed_objects_are_good_stix() -> None:
    made = 0
    for _, data in mutants(3000, seed=11):
        try:
            found = parse(json.dumps(data).encode())
        except InputError:
            continue
        for minimise in (False, True):
            body = REDACTOR.redact(found.body, added=ADDED, minimise=minimise, keep=())
            if body is not None:
                assert parse(body).body == body
                made += 1
    assert made > 500


# --- nothing that could tell ------------------------------------------------------------------------------


def told(body: bytes, secret: str) -> bool:
    text = body.decode().lower()
    raw = secret.encode()
    ways = (
        secret,
        secret[::-1],
        base64.b64encode(raw).decode().rstrip("="),
        raw.hex(),
        secret.replace(".", "[.]"),
    )
    return any(way.lower() in text for way in ways)


def planted(data: Any, secret: str) -> list[Any]:
    """Every object that comes of putting the secret in place of one string, beside one key, or in front of one string."""
    found = []

    def walk(node: Any, put) -> None:
        if isinstance(node, dict):
            found.append(
                put(
                    {
                        **node,
                        f"x_{secret.lower().replace('.', '_').replace('@', '_')}": secret,
                        "x_note": [secret],
                    }
                )
            )
            for key, value in node.items():
                walk(value, lambda new, key=key, node=node, put=put: put({**node, key: new}))
        elif isinstance(node, list):
            found.append(put([*node, secret]))
            for place, value in enumerate(node):
                walk(
                    value,
                    lambda new, place=place, node=node, put=put: put(
                        [*node[:place], new, *node[place + 1 :]]
                    ),
                )
        elif isinstance(node, str):
            found.extend((put(secret), put(f"{node} {secret}"), put(secret + node)))

    walk(data, lambda new: new)
    return found


@pytest.mark.parametrize("name", sorted(n for n, data in VALID.items() if data["type"] in PLANS))
@pytest.mark.parametrize("minimise", [False, True])
def test_a_secret_planted_anywhere_is_not_in_the_form(name: str, minimise: bool) -> None:
    """Names, internal addresses and hosts in both forms, mail addresses in the minimised one."""
    looked = 0
    for secret in SECRETS:
        if "@" in secret and not minimise:
            continue  # attackers' mail addresses stay in the redacted form, where they stand as values
        for data in planted(VALID[name], secret):
            try:
                body = parse(json.dumps(data).encode()).body
            except InputError:
                continue  # no such object is ever stored
            made = REDACTOR.redact(body, added=ADDED, minimise=minimise, keep=())
            if any(secret in str(data.get(key, "")) != secret for key in ("value", "pattern")):
                continue  # a longer domain name or URL: whose it is cannot be seen
            looked += 1
            if made is not None:
                assert not told(made, secret), (data, made)
    assert looked >= 4


def test_what_is_left_out_makes_no_difference() -> None:
    plain = indicator()
    loud = indicator(
        name="Acme", description="seen at Acme", labels=["acme"], lang="de", x_source="Acme",
        external_references=[{"source_name": "Acme", "url": "https://acme.example/1"}],
        extensions={"extension-definition--00000000-0000-4000-8000-00000000000b": {"extension_type": "property-extension", "acme": 1}},
        indicator_types=["acme"], kill_chain_phases=[{"kill_chain_name": "acme", "phase_name": "acme"}],
        created_by_ref=PEER, modified="2026-03-06T00:00:00.000Z", created="2026-03-04T23:59:59.999Z",
    )  # fmt: skip
    for minimise in (False, True):
        assert form(plain, minimise=minimise) == form(loud, minimise=minimise)


@pytest.mark.parametrize(
    ("pattern", "redacted", "minimised"),
    [
        ("[ipv4-addr:value = '198.51.100.7']", "[ipv4-addr:value = '198.51.100.7']", "[ipv4-addr:value ISSUBSET '198.51.100.0/24']"),
        ("[ipv4-addr:value ISSUBSET '198.51.0.0/16']", "[ipv4-addr:value ISSUBSET '198.51.0.0/16']", "[ipv4-addr:value ISSUBSET '198.51.0.0/16']"),
        ("[ipv6-addr:value = '2001:db8:1:2::3']", "[ipv6-addr:value = '2001:db8:1:2::3']", "[ipv6-addr:value ISSUBSET '2001:db8:1::/48']"),
        ("[ipv4-addr:value = '10.1.2.3']", None, None),
        ("[ipv4-addr:value = '127.0.0.1']", None, None),
        ("[domain-name:value = 'a.corp']", None, None),
        ("[domain-name:value LIKE '%.example.com']", None, None),
        ("[email-addr:value = 'a@evil.example.com']", "[email-addr:value = 'a@evil.example.com']", "[email-addr:value LIKE '%@evil.example.com']"),
        ("[url:value = 'https://u:p@e.example.com/a?u=me#x']", "[url:value LIKE 'https://e.example.com/a%']", "[url:value LIKE 'https://e.example.com/%']"),
        ("[url:value = 'https://198.51.100.7/a']", "[url:value = 'https://198.51.100.7/a']", None),
        ("[url:value = 'https://intra.corp/a']", None, None),
        ("[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']", "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']", "[file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e']"),
        ("[file:hashes.MD5 = 'Acme']", None, None),
        ("[file:name = 'Acme.docx']", None, None),
        ("[user-account:user_id = 'acme']", None, None),
        ("[domain-name:value = 'e.example.com' AND domain-name:x_note = 'Acme']", None, None),
        ("[domain-name:value = 'e.example.com'] START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'", None, None),
        (
            "[ipv4-addr:value = '198.51.100.7' OR domain-name:value IN ('e.example.com', 'f.example.com')] REPEATS 2 TIMES",
            "[ipv4-addr:value = '198.51.100.7' OR domain-name:value IN ('e.example.com', 'f.example.com')] REPEATS 2 TIMES",
            "[ipv4-addr:value ISSUBSET '198.51.100.0/24' OR domain-name:value IN ('e.example.com', 'f.example.com')] REPEATS 2 TIMES",
        ),
        ("[ipv4-addr:value IN ('198.51.100.7', '198.51.100.8')]", "[ipv4-addr:value IN ('198.51.100.7', '198.51.100.8')]", None),
        ("not a pattern", None, None),
    ],
)  # fmt: skip
def test_patterns(pattern: str, redacted: str | None, minimised: str | None) -> None:
    for minimise, expected in ((False, redacted), (True, minimised)):
        made = form(indicator(pattern=pattern), minimise=minimise)
        assert (None if made is None else made["pattern"]) == expected


def test_a_pattern_alone_and_in_parentheses_is_the_same() -> None:
    """The quick way for comparisons of one kind, alone or joined by OR, gives what the parser's way gives."""
    values = (
        "ipv4-addr:value = '198.51.100.7'",
        "url:value = 'http://e.example.com/?q'",
        "email-addr:value = 'a@e.example.com'",
        "file:hashes.'SHA-1' = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
        "file:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e'",
        "domain-name:value = 'e.example.com'",
        "domain-name:value = 'e.corp'",
        "domain-name:hashes.MD5 = 'd41d8cd98f00b204e9800998ecf8427e'",
        "file:value = 'x'",
    )
    joined = [f"{one} OR {other}" for one in values for other in values]
    for value in (*values, *joined, f"{values[0]} AND {values[0]}"):
        for minimise in (False, True):
            quick, slow = (
                form(indicator(pattern=p), minimise=minimise) for p in (f"[{value}]", f"[({value})]")
            )
            assert quick == slow, value


@pytest.mark.parametrize("name", ["SHA-1", "'SHA-1", "SHA-1'"])
def test_joined_comparisons_are_read_as_the_grammar_asks(name: str) -> None:
    bad = f"file:hashes.{name} = '{'a' * 40}'"
    good = f"file:hashes.'SHA-1' = '{'a' * 40}'"
    assert form(indicator(pattern=f"[{good} OR {good}]")) is not None
    for pattern in (f"[{bad} OR {good}]", f"[{good} OR {bad}]"):
        assert form(indicator(pattern=pattern)) is None


def test_long_patterns_have_no_form_unless_they_compare_once() -> None:
    value = f"url:value = 'https://e.example.com/{'a' * 10_000}'"
    assert form(indicator(pattern=f"[{value}]")) is not None
    assert form(indicator(pattern=f"[{value} OR {value}]")) is None
    assert form(indicator(pattern=f"[url:value = 'https://e.example.com/{'a' * 20_000}']")) is not None


# --- tokens and references ---------------------------------------------------------------------------------


def test_tokens_are_stable_for_one_recipient_and_nothing_to_another() -> None:
    other = Redactor(KEY, own=OWN, recipient=OTHER)
    node = Redactor(bytes(32), own=OWN, recipient=PEER)
    data = indicator()
    ids = {form(data, redactor=each)["id"] for each in (REDACTOR, other, node)}
    assert len(ids) == 3
    assert (
        form(data)["id"]
        == form(indicator(confidence=3))["id"]
        == Redactor(KEY, own=OWN, recipient=PEER).token(data["id"])
    )


def test_tokens_are_random_uuids() -> None:
    """RFC 9562 section 5.4; all four values of the two free bits of the variant's digit come up."""
    made = [REDACTOR.token(f"indicator--{n}").partition("--") for n in range(100)]
    assert {kind for kind, _, _ in made} == {"indicator"}
    found = [UUID(text) for _, _, text in made]
    assert {each.version for each in found} == {4}
    assert {each.variant for each in found} == {RFC_4122}
    assert [str(each) for each in found] == [text for _, _, text in made]
    assert len(set(found)) == len(found)
    assert {text[19] for _, _, text in made} == set("89ab")


def test_a_token_stays_what_it_was() -> None:
    """Forms that peers hold refer to it."""
    assert REDACTOR.token("indicator--00000000-0000-4000-8000-00000000000a") == TOKEN


def test_a_short_key_is_none() -> None:
    with pytest.raises(ValueError, match="32"):
        Redactor(b"short", own=OWN, recipient=PEER)


ENDS = [f"{kind}--00000000-0000-4000-8000-00000000000c" for kind in ("malware", "identity", "tool")]


def relationship(**changes: Any) -> dict[str, Any]:
    return {
        "type": "relationship",
        "spec_version": "2.1",
        "id": "relationship--00000000-0000-4000-8000-00000000000d",
        "created": "2026-03-04T05:06:07.891Z",
        "modified": "2026-03-04T05:06:07.891Z",
        "relationship_type": "uses",
        "source_ref": ENDS[0],
        "target_ref": ENDS[2],
    } | changes


def test_references_are_tokens_unless_the_recipient_has_what_they_mean() -> None:
    made = form(relationship(), keep=(ENDS[2],))
    assert (made["source_ref"], made["target_ref"]) == (REDACTOR.token(ENDS[0]), ENDS[2])
    assert REDACTOR.refs(canonical(relationship())) == (ENDS[0], ENDS[2])


def test_whom_something_happened_to_is_not_told() -> None:
    assert form(relationship(relationship_type="targets", target_ref=ENDS[1])) is None
    assert form(relationship(relationship_type="targets", target_ref=ENDS[1]), keep=(ENDS[1],)) is not None
    assert form(relationship(relationship_type="was at Acme")) is None


def test_markings_of_parts_bind_the_whole() -> None:
    one, two = (f"marking-definition--00000000-0000-4000-8000-00000000000{n}" for n in "ef")
    made = form(
        indicator(
            object_marking_refs=[two], granular_markings=[{"marking_ref": one, "selectors": ["pattern"]}]
        )
    )
    assert made["object_marking_refs"] == [one, two]
    assert "granular_markings" not in made


def test_names_are_those_of_public_catalogues_or_tokens() -> None:
    data = copy.deepcopy(VALID["attack-pattern"]) if "attack-pattern" in VALID else None
    assert data is not None
    data["external_references"] = [
        {"source_name": "mitre-attack", "external_id": "T1059.001", "url": "https://acme.example"},
        {"source_name": "Acme", "external_id": "T1059"},
        {"source_name": "cve", "external_id": "Acme"},
    ]
    made = form(data)
    assert made["name"] == "T1059.001"
    assert made["external_references"] == [{"external_id": "T1059.001", "source_name": "mitre-attack"}]
    del data["external_references"]
    assert form(data)["name"] == f"attack-pattern {form(data)['id'][-12:]}"


def test_types_that_have_no_form() -> None:
    for name in VALID:
        if VALID[name]["type"] not in PLANS:
            assert form(VALID[name]) is None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(VALID)),
    st.dictionaries(st.text(max_size=8), st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6), max_size=6),
    st.booleans(),
)  # fmt: skip
def test_anything_beside_what_is_listed_changes_nothing(
    name: str, more: dict[str, Any], minimise: bool
) -> None:
    known = {
        *VALID[name],
        *PLANS.get(VALID[name]["type"], PLANS["tool"]).keep,
        "granular_markings",
        "object_marking_refs",
    }
    known |= {
        "pattern",
        "value",
        "external_references",
        *PLANS.get(VALID[name]["type"], PLANS["tool"]).references,
    }
    try:
        loud = canonical({**VALID[name], **{k: v for k, v in more.items() if k not in known}})
    except InputError:
        return
    made = REDACTOR.redact(loud, added=ADDED, minimise=minimise, keep=())
    assert made == REDACTOR.redact(canonical(VALID[name]), added=ADDED, minimise=minimise, keep=())


@pytest.mark.parametrize("minimise", [False, True])
def test_a_place_without_country_or_region_is_none(minimise: bool) -> None:
    place = {
        "type": "location",
        "spec_version": "2.1",
        "id": "location--00000000-0000-4000-8000-00000000000a",
        "created": "2026-03-04T05:06:07.891Z",
        "modified": "2026-03-05T05:06:07.891Z",
        "confidence": 50,
        "latitude": 48.1,
        "longitude": 11.5,
        "city": "Zwiebelfisch",
    }
    assert form(place, minimise=minimise) is None
    for known in ({"country": "DE"}, {"region": "western-europe"}):
        made = form(place | known, minimise=minimise)
        assert made is not None
        assert made.items() >= known.items()
        assert not made.keys() & {"latitude", "longitude", "city"}


def test_traffic_without_ends_is_none() -> None:
    ends = {name: f"ipv4-addr--00000000-0000-4000-8000-00000000000{name[0]}" for name in ("dst_ref",)}
    ends["src_ref"] = "ipv4-addr--00000000-0000-4000-8000-00000000000e"
    traffic = {
        "type": "network-traffic",
        "spec_version": "2.1",
        "id": "network-traffic--00000000-0000-4000-8000-00000000000a",
        "protocols": ["tcp"],
        "dst_port": 443,
    }
    assert form(traffic) is None
    for name, end in ends.items():
        made = form(traffic | {name: end})
        assert made is not None
        assert made[name] == REDACTOR.token(end)


def test_types_of_ones_own_are_not_told_unless_they_are_known() -> None:
    seen, own = (f"{kind}--00000000-0000-4000-8000-00000000000a" for kind in ("indicator", "x-zwiebel"))
    report = {
        "type": "report",
        "spec_version": "2.1",
        "id": "report--00000000-0000-4000-8000-00000000000a",
        "created": "2026-03-04T05:06:07.891Z",
        "modified": "2026-03-05T05:06:07.891Z",
        "name": "Zwiebelfisch",
        "published": "2026-03-05T05:06:07.891Z",
        "object_refs": [own, seen, OTHER],
    }
    assert REDACTOR.refs(canonical(report)) == (own, seen, OTHER)
    made = form(report)
    assert made is not None
    assert made["object_refs"] == [REDACTOR.token(seen)]
    told = form(report, keep=(own, OTHER))
    assert told is not None
    assert told["object_refs"] == [own, REDACTOR.token(seen), OTHER]
    assert form(report | {"object_refs": [own]}) is None


def test_parts_in_other_languages_carry_no_marking() -> None:
    made = form(indicator(name="Zwiebel", granular_markings=[{"lang": "de", "selectors": ["name"]}]))
    assert made is not None
    assert "object_marking_refs" not in made


def test_what_has_no_plan_refers_to_nothing() -> None:
    note = {
        "type": "note",
        "id": "note--00000000-0000-4000-8000-00000000000a",
        "object_refs": [OTHER],
        "content": "x",
    }
    assert "note" not in PLANS
    assert REDACTOR.refs(canonical(note)) == ()
