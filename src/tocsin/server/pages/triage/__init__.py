"""The inbox: alerts and proposals that wait for a person, decided with one key each; undone as quickly."""

from tocsin.server.pages.page import Entry, Get, Page, Post
from tocsin.server.pages.triage import alert, deciding, inbox, proposals

PAGE = Page(
    "triage",
    gets=(
        Get("/triage", inbox.show_inbox, "page-triage"),
        Get("/alerts/{alert}", alert.show_alert, "page-alert"),
        Get("/proposals", proposals.show_proposals, "page-proposals"),
        Get("/proposals/{proposal}", proposals.show_proposal, "page-proposal"),
    ),
    posts=(
        Post("/triage/decide", deciding.decide, "page-decide", limit=65_536),
        Post("/proposals/{proposal}", proposals.decide, "page-proposal-decide", limit=16_384),
    ),
    entries=(Entry("Triage", "/triage", "inbox", 10, key="t"),),
)
