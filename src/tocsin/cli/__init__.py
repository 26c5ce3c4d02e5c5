"""The `tocsin` command: one module per command, imported when it is called.

`cli/<name>.py` exposes `COMMAND`, a click command or group, and `SUMMARY` in its first docstring
line; an underscore in a file name is a dash in the command. The list of commands and their one-line
help come from the files' names and first lines, without importing them, so `tocsin --help` is instant.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import click

from tocsin import __version__

_SUPPORT = {"context"}


def _modules() -> dict[str, Path]:
    folder = Path(__file__).parent
    found = {f.stem: f for f in folder.glob("*.py")} | {
        f.parent.name: f for f in folder.glob("*/__init__.py")
    }
    return {
        stem.rstrip("_").replace("_", "-"): file
        for stem, file in sorted(found.items())
        if not stem.startswith("_") and stem not in _SUPPORT
    }


def _first_line(file: Path) -> str:
    with file.open(encoding="utf-8") as text:
        return text.readline().strip().strip('"').strip()


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        file = _modules().get(cmd_name)
        if file is None:
            return None
        stem = file.parent.name if file.stem == "__init__" else file.stem
        command: click.Command = importlib.import_module(f"tocsin.cli.{stem}").COMMAND
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_line(file)) for name, file in _modules().items()])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tocsin")
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the node. [default: $TOCSIN_HOME or ~/.local/share/tocsin]",
)
@click.pass_context
def _root(ctx: click.Context, home: Path | None) -> None:
    """Run a node for collective cyber defence: share, detect and respond together."""
    ctx.obj = {"home": home}


def main(args: list[str] | None = None) -> Any:
    """Run the command line; errors become one line each and an exit code (docs/reference/exit-codes.md)."""
    from tocsin.errors import TocsinError

    try:
        return _root.main(args=args, prog_name="tocsin", standalone_mode=False) or 0
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        return 130
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe went away (`tocsin ... | head`): nobody is left to tell
        return 141
    except TocsinError as error:
        click.echo(f"error: {error}", err=True)
        if hint := error.hint():
            click.echo(f"hint: {hint}", err=True)
        return error.exit_code
