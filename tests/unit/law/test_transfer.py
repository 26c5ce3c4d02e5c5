from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.law import transfer
from tocsin.law.load import load
from tocsin.law.model import Accepted, Block, Example, Grant, Regime, day
from tocsin.law.transfer import GROUNDS, Side, ground, turn

PERMIT = set(GROUNDS) - {"none", "unknown"}
LAW = load()


def _name(example: Example) -> str:
    return f"{day(example.on)}-{example.sender}-{example.recipient}"


@pytest.mark.parametrize("example", LAW.examples, ids=_name)
def test_worked_examples_of_the_data(example: Example) -> None:
    found = ground(
        Side(example.sender, example.sender_roles),
        Side(example.recipient, example.recipient_roles, example.assurances),
        [(kind, "Pact") for kind in example.agreed],
        example.on,
    )
    assert found.kind == example.expect, found.words
    assert example.says in found.words
    assert example.law in ("", found.law)


def test_examples_show_every_kind_and_every_regime() -> None:
    assert {e.expect for e in LAW.examples} == set(GROUNDS)
    senders = {(e.sender, role) for e in LAW.examples for role in (*e.sender_roles, "")}
    for regime in LAW.regimes.values():
        roles = regime.sender_roles or ("",)
        assert any((country, role) in senders for country in regime.applies_in for role in roles), regime.id


@pytest.mark.parametrize(
    ("sender", "recipient", "kind", "words"),
    [
        ("", "", "unknown", "the country of the sender is not known"),
        ("", "DE", "unknown", "the country of the sender is not known"),
        ("DE", "", "unknown", "the country of the recipient is not known"),
        ("DE", "DE", "domestic", "both are in DE: nothing crosses a border"),
        ("AQ", "AQ", "domestic", "both are in AQ: nothing crosses a border"),
    ],
)
def test_before_any_law_is_asked(sender: str, recipient: str, kind: str, words: str) -> None:
    found = ground(Side(sender), Side(recipient), [("clauses", "Pact")], 0)
    assert (found.kind, found.law, found.cite, found.words) == (kind, "", "", words)


def test_what_would_help_is_said() -> None:
    found = ground(Side("XA"), Side("XD"), [("handshake", "Pact")], LAW.examples[0].on)
    assert found.words == (
        "no adequacy decision under the Data Act of XA (fictional) covers XD; recorded in an agreement, standard contractual "
        "clauses (Data Act of XA section 46(2)) or an instrument between public authorities (Data Act of XA section 46(1)) or a "
        "reason of public interest (Data Act of XA section 49) would do"
    )


def test_of_two_agreements_the_first_is_named() -> None:
    found = ground(Side("XA"), Side("XD"), [("clauses", "Old"), ("clauses", "New")], LAW.examples[0].on)
    assert "the agreement 'Old' contains standard contractual clauses" in found.words


DATED = [(r, term) for r in LAW.regimes.values() for term in (*r.grants, *r.blocks)]


@pytest.mark.parametrize(
    ("regime", "term"), DATED, ids=[f"{r.id}-{t.to[0]}-{day(t.since)}" for r, t in DATED]
)
def test_decisions_and_blocks_of_the_data_at_the_moments_they_turn(
    regime: Regime, term: Grant | Block
) -> None:
    """One µs before it begins it does not count, at that µs it does; the same at its end."""
    grant = isinstance(term, Grant)
    sender = Side(next(c for c in regime.applies_in if c not in term.to), regime.sender_roles)
    for country in term.to:
        recipient = Side(country, term.roles, (term.needs,) if term.needs else ()) if grant else Side(country)

        def counts(at: int, recipient: Side = recipient) -> bool:
            found = ground(sender, recipient, [], at)
            return found.cite == term.citation and found.kind == ("adequacy" if grant else "none")

        begin = max(term.since, regime.since)
        if term.until is None or begin < term.until:
            assert counts(begin)
            assert not counts(begin - 1)
        if term.until is not None:
            assert not counts(term.until)
            ended = ground(sender, recipient, [], term.until).words
            assert not grant or f"ended on {day(term.until)}" in ended


def test_every_answer_of_the_data_can_be_read() -> None:
    named = {c for r in LAW.regimes.values() for t in (*r.grants, *r.blocks) for c in t.to} | {"ZZ"}
    dates = sorted({at for r in LAW.regimes.values() for t in (r, *r.grants, *r.blocks) for at in (t.since,)})
    for regime in LAW.regimes.values():
        for recipient in named:
            for at in (dates[0] - 1, *dates):
                found = ground(Side(regime.applies_in[0], regime.sender_roles), Side(recipient), [], at)
                assert found.kind in GROUNDS
                assert bool(found.cite) == bool(found.law) == (found.kind not in {"domestic", "unknown"})
                assert found.words


# Made-up law: two regimes at most for senders in AA, days as µs from 0 to 12

COUNTRIES, DAYS = ("AA", "BB", "CC"), st.integers(0, 12)
ends = st.none() | st.integers(13, 14)
some = st.sampled_from([("BB",), ("CC",), ("BB", "CC")])
needs, roles = st.sampled_from(["", "dpf", "cbpr"]), st.sampled_from([(), ("csirt",)])


def _spans(model: type, **fields: object) -> st.SearchStrategy:
    made = st.tuples(DAYS, st.none() | st.integers(1, 5)).flatmap(
        lambda span: st.builds(
            model, since=st.just(span[0]), until=st.just(None if span[1] is None else span[0] + span[1]),
            citation=st.just("cite"), confidence=st.just("high"), to=some, **fields,
        )
    )  # fmt: skip
    return st.lists(made, max_size=3).map(tuple)


