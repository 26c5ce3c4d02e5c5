"""What belongs to the person who looks: how they sign in, where they are signed in, and how pages look."""

from tocsin.server.pages.account import appearance, sessions
from tocsin.server.pages.page import Get, Page, Post

PAGE = Page(
    "account",
    gets=(
        Get("/account", sessions.show_account, "page-account"),
        Get("/look", appearance.show_choices, "page-look", open=True),
    ),
    posts=(
        Post("/look", appearance.choose, "page-look", open=True, limit=4096),
        Post("/account/sessions/end", sessions.end, "page-session-end", limit=4096),
    ),
)
