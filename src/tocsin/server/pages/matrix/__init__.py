"""Techniques by tactic: what is known, what is detected, what is lacking, of all that is held or of one group or malware."""

from tocsin.server.pages.matrix import showing
from tocsin.server.pages.page import Entry, Get, Page

PAGE = Page(
    "matrix",
    gets=(Get("/matrix", showing.show_matrix, "page-matrix"),),
    entries=(Entry("Matrix", "/matrix", "matrix", 23, key="m"),),
)
