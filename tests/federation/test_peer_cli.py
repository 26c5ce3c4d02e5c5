"""`tocsin peer ...` as an operator types it, against a real store and a peer on loopback."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile import TOKEN, Peer, serving, with_faults
from test_node_push import keep
from test_node_sync import OWN

from tocsin.cli import main
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, collections, organisations, peers

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def host() -> Iterator[Peer]:
    with serving(Peer()) as peer:
        yield peer


@pytest.fixture
def run(
    store: Store,
    dsn: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command; return its exit code, answer (JSON when asked for) and what it said on standard error."""
    monkeypatch.setenv("TOCSIN_DATABASE_URL", dsn)
    monkeypatch.setenv("TOCSIN_POOL_SIZE", "4")
    with store.transaction() as connection:
        organisations.put(connection, Organisation(OWN, "Us", own=True))

    def call(*args: str, stdin: str = "", text: bool = False) -> tuple[int, Any, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main(["--home", str(tmp_path), "peer", *args, *([] if text else ["--json"])])
        out, err = capsys.readouterr()
        assert TOKEN not in out + err
        return code, out if text or not out.strip() else json.loads(out), err

    return call


def add(run: Run, host: Peer, *more: str) -> Any:
    code, answer, err = run(
        "add", "them", host.url, "--org", "Them", "--token-stdin", *more, stdin=f"{TOKEN}\n"
    )
    assert code == 0, err
    return answer


def test_a_peer_is_added_tried_polled_and_listed(run: Run, host: Peer, store: Store) -> None:
    host.add(12)
    answer = add(run, host, "--country", "xb", "--sector", "energy", "--role", "csirt", "--client")
    assert answer["credentials"] is True
    with store.connection() as connection:
        made = organisations.get(connection, "Them")
    assert (made.id, made.country, made.roles, made.client) == (
        answer["organisation"],
        "XB",
        ("csirt",),
        True,
    )
    code, tested, _ = run("test", "them")
    assert (code, [c["alias"] for c in tested["collections"]]) == (0, ["feed"])
    assert not host.requests["page"], "trying fetches nothing"
    code, polled, _ = run("poll", "them")
    report = polled["peers"][0]
    assert (code, report["new"], report["pages"], report["refused"]) == (0, 12, 1, 0)
    assert report["seconds"] > 0
    code, listed, _ = run("list")
    assert (listed["peers"][0]["organisation_name"], listed["peers"][0]["result"]["new"]) == ("Them", 12)
    code, shown, _ = run("show", "them")
    assert [(s["remote"], s["local"]) for s in shown["subscriptions"]] == [(host.id, "them.feed")]
    for name in ("list", "show", "test", "poll"):
        code, out, _ = run(name, *([] if name == "list" else ["them"]), text=True)
        assert (code, "them" in out) == (0, True)


def test_an_organisation_that_is_known_is_used(run: Run, host: Peer, store: Store) -> None:
    name = "identity--00000000-0000-4000-8000-0000000000dd"
    with store.connection() as connection:
        organisations.put(connection, Organisation(name, "Them", "XA"))
    assert add(run, host)["organisation"] == name
    code, _, err = run("add", "other", host.url, "--org", "identity--00000000-0000-4000-8000-0000000000ee")
    assert (code, "no organisation" in err) == (6, True)


def test_the_token_comes_from_a_file_or_is_asked_for_and_is_never_an_argument(
    run: Run, host: Peer, tmp_path: Path, store: Store
) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert run("add", "them", host.url, "--org", "Them", "--token-file", str(file))[0] == 0
    assert run("test", "them")[0] == 0
    with store.connection() as connection:
        assert peers.get(connection, "them").secret == TOKEN
    assert run("add", "b", host.url, "--org", "Them", "--token", TOKEN.upper())[0] == 2
    code, _, err = run("add", "c", host.url, "--org", "Them", "--token-stdin", stdin="two words")
    assert (code, "one word" in err) == (3, True)
    assert run("add", "d", host.url, "--org", "Them", "--token-stdin", "--token-file", str(file))[0] == 2
    assert run("change", "them", "--token-stdin", stdin="wrong")[0] == 0
    code, _, err = run("test", "them")
    assert (code, "401" in err, "hint: " in err) == (9, True, True)


def test_a_peer_that_fails_is_told_and_the_others_are_polled(run: Run, host: Peer) -> None:
    host.add(3)
    add(run, host)
    with serving(with_faults(Peer(), status_rate=1.0, status=403)) as bad:
        assert run("add", "bad", bad.url, "--org", "Bad", "--token-stdin", stdin=TOKEN)[0] == 0
        code, answer, _ = run("poll")
        assert code == 9
        assert [(p["peer"], bool(p["error"]), p["new"]) for p in answer["peers"]] == [
            ("bad", True, 0),
            ("them", False, 3),
        ]
        code, out, _ = run("poll", text=True)
        assert "error: bad: GET" in out


def test_pushing_says_what_went_and_what_stayed(run: Run, host: Peer, store: Store) -> None:
    add(run, host)
    with store.transaction() as connection:
        collections.add(connection, collections.new("out"))
    keep(store, 2, "clear")
    keep(store, 3, "red")
    code, _, err = run("push", "them")
    assert (code, "nothing here is tied" in err) == (6, True)
    code, answer, _ = run("push", "them", "--collection", "out=feed")
    assert (code, answer["sent"], answer["withheld"], answer["refused"]) == (0, 2, 3, 0)
    code, out, _ = run("push", "them", text=True)
    assert "0 sent, 0 refused, 3 withheld" in out
    assert "no policy permits TLP:RED" in out
    with_faults(host, refuse_ids=frozenset(keep(store, 1, "clear")))
    assert run("push", "them")[0] == 9


def test_subscriptions(run: Run, host: Peer, store: Store) -> None:
    host.add(2)
    with store.transaction() as connection:
        group = organisations.add_community(connection, "alliance", "")
        for alias in ("one", "two"):
            collections.add(connection, collections.new(alias))
    add(run, host, "--collection", "feed=one")
    assert run("poll")[1]["peers"][0]["collections"][0]["local"] == "one"
    assert run("subscribe", "them", "Feed=two")[0] == 0
    assert run("unsubscribe", "them", "feed=one")[0] == 0
    assert [s["local"] for s in run("show", "them")[1]["subscriptions"]] == ["two"]
    assert run("unsubscribe", "them", "feed=one")[0] == 6
    assert run("subscribe", "them", "--all", "--community", "alliance")[0] == 0
    with store.connection() as connection:
        assert collections.get(connection, "them.feed").community == group.id
    for wrong in ([], ["x"], ["a=one", "--all"], ["--community", "alliance"]):
        assert run("subscribe", "them", *wrong)[0] == 2


def test_suspend_resume_remove(run: Run, host: Peer) -> None:
    add(run, host)
    assert run("suspend", "them")[0] == 0
    assert run("poll")[1] == {"peers": []}
    code, _, err = run("poll", "them")
    assert (code, "tocsin peer resume them" in err) == (4, True)
    assert run("resume", "them")[0] == 0
    assert run("poll", "them")[0] == 0
    assert run("remove", "them")[0] == 0
    assert run("show", "them")[0] == 6
    assert run("list", text=True)[1].startswith("no peers yet")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["them", "http://cti.example.org/taxii2/"], "plain HTTP"),
        (["them", "https://me:pw@cti.example.org/"], "user name or password"),
        (["them", "cti.example.org"], "no web address"),
        (["them", "https://cti.example.org/", "--pin", "x"], "no pin"),
        (["Them!", "https://cti.example.org/"], "cannot name a peer"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    run: Run, store: Store, args: list[str], said: str
) -> None:
    code, _, err = run("add", *args, "--org", "Them")
    assert code in {3, 4}
    assert said in err
    assert "hint: " in err or "user name" in said
    with store.connection() as connection:
        assert peers.everything(connection) == []
        assert [o.name for o in organisations.everything(connection)] == ["Us"]


def test_changing_how_a_peer_is_reached(run: Run, host: Peer, store: Store) -> None:
    add(run, host)
    pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    assert run("change", "them", "--pin", pin, "--allow", "https://CDN.example.org")[0] == 0
    with store.connection() as connection:
        found = peers.get(connection, "them")
    assert (found.pin, found.allowed, found.secret) == (pin, ("https://cdn.example.org",), TOKEN)
    assert run("change", "them", "--pin", "", "--url", host.url)[0] == 0
    with store.connection() as connection:
        assert peers.get(connection, "them").pin is None
    assert run("change", "nobody", "--url", host.url)[0] == 6
