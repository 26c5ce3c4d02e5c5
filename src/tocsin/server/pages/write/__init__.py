"""Writing: new objects, new versions, and what one says about objects, each checked before it is kept."""

from tocsin.server.pages.page import Entry, Get, Page, Post
from tocsin.server.pages.write import changing, making, saying

_OBJECT = "/objects/{object}"
PAGE = Page(
    "write",
    gets=(
        Get("/write", making.show_kinds, "page-write"),
        Get("/write/{kind}", making.show_form, "page-write"),
        Get(f"{_OBJECT}/change", changing.show_form, "page-change"),
        Get(f"{_OBJECT}/say", saying.show_form, "page-say"),
    ),
    posts=(
        Post("/write/{kind}", making.take, "page-write"),
        Post(f"{_OBJECT}/change", changing.take, "page-change"),
        Post(f"{_OBJECT}/say", saying.take, "page-say"),
    ),
    entries=(Entry("Write", "/write", "edit", 30, key="w"),),
)
