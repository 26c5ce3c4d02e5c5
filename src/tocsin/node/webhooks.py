"""Tells webhooks of what their queries find: queues as it comes, decides and sends when its time has come, tries again later.

What is sent is a release to the organisation that owns the hook, decided about at that moment: what it may not have any more is not in it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from tocsin.clock import Micros, to_text
from tocsin.errors import ExchangeError, ForbiddenError, InputError
from tocsin.exchange import hook as wire
from tocsin.exchange.endpoint import Endpoint
from tocsin.exchange.hook import Said
from tocsin.node.clearances import Clearances
from tocsin.node.searching import Searcher, may_read
from tocsin.sharing.release import Released
from tocsin.store import Connection, Store, collections, receipts, webhooks
from tocsin.store.receipts import Receipt
from tocsin.store.search import parse
from tocsin.store.search.finding import Found
from tocsin.store.webhooks import Delivery, Webhook

AT_ONCE = 100
"""Objects of one delivery."""
PAUSES = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)
"""Seconds between attempts, as Standard Webhooks recommends; after the last the delivery has failed."""
_GONE = 410
_HOLD: Micros = 60_000_000
_SECOND: Micros = 1_000_000


class _Entry(msgspec.Struct, frozen=True):
    added: str
    modified: str
    collection: str
    tlp: str
    source: str | None
    object: msgspec.Raw


class _Data(msgspec.Struct, frozen=True):
    webhook: str
    query: str
    items: tuple[_Entry, ...]


class _Payload(msgspec.Struct, frozen=True):
    type: str
    timestamp: str
    data: _Data


class Dispatcher:
    """Queues and sends."""

    def __init__(
        self,
        store: Store,
        clearances: Clearances,
        allowed: tuple[str, ...],
        *,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """Bind; `allowed` are the origins that hooks may be sent to."""
        self._store = store
        self._clearances = clearances
        self._allowed = allowed
        self._dice = dice
        self._searcher = Searcher(store, clearances)

    def gather(self) -> int:
        """Queue what enabled hooks have not been told of; return how many deliveries that made."""
        with self._store.connection() as connection:
            hooks = webhooks.enabled(connection)
        made = 0
        for each in hooks:
            found = self._find(each, each.position)
            if found is None or not found.value.items:
                continue
            with self._store.transaction() as connection:
                cursors = tuple(item.added for item in found.value.items)
                webhooks.queue(connection, each, cursors, now=self._store.clock())
            made += 1
        return made

    def deliver(self) -> bool:
        """Send one delivery whose time has come; return whether there was one."""
        now = self._store.clock()
        with self._store.transaction() as connection:
            due = webhooks.take_due(connection, now=now, hold=_HOLD)
            hook = None
            if due is not None:
                hook = next((each for each in webhooks.enabled(connection) if each.id == due.webhook), None)
        if due is None:
            return False
        said = (
            Said(_GONE, "the account of this webhook is disabled") if hook is None else self._send(hook, due)
        )
        with self._store.transaction() as connection:
            self._note(connection=connection, due=due, hook=hook, said=said)
            webhooks.forget_old(connection, now=now)
        return True

    def _send(self, hook: Webhook, due: Delivery) -> Said:
        if not due.cursors:
            return Said(200, "nothing to tell")
        try:
            url = wire.require_allowed(hook.url, self._allowed)
        except ExchangeError as error:  # the operator has taken the origin off the list
            return Said(_GONE, str(error))
        found = self._find(hook, due.cursors[0] - 1)
        if found is None:
            return Said(200, "nothing that may go")
        wanted = set(due.cursors)
        payload = self._payload(hook, found, wanted)
        if payload is None:
            return Said(200, "nothing that may go any more")
        endpoint = Endpoint(name=str(hook.id), url=url, organisation=hook.organisation)
        now = self._store.clock()
        said = wire.send(endpoint, payload, hook.secrets(now), f"msg_{due.id.hex}", timestamp=now // _SECOND)
        if said.taken and hook.organisation != self._clearances.snapshot.own.id:
            self._keep_receipt(hook, payload, tuple(e.added for e in found.value.items if e.added in wanted))
        return said

    def _keep_receipt(self, hook: Webhook, payload: Released[bytes], cursors: tuple[int, ...]) -> None:
        receipt = Receipt(
            *(self._store.clock(), hook.organisation, hook.account, "webhook", str(hook.id), payload.ground),
            self._clearances.snapshot.policies.version,
            cursors,
        )
        with self._store.connection() as connection:
            receipts.append(connection, [receipt])

    def _payload(self, hook: Webhook, found: Released[Found], wanted: set[int]) -> Released[bytes] | None:
        aliases = self._searcher.aliases()
        items = tuple(
            _Entry(
                to_text(each.added),
                to_text(each.version),
                aliases[each.collection],
                self._searcher.tlp_of(each.label),
                self._searcher.source_of(each.label, hook.organisation),
                msgspec.Raw(each.body),
            )
            for each in found.value.items
            if each.added in wanted
        )
        if not items:
            return None
        data = _Data(str(hook.id), hook.query, items)
        made = _Payload("objects.found", to_text(self._store.clock()), data)
        return found.derive(msgspec.json.encode(made))

    def _find(self, hook: Webhook, beyond: Micros) -> Released[Found] | None:
        """Return what the hook's query finds for its organisation behind a cursor, oldest first."""
        asking = self._clearances.snapshot.organisations.get(hook.organisation)
        if asking is None:
            return None
        with self._store.connection() as connection:
            readable = [each.id for each in collections.everything(connection) if may_read(each, asking)]
        try:
            return self._searcher.find(
                parse(hook.query),
                hook.organisation,
                readable,
                limit=AT_ONCE,
                beyond=beyond,
                oldest=True,
                encrypted=hook.url.startswith("https:"),
            )
        except (ForbiddenError, InputError):
            return None

    def _note(self, *, connection: Connection, due: Delivery, hook: Webhook | None, said: Said) -> None:
        now = self._store.clock()
        if said.taken:
            webhooks.note(connection, due, "delivered", said.words, next_at=now)
            return
        if said.status == _GONE or due.attempts > len(PAUSES):
            webhooks.note(connection, due, "failed", said.words, next_at=now)
            if said.status == _GONE and hook is not None:
                webhooks.disable(connection, hook)
            return
        pause = PAUSES[due.attempts - 1] * (1 + self._dice() / 5)
        webhooks.note(connection, due, "waiting", said.words, next_at=now + int(pause * _SECOND))
