"""What is happening now."""

from tocsin.server.pages.home import front, overview
from tocsin.server.pages.page import Entry, Get, Page

PAGE = Page(
    "home",
    gets=(
        Get("/", overview.show_start, "page-home", open=True),
        Get("/about", front.show_front, "page-front", open=True),
    ),
    entries=(Entry("Home", "/", "home", 0, key="h"),),
)
