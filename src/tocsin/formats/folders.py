"""Every file of a folder, in the same order each time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path) -> Iterator[Path]:
    """Yield what is in and below `folder` and is no folder, be it readable or not, sorted folder by folder.

    Links are followed; a folder that was entered already is not entered again, so links that form a loop end.
    """
    entered: set[tuple[int, int]] = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        identity = Path(here).stat()
        if (identity.st_dev, identity.st_ino) in entered:
            folders.clear()
            continue
        entered.add((identity.st_dev, identity.st_ino))
        folders.sort()
        yield from (Path(here) / name for name in sorted(files))
