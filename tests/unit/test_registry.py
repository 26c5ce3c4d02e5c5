from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tocsin import registry
from tocsin.errors import ConfigError

PLUGIN = "class _P:\n    name = {name!r}\nFORMAT = _P()\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / f"plugins_{tmp_path.name.replace('-', '_')}"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [m for m in sys.modules if m.split(".")[0] == folder.name]:
        del sys.modules[name]


def test_a_file_with_the_attribute_is_enough(package: Path) -> None:
    (package / "one.py").write_text(PLUGIN.format(name="one"))
    (package / "support.py").write_text("")
    (package / "_private.py").write_text("raise RuntimeError")
    assert list(registry.scan(package.name, "FORMAT")) == ["one"]


def test_two_of_one_name_are_an_error(package: Path) -> None:
    for file in ("one.py", "two.py"):
        (package / file).write_text(PLUGIN.format(name="same"))
    with pytest.raises(ConfigError, match="'same'"):
        registry.scan(package.name, "FORMAT")
