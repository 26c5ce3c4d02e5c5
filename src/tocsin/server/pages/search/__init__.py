"""One box over values, names, text, ids, times and markings; what is found divides by facets, each of which is a part of the query."""

from tocsin.server.pages.page import Entry, Get, Page, Post
from tocsin.server.pages.search import export, finding, saved, why

PAGE = Page(
    "search",
    gets=(
        Get("/search", finding.show_found, "page-search"),
        Get("/search/suggestions", finding.suggest, "page-suggest"),
        Get("/search/why", why.show_why, "page-search-why"),
        Get("/search/export", export.download, "page-export"),
        Get("/views", saved.show_views, "page-views"),
    ),
    posts=(
        Post("/views", saved.keep, "page-view-keep", limit=16_384),
        Post("/views/remove", saved.remove, "page-view-remove", limit=4096),
    ),
    entries=(Entry("Search", "/search", "search", 20, key="s"),),
)
