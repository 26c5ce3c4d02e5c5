"""A node on a fresh database, and the command line called on it in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.cli import main
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, collections, organisations

OWN = "identity--00000000-0000-4000-8000-000000000001"
OTHER = "identity--00000000-0000-4000-8000-000000000002"


@pytest.fixture
def node(store: Store, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A node with the organisations `own` and `other` and the collection `main`."""
    monkeypatch.setenv("TOCSIN_DATABASE_URL", dsn)
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    with store.connection() as connection:
        organisations.put(connection, Organisation(id=OWN, name="own", own=True))
        organisations.put(connection, Organisation(id=OTHER, name="other"))
        collections.add(connection, collections.new("main"))
    return store


@pytest.fixture
def run() -> Callable[..., int]:
    """Call `tocsin ARGS...`; return the exit status."""
    return lambda *args: main([str(each) for each in args])


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict]:
    """Return what the last command answered with --json."""
    return lambda: json.loads(capsys.readouterr().out.splitlines()[-1])
