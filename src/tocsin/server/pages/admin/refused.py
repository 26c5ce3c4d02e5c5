"""What was refused: where it stood, which rule it broke, and why. Its bytes are shown by the command line alone."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from tocsin.server.pages.admin.gate import require_administrator
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.store import quarantine

_MOST = 200


class Refused(msgspec.Struct, frozen=True):
    """One refusal, without its bytes."""

    id: int
    at: int
    where: str
    pointer: str
    rule: str
    length: int
    times: int
    source: str


def show_refused(view: View) -> Response:
    """Show the newest refusals.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    require_administrator(view)
    with view.parts.store.connection() as connection:
        found = quarantine.everything(connection, limit=_MOST)
        count = quarantine.count(connection)
    # `reason` may repeat what was sent; rule and pointer say enough to find it
    items = tuple(
        Refused(e.id, e.at, e.where, e.pointer, e.rule, e.length, e.times, e.origin.source) for e in found
    )
    told = said((count, items), recipient=view.call.principal.organisation)
    return render(view, "admin/refused.html", told)
