"""How pages look, kept in the browser: works without signing in, and without scripts."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.server.auth import secure_for
from tocsin.server.pages import look, same_origin
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import View

_YEAR = 365 * 24 * 3600


def show_choices(view: View) -> Response:
    """Show what can be chosen."""
    onward = same_origin.came_from(view.request)
    return show(view, "account/appearance.html", choices=look, onward=onward)


def choose(view: View, form: Form) -> Response:
    """Keep what was chosen; what a form does not ask about stays as it is."""
    wanted = {name: form.one(name, getattr(view.look, name)) for name in look.Look.__struct_fields__}
    chosen = look.chosen(wanted)
    secure = "; Secure" if secure_for(view.request) else ""
    cookie = f"{look.COOKIE}={chosen.cookie()}; Path=/; Max-Age={_YEAR}; SameSite=Lax; HttpOnly{secure}"
    return redirect(
        view,
        same_origin.inside(form.one("next", same_origin.came_from(view.request))),
        cookies={"look": cookie},
    )
