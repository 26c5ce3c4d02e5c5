"""What was gathered from much that one organisation may have, kept as long as nothing has changed: made once, not for each look.

What is kept was made for one organisation under one clearance and is handed to nobody else. "Nothing has changed" is exact: whatever is added has a date
added behind the last one, and whatever goes, moves or is decided otherwise raises the generation (`store.placed.mark`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from tocsin.server.api import asking
from tocsin.server.context import Call
from tocsin.server.keeping import Kept
from tocsin.sharing.release import Released
from tocsin.store import placed
from tocsin.store.search import index

T = TypeVar("T")


def gathered(
    call: Call, what: tuple[Hashable, ...], make: Callable[[], Released[T]], where: Kept | None = None
) -> Released[T]:
    """Return what `make` makes for the caller's organisation, or what it made before, if everything is as it was.

    Args:
        call: who asks; `make` has to go by nothing of it but what its principal's organisation may have.
        what: names what is made, with all that it is made by.
        make: makes it.
        where: keeps it; usually `Parts.kept`.
    """
    parts = call.parts
    with parts.store.connection() as connection:
        mark, indexed = placed.mark(connection), index.progress(connection).mark
    encrypted, ceiling = asking.encrypted(call), call.principal.ceiling
    whose = call.principal.organisation
    clearance = parts.clearances.get(whose, encrypted=encrypted, ceiling=ceiling)
    reader = (whose, encrypted, ceiling, asking.readable(call), clearance.labels)
    found = (where or parts.kept).get((what, reader, mark.generation, mark.last, indexed), make)
    assert found.recipient == whose  # nothing that was made for another ever comes out
    return found
