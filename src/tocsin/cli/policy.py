"""Policies: what your own organisation forbids beside the rules that come with Tocsin, and what a change would do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli._time import TIME
from tocsin.cli.context import json_option, open_store, tell
from tocsin.sharing.audience import ROLES, TRUST

if TYPE_CHECKING:
    from tocsin.node.policy_changes import Impact
    from tocsin.node.reach import Reach
    from tocsin.sharing.policy import PolicySet
    from tocsin.store import Connection, Store
    from tocsin.store.accounts import Principal

_FILES = click.argument(
    "paths", nargs=-1, metavar="PATH...", type=click.Path(path_type=Path, exists=True, readable=True)
)
_TOKEN = click.option(
    "--token-stdin", is_flag=True, help="Read an administrator's token from standard input."
)
_SECRET_BYTES = 4096
_LARGEST = 1024 * 1024


@click.group()
def COMMAND() -> None:
    """Policies of your own, in Cedar. They can only forbid; what frees anything again needs a second administrator."""


@COMMAND.command()
@_FILES
@json_option
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Check policy files: syntax, schema, annotations, and that they only forbid. Folders count with their *.cedar files."""
    from tocsin.sharing import policy

    texts = _read(paths)
    base = {p.id for p in policy.load().policies.values()}
    found = sorted(p.id for p in policy.load(own=texts).policies.values() if p.id not in base)
    tell(
        f"{len(found)} policies are good: {', '.join(found)}" if found else "there are no policies in it",
        {"policies": found, "files": sorted(texts)},
        as_json=as_json,
    )


@COMMAND.command()
@_FILES
@json_option
def diff(paths: tuple[Path, ...], as_json: bool) -> None:
    """Say what would change if the files were all your policies: in every case there is, and for what the node holds now.

    Without a PATH: if you had none.
    """
    from tocsin.node.impact_words import impact_in_words
    from tocsin.node.policy_changes import impact

    with open_store() as store:
        found = impact(store, _read(paths))
    tell("\n".join(impact_in_words(found)), _impact_facts(found), as_json=as_json)


@COMMAND.command()
@_FILES
@_TOKEN
@json_option
def propose(paths: tuple[Path, ...], token_stdin: bool, as_json: bool) -> None:
    """Make the files all your policies. What only narrows takes effect at once; what widens anything waits for `approve`.

    Without a PATH: have none. A change that widens needs an administrator's token.
    """
    from tocsin.node import policy_changes
    from tocsin.node.impact_words import impact_in_words

    texts = _read(paths)
    with open_store() as store:
        who = _principal(store) if token_stdin else None
        number, found = policy_changes.propose(store, texts, who)
    if found.widens:
        done = f"change {number} waits: another administrator says `tocsin policy approve {number} --token-stdin`"
    else:
        done = f"change {number} is in force"
    facts = {"change": number, "state": "proposed" if found.widens else "active"} | _impact_facts(found)
    tell("\n".join([*impact_in_words(found), done]), facts, as_json=as_json)


@COMMAND.command()
@click.argument("number", type=int)
@_TOKEN
@json_option
def approve(number: int, token_stdin: bool, as_json: bool) -> None:
    """Put change NUMBER in force, as another administrator than who proposed it."""
    from tocsin.node import policy_changes

    if not token_stdin:
        raise click.UsageError("who are you? Give your token with --token-stdin")
    with open_store() as store:
        policy_changes.approve(store, number, _principal(store))
    tell(f"change {number} is in force", {"change": number, "state": "active"}, as_json=as_json)


@COMMAND.command()
@click.argument("number", type=int)
@json_option
def withdraw(number: int, as_json: bool) -> None:
    """Give up change NUMBER, which waits."""
    from tocsin.node import policy_changes

    with open_store() as store:
        policy_changes.withdraw(store, number)
    tell(f"change {number} is withdrawn", {"change": number, "state": "withdrawn"}, as_json=as_json)


