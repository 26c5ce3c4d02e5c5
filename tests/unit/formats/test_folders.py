from __future__ import annotations

from pathlib import Path

from tocsin.formats.folders import files_below


def test_all_files_in_order_and_loops_end(tmp_path: Path) -> None:
    for name in ("b/2.json", "b/1.json", "a/x/deep.json", "top.json"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"{}")
    (tmp_path / "a" / "x" / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling.json").symlink_to(tmp_path / "nothing")
    found = [str(file.relative_to(tmp_path)) for file in files_below(tmp_path)]
    assert found == ["dangling.json", "top.json", "a/x/deep.json", "b/1.json", "b/2.json"]
