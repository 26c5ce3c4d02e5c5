"""What an assistant is told is the same whether the node holds hidden things or not: every tool, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("mcp")

from mcp.client.client import Client

from factories import indicator
from leaks import plans
from leaks.hidden import HIDDEN_IDS
from leaks.world import START, TOKENS, VISIBLE_IDS, WORD, Pair
from tocsin.config import Settings
from tocsin.server.mcp import protocol
from tocsin.server.mcp.inside import Inside
from tocsin.server.mcp.tools import TOOLS

_OBJECTS = tuple({"id": each} for each in (*VISIBLE_IDS, *HIDDEN_IDS[:12], plans.RANDOM, "x", ""))
_ABOUT = (HIDDEN_IDS[0], HIDDEN_IDS[4], plans.RANDOM, VISIBLE_IDS[0])
_NEW = indicator(60, name="x")  # hidden ids are refused for what is not said of them, never for being there
PLANS: dict[str, tuple[dict[str, Any], ...]] = {
    "search": (
        *({"query": each, "limit": limit} for each in plans._TERMS for limit in (1, 25)),
        *({"query": "", "cursor": f"n{START:x}"}, {"query": "", "cursor": "x"}, {}),
    ),
    "get_object": _OBJECTS,
    "versions": _OBJECTS,
    "relations": _OBJECTS,
    "sightings": _OBJECTS,
    "explain_decision": tuple({**each, "recipient": "Friend"} for each in _OBJECTS[:14]),
    "seen": tuple(
        {"value": each} for each in ("d5.example.com", f"{WORD}.example", f"{WORD}60.example", "known.example", "nobody.example")
    ),
    "attack_lookup": ({"technique": "T1059"}, {"technique": "x"}),
    "list_proposals": ({}, {"status": "open"}, {"status": "expired"}, {"limit": 1}, {"status": "x"}),
    "propose_object": (
        {"reason": "x", "object": {**_NEW, "pattern": "[x"}, "collection": "open"},
        {"reason": "x", "object": _NEW, "collection": "inner"},
        {"reason": "x", "object": _NEW, "new_version": True},
        {"reason": "x", "object": indicator(4)},
    ),
    "propose_note": tuple({"reason": "x", "about": each, "content": ""} for each in _ABOUT)
    + tuple({"reason": "x", "about": each, "content": "x"} for each in _ABOUT[:3]),
    "propose_opinion": tuple({"reason": "x", "about": each, "opinion": "agree"} for each in _ABOUT[:3]),
    "propose_sighting": tuple({"reason": "x", "about": each} for each in _ABOUT[:3]),
    "propose_relation": tuple(
        {"reason": "x", "about": VISIBLE_IDS[0], "relationship_type": "related-to", "target": each} for each in _ABOUT[:3]
    ),
}  # fmt: skip
"""What each tool is asked: all that FRIEND may and may not know of, and nothing that is kept, so that the nodes stay alike."""


def test_every_tool_has_a_plan() -> None:
    """A new tool has to be asked here. Guard: the table above; take a name out."""
    assert set(PLANS) == {each.name for each in TOOLS}


@pytest.fixture(scope="module")
def told(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[tuple[str, Any, Any]]]]:
    """What each of the nodes tells FRIEND's assistant, whose token may propose and has the highest ceiling."""
    for node in (pair.plain, pair.full, pair.crowded):
        with node.store.connection() as connection:
            connection.execute(
                "UPDATE token SET ceiling = 'red', scopes = scopes || 'propose'::text WHERE account = 'reader-of-friend'"
            )
    yield [
        _ask(node.store, tmp_path_factory.mktemp("home")) for node in (pair.plain, pair.full, pair.crowded)
    ]
    for node in (pair.plain, pair.full, pair.crowded):
        with node.store.connection() as connection:
            connection.execute(
                "UPDATE token SET ceiling = NULL, scopes = array_remove(scopes, 'propose') WHERE account = 'reader-of-friend'"
            )


def _ask(store: Any, home: Any) -> list[tuple[str, Any, Any]]:
    async def main() -> list[tuple[str, Any, Any]]:
        inside = Inside(Settings(home=home, pool_size=2), store, TOKENS["reader"])
        async with inside.running(), Client(protocol.server(inside, proposing=True)) as client:
            return [
                (name, arguments, await client.call_tool(name, arguments))
                for name, calls in PLANS.items()
                for arguments in calls
            ]

    return asyncio.run(main())


def test_every_tool_answers_the_same_on_nodes_that_differ_in_hidden_things(told: Any) -> None:
    """Guard: the application is asked as REST asks it (`server.mcp.inside`); nothing else is read."""
    plain, *others = told
    for other in others:
        for one, another in zip(plain, other, strict=True):
            assert one[2].model_dump_json() == another[2].model_dump_json(), one[:2]
    text = "".join(each[2].model_dump_json() for each in plain)
    assert "d4.example.com" in text
    assert not [each for each in HIDDEN_IDS if f'"id": "{each}"' in text]
    answered = {name for name, _, result in plain if not result.is_error}
    assert answered >= {
        "search",
        "get_object",
        "versions",
        "relations",
        "sightings",
        "seen",
        "list_proposals",
    }


def test_what_is_hidden_is_said_like_what_is_not_there(told: Any) -> None:
    for tool in ("get_object", "versions", "propose_note", "propose_opinion", "propose_sighting"):
        said = {
            result.content[0].text.replace(str(arguments.get("id", arguments.get("about"))), "ID")
            for name, arguments, result in told[1]
            if name == tool
            and arguments.get("id", arguments.get("about")) in (HIDDEN_IDS[0], HIDDEN_IDS[4], plans.RANDOM)
            and arguments.get("content", "x")
        }
        assert said == {"404 Not found: no such object"}, tool
