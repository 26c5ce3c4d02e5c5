"""The palette (Ctrl-K): pages, actions, and what is offered for something typed or pasted; and the line that says that more has arrived."""

from tocsin.server.pages.page import Get, Page
from tocsin.server.pages.palette import arriving, offering

PAGE = Page(
    "palette",
    gets=(
        Get("/palette", offering.offer, "page-palette"),
        Get("/arrivals", arriving.follow, "page-arrivals", quiet=True),
    ),
)
