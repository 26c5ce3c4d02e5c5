"""Alerts as people work on them: what was found, who warned of it and how it is marked, what it is a sign of, what to do, and what became of it.

An alert is derived from its indicator, so it is decided about like one, with the action `match`, and only for the node's own organisation: what
others log is nobody else's business. Everything told beside the hits themselves is read anew each time, under the clearance of that moment.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from tocsin.clock import Micros
from tocsin.errors import InputError, NotFoundError
from tocsin.node.catalogue import marking_of, name_of
from tocsin.node.clearances import Clearances
from tocsin.sharing.release import Clearance, Released
from tocsin.store import Store, alerts, journal, placed
from tocsin.store.alerts import Alert, Sample
from tocsin.store.placed import Placed
from tocsin.store.values import Stale

T = TypeVar("T")
_MOST_LINKS = 5_000
_MOST_TOLD = 20
_ADVICE: Final = ("mitigates", "remediates", "investigates")
_LONGEST = 500
_WORDS = 200
# Course of Action Playbook extension to STIX 2.1 (Mavroeidis and Zych 2022, arXiv:2203.04136)
_PLAYBOOK: Final = "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c"


class Origin(msgspec.Struct, frozen=True):
    """Who shared an indicator, by id and name, and how it is marked (`node.catalogue.marking_of`)."""

    owner: str
    by: str
    tlp: str


class Technique(msgspec.Struct, frozen=True):
    """What an indicator is a sign of: an attack pattern, by its id in ATT&CK ("" if it has none) and its name, and by way of what it is."""

    id: str
    name: str
    by: str = ""


class Playbook(msgspec.Struct, frozen=True):
    """A playbook that a course of action holds or refers to.

    Attributes:
        id: its own, such as `playbook--...` of CACAO; "" if it has none.
        standard: in which it is written, or who is referred to.
        kinds: what it is for: `detection`, `mitigation` ...
        url: where it is; "" if the object holds it.
    """

    id: str
    standard: str
    kinds: tuple[str, ...] = ()
    url: str = ""


class Action(msgspec.Struct, frozen=True):
    """What to do: a course of action, what it is against, and its playbooks."""

    id: str
    name: str
    description: str
    against: str
    playbooks: tuple[Playbook, ...] = ()


class Told(msgspec.Struct, frozen=True):
    """An alert with what is known around it. Attributes beside these are those of `store.alerts.Alert`.

    Attributes:
        name, pattern, confidence: of the indicator's newest version.
        origins: who asserts it.
        means: names of what it indicates that is no attack pattern: malware, tools, campaigns.
        techniques: attack patterns that it, or what it indicates, uses, and those that it refers to.
        actions: courses of action against any of these.
        samples: hits, the newest first; only where one alert is asked for.
    """

    id: str
    indicator: str
    name: str
    pattern: str
    confidence: int | None
    origins: tuple[Origin, ...]
    status: str
    verdict: str
    note: str
    changed_by: str
    changed: Micros
    opened: Micros
    found: Micros
    first: Micros | None
    last: Micros | None
    hits: int
    beyond: int
    means: tuple[str, ...] = ()
    techniques: tuple[Technique, ...] = ()
    actions: tuple[Action, ...] = ()
    samples: tuple[Sample, ...] = ()


class Alerting:
    """Alerts on behalf of the node's own organisation."""

    def __init__(self, store: Store, clearances: Clearances, *, ceiling: str = "") -> None:
        """Bind; `ceiling` as `Clearances.get` takes it."""
        self._store = store
        self._clearances = clearances
        self._ceiling = ceiling

    def listed(
        self,
        *,
        statuses: Sequence[str] | None = None,
        indicator: str | None = None,
        before: tuple[Micros, uuid.UUID] | None = None,
        limit: int = 100,
        brief: bool = False,
    ) -> Released[list[Told]]:
        """Return alerts, those opened last first; arguments as of `store.alerts.listed`. `brief`: without what to do."""
        found = self._ask(
            lambda clearance: alerts.listed(
                self._store, clearance, statuses=statuses, indicator=indicator, before=before, limit=limit
            )
        )
        return found.derive(self._told(found.value, brief=brief))

    def counted(self, *, statuses: Sequence[str], most: int, since: Micros = 0) -> Released[int]:
        """Return how many alerts `listed` has that were opened after `since` (µs), counted no further than `most`."""
        found = self._ask(
            lambda clearance: alerts.listed(self._store, clearance, statuses=statuses, limit=most)
        )
        return found.derive(sum(each.opened > since for each in found.value))

    def one(self, identifier: str, *, samples: int = 20) -> Released[Told]:
        """Return an alert with its newest hits.

        Raises:
            NotFoundError: there is none of this id, or it shows nothing to the own organisation (any more).
        """
        found = self._ask(lambda clearance: alerts.listed(self._store, clearance, identifier=identifier))
        if not found.value:
            raise NotFoundError("no such alert")
        alert = found.value[0].id
        hits = self._ask(lambda clearance: alerts.samples(self._store, clearance, alert, limit=samples))
        told = [msgspec.structs.replace(each, samples=tuple(hits.value)) for each in self._told(found.value)]
        if not told:
            raise NotFoundError("no such alert")
        return found.derive(told[0])

    def change(
        self,
        identifier: str,
        status: str,
        *,
        verdict: str = "",
        note: str = "",
        by: str,
        seen: Micros | None = None,
    ) -> Released[Told]:
        """Set what became of an alert, and return it; `seen` as of `store.alerts.change`.

        Raises:
            InputError: a status or verdict that there is not; a verdict is for closing, and closing needs one.
            NotFoundError: there is no such alert, or it shows nothing.
            ConflictError: `store.alerts.change`.
        """
        if status not in alerts.STATUSES:
            raise InputError(f"{status!r} is no status", hint=f"one of {', '.join(alerts.STATUSES)}")
        if (status == "closed") != (verdict in alerts.VERDICTS) or (
            verdict and verdict not in alerts.VERDICTS
        ):
            raise InputError(
                "an alert is closed with a verdict, and only then has one",
                hint=f"one of {', '.join(alerts.VERDICTS)}",
            )
        found = self._ask(lambda clearance: alerts.listed(self._store, clearance, identifier=identifier))
        if not found.value:
            raise NotFoundError("no such alert")
        alert, now = found.value[0].id, self._store.clock()
        entry = journal.Entry(now, by, "alert", str(alert), status, {"verdict": verdict})
        with self._store.transaction() as connection:
            alerts.change(connection, alert, status, verdict=verdict, note=note, by=by, now=now, seen=seen)
            journal.append(connection, [entry])
        return self.one(identifier)

    def _ask(self, question: Callable[[Clearance], Released[T] | Stale]) -> Released[T]:
        return self._clearances.ask(
            self._clearances.snapshot.own.id, question, "match", ceiling=self._ceiling
        )

    def _told(self, found: Sequence[Alert], *, brief: bool = False) -> list[Told]:
        held = self._asserted({each.indicator for each in found})
        around = self._around(sorted({each.indicator for each in found}), brief=brief)
        made = []
        for each in found:
            rows = held.get(each.indicator, [])
            if rows:  # else it went away since
                made.append(self._one(each, rows, around.get(each.indicator, _NOTHING)))
        return made

    def _one(self, alert: Alert, rows: Sequence[Placed], around: _Around) -> Told:
        snapshot = self._clearances.snapshot
        newest = _decode(max(rows, key=lambda row: (row.version, -row.cursor)).body)
        named = {each.id for each in around.techniques}
        own = [
            Technique(each.external_id, "")
            for each in newest.external_references
            if each.source_name == "mitre-attack" and each.external_id and each.external_id not in named
        ]
        origins = dict.fromkeys(
            Origin(label.owner, name_of(label.owner, snapshot), marking_of(label, snapshot))
            for label in (snapshot.labels[row.label] for row in rows)
        )
        return Told(
            id=str(alert.id), indicator=alert.indicator,
            name=newest.name, pattern=newest.pattern, confidence=newest.confidence, origins=tuple(origins),
            status=alert.status, verdict=alert.verdict, note=alert.note, changed_by=alert.changed_by,
            changed=alert.changed, opened=alert.opened, found=alert.found, first=alert.first, last=alert.last,
            hits=alert.hits, beyond=alert.beyond,
            means=around.means, techniques=(*around.techniques, *own)[:_MOST_TOLD], actions=around.actions,
        )  # fmt: skip

    def _asserted(self, ids: set[str]) -> dict[str, list[Placed]]:
        """Return each owner's latest version of some objects, unless it is revoked."""
        rows = self._ask(
            lambda clearance: placed.of_ids(self._store, sorted(ids), clearance, limit=_MOST_LINKS)
        ).value
        labels = self._clearances.snapshot.labels
        latest: dict[tuple[str, str], Placed] = {}
        for row in rows:
            key = (row.id, labels[row.label].owner)
            if key not in latest or (row.version, -row.cursor) > (latest[key].version, -latest[key].cursor):
                latest[key] = row
        found: dict[str, list[Placed]] = defaultdict(list)
        for row in latest.values():
            if not row.revoked:
                found[row.id].append(row)
        return found

    def _links(self, ids: Iterable[str], *ways: str) -> list[_Link]:
        """Return the relationships of some objects, of those types alone if any are given: many share one malware."""
        wanted = sorted(set(ids))
        if not wanted:
            return []

        def ask(clearance: Clearance) -> Released[list[Placed]] | Stale:
            if ways:
                return placed.relating(self._store, wanted, ways, clearance, limit=_MOST_LINKS)
            return placed.referring(self._store, wanted, ("relationship",), clearance, limit=_MOST_LINKS)

        rows = self._ask(ask).value
        return [msgspec.json.decode(row.body, type=_Link) for row in rows if not row.revoked]

    def _around(self, ids: Sequence[str], *, brief: bool) -> dict[str, _Around]:
        """Return what indicators are signs of, and what is advised against that."""
        first = self._links(ids)
        meant: dict[str, list[str]] = defaultdict(list)
        for each in first:
            if each.relationship_type == "indicates" and each.source_ref in set(ids):
                meant[each.source_ref].append(each.target_ref)
        things = {ref for refs in meant.values() for ref in refs}
        second = self._links(things, "uses", *(() if brief else _ADVICE))
        uses: dict[str, list[str]] = defaultdict(list)
        for each in second:
            if each.relationship_type == "uses" and each.target_ref.startswith("attack-pattern--"):
                uses[each.source_ref].append(each.target_ref)
        patterns = {ref for refs in uses.values() for ref in refs} | {
            ref for ref in things if ref.startswith("attack-pattern--")
        }
        against: dict[str, list[str]] = defaultdict(list)
        advising = () if brief else (*first, *second, *self._links(patterns, *_ADVICE))
        for each in advising:
            if each.relationship_type in _ADVICE and each.source_ref.startswith("course-of-action--"):
                against[each.target_ref].append(each.source_ref)
        named = things | patterns | {ref for refs in against.values() for ref in refs}
        known = {
            ref: _decode(max(rows, key=lambda row: (row.version, -row.cursor)).body)
            for ref, rows in self._asserted(named).items()
        }
        return {each: _gathered(each, meant[each], uses, against, known) for each in ids}


