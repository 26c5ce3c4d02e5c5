from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tocsin.matching import native

FOLDER = Path(native.__file__).parent


def test_every_module_with_compiled_code_decides_about_its_cache():
    """A change in one that is not listed would leave stale code in the others: hashes would differ, and hits be lost."""
    decorators = ("@compiled", "@inlined", "@unlocked", "@_instruction")
    found = {file.stem for file in FOLDER.glob("*.py") if any(d in file.read_text() for d in decorators)}
    assert found | {"letters", "native"} == set(native.COMPILED)


def _prints(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    return done.stdout.split()


def test_nothing_loads_the_compiler_by_being_imported():
    """It takes seconds and 175 MB: a node that only serves, and `--help`, do without."""
    modules = "tocsin.cli.__main__, tocsin.server.run, tocsin.server.app, tocsin.server.pages, tocsin.node.watching, tocsin.node.retro"
    assert _prints(f"import sys, {modules}; print('numba' in sys.modules)") == ["False"]


def test_what_is_needed_first_loads_it_for_all():
    code = """
import sys
from tocsin.matching import counting, tokens
before = "numba" in sys.modules
held = tokens.quad  # somebody took it before it was compiled
text = b"1.2.3.4"
import numpy as np
at = np.frombuffer(text, np.uint8).ctypes.data
print(before, counting.feeds(b"a\\n" * 100), "numba" in sys.modules, held(np.uint64(at), 0, 7) == 0x01020304)
"""
    assert _prints(code) == ["False", "100", "True", "True"]


def test_threads_that_need_it_at_once_get_the_same():
    code = """
from concurrent.futures import ThreadPoolExecutor
from tocsin.matching import counting
with ThreadPoolExecutor(4) as pool:
    print(set(pool.map(counting.feeds, [b"a\\n" * 1000] * 8)))
"""
    assert _prints(code) == ["{1000}"]
