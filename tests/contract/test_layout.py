"""The house rules that a machine can hold: who may mint a release, what a plug-in brings, where tests stand."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "tocsin"
MODULES = sorted(SOURCE.rglob("*.py"))

# A new caller is a decision that someone reads: what it hands out carries no intelligence.
MAY_CALL_PUBLIC = {
    "server/respond.py",
}
# Proposals go back to who made them and to who decides, and nowhere else.
MAY_CALL_ENTRUSTED = {"node/proposals.py"}
MAY_CALL_CLEAR = {"sharing/decision.py"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "common", "misc"}


def _callers(function: str) -> set[str]:
    found = set()
    for file in MODULES:
        if file == SOURCE / "sharing" / "release.py":
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imported = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module and node.module.endswith("sharing.release")
            for alias in node.names
            if alias.name == function
        }
        as_attribute = any(
            isinstance(node, ast.Attribute)
            and node.attr == function
            and isinstance(node.value, ast.Name)
            and node.value.id == "release"
            for node in ast.walk(tree)
        )
        if imported or as_attribute:
            found.add(str(file.relative_to(SOURCE)))
    return found


def test_only_sharing_decides() -> None:
    assert _callers("clear") <= MAY_CALL_CLEAR


def test_callers_of_public_are_known() -> None:
    assert _callers("public") == MAY_CALL_PUBLIC


def test_callers_of_entrusted_are_known() -> None:
    assert _callers("entrusted") == MAY_CALL_ENTRUSTED


def test_nobody_touches_the_mint() -> None:
    for file in MODULES:
        if file.name != "release.py":
            assert "_MINT" not in file.read_text(encoding="utf-8"), file


@pytest.mark.parametrize("file", MODULES, ids=lambda f: str(f.relative_to(SOURCE)))
def test_module_is_readable(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert file.stem not in FORBIDDEN_NAMES
    assert text.startswith(('"""', 'r"""')), "a module says what it is for"
    assert text.count("\n") <= 600, "split it"


def test_unit_tests_mirror_the_source() -> None:
    for test in sorted((ROOT / "tests" / "unit").rglob("test_*.py")):
        relative = test.relative_to(ROOT / "tests" / "unit")
        stem = relative.stem.removeprefix("test_")
        beside = SOURCE / relative.parent
        found = [beside / f"{stem}.py", beside / f"{stem}_.py", beside / stem / "__init__.py"]
        assert any(f.exists() for f in found), f"{relative} tests no module of that name"


@pytest.mark.parametrize(
    ("package", "attribute"),
    [("formats", "FORMAT"), ("formats.outputs", "OUTPUT"), ("telemetry", "LOG")],
)
def test_plug_ins_bring_vectors(package: str, attribute: str) -> None:
    from tocsin import registry

    plugins = registry.scan(f"tocsin.{package}", attribute)
    assert plugins
    for name in plugins:
        folder = ROOT / "tests" / "vectors" / package.rpartition(".")[2] / name
        assert any(folder.iterdir()) if folder.is_dir() else False, f"{folder} is missing"


def test_every_command_has_a_summary_and_json() -> None:
    import click

    from tocsin.cli import _root

    context = click.Context(_root)

    def leaves(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
        if isinstance(command, click.Group):
            return [
                leaf
                for name in command.list_commands(context)
                for leaf in leaves(_got(command, name), f"{path} {name}")
            ]
        return [(path, command)]

    def _got(group: click.Group, name: str) -> click.Command:
        found = group.get_command(context, name)
        assert found is not None
        return found

    for path, command in leaves(_root, "tocsin"):
        assert command.help, f"{path} has no help"
        assert any("--json" in p.opts for p in command.params), f"{path} has no --json"
