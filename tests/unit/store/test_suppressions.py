from __future__ import annotations

import pytest

from tocsin.errors import InputError, NotFoundError
from tocsin.store import Store, suppressions

NOW = 1_795_200_000_000_000


def test_a_suppression_has_a_reason_and_ends(store: Store) -> None:
    with store.connection() as connection:
        made = suppressions.add(
            connection, "value", " 9.9.9.9 ", "our resolver", expires=NOW + 5, by="x", now=NOW
        )
        ever = suppressions.add(connection, "host", "scanner", "scans", expires=None, by="x", now=NOW + 1)
        assert made.value == "9.9.9.9"
        assert suppressions.everything(connection) == [ever, made]
        assert suppressions.everything(connection, now=NOW + 4) == [ever, made]
        assert suppressions.everything(connection, now=NOW + 5) == [ever]
        assert suppressions.remove(connection, str(ever.id)) == ever
        with pytest.raises(NotFoundError):
            suppressions.remove(connection, str(ever.id))


@pytest.mark.parametrize(
    ("kind", "value", "reason", "expires"),
    [
        ("colour", "x", "y", None),
        ("value", " ", "y", None),
        ("value", "x", " ", None),
        ("value", "x", "y", NOW),
    ],
)
def test_what_says_nothing_is_refused(
    store: Store, kind: str, value: str, reason: str, expires: int | None
) -> None:
    with store.connection() as connection, pytest.raises(InputError):
        suppressions.add(connection, kind, value, reason, expires=expires, by="x", now=NOW)
