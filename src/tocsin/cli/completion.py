"""Print the completion script for bash, zsh or fish."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--json", "as_json", is_flag=True, help="Answer with JSON instead of text.")
def COMMAND(shell: str, as_json: bool) -> None:
    """Print the completion script for SHELL; for bash: eval "$(tocsin completion bash)"."""
    from tocsin.cli import _root
    from tocsin.cli.context import tell

    found = get_completion_class(shell)
    assert found is not None  # the choices above are the shells that click knows
    script = found(_root, {}, "tocsin", "_TOCSIN_COMPLETE").source()
    tell(script, {"shell": shell, "script": script}, as_json=as_json)
