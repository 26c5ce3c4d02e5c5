"""Hunts: a log that is pasted or dropped, hunts that are kept and run on a schedule, what is not raised. For the node's own organisation."""

from tocsin.server.pages.hunts import kept, looking
from tocsin.server.pages.page import Entry, Get, Page, Post

PAGE = Page(
    "hunts",
    gets=(
        Get("/hunts", kept.show_hunts, "page-hunts"),
        Get("/hunts/{hunt}", kept.show_runs, "page-hunt"),
    ),
    posts=(
        Post("/hunts", looking.look, "page-hunt-look", limit=looking.LIMIT),
        Post("/hunts/{hunt}", kept.act, "page-hunt-act", limit=4096),
    ),
    entries=(Entry("Hunts", "/hunts", "hunt", 15, "own", key="n"),),
)
