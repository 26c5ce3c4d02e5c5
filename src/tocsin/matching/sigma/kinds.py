"""What kind of record it is: which log sources of Sigma it belongs to, and where it keeps the fields that rules name.

A kind is decided by a few values of a record (of a Windows event: its channel and number), so rules are put together once for each kind and
tests on these values are decided then. One record may belong to several log sources under different names: a process that is
created is event 1 of Sysmon and event 4688 of the Security log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from tocsin.matching.sigma.rules import LogSource

Names: TypeAlias = Mapping[str, tuple[str, ...]]
"""Where fields of a rule stand in a record: the first name that is there counts. A field that is not among them has its own name."""


class Offer(msgspec.Struct, frozen=True):
    """A log source that records of a kind belong to. A rule is for it if it asks for nothing else."""

    source: LogSource
    names: Names = {}

    def suits(self, asked: LogSource) -> bool:
        """Tell whether rules for a log source are to see these records."""
        own = self.source
        return (
            asked.product in {"", own.product}
            and asked.category in {"", own.category}
            and asked.service in {"", own.service}
        )


class Kind(msgspec.Struct, frozen=True, eq=False):
    """A kind of record.

    Attributes:
        offers: the log sources that it belongs to.
        known: values that all its records have.
    """

    offers: tuple[Offer, ...]
    known: Mapping[str, str] = {}


def offer(
    product: str = "",
    category: str = "",
    service: str = "",
    names: Mapping[str, str | tuple[str, ...]] | None = None,
) -> Offer:
    """Return an offer; a field that stands under one name may be given as that."""
    placed = {field: (at,) if isinstance(at, str) else at for field, at in (names or {}).items()}
    return Offer(LogSource(product, category, service), placed)
