"""Decision tables: what policies are to decide, one case a line, as whoever wrote the policies means it.

A table stands beside the policies it is about, as `<name>.table.json` beside `<name>.cedar`: `{"about": "...", "cases": [...]}`. The node of
a case is run by `own`; `peer` asks, unless `recipient` says `own`; `third` is somebody else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from tocsin.clock import Micros
from tocsin.errors import PolicyError
from tocsin.sharing import oracle
from tocsin.sharing.agreements import USES, Terms
from tocsin.sharing.audience import KNOWN, Organisation
from tocsin.sharing.facts import facts_of
from tocsin.sharing.labels import Definitions, label_for
from tocsin.sharing.policy import PolicySet
from tocsin.stix.handling import HANDLING_EXTENSION, PAP, Handling
from tocsin.stix.marking_readers import read as read_marking
from tocsin.stix.markings import TLP, id_of
from tocsin.stix.sensitive import SENSITIVE

Who = Literal["own", "peer", "third"]
IDS: dict[str, str] = {
    name: f"identity--00000000-0000-4000-8000-00000000000{place}"
    for place, name in enumerate(("own", "peer", "third"), 1)
}
_MARKINGS = {tlp.label: id_of(tlp) for tlp in TLP} | {
    name: f"marking-definition--00000000-0000-4000-8000-{place:012}"
    for place, name in enumerate(("statement", "unknown", "handling", *(f"PAP:{pap.name}" for pap in PAP)), 1)
}


class _Recipient(msgspec.Struct, forbid_unknown_fields=True):
    """What `facts` may say of the recipient; defaults are those of an organisation that nothing stands against."""

    country: str = "XB"
    sector: str = ""
    roles: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()
    client: bool = False
    suspended: bool = False
    trust: str = KNOWN
    assurances: tuple[str, ...] = ()
    embargoed: str = ""
    transfer: str = "adequacy"
    encrypted: bool = True


class _Agreed(msgspec.Struct, forbid_unknown_fields=True):
    """What `agreed` may say."""

    permit: tuple[str, ...] | None = None
    closed: bool = False


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a table.

    Attributes:
        case: what it shows, in words.
        markings: TLP labels, PAP labels, `statement`, `unknown`.
        handling: what a further marking asks for, as Tocsin's extension says it (docs/reference/markings.md).
        owner, communities, to, assumed, holds: of the label set; `to` are those its owner named.
        agreed: what the agreement says that its communities rest on: `permit` (a list of actions), `closed`.
        recipient, facts: who asks.
        action: for what.
        allowed, by: what is to come out, and the ids of the policies that decide; [] where nothing permits it.
    """

    case: str
    allowed: bool
    by: tuple[str, ...]
    markings: tuple[str, ...] = ()
    owner: Who = "own"
    handling: dict[str, Any] = {}
    communities: tuple[str, ...] = ()
    to: tuple[Who, ...] = ()
    assumed: str | None = None
    holds: tuple[str, ...] = ()
    recipient: Literal["own", "peer"] = "peer"
    facts: dict[str, Any] = {}
    agreed: dict[str, Any] | None = None
    action: str = "receive"


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The cases of a file."""

    cases: tuple[Case, ...]
    about: str = ""


class Failure(msgspec.Struct, frozen=True):
    """A case that came out otherwise: what was expected and what came, in words."""

    case: str
    expected: str
    found: str


def read(name: str, text: str) -> Table:
    """Return a table.

    Raises:
        PolicyError: it is no table; names the file and the place.
    """
    try:
        return msgspec.json.decode(text, type=Table)
    except msgspec.DecodeError as error:
        raise PolicyError(f"{name}: {error}") from error


def failures(policies: PolicySet, name: str, table: Table, now: Micros) -> Iterator[Failure]:
    """Yield the cases of a table that policies decide otherwise.

    Raises:
        PolicyError: a case names a marking, a fact, an action or something held that there is not.
    """
    for case in table.cases:
        found = _decide(policies, name, case, now)
        by = tuple(policy.id for policy in found.reasons)
        if found.errors or (found.allowed, by) != (case.allowed, case.by):
            came = f"an error: {found.errors[0]}" if found.errors else _words(found.allowed, by)
            yield Failure(case.case, _words(case.allowed, case.by), came)


def unexercised(policies: PolicySet, ids: set[str], tables: list[Table]) -> set[str]:
    """Return those of some policies that decide in no case of the tables."""
    named = {each for table in tables for case in table.cases for each in case.by}
    return {policy.id for policy in policies.policies.values()} & ids - named


def _words(allowed: bool, by: tuple[str, ...]) -> str:
    return f"{'allowed' if allowed else 'denied'} by {', '.join(by) or 'nothing'}"


def _decide(policies: PolicySet, name: str, case: Case, now: Micros) -> oracle.Decision:
    where = f"{name}: case {case.case!r}"
    unknown = [m for m in case.markings if m not in _MARKINGS or m == "handling"]
    if unknown:
        raise PolicyError(
            f"{where}: there is no marking {unknown[0]!r}", hint=f"one of {', '.join(_MARKINGS)}"
        )
    if beyond := set(case.holds) - set(SENSITIVE):
        raise PolicyError(f"{where}: nothing holds {min(beyond)!r}", hint=f"one of {', '.join(SENSITIVE)}")
    try:
        facts = msgspec.convert(case.facts, type=_Recipient)
    except msgspec.ValidationError as error:
        raise PolicyError(f"{where}: facts: {error}") from error
    recipient = Organisation(
        id=IDS[case.recipient],
        name=case.recipient,
        own=case.recipient == "own",
        **{field: getattr(facts, field) for field in _Recipient.__struct_fields__},
    )
    markings = [_MARKINGS[m] for m in case.markings] + [_MARKINGS["handling"]] * bool(case.handling)
    label = label_for(
        markings,
        owner=IDS[case.owner],
        communities=case.communities,
        recipients=[IDS[each] for each in case.to],
        assumed=case.assumed,
        holds=case.holds,
    )
    return oracle.decide(
        policies,
        recipient,
        case.action,
        facts_of(label, _definitions(where, case), own=IDS["own"], now=now),
    )


def _definitions(where: str, case: Case) -> Definitions:
    kinds = {_MARKINGS["statement"]: "statement"}
    kinds |= {_MARKINGS[f"PAP:{pap.name}"]: Handling(pap=pap).to_kind() for pap in PAP}
    if case.handling:
        asked = read_marking(
            {"extensions": {HANDLING_EXTENSION: {"extension_type": "property-extension", **case.handling}}}
        )
        if asked is None:
            raise PolicyError(
                f"{where}: handling is not understood", hint="docs/reference/markings.md has its properties"
            )
        kinds[_MARKINGS["handling"]] = asked.to_kind()
    return Definitions({(marking, IDS["own"]): kind for marking, kind in kinds.items()}, _terms(where, case))


def _terms(where: str, case: Case) -> dict[str, Terms]:
    if case.agreed is None:
        return {}
    try:
        agreed = msgspec.convert(case.agreed, type=_Agreed)
    except msgspec.ValidationError as error:
        raise PolicyError(f"{where}: agreed: {error}") from error
    if beyond := set(agreed.permit or ()).difference(USES):
        raise PolicyError(
            f"{where}: agreed: {min(beyond)!r} cannot be permitted", hint=f"one of {', '.join(USES)}"
        )
    return dict.fromkeys(case.communities, Terms("the agreement", agreed.permit, agreed.closed))