class _Link(msgspec.Struct):
    relationship_type: str
    source_ref: str
    target_ref: str


class _Reference(msgspec.Struct):
    source_name: str = ""
    external_id: str = ""
    description: str = ""
    url: str = ""


class _Body(msgspec.Struct):
    id: str
    name: str = ""
    pattern: str = ""
    description: str = ""
    confidence: int | None = None
    external_references: list[_Reference] = []
    extensions: dict[str, Any] = {}


class _Around(msgspec.Struct, frozen=True):
    means: tuple[str, ...] = ()
    techniques: tuple[Technique, ...] = ()
    actions: tuple[Action, ...] = ()


_NOTHING = _Around()
_decode = msgspec.json.Decoder(_Body).decode


def _gathered(
    indicator: str,
    meant: Sequence[str],
    uses: dict[str, list[str]],
    against: dict[str, list[str]],
    known: dict[str, _Body],
) -> _Around:
    means: list[str] = []
    techniques: dict[str, Technique] = {}
    for ref in meant:
        if ref not in known:
            continue
        if ref.startswith("attack-pattern--"):
            techniques.setdefault(ref, _technique(known[ref], ""))
            continue
        means.append(known[ref].name or ref)
        for used in uses.get(ref, ()):
            if used in known:
                techniques.setdefault(used, _technique(known[used], known[ref].name))
    actions: dict[str, Action] = {}
    for target in (indicator, *meant, *techniques):
        for ref in against.get(target, ()):
            if ref in known:
                about = known[target].name if target in known else ""
                what = known[ref].description[:_LONGEST]
                actions.setdefault(ref, Action(ref, known[ref].name, what, about, _playbooks(known[ref])))
    return _Around(
        tuple(dict.fromkeys(means))[:_MOST_TOLD],
        tuple(techniques.values())[:_MOST_TOLD],
        tuple(actions.values())[:_MOST_TOLD],
    )


