"""Lists for tools: what is in each, what is left out and why, and where a value stands."""

from tocsin.server.pages.lists import looking
from tocsin.server.pages.page import Entry, Get, Page

PAGE = Page(
    "lists",
    gets=(
        Get("/lists", looking.show_formats, "page-lists"),
        Get("/lists/{format}", looking.show_list, "page-list"),
    ),
    entries=(Entry("Lists", "/lists", "rows", 42, key="b"),),
)
