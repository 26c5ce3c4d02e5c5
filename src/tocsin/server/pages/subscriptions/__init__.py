"""To be told of what a search finds from now on: its feed, and webhooks that have it as their filter."""

from tocsin.server.pages.page import Get, Page, Post
from tocsin.server.pages.subscriptions import hooks

PAGE = Page(
    "subscriptions",
    gets=(
        Get("/subscriptions", hooks.show_ways, "page-subscriptions"),
        Get("/subscriptions/hooks/{webhook}", hooks.show_deliveries, "page-deliveries"),
    ),
    posts=(
        Post("/subscriptions", hooks.make, "page-webhook-make", limit=16_384),
        Post("/subscriptions/act", hooks.act, "page-webhook-act", limit=4096),
        Post("/subscriptions/hooks/{webhook}", hooks.replay, "page-replay", limit=4096),
    ),
)
