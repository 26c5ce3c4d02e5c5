"""Pushing to peers: what a local collection holds and the peer's organisation is cleared for, in order, in bounded envelopes.

Only `Released` pages go to the wire, read under a clearance for the peer's organisation that leaves out what that organisation
itself asserted: it has that already. How far a push has come is our cursor together with the label sets that were
cleared up to there. When a decision changes (a new member, a new policy), what is now cleared and lies behind the cursor is
sent first, so nothing that may go is left behind. The cursor moves after the peer has dealt with an envelope;
what was sent twice is kept once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from tocsin.errors import ConflictError, LimitError, NotFoundError, TocsinError
from tocsin.exchange.taxii.client import Client, Collection
from tocsin.exchange.taxii.resources import Status
from tocsin.exchange.wire import Wire
from tocsin.node.clearances import Clearances, Snapshot
from tocsin.node.links import OpenWire, chosen, endpoint_of
from tocsin.sharing.audience import Organisation
from tocsin.sharing.decision import Decision
from tocsin.sharing.facts import facts_of
from tocsin.sharing.release import Clearance, Released
from tocsin.store import Store, collections, holdings, journal, pages, peers, receipts
from tocsin.store.collections import Collection as Local
from tocsin.store.peers import Peer, Subscription
from tocsin.store.receipts import Receipt
from tocsin.store.values import Page, PageQuery, Stale

ENVELOPE = 500
"""Most objects in an envelope."""

_BYTES = 8 * 1024 * 1024
_EXAMPLES = 10
_SIGHTINGS = "sightings"


class Withheld(msgspec.Struct, frozen=True):
    """Objects that stayed here, by the policy that decided ("" where none permits), and why in words."""

    rule: str
    why: str
    count: int


class PushReport(msgspec.Struct, frozen=True):
    """What one push sent and kept back.

    Attributes:
        local, remote: the collections.
        sent: objects that went over the wire; accepted, refused: what the peer made of them.
        withheld: what this collection holds and the peer may not have, by rule.
        reduced: what it may have redacted or minimised only, by the rule against the whole.
        ground: on which personal data go to it, in words.
        examples: what the peer said of objects that it refused.
        envelopes, sent_bytes, seconds: what it cost.
    """

    local: str
    remote: str
    sent: int
    accepted: int
    refused: int
    withheld: tuple[Withheld, ...]
    examples: tuple[str, ...]
    envelopes: int
    sent_bytes: int
    seconds: float
    reduced: tuple[Withheld, ...] = ()
    ground: str = ""
    error: str = ""
    hint: str = ""


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a push has come: our cursor, and the label sets that were cleared up to there, in which form."""

    after: int = -1
    labels: tuple[int, ...] = ()
    redacted: tuple[int, ...] = ()
    minimised: tuple[int, ...] = ()

    @classmethod
    def at(cls, after: int, clearance: Clearance) -> Position:
        """Return the position of a push that has come to `after` under `clearance`."""
        return cls(after, *clearance.forms)

    def behind(self, clearance: Clearance) -> set[int]:
        """Return the label sets that are cleared now, and were not in this form up to here."""
        before = (self.labels, self.redacted, self.minimised)
        return {
            n for now, then in zip(clearance.forms, before, strict=True) for n in set(now).difference(then)
        }

    @classmethod
    def from_text(cls, text: str) -> Position:
        """Read a kept position; what cannot be read is a new beginning."""
        try:
            return msgspec.json.decode(text, type=cls) if text else cls()
        except msgspec.DecodeError:
            return cls()


def push(
    store: Store,
    name: str,
    pairs: Sequence[tuple[str, str]] = (),
    *,
    again: bool = False,
    open_wire: OpenWire = Wire,
    clearances: Clearances | None = None,
) -> list[PushReport]:
    """Push to a peer; return one report for each pair of collections.

    Args:
        store: from where.
        name: the peer.
        pairs: local and remote collection, by any name they answer to; "" as remote is the one that fits. They are
            remembered. By default those remembered, or those that `_fitting` finds.
        again: send everything anew.
        open_wire: makes the connection; for tests.
        clearances: the node's, when there is one already.

    Raises:
        NotFoundError: no such peer or collection, or nothing that fits.
        ConflictError: the peer is suspended.
        ForbiddenError: the peer's organisation is not known here.
        ExchangeError: the peer cannot be reached.
    """
    peer = chosen(store, [name])[0]
    clearances = clearances or Clearances(store)
    with open_wire(endpoint_of(peer)) as wire:
        client = Client(wire)
        listed = client.collections()
        ties = [_tie(store, peer, client, listed, pair) for pair in pairs]
        ties = ties or _remembered(store, peer) or _fitting(store, peer, listed)
        reports = [
            _Push(store, peer, client, listed, tie=tie, clearances=clearances, again=again).run()
            for tie in ties
        ]
    _note(store, peer, reports)
    return reports


