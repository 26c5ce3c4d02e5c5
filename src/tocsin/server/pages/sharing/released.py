"""What left this node, to whom, and on which ground: the journal of reads, pushes and exports."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.server.api import journal
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View


def show_released(view: View) -> Response:
    """Show the journal, a page at a time.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    told = journal.journal_of(view.call)
    return render(view, "sharing/released.html", told, given=dict(view.request.query_params))
