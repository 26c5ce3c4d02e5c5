"""One object: what it says, who says so, what it is related to, how it came to be, and who may have it."""

from tocsin.server.pages.object import detail, history, sharing
from tocsin.server.pages.page import Get, Page

_OBJECT = "/objects/{object}"
PAGE = Page(
    "object",
    gets=(
        Get(_OBJECT, detail.show_object, "page-object"),
        Get(f"{_OBJECT}/peek", detail.peek, "page-object"),
        Get(f"{_OBJECT}/relations", detail.show_relations, "page-relations"),
        Get(f"{_OBJECT}/versions", history.show_versions, "page-versions"),
        Get(f"{_OBJECT}/sightings", history.show_sightings, "page-sightings"),
        Get(f"{_OBJECT}/sharing", sharing.show_recipients, "page-sharing"),
        Get(f"{_OBJECT}/why", sharing.show_why, "page-why"),
    ),
)
