"""What the node does beside the requests: imports, hunts on a schedule, exchanges with peers, deliveries to webhooks, indexing, backups."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.server.api import parties
from tocsin.server.api.parties import PeerEntry
from tocsin.server.pages.admin.gate import require_administrator
from tocsin.server.pages.bring_in.runs import Run, in_order
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.store import imports, journal, saved, webhooks
from tocsin.store.journal import Entry
from tocsin.store.search import index

_IMPORTS = 20
_OLD: Micros = 7 * 86_400_000_000
"""A backup that is older is one to be told of."""


class Jobs(msgspec.Struct, frozen=True):
    """What the page shows. `through`: up to which date added search knows what is held; `backup`: the last one; `old`: it is, or there is none."""

    imports: tuple[Run, ...]
    names: dict[str, str]
    hunts: tuple[tuple[saved.Saved, saved.Run | None], ...]
    peers: tuple[PeerEntry, ...]
    deliveries: tuple[tuple[str, int], ...]
    indexed: bool
    through: Micros
    backup: Entry | None
    old: bool


def show_jobs(view: View) -> Response:
    """Show what runs, what waits and what failed.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    require_administrator(view)
    store = view.parts.store
    with store.connection() as connection:
        brought = in_order(imports.newest(connection, None, limit=_IMPORTS), store.clock())
        last = saved.last_runs(connection)
        hunts = tuple((each, last.get(each.name)) for each in saved.everything(connection))
        deliveries = tuple(sorted(webhooks.states(connection).items()))
        progress = index.progress(connection)
        backup = journal.last(connection, "backup")
    made = Jobs(
        imports=brought.items,
        names=parties.names(view.call),
        hunts=hunts,
        peers=parties.known_peers(view.call).value.items,
        deliveries=deliveries,
        indexed=progress.done,
        through=progress.mark,
        backup=backup,
        old=backup is None or store.clock() - backup.at > _OLD,
    )
    return render(view, "admin/jobs.html", said(made, recipient=view.call.principal.organisation))