def _technique(body: _Body, by: str) -> Technique:
    number = next(
        (each.external_id for each in body.external_references if each.source_name == "mitre-attack"), ""
    )
    return Technique(number, body.name, by)


def _playbooks(body: _Body) -> tuple[Playbook, ...]:
    found = []
    held = body.extensions.get(_PLAYBOOK)
    if isinstance(held, dict):
        kinds = held.get("playbook_type")
        words = [each[:_WORDS] for each in kinds if isinstance(each, str)] if isinstance(kinds, list) else []
        identifier, standard = (
            str(held.get(name, ""))[:_WORDS] for name in ("playbook_id", "playbook_standard")
        )
        found.append(Playbook(identifier, standard, tuple(words[:_MOST_TOLD])))
    for each in body.external_references:
        said = f"{each.source_name} {each.description}".lower()
        if each.url and ("playbook" in said or "cacao" in said):
            found.append(Playbook(each.external_id[:_WORDS], each.source_name[:_WORDS], (), each.url[:2000]))
    return tuple(found[:_MOST_TOLD])


def facts(told: Told, moment: Callable[[Micros], str]) -> dict[str, Any]:
    """Return an alert as JSON has it; `moment` writes a moment."""
    made: dict[str, Any] = msgspec.to_builtins(told)
    for name in ("changed", "opened", "found", "first", "last"):
        if made[name] is not None:
            made[name] = moment(made[name])
    for each in made["samples"]:
        each["found"] = moment(each["found"])
        detail = each.pop("detail")
        event = detail.get("event")
        each |= {
            "at": None if event is None else moment(event),
            **{name: detail.get(name) for name in ("file", "line", "field", "host")},
            "parts": detail.get("parts", []),
        }
    return made
