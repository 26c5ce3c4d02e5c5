"""Write the reference pages that the code itself knows: commands, settings, exit codes.

`python -m docs.generate` writes them; `--check` fails when a page is not what the code says, so
that documentation cannot drift.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from docs import telemetry
from tocsin import errors
from tocsin.cli import _root
from tocsin.config import SETTINGS
from tocsin.server.api.openapi import document
from tocsin.server.api.table import OPERATIONS
from tocsin.server.mcp.tools import TOOLS, schema

_FOLDER = Path(__file__).parent / "reference"
_NOTE = "<!-- written by `python -m docs.generate`; edit the code, not this page -->\n"


def _settings() -> str:
    rows = "\n".join(
        f"| `{s.name}` | `{s.variable}` | {f'`{s.default}`' if s.default != '' else '*(empty)*'} | {s.meaning} |"
        for s in SETTINGS
    )
    return f"""# Settings

{_NOTE}
A setting comes from its default, then from `tocsin.toml` in the node's home folder, then from the environment; the
last one counts. The home folder is `tocsin --home`, else `TOCSIN_HOME`, else `$XDG_DATA_HOME/tocsin`, else
`~/.local/share/tocsin`.

| name in the file | variable | default | meaning |
|---|---|---|---|
{rows}
"""


def _error_classes(base: type[errors.TocsinError]) -> Iterator[type[errors.TocsinError]]:
    yield base
    for child in base.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _error_classes(child)


def _exit_codes() -> str:
    by_code: dict[int, list[type[errors.TocsinError]]] = {}
    for found in _error_classes(errors.TocsinError):
        by_code.setdefault(found.exit_code, []).append(found)
    rows = "\n".join(
        f"| {code} | {', '.join(f'`{c.code}`' for c in classes)} | {(classes[0].__doc__ or '').splitlines()[0]} |"
        for code, classes in sorted(by_code.items())
    )
    return f"""# Exit codes

{_NOTE}
Errors are one line on standard error, `error: …`, and often a second, `hint: …`. Answers go to standard output.

| code | errors | meaning |
|---|---|---|
| 0 | | done |
{rows}
| 2 | | the command line itself is wrong |
| 10 | | `tocsin hunt --fail-on-hit` found something |
| 130 | | interrupted with Ctrl-C |
| 141 | | the reader of a pipe went away |

`tocsin import` ends with 4 when it stored the good objects and refused others: the summary says which and why.
"""


def _commands() -> str:
    root = click.Context(_root, info_name="tocsin")
    parts = [
        (
            f"# Commands\n\n{_NOTE}\nEvery command takes `--help`, and `--json` for an answer that programs can read. "
            "Shell completion: `tocsin completion bash|zsh|fish`.\n"
        )
    ]
    for name in _root.list_commands(root):
        command = _root.get_command(root, name)
        if command is not None:
            parts.extend(_describe(command, click.Context(command, info_name=name, parent=root)))
    return "\n".join(parts)


def _describe(command: click.Command, context: click.Context, level: int = 2) -> Iterator[str]:
    yield f"{'#' * level} `{context.command_path}`\n"
    with context:
        yield f"```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _describe(child, click.Context(child, info_name=name, parent=context), level + 1)


def _api() -> str:
    described = document(OPERATIONS)["paths"]
    rows = []
    for each in OPERATIONS:
        listed = described[each.path][each.method.lower()]["parameters"]
        names = ", ".join(f"`{p['name']}`" for p in listed if p["in"] == "query")
        answer = each.answer.__name__ if each.answer is not None else ", ".join(each.media)
        rows.append(f"| `{each.method}` | `{each.path}` | {each.summary} | {names} | {answer} |")
    return f"""# REST interface

{_NOTE}
Everything is described by the node itself, as OpenAPI 3.1: `GET /api/v1/openapi.json`. [How to use it](../how-to/use-the-api.md) has the rest.

| method | path | what | parameters | answer |
|---|---|---|---|---|
{chr(10).join(rows)}
"""


def _tools() -> str:
    rows = []
    for each in TOOLS:
        described = schema(each)
        needed = set(described.get("required", ()))
        names = ", ".join(f"`{n}`" + ("" if n in needed else "?") for n in described["properties"])
        kind = "proposes" if each.proposes else "reads"
        rows.append(f"| `{each.name}` | {kind} | {each.summary} | {names} |")
    return f"""# Tools for assistants

{_NOTE}
What `tocsin mcp` offers ([how to use it](../how-to/use-with-an-assistant.md)). Tools that propose are there with `--allow-proposals` and the scope `propose` only. `?`: may be left out.

| tool | | what | arguments |
|---|---|---|---|
{chr(10).join(rows)}

A result is structured content, and the same as JSON text: `notice`, `items`, `next` (the `cursor` of the next page, or null). Each item has `source` (an organisation's id, or "not told"), `marking`, `notice`, and under
`untrusted` what the route answers, made harmless. What is refused is a result with `isError`, in the words of the interface's problem details; what this token may not see is refused like what is not there.
"""


def main() -> int:
    """Write or check the pages; return 1 when `--check` finds one that is not current."""
    pages = {
        "settings.md": _settings(),
        "exit-codes.md": _exit_codes(),
        "commands.md": _commands(),
        "api.md": _api(),
        "assistant-tools.md": _tools(),
        "telemetry.md": telemetry.page(_NOTE),
    }
    stale = []
    for name, text in pages.items():
        file = _FOLDER / name
        if "--check" in sys.argv[1:]:
            if not file.is_file() or file.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            file.write_text(text, encoding="utf-8")
    if stale:
        sys.stderr.write(
            f"docs/reference is not current: {', '.join(stale)}; run `python -m docs.generate`\n"
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
