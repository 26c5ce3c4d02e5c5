"""Check the whole installation and say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tocsin.cli.context import json_option, settings, tell

if TYPE_CHECKING:
    from tocsin.node.checkup import Finding


@click.command()
@json_option
@click.pass_context
def COMMAND(context: click.Context, as_json: bool) -> None:
    """Check settings, disk, database, schema, policies, accounts and peers. Exit code 1 when something is broken."""
    findings = list(_findings())
    marks = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}
    lines = []
    for name, state, what, hint in findings:
        lines.append(f"{marks[state]}  {name:12} {what}")
        if hint and state != "ok":
            lines.append(f"      {'':12} -> {hint}")
    facts = [{"check": n, "state": s, "found": w, "do": h} for n, s, w, h in findings]
    tell("\n".join(lines), {"checks": facts}, as_json=as_json)
    if any(state == "fail" for _, state, _, _ in findings):
        context.exit(1)


def _findings() -> Iterator[Finding]:
    from tocsin.errors import TocsinError
    from tocsin.node import checkup
    from tocsin.store import Store

    try:
        found = settings()
    except TocsinError as error:
        yield checkup.Finding("settings", "fail", str(error), error.hint())
        return
    yield checkup.Finding("settings", "ok", f"home {found.home}")
    yield from checkup.of_machine(found)
    try:
        store = Store.open(found)
    except TocsinError as error:
        yield checkup.Finding("database", "fail", str(error), error.hint())
        return
    with store:
        yield from checkup.of_store(store)
