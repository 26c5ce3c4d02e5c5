"""Check the whole installation and say what to do."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from tocsin.cli.context import json_option, settings, tell
from tocsin.config import Settings
from tocsin.errors import TocsinError

Finding = tuple[str, str, str, str]  # name, ok|warn|fail, what was found, what to do


@click.command()
@json_option
@click.pass_context
def COMMAND(context: click.Context, as_json: bool) -> None:
    """Check settings, disk, database, schema, policies, accounts and peers. Exit code 1 when something is broken."""
    findings: list[Finding] = []
    try:
        found = settings()
    except TocsinError as error:
        findings.append(("settings", "fail", str(error), error.hint()))
    else:
        findings.append(("settings", "ok", f"home {found.home}", ""))
        findings += _checks(found)
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


def _checks(found: Settings) -> Iterator[Finding]:
    yield _python()
    yield _disk(found.home)
    yield from _tls(found)
    from tocsin.store import Store

    try:
        store = Store.open(found)
    except TocsinError as error:
        yield "database", "fail", str(error), error.hint()
        return
    with store:
        checks: tuple[Callable[[Any], Finding], ...] = (
            _database,
            _policies,
            _organisation,
            _accounts,
            _quarantine,
            _peers,
        )
        for check in checks:
            try:
                yield check(store)
            except TocsinError as error:
                yield check.__name__.strip("_"), "fail", str(error), error.hint()


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return (
        "python",
        "ok" if sys.version_info >= (3, 11) else "fail",
        version,
        "Tocsin needs Python 3.11 or newer",
    )


def _disk(home: Path) -> Finding:
    folder = next(f for f in (home, *home.parents) if f.exists())
    free = shutil.disk_usage(folder).free // (1 << 20)
    state = "ok" if free > 2048 else "warn" if free > 256 else "fail"
    return "disk", state, f"{free:,} MiB free", "free some space: a full disk stops every import"


def _tls(found: Settings) -> Iterator[Finding]:
    for setting in ("tls_certificate", "tls_key", "tls_client_ca"):
        path = getattr(found, setting)
        if path and not Path(path).is_file():
            yield "tls", "fail", f"{setting}: {path} is no file", "mend the setting"
    if not found.tls_certificate and found.host not in {"127.0.0.1", "::1", "localhost"}:
        yield (
            "tls",
            "warn",
            f"plain HTTP on {found.host}",
            "set tls_certificate and tls_key, or put a TLS proxy in front",
        )


def _database(store: Any) -> Finding:
    with store.connection() as connection:
        version = connection.execute("SHOW server_version").fetchone()[0]
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()[0]
    kind = "embedded" if store.embedded else "external"
    return "database", "ok", f"PostgreSQL {version}, {kind}, {size // (1 << 20):,} MiB, schema current", ""


def _policies(store: Any) -> Finding:
    from tocsin.sharing import policy
    from tocsin.store import policies

    with store.connection() as connection:
        found = policy.load(own=policies.active(connection))
    return "policies", "ok", f"{len(found.policies)} valid, version {found.version[:12]}", ""


def _organisation(store: Any) -> Finding:
    from tocsin.store import organisations

    with store.connection() as connection:
        own = organisations.own(connection)
        every = organisations.everything(connection)
    text = f"{own.name} ({own.country or 'no country'}), {len(every)} known"
    unknown = [each.name for each in every if each.transfer == "unknown"]
    if unknown:
        return (
            "organisation",
            "warn",
            f"{text}; personal data, such as addresses, go to none of these as they are: {', '.join(unknown[:5])}",
            f"`tocsin organisation change NAME --country CC`, for {own.name} as well; `tocsin law transfer FROM TO` says why",
        )
    return "organisation", "ok", text, ""


def _accounts(store: Any) -> Finding:
    from tocsin.store import accounts

    with store.connection() as connection:
        found = accounts.everything(connection)
    if not any(a.administrator for a in found):
        return (
            "accounts",
            "warn",
            f"{len(found)}, no administrator",
            "`tocsin serve` prints the code that makes the first one",
        )
    return "accounts", "ok", f"{len(found)}", ""


def _quarantine(store: Any) -> Finding:
    from tocsin.store import quarantine

    with store.connection() as connection:
        count = quarantine.count(connection)
    return (
        "quarantine",
        "warn" if count else "ok",
        f"{count:,} refused",
        "`tocsin quarantine list` says what and why",
    )


def _peers(store: Any) -> Finding:
    from tocsin.store import peers

    with store.connection() as connection:
        found = peers.everything(connection)
    failing = [p.name for p in found if p.result and p.result.get("error")]
    if failing:
        return (
            "peers",
            "warn",
            f"{len(found)}, failing: {', '.join(failing)}",
            "`tocsin peer test NAME` says why",
        )
    return "peers", "ok", f"{len(found)}", ""
