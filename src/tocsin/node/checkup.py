"""Is everything about this node in order? Each finding says what was found and what to do; `tocsin doctor` and the pages show them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tocsin.config import Settings
from tocsin.errors import TocsinError
from tocsin.matching import native
from tocsin.node import scanner
from tocsin.sharing import policy
from tocsin.store import Store, accounts, organisations, peers, policies, quarantine, warninglists


class Finding(NamedTuple):
    """One check: its name, `ok`, `warn` or `fail`, what was found, and what to do where it is not good."""

    name: str
    state: str
    found: str
    do: str = ""


def of_machine(settings: Settings) -> Iterator[Finding]:
    """Yield what there is to say of the machine and the settings."""
    yield _python()
    yield _disk(settings.home)
    yield _scanner()
    yield from _tls(settings)


def of_store(store: Store) -> Iterator[Finding]:
    """Yield what there is to say of what the node keeps."""
    checks: tuple[Callable[[Store], Finding], ...] = (
        _database, _policies, _organisation, _accounts, _quarantine, _peers, _warninglists,
    )  # fmt: skip
    for check in checks:
        try:
            yield check(store)
        except TocsinError as error:
            yield Finding(check.__name__.strip("_"), "fail", str(error), error.hint())


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        "python",
        "ok" if sys.version_info >= (3, 11) else "fail",
        version,
        "Tocsin needs Python 3.11 or newer",
    )


def _disk(home: Path) -> Finding:
    folder = next(f for f in (home, *home.parents) if f.exists())
    free = shutil.disk_usage(folder).free // (1 << 20)
    state = "ok" if free > 2048 else "warn" if free > 256 else "fail"
    return Finding("disk", state, f"{free:,} MiB free", "free some space: a full disk stops every import")


def _scanner() -> Finding:
    if not native.folder():
        return Finding(
            "scanner",
            "warn",
            "there is no folder for compiled code: each hunt compiles anew",
            "let XDG_CACHE_HOME name a folder that can be written",
        )
    ready = scanner.is_ready()
    return Finding(
        "scanner", "ok", "compiled" if ready else "is compiled by `tocsin serve`, or the first hunt"
    )


def _tls(found: Settings) -> Iterator[Finding]:
    for setting in ("tls_certificate", "tls_key", "tls_client_ca"):
        path = getattr(found, setting)
        if path and not Path(path).is_file():
            yield Finding("tls", "fail", f"{setting}: {path} is no file", "mend the setting")
    if not found.tls_certificate and found.host not in {"127.0.0.1", "::1", "localhost"}:
        yield Finding(
            "tls",
            "warn",
            f"plain HTTP on {found.host}",
            "set tls_certificate and tls_key, or put a TLS proxy in front",
        )


def _database(store: Store) -> Finding:
    with store.connection() as connection:
        row = connection.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database())"
        ).fetchone()
    assert row is not None
    version, size = row
    kind = "embedded" if store.embedded else "external"
    return Finding(
        "database", "ok", f"PostgreSQL {version}, {kind}, {size // (1 << 20):,} MiB, schema current"
    )


def _policies(store: Store) -> Finding:
    with store.connection() as connection:
        found = policy.load(own=policies.active(connection))
    return Finding("policies", "ok", f"{len(found.policies)} valid, version {found.version[:12]}")


def _organisation(store: Store) -> Finding:
    with store.connection() as connection:
        own = organisations.own(connection)
        every = organisations.everything(connection)
    text = f"{own.name} ({own.country or 'no country'}), {len(every)} known"
    unknown = [each.name for each in every if each.transfer == "unknown"]
    if unknown:
        return Finding(
            "organisation",
            "warn",
            f"{text}; personal data, such as addresses, go to none of these as they are: {', '.join(unknown[:5])}",
            f"`tocsin organisation change NAME --country CC`, for {own.name} as well; `tocsin law transfer FROM TO` says why",
        )
    return Finding("organisation", "ok", text)


def _accounts(store: Store) -> Finding:
    with store.connection() as connection:
        found = accounts.everything(connection)
    if not any(a.administrator for a in found):
        return Finding(
            "accounts",
            "warn",
            f"{len(found)}, no administrator",
            "`tocsin serve` prints the code that makes the first one",
        )
    return Finding("accounts", "ok", f"{len(found)}")


def _quarantine(store: Store) -> Finding:
    with store.connection() as connection:
        count = quarantine.count(connection)
    return Finding(
        "quarantine",
        "warn" if count else "ok",
        f"{count:,} refused",
        "`tocsin quarantine list` says what and why",
    )


def _peers(store: Store) -> Finding:
    with store.connection() as connection:
        found = peers.everything(connection)
    failing = [p.name for p in found if p.result and p.result.get("error")]
    if failing:
        return Finding(
            "peers",
            "warn",
            f"{len(found)}, failing: {', '.join(failing)}",
            "`tocsin peer test NAME` says why",
        )
    return Finding("peers", "ok", f"{len(found)}")


def _warninglists(store: Store) -> Finding:
    with store.connection() as connection:
        count = warninglists.count(connection)
    if not count:
        return Finding(
            "warninglists",
            "warn",
            "none: public resolvers and top sites that somebody shared by mistake are hunted for and blocked",
            "`tocsin knowledge load warninglists`",
        )
    return Finding("warninglists", "ok", f"{count}")