@COMMAND.command("test")
@_FILES
@json_option
def test_(paths: tuple[Path, ...], as_json: bool) -> None:
    """Decide the cases of tables (*.table.json) with Tocsin's policies and those of the files, and compare with what the tables say.

    Folders count with their *.cedar and *.table.json files. docs/how-to/policies.md has the form of tables.
    """
    from tocsin.clock import system_clock
    from tocsin.errors import PolicyError
    from tocsin.sharing import policy, tables

    files = [f for path in paths for f in (sorted(path.iterdir()) if path.is_dir() else [path])]
    texts = _read(tuple(f for f in files if f.name.endswith(".cedar")))
    found = policy.load(own=texts)
    read = {f.name: tables.read(f.name, _text_of(f)) for f in files if f.name.endswith(".table.json")}
    if not read:
        raise PolicyError(
            "there are no tables (*.table.json) to test", hint="docs/how-to/policies.md has their form"
        )
    wrong = [
        (name, each)
        for name, table in read.items()
        for each in tables.failures(found, name, table, system_clock())
    ]
    base = {p.id for p in policy.load().policies.values()}
    own = {p.id for p in found.policies.values()} - base
    idle = sorted(tables.unexercised(found, own, list(read.values())))
    cases = sum(len(table.cases) for table in read.values())
    lines = [f"{name}: {each.case}: expected {each.expected}, found {each.found}" for name, each in wrong]
    lines += [f"no case shows what {name} does" for name in idle]
    lines.append(f"{cases - len(wrong):,} of {cases:,} cases are as expected")
    facts = {
        "cases": cases,
        "failures": [
            {"table": n, "case": e.case, "expected": e.expected, "found": e.found} for n, e in wrong
        ],
        "unexercised": idle,
    }
    tell("\n".join(lines), facts, as_json=as_json)
    if wrong:
        raise PolicyError(f"{len(wrong):,} of {cases:,} cases came out otherwise")


@COMMAND.command()
@click.argument("identifier", metavar="[ID]", required=False)
@json_option
def explain(identifier: str | None, as_json: bool) -> None:
    """Say in words what policy ID asks for, and of what is held here it is a reason now. Without ID: of every policy."""
    from tocsin.cli import _policy_explain as words
    from tocsin.errors import NotFoundError
    from tocsin.node import reach

    with open_store() as store:
        with store.connection() as connection:
            state = reach.read(connection, _in_force(connection), store.clock())
        found = [p for p in state.policies.policies.values() if identifier in (None, p.id)]
        if not found:
            raise NotFoundError(f"no policy {identifier!r}", hint="`tocsin policy list` names them")
        decided = [(p, words.reasons(store, state, p)) for p in found]
    lines, facts = [], []
    for each, reasons in decided:
        about = f"a reason now for {reasons.objects:,} objects and {len(reasons.organisations)} organisations"
        lines.append(f"{each.effect:7} {each.id:30} {about}")
        if identifier is not None:
            lines += [
                f"  says    {each.title}",
                f"  from    {each.cite}",
                f"  for     {', '.join(words.actions(each))}",
            ]
            lines += [
                f"  holds   {words.condition(each)}",
                f"  now     {', '.join(reasons.organisations) or 'nobody'}",
            ]
        facts.append(
            {"id": each.id, "effect": each.effect, "title": each.title, "cite": each.cite}
            | {"actions": words.actions(each), "condition": words.condition(each)}
            | {"organisations": reasons.organisations, "labels": reasons.labels, "objects": reasons.objects}
        )
    tell("\n".join(lines), {"policies": facts}, as_json=as_json)


@COMMAND.command()
@click.option("--at", type=TIME, help="As if it were then.")
@click.option("--organisation", metavar="ORG", help="Whom the next options are about, by name or id.")
@click.option("--join", metavar="COMMUNITY", multiple=True, help="As if it belonged to it; repeatable.")
@click.option("--leave", metavar="COMMUNITY", multiple=True, help="As if it did not; repeatable.")
@click.option("--country", help="As if it were there.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="As if it were that; repeatable."
)
@click.option("--client/--no-client", default=None, help="As if it were a client, or none.")
@click.option("--suspend/--resume", "suspended", default=None, help="As if it were suspended, or not.")
@click.option("--trust", type=click.Choice(TRUST), help="As if you trusted it so far.")
@click.option("--withdraw", metavar="AGREEMENT", help="As if that agreement were withdrawn.")
@click.option(
    "--policies",
    "paths",
    multiple=True,
    metavar="PATH",
    type=click.Path(path_type=Path, exists=True, readable=True),
    help="As if these files were all your policies; repeatable.",
)
@json_option
def simulate(paths: tuple[Path, ...], at: int | None, as_json: bool, **facts: Any) -> None:
    """Say what would reach whom if something were otherwise. Nothing is changed."""
    from tocsin.node import reach
    from tocsin.node.impact_words import reach_in_words
    from tocsin.sharing import policy

    if facts["organisation"] is None and any(
        v not in (None, ()) for k, v in facts.items() if k != "withdraw"
    ):
        raise click.UsageError("whom is it about? Say --organisation")
    with open_store() as store:
        with store.connection() as connection:
            now = _in_force(connection)
        other = policy.load(own=_read(paths)) if paths else None
        found = reach.simulate(store, now, lambda c: _suppose(c, facts, store.clock()), other=other, at=at)
    tell(
        "\n".join(reach_in_words(found)) or "nothing would change",
        {"held": _reach_facts(found)},
        as_json=as_json,
    )