def _tie(
    store: Store, peer: Peer, client: Client, listed: list[Collection], pair: tuple[str, str]
) -> Subscription:
    local, remote = pair
    with store.connection() as connection:
        found = collections.get(connection, local)
    if remote:
        target = client.find(remote, listed)
    else:
        fitting = _targets(found, listed, _mirrored(store, peer))
        if len(fitting) != 1:
            raise NotFoundError(
                f"which collection of {peer.name} is meant for {found.alias}?",
                hint=f"say --collection {found.alias}=REMOTE; `tocsin peer test {peer.name}` lists them",
            )
        target = fitting[0]
    tie = Subscription(peer.name, "push", target.id, found.id)
    with store.transaction() as connection:
        peers.subscribe(connection, tie)
        kept = peers.subscriptions(connection, peer.name, "push")
    return next(t for t in kept if (t.remote, t.collection) == (tie.remote, tie.collection))


def _remembered(store: Store, peer: Peer) -> list[Subscription]:
    with store.connection() as connection:
        return peers.subscriptions(connection, peer.name, "push")


def _mirrored(store: Store, peer: Peer) -> dict[str, set[str]]:
    """Return, for each of our collections that mirrors some of the peer's, the names of those."""
    mirrored: dict[str, set[str]] = {}
    with store.connection() as connection:
        for tie in peers.subscriptions(connection, peer.name, "poll"):
            mirrored.setdefault(str(tie.collection), set()).add(tie.remote)
    return mirrored


def _targets(local: Local, listed: list[Collection], mirrored: dict[str, set[str]]) -> list[Collection]:
    """Return the writable remote collections that `local` belongs to: those it mirrors, else those of its alias."""
    writable = [c for c in listed if c.can_write]
    names = mirrored.get(str(local.id), set())
    found = [c for c in writable if any(c.answers_to(n) for n in names)]
    found = found or [c for c in writable if c.answers_to(local.alias)]
    if not found and local.alias == _SIGHTINGS and len(writable) == 1:
        found = writable  # sightings are for whoever warned us
    return found


def _fitting(store: Store, peer: Peer, listed: list[Collection]) -> list[Subscription]:
    """Return what is pushed when nothing was said: our copies of the peer's writable collections, and namesakes.

    Raises:
        NotFoundError: nothing fits.
    """
    mirrored = _mirrored(store, peer)
    with store.connection() as connection:
        every = collections.everything(connection)
    ties = [Subscription(peer.name, "push", r.id, c.id) for c in every for r in _targets(c, listed, mirrored)]
    if not ties:
        writable = [c.alias or c.title or c.id for c in listed if c.can_write]
        raise NotFoundError(
            f"nothing here is tied to a collection of {peer.name} that we may write to",
            hint=f"say --collection LOCAL=REMOTE; writable there: {', '.join(writable) or 'none'}",
        )
    with store.transaction() as connection:
        for tie in ties:
            peers.subscribe(connection, tie)
    return ties


