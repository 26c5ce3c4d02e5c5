"""What the style page shows: made-up values of every kind that parts take."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.server.pages import assets
from tocsin.server.pages.rendering import show
from tocsin.server.pages.view import View

_COLOURS = (
    *("paper", "surface", "sunken", "hover", "ink", "ink-2", "ink-3", "line", "edge"),
    *("accent", "accent-soft", "danger", "danger-soft", "warn", "warn-soft", "good", "good-soft", "bronze"),
)
_TLP = ("clear", "green", "amber", "amber+strict", "red", "none")
_ROWS = (
    ("indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f", "login-update.example", "indicator", "amber", 82),
    ("malware--31b940d4-6f7f-459a-80ea-9c1f17b58abc", "Poison Ivy", "malware", "green", 60),
    ("intrusion-set--4e78f46f-a023-4e5f-bc24-71b3ca22ec29", "APT-00", "intrusion-set", "clear", 35),
)
_EVENTS = (
    ("2026-03-04T10:15:30Z", "Withheld from two recipients by the agreement with Meridian CERT", "danger"),
    ("2026-03-04T10:15:00Z", "Seen by three members of the circle", "good"),
    ("2026-03-03T08:00:00Z", "Confidence raised from 40 to 82", "accent"),
    ("2026-03-02T17:42:11Z", "Received over TAXII", ""),
)
_CHANGES = (
    ("confidence", "40", "82"),
    ("labels/1", None, "phishing"),
    ("description", "A page that asks for passwords", "A page that asks for passwords and one-time codes"),
    ("valid_until", "2026-06-01T00:00:00Z", None),
)
_RECEIPTS = (
    ("Meridian CERT", ("released", "released", "withheld")),
    ("Harbour Authority", ("redacted", "released", "unknown")),
)


def show_style(view: View) -> Response:
    """Show every part."""
    return show(
        view,
        "style/style.html",
        colours=_COLOURS,
        levels=_TLP,
        rows=_ROWS,
        events=_EVENTS,
        changes=_CHANGES,
        receipts=_RECEIPTS,
        drawings=assets.drawings(),
    )
