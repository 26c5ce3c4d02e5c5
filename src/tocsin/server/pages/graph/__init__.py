"""A graph of what is related to what, from any object or search, as a drawing and as tables: one address says what is seen."""

from tocsin.server.pages.graph import showing
from tocsin.server.pages.page import Entry, Get, Page

PAGE = Page(
    "graph",
    gets=(
        Get("/graph", showing.show_graph, "page-graph"),
        Get("/graph/data", showing.data, "page-graph"),
        Get("/graph/drawing", showing.drawing, "page-graph-export"),
    ),
    entries=(Entry("Graph", "/graph", "graph", 22, key="r"),),
)
