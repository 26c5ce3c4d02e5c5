"""What belongs to the person who looks: how they sign in, where they are signed in, their tokens, and how pages look."""

from tocsin.server.pages.account import app, appearance, identities, passkeys, proof, sessions, tokens
from tocsin.server.pages.page import Get, Page, Post

_SMALL = 4096
_CREDENTIAL = 64 * 1024

PAGE = Page(
    "account",
    gets=(
        Get("/account", sessions.show_account, "page-account"),
        Get("/account/proof", proof.show_ways, "page-proof"),
        Get("/account/passkeys/new", passkeys.show_new, "page-passkey-new"),
        Get("/account/tokens", tokens.show_tokens, "page-tokens"),
        Get("/look", appearance.show_choices, "page-look", open=True),
    ),
    posts=(
        Post("/look", appearance.choose, "page-look", open=True, limit=_SMALL),
        Post("/account/sessions/end", sessions.end, "page-session-end", limit=_SMALL),
        Post("/account/proof", proof.take, "page-proof", limit=_SMALL),
        Post("/account/proof/provider", proof.leave_for, "page-proof", limit=_SMALL),
        Post("/account/proof/passkey/options", proof.offer, "page-proof", limit=_SMALL),
        Post("/account/proof/passkey", proof.take_passkey, "page-proof", limit=_CREDENTIAL),
        Post("/account/passkeys/options", passkeys.offer, "page-passkey-new", limit=_SMALL),
        Post("/account/passkeys", passkeys.take, "page-passkey-add", limit=_CREDENTIAL),
        Post("/account/passkeys/remove", passkeys.remove, "page-passkey-remove", limit=_SMALL),
        Post("/account/app/new", app.begin, "page-app-new", limit=_SMALL),
        Post("/account/app", app.take, "page-app-add", limit=_SMALL),
        Post("/account/app/remove", app.remove, "page-app-remove", limit=_SMALL),
        Post("/account/app/recovery", app.renew, "page-app-recovery", limit=_SMALL),
        Post("/account/identities", identities.leave_for, "page-identity-bind", limit=_SMALL),
        Post("/account/identities/remove", identities.remove, "page-identity-unbind", limit=_SMALL),
        Post("/account/tokens", tokens.make, "page-token-make", limit=_SMALL),
        Post("/account/tokens/revoke", tokens.revoke, "page-token-revoke", limit=_SMALL),
    ),
)
