"""Who may run the node: administrators of its own organisation, with all that their account may do."""

from __future__ import annotations

from tocsin.errors import ForbiddenError
from tocsin.server.pages.view import View, require_proof


def require_administrator(view: View) -> None:
    """Make sure that an administrator of the node looks.

    Raises:
        ForbiddenError: somebody else does, or the session is limited by the token that opened it.
    """
    call = view.call
    if not view.administers or "admin" not in call.principal.scopes or call.principal.ceiling:
        raise ForbiddenError("this is for administrators of this node")


def require_to_act(view: View, back: str) -> None:
    """Make sure that an administrator acts who has shown lately who they are.

    Raises:
        ForbiddenError: as `require_administrator`, or not lately.
    """
    require_administrator(view)
    require_proof(view, back)
