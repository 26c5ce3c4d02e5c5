"""The living style page: every part that pages are put together from, as it looks now. For those who make pages; it tells no intelligence."""

from tocsin.server.pages.page import Get, Page
from tocsin.server.pages.style import specimen

PAGE = Page("style", gets=(Get("/style", specimen.show_style, "page-style", open=True),))
