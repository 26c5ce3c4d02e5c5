"""Exchange with other nodes: add, poll, push, test, list."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import msgspec

from tocsin import clock
from tocsin.cli.context import json_option, open_store, tell
from tocsin.errors import ConfigError, NotFoundError
from tocsin.node import links, outflow, sync
from tocsin.node.outflow import PushReport
from tocsin.node.sync import PeerReport
from tocsin.sharing.audience import ROLES, Organisation
from tocsin.store import Connection, collections, organisations, peers
from tocsin.store.peers import Peer, Subscription

_EXCHANGE = 9  # the exit code of ExchangeError: some peer failed, the others are done
_SECRET_BYTES = 64 * 1024
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _connection_options(command: Any) -> Any:
    for option in reversed(
        [
            click.option(
                "--token-stdin", is_flag=True, help="Read the token (or password) from standard input."
            ),
            click.option("--token-file", type=_FILE, help="Read the token (or password) from a file."),
            click.option(
                "--user", metavar="NAME", help="Sign in with HTTP Basic as NAME; the secret is its password."
            ),
            click.option("--ca", type=_FILE, help="PEM file of the only authorities to trust for this peer."),
            click.option("--client-cert", type=_FILE, help="PEM file of our client certificate."),
            click.option("--client-key", type=_FILE, help="PEM file of its key, if that is another file."),
            click.option(
                "--pin",
                metavar="PIN",
                help="Only this key: sha256/BASE64 of it, or sha256:HEX of its certificate.",
            ),
            click.option(
                "--allow",
                "allowed",
                metavar="ORIGIN",
                multiple=True,
                help="Another origin the peer may send us to, or its own when that is plain http; repeatable.",
            ),
        ]
    ):
        command = option(command)
    return command


@click.group()
def COMMAND() -> None:
    """Exchange with other nodes over TAXII 2.1."""


@COMMAND.command("add")
@click.argument("name")
@click.argument("url")
@click.option(
    "--org", required=True, metavar="ORG", help="Who runs it: a name or an id; made if it is not known yet."
)
@click.option("--org-id", metavar="ID", help="For a new organisation: the id it goes by at its own node.")
@click.option("--country", default="", metavar="CC", help="For a new organisation: ISO 3166-1 alpha-2.")
@click.option("--sector", default="", help="For a new organisation: industry sector as in STIX.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(ROLES),
    help="For a new organisation: what it is; repeatable.",
)
@click.option("--client", is_flag=True, help="For a new organisation: it gets security services from us.")
@click.option(
    "--collection",
    "ties",
    multiple=True,
    metavar="REMOTE=LOCAL",
    help="Fetch REMOTE into our collection LOCAL; repeatable. [default: all, each into one made for it]",
)
@_connection_options
@json_option
def _add(name: str, url: str, org: str, ties: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Add the peer NAME at URL, the address of its TAXII discovery or of an API root.

    The token is asked for, or comes from --token-stdin or --token-file. It is never an argument, where other users of the
    machine could read it, and is never shown again. Nothing is sent yet; `tocsin peer test NAME` connects.
    """
    pairs = [_pair(tie) for tie in ties]
    secret = _secret(name, given, ask=True)
    with open_store() as store, store.transaction() as connection:
        found = _organisation(connection, org, given)
        peer = links.checked(Peer(name=name, url=url, organisation=found.id, **_reach(given, secret)))
        peers.add(connection, peer)
        for remote, local in pairs:
            local_id = collections.get(connection, local).id
            peers.subscribe(connection, Subscription(name, "poll", remote, local_id))
    facts = {"peer": name, "url": peer.url, "organisation": found.id, "credentials": secret is not None}
    tell(f"{name} is {found.name} at {peer.url}\nnext: tocsin peer test {name}", facts, as_json=as_json)


@COMMAND.command("change")
@click.argument("name")
@click.option("--url", help="Its new address.")
@_connection_options
@json_option
def _change(name: str, url: str | None, as_json: bool, **given: Any) -> None:
    """Change how the peer NAME is reached; only what is given changes. `--pin ""` takes a pin away."""
    secret = _secret(name, given, ask=False)
    with open_store() as store, store.transaction() as connection:
        old = peers.get(connection, name)
        new = {key: value for key, value in _reach(given, secret).items() if value not in (None, ())}
        if given["pin"] == "":
            new["pin"] = None
        merged = {f: getattr(old, f) for f in old.__struct_fields__} | new | ({"url": url} if url else {})
        peer = links.checked(Peer(**merged))
        peers.replace(connection, peer)
    tell(
        f"{name} is at {peer.url}\nnext: tocsin peer test {name}",
        {"peer": name, "url": peer.url},
        as_json=as_json,
    )


