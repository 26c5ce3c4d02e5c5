"""Sign in and out: a proof of who someone is against a session of their browser."""

from tocsin.server.pages.page import Get, Page, Post
from tocsin.server.pages.sign_in import tokens

PAGE = Page(
    "sign-in",
    gets=(Get("/sign-in", tokens.show_choice, "page-sign-in", open=True),),
    posts=(
        Post("/sign-in", tokens.take, "page-sign-in", open=True, limit=4096),
        Post("/sign-out", tokens.leave, "page-sign-out", limit=4096),
    ),
)
