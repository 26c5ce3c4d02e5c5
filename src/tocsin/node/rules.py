"""Rules in other languages than STIX patterning: of files, and of indicators that the node's own organisation may match with.

An indicator's rule may be used while the indicator is valid and was not revoked, if the policy allows its own organisation the action `match`. Where
several say the same, it is one rule with several sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from tocsin.clock import Micros
from tocsin.errors import FormatError, LimitError
from tocsin.formats.folders import files_below
from tocsin.node.catalogue import Source, held
from tocsin.node.clearances import Clearances
from tocsin.sharing.release import Released
from tocsin.store import Store

MAX_FILE = 64 * 1024 * 1024


class Held(msgspec.Struct, frozen=True):
    """An indicator whose pattern is a rule: its id, its name, its language (`pattern_type`), the rule, and who shared it."""

    id: str
    name: str
    language: str
    pattern: str
    sources: tuple[Source, ...]


def of_store(
    store: Store, clearances: Clearances, languages: Iterable[str], *, now: Micros
) -> Released[list[Held]]:
    """Return the rules in these languages (`pattern_type`) that the node's own organisation may match with now."""
    wanted = frozenset(languages)
    rows = held(store, clearances)

    def rules() -> Iterator[Held]:
        for indicator, sources in rows.value:
            early = indicator.valid_from is not None and now < indicator.valid_from
            late = indicator.valid_until is not None and now >= indicator.valid_until
            if indicator.pattern_type in wanted and not early and not late:
                yield Held(indicator.id, indicator.name, indicator.pattern_type, indicator.pattern, sources)

    return rows.derive(list(rules()))


def of_files(paths: Sequence[str], suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file of rules; a folder stands for the files with these endings in it and below.

    Raises:
        FormatError: a path does not exist or cannot be read.
        LimitError: a file is larger than 64 MiB.
    """
    for path in paths:
        root = Path(path)
        if not root.exists():
            raise FormatError("there is no such file or folder", where=path)
        files = (
            (file for file in files_below(root) if file.suffix.lower() in suffixes)
            if root.is_dir()
            else (root,)
        )
        for file in files:
            try:
                if file.stat().st_size > MAX_FILE:
                    raise LimitError(f"{file}: larger than {MAX_FILE:,} bytes")
                yield str(file), file.read_bytes()
            except OSError as error:
                raise FormatError(f"cannot be read: {error.strerror}", where=str(file)) from error