@COMMAND.command("subscribe")
@click.argument("name")
@click.argument("ties", nargs=-1, metavar="[REMOTE=LOCAL]...")
@click.option(
    "--all", "everything", is_flag=True, help="All collections there, each into one made for it here."
)
@click.option(
    "--community",
    metavar="ALIAS",
    help="With --all: who may have what arrives marked GREEN. [default: nobody]",
)
@json_option
def _subscribe(
    name: str, ties: tuple[str, ...], everything: bool, community: str | None, as_json: bool
) -> None:
    """Fetch collections of the peer NAME from now on: REMOTE (id, alias or title there) into LOCAL here."""
    if bool(ties) == everything or (community and not everything):
        raise click.UsageError("give REMOTE=LOCAL, or --all (and with it, --community)")
    with open_store() as store:
        with store.connection() as connection:
            peer = peers.get(connection, name)
            audience = organisations.community(connection, community).id if community else None
        if everything:
            links.mirror_all(store, peer, links.examine(peer).collections, audience)
        for remote, local in map(_pair, ties):
            links.tie(store, name, "poll", remote, local)
    tell(f"{name}: subscribed", _shown(name), as_json=as_json)


@COMMAND.command("unsubscribe")
@click.argument("name")
@click.argument("ties", nargs=-1, required=True, metavar="REMOTE=LOCAL...")
@click.option("--push", is_flag=True, help="Stop pushing instead of fetching.")
@json_option
def _unsubscribe(name: str, ties: tuple[str, ...], push: bool, as_json: bool) -> None:
    """Stop fetching REMOTE into LOCAL; what came stays."""
    with open_store() as store, store.transaction() as connection:
        for remote, local in map(_pair, ties):
            local_id = collections.get(connection, local).id
            peers.unsubscribe(connection, Subscription(name, "push" if push else "poll", remote, local_id))
    tell(f"{name}: unsubscribed", _shown(name), as_json=as_json)


@COMMAND.command("list")
@json_option
def _list(as_json: bool) -> None:
    """List the peers and what their last exchange said."""
    with open_store() as store, store.connection() as connection:
        found = peers.everything(connection)
        names = {o.id: o.name for o in organisations.everything(connection)}
    lines = [
        f"{p.name:<20} {names[p.organisation]:<28} {p.url:<44} {'suspended' if p.suspended else _last(p)}"
        for p in found
    ]
    facts = {"peers": [_facts(p) | {"organisation_name": names[p.organisation]} for p in found]}
    tell("\n".join(lines) or "no peers yet; `tocsin peer add` makes one", facts, as_json=as_json)


@COMMAND.command("show")
@click.argument("name")
@json_option
def _show(name: str, as_json: bool) -> None:
    """Show what is known of the peer NAME, and how far each exchange has come. Its token is never shown."""
    facts = _shown(name)
    lines = [
        f"{key + ':':<14} {value}" for key, value in facts.items() if key not in {"subscriptions", "result"}
    ]
    lines += [f"{t['direction']:<14} {t['remote']} = {t['local']}" for t in facts["subscriptions"]]
    if facts["result"]:
        lines.append(f"{'last:':<14} {facts['result']}")
    tell("\n".join(lines), facts, as_json=as_json)


@COMMAND.command("test")
@click.argument("name")
@json_option
def _test(name: str, as_json: bool) -> None:
    """Connect to the peer NAME, say what it offers us and what to do next. Nothing is fetched or sent."""
    with open_store() as store, store.connection() as connection:
        peer = peers.get(connection, name)
    found = links.examine(peer)
    lines = [f"{name} answers at {found.url}: {found.title or 'no title'}"]
    for c in found.collections:
        rights = f"{'r' if c.can_read else '-'}{'w' if c.can_write else '-'}"
        lines.append(f"  {rights}  {c.alias or c.id:<36}  {c.title}")
    lines += [f"  trouble: {t}" for t in found.troubles]
    if found.pin:
        lines.append(f"  its key: {found.pin}")
    lines += [f"next: {advice}" for advice in found.advice]
    facts = {
        "peer": name,
        "url": found.url,
        "title": found.title,
        "pin": found.pin,
        "collections": [
            {"id": c.id, "alias": c.alias, "title": c.title, "can_read": c.can_read, "can_write": c.can_write}
            for c in found.collections
        ],
        "troubles": list(found.troubles),
        "advice": list(found.advice),
    }
    tell("\n".join(lines), facts, as_json=as_json)


