"""When what a search finds came, changed or was seen: drawn by steps of time, and as a table that says the same."""

from tocsin.server.pages.page import Entry, Get, Page
from tocsin.server.pages.timeline import showing

PAGE = Page(
    "timeline",
    gets=(Get("/timeline", showing.show_timeline, "page-timeline"),),
    entries=(Entry("Timeline", "/timeline", "timeline", 25, key="l"),),
)
