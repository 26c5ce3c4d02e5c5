"""Countries and sectors: whom attacks aim at, where they come from, where they were seen; as a map and as tables that say the same."""

from tocsin.server.pages.map import showing
from tocsin.server.pages.page import Entry, Get, Page

PAGE = Page(
    "map",
    gets=(Get("/map", showing.show_map, "page-map"),),
    entries=(Entry("Map", "/map", "map", 24, key="o"),),
)