def _suppose(connection: Connection, facts: dict[str, Any], now: int) -> None:
    """Make the changes that options name."""
    import msgspec

    from tocsin.store import agreements, organisations

    if facts["withdraw"]:
        agreements.withdraw(connection, agreements.get(connection, facts["withdraw"]), now)
    if facts["organisation"] is None:
        return
    found = organisations.get(connection, facts["organisation"])
    given = {
        k: facts[k]
        for k in ("country", "roles", "client", "suspended", "trust")
        if facts[k] not in (None, ())
    }
    if given:
        organisations.put(connection, msgspec.structs.replace(found, **given))
    for name in facts["join"]:
        organisations.join(connection, organisations.community(connection, name), found)
    for name in facts["leave"]:
        organisations.leave(connection, organisations.community(connection, name), found)


def _in_force(connection: Connection) -> PolicySet:
    from tocsin.sharing import policy
    from tocsin.store import policies

    return policy.load(own=policies.active(connection))


@COMMAND.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the policies in force, and every change there was with who answers for it."""
    from tocsin.clock import to_text
    from tocsin.sharing import policy
    from tocsin.store import policies

    with open_store() as store, store.connection() as connection:
        found = policy.load(own=policies.active(connection))
        changes = policies.everything(connection)
    base = {p.id for p in policy.load().policies.values()}
    lines = [
        f"{p.effect:7} {p.id:28} {p.title}{'' if p.id in base else '  (yours)'}"
        for p in found.policies.values()
    ]
    lines += [
        f"change {c.id:4}  {c.state:9}  {to_text(c.at)}  by {c.proposer}"
        + (f", decided by {c.approver}" if c.approver else "")
        for c in changes
    ]
    facts = {
        "version": found.version,
        "policies": [
            {"id": p.id, "effect": p.effect, "title": p.title, "cite": p.cite, "own": p.id not in base}
            for p in found.policies.values()
        ],
        "changes": [
            {
                "id": c.id,
                "state": c.state,
                "at": to_text(c.at),
                "proposer": c.proposer,
                "approver": c.approver,
            }
            for c in changes
        ],
    }
    tell("\n".join(lines), facts, as_json=as_json)


def _read(paths: tuple[Path, ...]) -> dict[str, str]:
    from tocsin.errors import PolicyError

    texts: dict[str, str] = {}
    files = [f for path in paths for f in (sorted(path.glob("*.cedar")) if path.is_dir() else [path])]
    for file in files:
        try:
            if file.stat().st_size > _LARGEST:
                raise PolicyError(f"{file} is larger than a policy file can be")
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise PolicyError(f"{file} cannot be read: {error}") from error
        if file.name in texts:
            raise PolicyError(f"two files are called {file.name}")
        texts[file.name] = text
    return texts


def _text_of(file: Path) -> str:
    return next(iter(_read((file,)).values()))


def _principal(store: Store) -> Principal:
    from tocsin.store import accounts

    secret = sys.stdin.read(_SECRET_BYTES).strip()
    with store.connection() as connection:
        return accounts.authenticate(connection, secret, now=store.clock())


def _reach_facts(found: list[Reach]) -> list[dict[str, Any]]:
    return [
        {"organisation": r.organisation, "gained": r.gained, "lost": r.lost}
        | {"now_there": list(r.now_there), "now_gone": list(r.now_gone)}
        for r in found
    ]


def _impact_facts(found: Impact) -> dict[str, Any]:
    from tocsin.node.impact_words import case_in_words

    return {
        "widens": found.widens,
        "cases": [
            {
                "action": each.action,
                "compared": each.cases,
                "widened": each.widened,
                "narrowed": each.narrowed,
                "first_widened": case_in_words(each.first_widened) if each.first_widened else None,
                "first_narrowed": case_in_words(each.first_narrowed) if each.first_narrowed else None,
            }
            for each in found.cases
        ],
        "held": _reach_facts(found.held),
    }
