"""The rules of SigmaHQ, whole: which can be evaluated, and that they find what is known to be in a sample."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tocsin.matching.sigma import read

_RULES = Path(__file__).resolve().parents[3] / "shared" / "data" / "sigma-rules.tar.zst"


@pytest.mark.nightly
@pytest.mark.skipif(not _RULES.exists(), reason="the rules of SigmaHQ are not beside the repository")
def test_the_whole_set_is_read(tmp_path: Path) -> None:
    subprocess.run(["tar", "--zstd", "-xf", str(_RULES), "-C", str(tmp_path)], check=True)
    made = read((str(file), file.read_bytes()) for file in sorted(tmp_path.rglob("*.yml")))
    assert len(made.rules) == 3755
    # two ask for hosts that only the reader can name
    assert [each.rule for each in made.refused] == ["sigma-placeholder"] * 2
