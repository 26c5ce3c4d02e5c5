from __future__ import annotations

import ast
import copy
import pickle
from pathlib import Path

import pytest

import tocsin
from tocsin.sharing.release import Clearance, Released, clear, entrusted, public

SOURCE = Path(tocsin.__file__).parent

# Selects by `clearance.labels` inside its query, and seals what that found. A new name here is read by someone.
MAY_SEAL = {
    "store/alerts.py",
    "store/forms.py",
    "store/pages.py",
    "store/placed.py",
    "store/search/finding.py",
    "store/search/suggesting.py",
    "store/search/versions.py",
}


def test_nobody_else_makes_a_release() -> None:
    with pytest.raises(TypeError, match=r"^Released values are made by tocsin\.sharing only$"):
        Released(b"secret", recipient="x", action="receive", mint=object())
    with pytest.raises(TypeError, match=r"^a Clearance is made by tocsin\.sharing only$"):
        Clearance(
            recipient="x", action="receive", forms=((1,), (), ()), generation=1, ground="", mint=object()
        )


def test_a_release_remembers_for_whom_it_was_made() -> None:
    clearance = clear("identity--x", "receive", (1,), 7, ground="an adequacy decision")
    page = clearance.narrow(bool).seal(b"rows").derive({"objects": 1})
    assert (page.value, page.recipient, page.action) == ({"objects": 1}, "identity--x", "receive")
    assert page.ground == "an adequacy decision"


def test_what_was_not_said_is_no_ground() -> None:
    plain = clear("identity--x", "receive", (1,), 7)
    assert (plain.redacted, plain.minimised, plain.ground) == ((), (), "")


def test_what_is_public_says_so() -> None:
    found = public(b"healthy")
    assert (found.value, found.recipient, found.action) == (b"healthy", "*", "describe")


def test_a_narrower_decision_is_the_same_for_fewer_label_sets() -> None:
    wide = clear("identity--x", "receive", (1, 2), 7, redacted=(3, 4), minimised=(5, 6), ground="clauses")
    found = wide.narrow(lambda number: number % 2 == 0)
    assert found.forms == ((2,), (4,), (6,))
    assert (found.recipient, found.action, found.generation, found.ground) == (
        "identity--x",
        "receive",
        7,
        "clauses",
    )


def test_a_proposal_is_for_whom_it_is_entrusted_to() -> None:
    found = entrusted({"reason": "seen here"}, recipient="identity--x")
    assert (found.value, found.recipient, found.action) == ({"reason": "seen here"}, "identity--x", "decide")
    assert found.ground == ""


@pytest.mark.parametrize(
    "made",
    [clear("identity--x", "receive", (1,), 7), clear("x", "receive", (1,), 7).seal(b"rows")],
    ids=["clearance", "released"],
)
def test_what_was_decided_stays(made: object) -> None:
    for name in (*type(made).__slots__, "other"):
        with pytest.raises(AttributeError, match=f"{name} was decided and stays"):
            setattr(made, name, (1, 2, 3))
        with pytest.raises(AttributeError, match=f"{name} was decided and stays"):
            delattr(made, name)
    for way in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="decide again"):
            way(made)


def _calls(file: Path, method: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == method
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
    )


def test_only_the_store_seals() -> None:
    found = {str(f.relative_to(SOURCE)) for f in SOURCE.rglob("*.py") if _calls(f, "seal")}
    assert found == MAY_SEAL


def test_nobody_imports_the_module_whole() -> None:
    """`from tocsin.sharing import release` would let `clear` and `public` be called where no test looks for them."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert all(alias.name != "tocsin.sharing.release" for alias in node.names), file
            if isinstance(node, ast.ImportFrom) and node.module == "tocsin.sharing":
                assert all(alias.name != "release" for alias in node.names), file
            if isinstance(node, ast.ImportFrom) and node.module == "tocsin.sharing.release":
                for alias in node.names:
                    assert alias.name != "*", file
                    assert not alias.name.startswith("_"), file
