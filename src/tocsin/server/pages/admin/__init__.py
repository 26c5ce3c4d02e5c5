"""Running the node: its health, jobs, accounts, organisations, settings, refused input and figures. For its administrators alone."""

from tocsin.server.pages.admin import accounts, health, jobs, organisations, refused
from tocsin.server.pages.page import Entry, Get, Page, Post

PAGE = Page(
    "admin",
    gets=(
        Get("/admin", health.show_health, "page-health"),
        Get("/admin/settings", health.show_settings, "page-settings"),
        Get("/admin/figures", health.show_figures, "page-figures"),
        Get("/admin/jobs", jobs.show_jobs, "page-jobs"),
        Get("/admin/accounts", accounts.show_accounts, "page-accounts"),
        Get("/admin/organisations", organisations.show_organisations, "page-organisations"),
        Get("/admin/refused", refused.show_refused, "page-refused"),
    ),
    posts=(
        Post("/admin/accounts/add", accounts.add, "page-account-add", limit=4096),
        Post("/admin/accounts/act", accounts.act, "page-account-act", limit=4096),
        Post("/admin/organisations/add", organisations.add, "page-organisation-add", limit=16_384),
        Post("/admin/organisations/act", organisations.act, "page-organisation-act", limit=4096),
    ),
    entries=(Entry("Health", "/admin", "health", 90, "admin"),),
)
