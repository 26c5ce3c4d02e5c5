"""What is copied is there: each command is one, each path is a route, each page is a page."""

from __future__ import annotations

import re
import shlex

import click

from tocsin.cli import _root
from tocsin.server.api.table import OPERATIONS
from tocsin.server.pages.page import pages
from tocsin.server.pages.same import TABLE

HOSTILE = "x'; rm -rf / #"
PATH = {"object": HOSTILE, "alert": HOSTILE, "proposal": HOSTILE, "hunt": HOSTILE}
QUERIES = ({}, {"q": HOSTILE, "recipient": HOSTILE, "principal": HOSTILE, "target": HOSTILE, "from": HOSTILE})


def test_every_page_of_the_table_is_one() -> None:
    known = {get.path for page in pages() for get in page.gets}
    assert set(TABLE) <= known


def test_every_command_is_one_and_holds_what_is_given_as_one_word() -> None:
    group = _root
    for template, made in TABLE.items():
        for query in QUERIES:
            words = shlex.split(made(PATH, query).command)
            assert words[0] == "tocsin"
            command: click.Command | None = group.get_command(click.Context(group), words[1])
            assert command is not None, template
            if isinstance(command, click.Group):
                command = command.get_command(click.Context(command), words[2])
                assert command is not None, template
            assert "rm" not in words, template


def test_every_path_is_a_route() -> None:
    routes = [
        re.compile(re.sub(r"\{\w+\}", "[^/]+", each.path)) for each in OPERATIONS if each.method == "GET"
    ]
    for template, made in TABLE.items():
        for query in QUERIES:
            api = made(PATH, query).api
            if api:
                path = api.partition("?")[0]
                assert any(each.fullmatch(path) for each in routes), (template, path)
                assert "'" not in api, template