accepted = st.lists(st.sampled_from(["clauses", "instrument", "public-interest"]), unique=True, max_size=3).map(
    lambda kinds: tuple(Accepted(kind=k, citation=k) for k in kinds)
)  # fmt: skip


def _regimes(name: str, sender_roles: tuple[str, ...]) -> st.SearchStrategy:
    return st.builds(
        Regime, id=st.just(name), name=st.just(name), citation=st.just(name), since=st.integers(0, 4), applies_in=st.just(("AA",)),
        default=st.sampled_from(["restricted", "open"]), confidence=st.just("high"), sender_roles=st.just(sender_roles),
        area=st.sampled_from([(), ("AA", "BB"), ("BB", "CC")]), accepts=accepted, blocks=_spans(Block),
        grants=_spans(Grant, kind=st.sampled_from(["adequacy", "designation"]), needs=needs, roles=roles),
    )  # fmt: skip


laws = st.tuples(_regimes("all", ()), st.none() | _regimes("police", ("law-enforcement",))).map(
    lambda pair: [r for r in reversed(pair) if r is not None]
)
senders = st.builds(Side, st.just("AA"), st.sampled_from([(), ("law-enforcement",), ("csirt",)]))
recipients = st.builds(
    Side,
    st.sampled_from(COUNTRIES),
    roles,
    st.lists(st.sampled_from(["dpf", "cbpr"]), unique=True).map(tuple),
)
agreements = st.lists(
    st.tuples(st.sampled_from(["clauses", "instrument", "public-interest", "x"]), st.just("P"))
)


def _under(law: Sequence[Regime]):
    return patch.object(transfer, "_laws_of", lambda country: tuple(law) if country == "AA" else ())


def _binding(law: Sequence[Regime], sender: Side, now: int) -> list[Regime]:
    mine = {"all"} | ({"police"} if "law-enforcement" in sender.roles else set())
    return [r for r in law if r.id in mine and r.since <= now]


def test_the_last_that_ended_and_the_first_to_come_are_named() -> None:
    spans = [(0, 1), (2, 3), (1, 2), (9, None), (7, 8)]
    grants = tuple(
        Grant(since=a, until=b, to=("BB",), kind="adequacy", citation=f"{a}", confidence="high")
        for a, b in spans
    )
    law = Regime(
        id="all", name="All", citation="c", since=0, applies_in=("AA",), default="restricted", confidence="high", grants=grants
    )  # fmt: skip
    with _under([law]):
        assert ground(Side("AA"), Side("BB"), [], 5).words == (
            "the adequacy decision for BB (2) ended on 1970-01-01, the adequacy decision for BB (7) begins on 1970-01-01; "
            "nothing that an agreement can record here would do"
        )


@given(laws, senders, recipients, agreements, DAYS)
def test_a_block_leaves_no_ground(law, sender, recipient, agreed, now) -> None:
    blocked = any(
        recipient.country in b.to and b.holds(now) for r in _binding(law, sender, now) for b in r.blocks
    )
    with _under(law):
        found = ground(sender, recipient, agreed, now)
    assert not blocked or recipient.country == "AA" or found.kind == "none"


@given(laws, senders, recipients, agreements, DAYS)
def test_each_ground_is_there_when_it_is_given(law, sender, recipient, agreed, now) -> None:
    """What is answered is in the law that binds the sender: the decision, the area, the instrument."""
    with _under(law):
        found = ground(sender, recipient, agreed, now)
    binding = _binding(law, sender, now)
    if found.kind == "unknown":
        assert not binding
    elif found.kind != "domestic":
        assert found.law in {r.id for r in binding} if found.kind == "none" else found.law == binding[0].id
    match found.kind:
        case "area":
            assert {"AA", recipient.country} <= set(binding[0].area)
        case "adequacy":
            assert any(
                recipient.country in g.to and g.holds(now) and {g.needs} - {""} <= set(recipient.assurances)
                and (not g.roles or set(g.roles) & set(recipient.roles))
                for g in binding[0].grants
            )  # fmt: skip
        case "open":
            assert binding[0].default == "open"
        case "clauses" | "instrument" | "public-interest" as kind:
            assert kind in dict(agreed)
            assert kind in {a.kind for a in binding[0].accepts}
            assert binding[0].default == "restricted"


@given(laws, senders, recipients, agreements, DAYS)
def test_one_assurance_or_agreement_fewer_never_widens(law, sender, recipient, agreed, now) -> None:
    with _under(law):
        before = ground(sender, recipient, agreed, now).kind
        fewer = [ground(sender, recipient, agreed[:i] + agreed[i + 1 :], now) for i in range(len(agreed))]
        for gone in recipient.assurances:
            kept = tuple(a for a in recipient.assurances if a != gone)
            fewer.append(ground(sender, Side(recipient.country, recipient.roles, kept), agreed, now))
    assert before in PERMIT or not any(f.kind in PERMIT for f in fewer)


@given(laws, senders, recipients, agreements, st.integers(-1, 20))
def test_a_turn_is_the_next_change(law, sender, recipient, agreed, now) -> None:
    with _under(law):
        until = turn(sender, recipient, now)
        for moment in range(now, 21 if until is None else until):
            for agreement in ((), agreed):
                assert ground(sender, recipient, agreement, moment) == ground(
                    sender, recipient, agreement, now
                )
        if until is not None:
            assert until > now
            assert ground(sender, recipient, (), until) != ground(sender, recipient, (), now)
