from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tocsin.matching import native

FOLDER = Path(native.__file__).parent


def test_every_module_with_compiled_code_decides_about_its_cache():
    """A change in one that is not listed would leave stale code in the others: hashes would differ, and hits be lost."""
    decorators = ("@compiled", "@inlined", "@unlocked", "@_intrinsic")
    found = {file.stem for file in FOLDER.glob("*.py") if any(d in file.read_text() for d in decorators)}
    assert found | {"letters"} == set(native.COMPILED)


def test_other_commands_do_not_load_the_compiler():
    code = (
        "import sys, tocsin.cli.__main__, tocsin.formats, tocsin.node.intake; print('numba' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == "False"
