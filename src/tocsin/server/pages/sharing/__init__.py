"""With whom we share, on which ground, by which rules, and what left this node. Rules and peers are for the node's own organisation."""

from tocsin.server.pages.page import Entry, Get, Page, Post
from tocsin.server.pages.sharing import asking_why, parties, policies, released

PAGE = Page(
    "sharing",
    gets=(
        Get("/sharing", parties.show_parties, "page-parties"),
        Get("/sharing/agreements", parties.show_agreements, "page-agreements"),
        Get("/sharing/peers", parties.show_peers, "page-peers"),
        Get("/sharing/policies", policies.show_policies, "page-policies"),
        Get("/sharing/policies/change", policies.show_change, "page-policy-change"),
        Get("/sharing/released", released.show_released, "page-released"),
        Get("/sharing/explain", asking_why.show_question, "page-explain"),
    ),
    posts=(
        Post("/sharing/policies/preview", policies.preview, "page-policy-preview"),
        Post("/sharing/policies/propose", policies.propose, "page-policy-propose"),
        Post("/sharing/policies/approve", policies.approve, "page-policy-approve", limit=4096),
    ),
    entries=(Entry("Sharing", "/sharing", "share", 40, key="p"),),
)