@COMMAND.command("poll")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--again", is_flag=True, help="Forget how far we have come and fetch everything anew.")
@json_option
def _poll(names: tuple[str, ...], again: bool, as_json: bool) -> int:
    """Fetch what is new at the peers NAME, or at all of them.

    A peer without subscriptions is followed whole: each of its collections into one made for it here.

    Exit status: 0 all went well, 9 some peer failed (what the others brought is kept).
    """
    with open_store() as store:
        reports = sync.poll(store, names, again=again)
    text = "\n".join(line for r in reports for line in _poll_lines(r))
    facts = {"peers": [_as_json(r) for r in reports]}
    tell(text or "no peers yet; `tocsin peer add` makes one", facts, as_json=as_json)
    return 0 if all(r.ok for r in reports) else _EXCHANGE


@COMMAND.command("push")
@click.argument("name")
@click.option(
    "--collection",
    "ties",
    multiple=True,
    metavar="LOCAL[=REMOTE]",
    help="Send our collection LOCAL to REMOTE there; remembered. [default: those remembered, else the ones that match]",
)
@click.option("--again", is_flag=True, help="Send everything anew.")
@json_option
def _push(name: str, ties: tuple[str, ...], again: bool, as_json: bool) -> int:
    """Send the peer NAME what it does not have and may have.

    Exit status: 0 all went well, 9 the peer failed or refused objects.
    """
    pairs = [(local, remote) for local, _, remote in (tie.partition("=") for tie in ties)]
    with open_store() as store:
        reports = outflow.push(store, name, pairs, again=again)
    facts = {
        "peer": name,
        "sent": sum(r.sent for r in reports),
        "refused": sum(r.refused for r in reports),
        "withheld": sum(w.count for r in reports for w in r.withheld),
        "collections": [_as_json(r) for r in reports],
    }
    tell("\n".join(line for r in reports for line in _push_lines(name, r)), facts, as_json=as_json)
    return _EXCHANGE if any(r.error or r.refused for r in reports) else 0


@COMMAND.command("suspend")
@click.argument("name")
@json_option
def _suspend(name: str, as_json: bool) -> None:
    """Stop exchanging with the peer NAME; what its organisation may fetch from here is another matter."""
    with open_store() as store, store.connection() as connection:
        peers.suspend(connection, name)
    tell(f"{name} is suspended", {"peer": name, "suspended": True}, as_json=as_json)


@COMMAND.command("resume")
@click.argument("name")
@json_option
def _resume(name: str, as_json: bool) -> None:
    """Exchange with the peer NAME again, from where it stopped."""
    with open_store() as store, store.connection() as connection:
        peers.suspend(connection, name, suspended=False)
    tell(f"{name} is resumed", {"peer": name, "suspended": False}, as_json=as_json)


@COMMAND.command("remove")
@click.argument("name")
@json_option
def _remove(name: str, as_json: bool) -> None:
    """Forget the peer NAME, its token and how far we have come; what it brought stays."""
    with open_store() as store, store.connection() as connection:
        peers.remove(connection, name)
    tell(f"{name} is removed", {"peer": name, "removed": True}, as_json=as_json)


def _pair(text: str) -> tuple[str, str]:
    remote, separator, local = text.rpartition("=")
    if not separator or not remote or not local:
        raise click.UsageError(f"{text!r} is not REMOTE=LOCAL")
    return remote, local


def _secret(name: str, given: dict[str, Any], *, ask: bool) -> str | None:
    """Return the token or password from where it was said to be, or from the terminal; None for none."""
    if given["token_stdin"] and given["token_file"]:
        raise click.UsageError("--token-stdin and --token-file: only one")
    if given["token_stdin"]:
        text = sys.stdin.read(_SECRET_BYTES)
    elif given["token_file"]:
        try:
            text = given["token_file"].read_text(encoding="utf-8")[:_SECRET_BYTES]
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{given['token_file']}: cannot be read as text") from error
    elif sys.stdin.isatty() and (ask or given["user"]):
        what = f"Password of {given['user']}" if given["user"] else "Token"
        text = click.prompt(
            f"{what} at {name} (empty for none)", hide_input=True, default="", show_default=False, err=True
        )
    else:
        return None
    secret = text.strip()
    if any(not c.isprintable() or c.isspace() for c in secret) and not given["user"]:
        raise ConfigError("a token is one word; what was given is not")
    return secret or None


