from __future__ import annotations

import pytest

from tocsin.store import Store, warninglists
from tocsin.store.warninglists import Warninglist


def test_a_node_without_warninglists_is_told_of(node: Store, run, capsys: pytest.CaptureFixture[str]) -> None:
    run("doctor")
    assert "WARN  warninglists none" in capsys.readouterr().out
    with node.connection() as connection:
        warninglists.put(connection, [Warninglist("sites", "hostname", (), 1, ("shop.example",))])
    run("doctor")
    assert "ok    warninglists 1" in capsys.readouterr().out