class _Push:
    """One pair of collections."""

    def __init__(
        self,
        store: Store,
        peer: Peer,
        client: Client,
        listed: list[Collection],
        *,
        tie: Subscription,
        clearances: Clearances,
        again: bool,
    ) -> None:
        self._store = store
        self._peer = peer
        self._client = client
        self._listed = listed
        self._tie = tie
        self._clearances = clearances
        self._position = Position() if again else Position.from_text(tie.position)
        self._limit = ENVELOPE
        self._counts: Counter[str] = Counter()
        self._examples: list[str] = []

    def run(self) -> PushReport:
        began = time.perf_counter()
        error: TocsinError | None = None
        with self._store.connection() as connection:
            local = collections.get(connection, self._tie.collection)
        remote = next((c for c in self._listed if c.answers_to(self._tie.remote)), None)
        withheld: tuple[Withheld, ...] = ()
        reduced: tuple[Withheld, ...] = ()
        try:
            if remote is None or not remote.can_write:
                raise ConflictError(
                    f"{self._peer.name} lets us write to no collection {self._tie.remote!r}",
                    hint="ask whoever runs it for the right to write",
                )
            self._send_all(remote)
            withheld, reduced = self._kept_back()
        except TocsinError as failure:
            error = failure
        return PushReport(
            local=local.alias,
            remote=(remote.alias or remote.title or remote.id) if remote else self._tie.remote,
            sent=self._counts["sent"],
            accepted=self._counts["sent"] - self._counts["refused"],
            refused=self._counts["refused"] + self._counts["too large"],
            withheld=withheld,
            reduced=reduced,
            ground=self._ground(),
            examples=tuple(self._examples),
            envelopes=self._counts["envelopes"],
            sent_bytes=self._counts["bytes"],
            seconds=time.perf_counter() - began,
            error=str(error) if error else "",
            hint=error.hint() if error else "",
        )

    def _ground(self) -> str:
        recipient = self._clearances.snapshot.organisations.get(self._peer.organisation)
        return "" if recipient is None else str(recipient.ground)

    def _send_all(self, remote: Collection) -> None:
        """Send what is newly cleared behind the cursor, then what lies before it; decide anew whenever facts change."""
        generation = 0
        while True:
            snapshot = self._clearances.refresh(generation)
            cleared = self._clearance(snapshot, None)
            behind = self._position.behind(cleared)
            stale = None
            if behind and self._position.after >= 0:
                stale = self._send(remote, self._clearance(snapshot, behind), -1, stop=self._position.after)
            if stale is None:
                self._keep(Position.at(self._position.after, cleared))
                stale = self._send(remote, cleared, self._position.after, stop=None)
            if stale is None:
                return
            generation = stale.generation

    def _clearance(self, snapshot: Snapshot, only: set[int] | None) -> Clearance:
        """Decide for the peer's organisation on all label sets but its own, or on `only` some."""
        recipient = self._recipient(snapshot)
        clearance = self._clearances.decider.clearance(
            recipient, "receive", snapshot.labels, snapshot.definitions, snapshot.generation
        )
        return clearance.narrow(
            lambda n: snapshot.labels[n].owner != recipient.id and (only is None or n in only)
        )

    def _recipient(self, snapshot: Snapshot) -> Organisation:
        """Return the peer's organisation, reached over the peer's address."""
        recipient = snapshot.organisations.get(self._peer.organisation)
        if recipient is None:
            raise NotFoundError(f"the organisation of {self._peer.name} is not known here")
        return msgspec.structs.replace(recipient, encrypted=self._peer.url.startswith("https://"))

    def _send(
        self, remote: Collection, clearance: Clearance, after: int, *, stop: int | None
    ) -> Stale | None:
        """Send pages from `after` on; up to the cursor `stop` when it is given, else move the cursor along."""
        at = after
        while True:
            if self._outdated():
                return Stale(0)
            query = PageQuery(self._tie.collection, after=at, limit=self._limit, versions=("all",))
            page = pages.page(self._store, query, clearance)
            if isinstance(page, Stale):
                return page
            found = page.value
            if not found.count or (stop is not None and found.first > stop):
                return None
            if not self._deliver(remote, page):
                continue
            at = found.last
            if stop is None:
                self._keep(Position.at(at, clearance))
            if not found.more:
                return None

    def _outdated(self) -> bool:
        """Whether a date was reached that the clearance, or an agreement it rests on, ends or begins with.

        Raises:
            ConflictError: the peer was suspended meanwhile.
        """
        with self._store.connection() as connection:
            if peers.get(connection, self._peer.name).suspended:
                raise ConflictError(f"{self._peer.name} was suspended meanwhile")
        now = self._store.clock()
        dates = (self._clearances.decider.until, self._clearances.snapshot.until)
        return any(date is not None and now >= date for date in dates)

    def _deliver(self, remote: Collection, page: Released[Page]) -> bool:
        """Send one page; False when it has to be asked for again, smaller."""
        count = page.value.count
        envelope = page.derive(b'{"objects":[' + page.value.body + b"]}")
        if len(envelope.value) > _BYTES and count > 1:
            self._limit = max(1, count // 2)
            return False
        try:
            status = self._client.add(remote, envelope)
        except LimitError:
            if count > 1:
                self._limit = max(1, count // 2)
                return False
            self._counts["too large"] += 1
            self._example(f"one object of {len(page.value.body):,} bytes is larger than the peer takes")
            return True
        self._keep_receipt(page, remote)
        self._counts.update(sent=count, envelopes=1, bytes=len(envelope.value))
        self._counts["refused"] += self._refused(status)
        self._limit = min(ENVELOPE, self._limit * 2)
        return True

    def _keep_receipt(self, page: Released[Page], remote: Collection) -> None:
        """Keep what the peer's organisation has had with this envelope."""
        receipt = Receipt(
            *(
                self._store.clock(),
                page.recipient,
                "local",
                "push",
                f"{self._peer.name}/{remote.alias or remote.id}",
            ),
            page.ground,
            self._clearances.snapshot.policies.version,
            page.value.cursors,
        )
        with self._store.connection() as connection:
            receipts.append(connection, [receipt])

    def _refused(self, status: Status) -> int:
        failures = status.failures or []
        for failure in failures[:_EXAMPLES]:
            self._example(
                self._client.wire.endpoint.redact(f"{failure.id}: {failure.message or 'no reason given'}")
            )
        return max(status.failure_count, len(failures))

    def _example(self, text: str) -> None:
        if len(self._examples) < _EXAMPLES:
            self._examples.append(text)

    def _keep(self, position: Position) -> None:
        self._position = position
        with self._store.connection() as connection:
            peers.advance(connection, self._tie, msgspec.json.encode(position).decode())

    def _kept_back(self) -> tuple[tuple[Withheld, ...], tuple[Withheld, ...]]:
        """Count what stays here, and what goes only in a form, by the rule that decided; for the local operator only."""
        snapshot = self._clearances.refresh()
        recipient = self._recipient(snapshot)
        cleared = self._clearance(snapshot, None)
        whole, formed = set(cleared.labels), {*cleared.redacted, *cleared.minimised}
        withheld: Counter[tuple[str, str]] = Counter()
        reduced: Counter[tuple[str, str]] = Counter()
        for number, count in holdings.count_by_label(self._store, self._tie.collection).items():
            label = snapshot.labels.get(number)
            if label is None or number in whole or label.owner == recipient.id:
                continue
            decision = self._clearances.decider.decide(recipient, "receive", label, snapshot.definitions)
            tlp = facts_of(label, snapshot.definitions, own=snapshot.own.id, now=self._store.clock()).tlp
            (reduced if number in formed else withheld)[_words(decision, tlp)] += count
        return _by_rule(withheld), _by_rule(reduced)


def _by_rule(counts: Counter[tuple[str, str]]) -> tuple[Withheld, ...]:
    return tuple(Withheld(rule, why, count) for (rule, why), count in counts.most_common())


def _words(decision: Decision, tlp: str) -> tuple[str, str]:
    if decision.errors:
        return "error", "the decision could not be made"
    if decision.allowed:
        return "refers-to-withheld", "it refers to what may not go there"
    if decision.reasons:
        return ", ".join(p.id for p in decision.reasons), "; ".join(p.title for p in decision.reasons)
    return "", f"no policy permits TLP:{tlp.upper()} to go there"


def _note(store: Store, peer: Peer, reports: Sequence[PushReport]) -> None:
    sent = sum(r.sent for r in reports)
    withheld = sum(w.count for r in reports for w in r.withheld)
    reasons: Counter[str] = Counter()
    for each in (w for r in reports for w in r.withheld):
        reasons[each.rule] += each.count
    error = next((r.error for r in reports if r.error), "")
    result = {
        "at": store.clock(),
        "action": "push",
        "ok": not error,
        "sent": sent,
        "withheld": withheld,
        "reasons": dict(reasons),
        "error": error,
    }
    with store.transaction() as connection:
        peers.note(connection, peer.name, result)
        journal.append(
            connection,
            [
                journal.Entry(
                    at=store.clock(),
                    principal="local",
                    action="push",
                    target=f"{peer.name}/{r.remote}",
                    outcome="failed" if r.error else "released",
                    detail={
                        "sent": r.sent,
                        "withheld": sum(w.count for w in r.withheld),
                        "reduced": sum(w.count for w in r.reduced),
                        "ground": r.ground,
                    },
                )
                for r in reports
            ],
        )
