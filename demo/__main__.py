"""`make demo`: three nodes, one ransomware wave, told step by step.

Everything runs through the `tocsin` command, as an operator would type it. Homes are made anew under `.demo/`.
With `DEMO_EXIT=1` the nodes are stopped after the story; otherwise they stay up until Ctrl-C.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from rich.console import Console

from demo import story
from demo.nodes import DemoError, Node
from demo.scenario import BANK, CSIRT, GRID

_HOME = Path(os.environ.get("DEMO_HOME") or Path(__file__).resolve().parent.parent / ".demo")


def main() -> int:
    """Tell the story; return the exit status."""
    console = Console(highlight=False, soft_wrap=True)
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(
        signal.SIGINT, on_signal
    )  # said, for a shell that starts it in the background has it ignored
    shutil.rmtree(_HOME, ignore_errors=True)
    nodes = {party.key: Node(party, _HOME / party.key) for party in (CSIRT, BANK, GRID)}
    status = 0
    try:
        began = time.perf_counter()
        story.tell(console, nodes, _HOME)
        console.rule(f"the story took {time.perf_counter() - began:.1f} s")
        console.print(_next_steps(nodes), soft_wrap=True)
        if not os.environ.get("DEMO_EXIT"):
            console.print("The three nodes are up. [bold]Ctrl-C[/] stops them.")
            while not stop.wait(0.5):
                pass
    except KeyboardInterrupt:
        console.print("\nstopping ...")
    except DemoError as error:
        console.print(f"[red]error:[/] {error}", markup=True)
        status = 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave a database behind
        for node in nodes.values():
            node.stop()
        console.print("All nodes and their databases have stopped.")
    return status


def _next_steps(nodes: dict[str, Node]) -> str:
    csirt, bank = nodes["csirt"], nodes["bank"]
    tocsin = "uv run tocsin" if shutil.which("uv") else ".venv/bin/tocsin"
    return (
        "Open in a browser; each link signs in once, within the hour:\n\n"
        + "".join(f"  {node.party.name:16} {_sign_in(node)}\n" for node in nodes.values())
        + "\nTry next (in another terminal, in this folder):\n\n"
        f"  {tocsin} --home {_short(csirt.home)} explain {story.ASK_ABOUT} 'Borealis Grid'\n"
        f"  {tocsin} --home {_short(bank.home)} hunt {_short(_HOME)}/logs/dns.log.gz\n"
        f"  {tocsin} --home {_short(csirt.home)} import your-own-bundle.json --assume-tlp green\n"
        f"  {tocsin} --home {_short(csirt.home)} journal\n"
        f"  curl -i {csirt.url}          (401: nobody is anonymous here)\n\n"
        f"Your own node:  {tocsin} init && {tocsin} serve\n"
        "Then read docs/tutorial/five-minutes.md."
    )


def _sign_in(node: Node) -> str:
    """Make an account on a node and return the link with which a person signs in to its pages."""
    node.run("account", "add", "ada", "--administrator")
    code = node.run("account", "invite", "ada")["code"]
    return f"http://127.0.0.1:{node.port}/sign-in/link?code={code}"


def _short(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    sys.exit(main())
