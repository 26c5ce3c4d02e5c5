"""Import: files of intelligence, and texts from which indicators are taken and looked at by a person before they are kept."""

from tocsin.server.pages.bring_in import files, runs, texts
from tocsin.server.pages.page import Entry, Get, Page, Post

PAGE = Page(
    "import",
    gets=(
        Get("/import", files.show_form, "page-import"),
        Get("/import/runs", runs.show_runs, "page-imports"),
        Get("/import/runs/{run}", runs.show_run, "page-import-run"),
    ),
    posts=(
        Post("/import", files.take, "page-import", limit=files.LIMIT),
        Post("/import/text", texts.review, "page-import-text", limit=8 * 1024 * 1024),
        Post("/import/keep", texts.keep, "page-import-keep", limit=8 * 1024 * 1024),
    ),
    entries=(Entry("Import", "/import", "import", 31, key="i"),),
)
