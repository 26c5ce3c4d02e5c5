"""Sign in and out: a proof of who someone is against a session of their browser. Nobody ever types the name of an account, so none can be guessed."""

from tocsin.server.pages.page import Get, Page, Post
from tocsin.server.pages.sign_in import leaving, links, passkeys, provider, second, tokens

# Attempts are noted in the journal where they hold or fail (`identity.opening`), with their reason: these routes have no action of their own.
PAGE = Page(
    "sign-in",
    gets=(
        Get("/sign-in", tokens.show_choice, "", open=True),
        Get("/sign-in/link", links.show_link, "", open=True),
        Get("/sign-in/second", second.show_second, "", open=True),
        Get("/sign-in/return", provider.come_back, "", open=True),
    ),
    posts=(
        Post("/sign-in", tokens.take, "", open=True, limit=4096),
        Post("/sign-in/link", links.take, "", open=True, limit=4096),
        Post("/sign-in/second", second.take, "", open=True, limit=4096),
        Post("/sign-in/passkey/options", passkeys.offer, "", open=True, limit=4096),
        Post("/sign-in/passkey", passkeys.take, "", open=True, limit=32 * 1024),
        Post("/sign-in/provider", provider.leave_for, "", open=True, limit=4096),
        Post("/sign-out", leaving.leave, "page-sign-out", limit=4096),
    ),
)
