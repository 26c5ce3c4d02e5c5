"""Entry point of the `tocsin` command and of `python -m tocsin.cli`."""

from __future__ import annotations

import sys

from tocsin.cli import main


def run() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(main())


if __name__ == "__main__":
    run()
