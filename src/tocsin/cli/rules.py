"""Rules of any language: check Sigma, YARA, Suricata and Snort rules."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.context import json_option, open_store, tell, write

if TYPE_CHECKING:
    from tocsin.matching.sigma.rules import Refused

_BAD = 4
_LANGUAGES = {".yml": "sigma", ".yaml": "sigma", ".yar": "yara", ".yara": "yara", ".rules": "network"}
_HELD = {"sigma": "sigma", "yara": "yara", "suricata": "network", "snort": "network"}
_SHOWN = 200


@click.group()
def COMMAND() -> None:
    """Rules of any language: check Sigma, YARA, Suricata and Snort rules."""


@COMMAND.command("check")
@click.argument("paths", nargs=-1, metavar="RULES...")
@click.option("--held", is_flag=True, help="Check the rules among the node's indicators, too.")
@json_option
def check(paths: tuple[str, ...], *, held: bool, as_json: bool) -> int:
    """Say which rules in RULES are good, and of the others on which line and why not.

    RULES are files or folders; the ending of a file's name tells its language: .yml Sigma, .yar YARA, .rules Suricata or Snort.

    Exit status: 0 all are good, 4 some are not.
    """
    from tocsin.node import rules

    if not paths and not held:
        raise click.UsageError("name RULES, or say --held")
    files = [(_language(name), name, raw) for name, raw in rules.of_files(paths, tuple(_LANGUAGES))]
    if not held:
        good, refused = _checked(files)
        tell(_text(good, refused), _facts(good, refused), as_json=as_json)
        return _BAD if refused else 0
    from tocsin.node.clearances import Clearances

    with open_store() as store:
        known = rules.of_store(store, Clearances(store), _HELD, now=store.clock())
    files += [(_HELD[each.language], each.id, each.pattern.encode()) for each in known.value]
    good, refused = _checked(files)
    write(
        known.derive(
            json.dumps(_facts(good, refused), ensure_ascii=True) if as_json else _text(good, refused)
        )
    )
    return _BAD if refused else 0


def _language(name: str) -> str:
    from pathlib import Path

    return _LANGUAGES.get(Path(name).suffix.lower(), "sigma")


def _checked(files: Iterable[tuple[str, str, bytes]]) -> tuple[Counter[str], list[Refused]]:
    """Return how many rules of each language are good, and what is refused."""
    by_language: dict[str, list[tuple[str, bytes]]] = {}
    for language, name, raw in files:
        by_language.setdefault(language, []).append((name, raw))
    good: Counter[str] = Counter()
    refused: list[Refused] = []
    for language, given in by_language.items():
        count, bad = _CHECKS[language](given)
        good[language] += count
        refused += bad
    return good, refused


def _sigma(files: list[tuple[str, bytes]]) -> tuple[int, list[Refused]]:
    from tocsin.matching.sigma import read

    found = read(files)
    return len(found.rules) + len(found.correlations), list(found.refused)


def _yara(files: list[tuple[str, bytes]]) -> tuple[int, list[Refused]]:
    from tocsin.node import yara

    found = yara.compiled(files)
    return found.count, list(found.refused)


def _network(files: list[tuple[str, bytes]]) -> tuple[int, list[Refused]]:
    """Check rules one by one, and that no two are of one number and revision: a sensor loads neither or the first of them."""
    from tocsin.matching.network_rules import NetworkRule, parse
    from tocsin.matching.sigma.rules import Refused

    refused: list[Refused] = []
    places: dict[tuple[int, int, int], str] = {}
    for name, raw in files:
        for each in parse(raw.decode("utf-8", "replace"), name):
            if not isinstance(each, NetworkRule):
                refused.append(each)
                continue
            where = f"{name}:{each.line}"
            first = places.setdefault((each.gid, each.sid, each.rev), where)
            if first != where:
                reason = f"sid {each.sid} rev {each.rev} is that of {first}, too"
                refused.append(Refused(where, "network-rule", reason, each.message[:80]))
    return len(places), refused


_CHECKS: dict[str, Callable[[list[tuple[str, bytes]]], tuple[int, list[Refused]]]] = {
    "sigma": _sigma,
    "yara": _yara,
    "network": _network,
}


def _facts(good: Counter[str], refused: list[Refused]) -> dict[str, Any]:
    return {
        "good": dict(good),
        "refused": [{"where": each.where, "rule": each.rule, "reason": each.reason} for each in refused],
    }


def _text(good: Counter[str], refused: list[Refused]) -> str:
    from tocsin.cli._hits import shown

    lines = [f"{shown(each.where)}: {shown(each.reason)} ({each.rule})" for each in refused[:_SHOWN]]
    if len(refused) > _SHOWN:
        lines.append(f"and {len(refused) - _SHOWN:,} more (--json lists all)")
    counts = ", ".join(f"{count:,} {language}" for language, count in sorted(good.items())) or "none"
    return "\n".join([*lines, f"good: {counts}; {len(refused):,} are not"])