def _organisation(connection: Connection, name: str, given: dict[str, Any]) -> Organisation:
    try:
        return organisations.get(connection, name)
    except NotFoundError:
        if name.startswith("identity--"):
            raise
    made = Organisation(
        id=given["org_id"] or f"identity--{uuid4()}",
        name=name,
        country=given["country"].upper(),
        sector=given["sector"],
        roles=given["roles"],
        client=given["client"],
    )
    organisations.put(connection, made)
    return made


def _reach(given: dict[str, Any], secret: str | None) -> dict[str, Any]:
    def path(value: Path | None) -> str | None:
        return str(value.absolute()) if value else None

    return {
        "username": given["user"],
        "secret": secret,
        "ca": path(given["ca"]),
        "certificate": path(given["client_cert"]),
        "key": path(given["client_key"]),
        "pin": given["pin"] or None,
        "allowed": given["allowed"],
    }


def _facts(peer: Peer) -> dict[str, Any]:
    return {
        "name": peer.name,
        "url": peer.url,
        "organisation": peer.organisation,
        "user": peer.username,
        "credentials": peer.secret is not None,
        "ca": peer.ca,
        "client_certificate": peer.certificate,
        "pin": peer.pin,
        "allowed": list(peer.allowed),
        "suspended": peer.suspended,
        "result": peer.result,
    }


def _shown(name: str) -> dict[str, Any]:
    with open_store() as store, store.connection() as connection:
        peer = peers.get(connection, name)
        aliases = {c.id: c.alias for c in collections.everything(connection)}
        ties = [t for way in ("poll", "push") for t in peers.subscriptions(connection, name, way)]
    return _facts(peer) | {
        "subscriptions": [
            {
                "direction": t.direction,
                "remote": t.remote,
                "local": aliases[t.collection],
                "position": t.position,
            }
            for t in ties
        ]
    }


def _last(peer: Peer) -> str:
    if not peer.result:
        return "never asked"
    said = "ok" if peer.result.get("ok") else f"failed: {peer.result.get('error')}"
    return f"{peer.result.get('action')} {clock.to_text(peer.result.get('at', 0))[:19]}Z {said}"


def _as_json(report: PeerReport | PushReport) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(report)
    return made


def _poll_lines(report: PeerReport) -> list[str]:
    lines = [
        (
            f"{report.peer}: {report.new:,} new, {report.updated:,} updated, {report.same:,} same, {report.own:,} our own, "
            f"{report.refused:,} refused; {report.pages:,} pages, {report.received:,} bytes in {report.seconds:.1f} s"
        )
    ]
    for c in report.collections:
        lines.append(
            f"  {c.remote} -> {c.local}: {c.new:,} new, {c.updated:,} updated, {c.refused:,} refused"
        )
        lines += [f"    refused {count:,} ({rule})" for rule, count in c.reasons.items()]
        lines += [f"    warning: {text} ({count:,} times)" for text, count in c.warnings.items()]
        lines += [f"    error: {c.error}", *([f"    hint: {c.hint}"] if c.hint else [])] if c.error else []
    lines += [f"  warning: {text}" for text in report.warnings]
    if report.error and not any(c.error for c in report.collections):
        lines += [f"  error: {report.error}", *([f"  hint: {report.hint}"] if report.hint else [])]
    return lines


def _push_lines(name: str, report: PushReport) -> list[str]:
    withheld = sum(w.count for w in report.withheld)
    lines = [
        (
            f"{report.local} -> {name}/{report.remote}: {report.sent:,} sent, {report.refused:,} refused, {withheld:,} withheld "
            f"in {report.seconds:.1f} s"
        )
    ]
    lines += [f"  withheld {w.count:,}: {w.why}" for w in report.withheld]
    lines += [f"  refused, such as {text}" for text in report.examples]
    if report.error:
        lines += [f"  error: {report.error}", *([f"  hint: {report.hint}"] if report.hint else [])]
    return lines
