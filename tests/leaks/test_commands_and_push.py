"""What commands print, and what a push puts on the wire, under the same rule as the routes.

A command that shows intelligence shows what the node's own organisation may have, which is not everything: what others marked as ended
nobody uses any more. Other commands are the local operator's bookkeeping, and print no content of objects at all.
"""

from __future__ import annotations

import gzip
import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from factories import FRIEND, STRANGER, indicator
from leaks import plans
from leaks.hidden import FORBIDDEN_IDS, HIDDEN_PROPOSAL, forbidden_to_all
from leaks.pushing import pushed
from leaks.world import PROPOSAL, VISIBLE_IDS, WORD, Pair, digest_of
from tocsin.cli import _root, main
from tocsin.cli._hits import hit_facts
from tocsin.node.clearances import Clearances
from tocsin.node.watching import Setup, Watch
from tocsin.store import Store, alerts, journal

OWN_SIGHT = {
    *("alert acknowledge", "alert close", "alert list", "alert reopen", "alert show"),
    *(
        "explain",
        "hunt",
        "output explain",
        "output make",
        "proposal list",
        "proposal show",
        "search",
        "sighting list",
        "watch",
    ),
    *("index export", "retro"),
    *("rules check", "sigma run", "yara scan"),
}
"""Commands that show intelligence: what the own organisation may have, and no more."""
NAMED_SIGHT = {"export"}
"""Commands that show what the organisation that they name may have, and no more."""
BOOKS = {
    *(
        "account list",
        "agreement list",
        "alert suppressions",
        "hunts list",
        "hunts runs",
        "collection list",
        "community list",
        "doctor",
        "journal",
    ),
    *("marking list", "organisation list", "peer list", "peer show", "policy diff", "policy list"),
    *(
        "account sessions",
        "quarantine list",
        "token list",
        "embargo list",
        "law list",
        "policy explain",
        "policy simulate",
    ),
}
"""Commands that show what the operator keeps, with no content of any object."""
WORLD = {"law show", "law transfer", "observe", "output list", "sigma check", "yara check"}
"""Commands that know nothing of the node."""
RAW = {"quarantine show", "backup"}
"""Commands that hand the operator bytes that were never decided about: what was refused, and the whole node."""
CHANGES = {
    *(
        "account add",
        "account disable",
        "account enable",
        "agreement add",
        "agreement enter",
        "agreement leave",
    ),
    *("agreement notified", "agreement renew", "agreement rest", "agreement withdraw", "collection add"),
    *(
        "collection allow",
        "community add",
        "community join",
        "community leave",
        "completion",
        "import",
        "init",
    ),
    *("keep", "knowledge load", "marking make", "migrate", "organisation add", "organisation resume"),
    *(
        "organisation suspend",
        "peer add",
        "peer change",
        "peer poll",
        "peer push",
        "peer remove",
        "peer resume",
    ),
    *("peer subscribe", "peer suspend", "peer test", "peer unsubscribe", "policy approve", "policy check"),
    *("policy propose", "policy withdraw", "quarantine drop", "quarantine retry", "restore", "serve"),
    *("account bind", "account invite", "account reset"),
    *("mcp", "proposal accept", "proposal reject"),
    *("alert suppress", "alert unsuppress", "hunts remove", "hunts run", "hunts schedule"),
    *("token create", "token revoke", "policy test", "embargo add", "embargo lift", "organisation change"),
}
"""Commands that change something or talk to somebody, and print what they did in counts and names."""

CONTENT = re.compile(rf"{WORD}\d+\.example|d\d+\.example\.com|known\.example")
"""What only the content of objects says."""
ALERTS = [
    *(str(uuid.uuid5(alerts.NAMESPACE, f"{each}|0")) for each in (indicator(4)["id"], FORBIDDEN_IDS[0])),
    str(uuid.UUID(int=9)),
]
"""Of a visible indicator, of a forbidden one, and one on which nothing visible was found."""
_TIMES = {
    "seconds": "wall time",
    "megabytes_per_second": "wall time",
    **dict.fromkeys(("modified", "changed", "opened", "found"), "written at different moments"),
}
"""Facts of commands that differ between any two calls, and why."""

Run = Callable[..., tuple[int, str, str]]


def _leaves(command: click.Command, path: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield path.strip()
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from _leaves(found, f"{path} {name}")


def test_every_command_is_classified() -> None:
    """A new command has to be put in one of the four classes. Guard: the classes above; take a name out."""
    classes = (OWN_SIGHT, NAMED_SIGHT, BOOKS, RAW, CHANGES, WORLD)
    assert set(_leaves(_root, "")) == set().union(*classes)
    assert sum(map(len, classes)) == len(set().union(*classes))


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[[str], Run]:
    """Return what calls commands on the node of a database: exit status, standard output and error."""
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    monkeypatch.setenv("TOCSIN_POOL_SIZE", "2")

    def on(dsn: str) -> Run:
        def call(*args: str) -> tuple[int, str, str]:
            monkeypatch.setenv("TOCSIN_DATABASE_URL", dsn)
            capsys.readouterr()
            status = main(list(args))
            return status, *capsys.readouterr()

        return call

    return on


@pytest.fixture
def log(tmp_path: Path) -> str:
    """A log with values of visible indicators, of forbidden ones, and of both."""
    values = [
        "d4.example.com",
        "d5.example.com",
        "d10.example.com",
        f"{WORD}700.example",
        f"{WORD}703.example",
    ]
    values += ["known.example", f"{WORD}.example", "nobody.example"]
    file = tmp_path / "dns.log"
    file.write_text("".join(f"2026-11-20T08:00:0{n}Z query {value}\n" for n, value in enumerate(values)))
    return str(file)


def _syslog(log: str) -> str:
    """Return the same lines as records that rules of Sigma are for."""
    file = Path(log).with_name("syslog")
    lines = Path(log).read_text().splitlines()
    file.write_text("".join(f"<34>1 {line.replace('Z ', 'Z web01 app - - - ')}\n" for line in lines))
    return str(file)


def _comparable(found: tuple[int, str, str], as_json: bool) -> Any:
    status, out, err = found
    if not as_json or not out.strip():
        return status, re.sub(r"\d+\.\d s, [\d,]+ MB/s", "", out), err

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: strip(v) for k, v in value.items() if k not in _TIMES}
        return [strip(v) for v in value] if isinstance(value, list) else value

    return status, strip(json.loads(out.splitlines()[-1])), err


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_an_export_holds_what_its_organisation_may_have(
    pair: Pair, run: Callable[[str], Run], tmp_path: Path, packed: str
) -> None:
    """Guard: the clearance in `node.export`; and `may_read`, for collections that it may not know of."""
    held, said = [], []
    for name, dsn in zip(("plain", "full"), pair.built.as_made, strict=True):
        file = tmp_path / f"{name}.json{packed}"
        said.append(run(dsn)("export", "Friend", str(file)))
        raw = gzip.decompress(file.read_bytes()) if packed else file.read_bytes()
        assert WORD.encode() not in raw
        held.append(json.loads(raw)["objects"])
        assert run(dsn)("export", "Friend", str(tmp_path / "other"), "--collection", "inner")[0] != 0
    assert held[0] == held[1]
    assert {each["id"] for each in held[0]} >= set(VISIBLE_IDS)
    # the id of the bundle is random, so what is packed differs by some bytes
    told = [re.sub(r"plain|full|[\d,]+ bytes", "", each[1]) for each in said]
    assert told[0] == told[1]
    with Store(pair.built.as_made[1], pool_size=2) as store, store.connection() as connection:
        (entry,) = journal.recent(connection, limit=1)
    assert (entry.action, entry.target, entry.detail["organisation"]) == ("export", "Friend", FRIEND.id)


def test_what_the_own_organisation_may_not_have_changes_nothing_it_is_told(
    pair: Pair, run: Callable[[str], Run], log: str
) -> None:
    """Guard: the label sets in the queries of `store.placed`, and the policy `expired`."""
    plain, full = pair.built.copies[:2]
    with Store(full, pool_size=2) as store:
        forbidden_to_all(store)
    assert run(plain)("keep", log)[0] == 0
    index, written = Path(log).with_name("index"), []
    calls = [
        ("index", "export", str(index)),
        ("retro", "--no-sightings"),
        ("retro", "--all", "--any-time"),
        ("retro", "--all", "--since", "2026-11-20T08:00:02Z"),
        *(("retro", "--indicator", each) for each in (indicator(4)["id"], *FORBIDDEN_IDS[:2], plans.RANDOM)),
        ("hunt", log, "--no-sightings"),
        ("hunt", log, "--no-sightings", "--any-time", "--observables"),
        ("hunt", log),
        ("hunt", log, "--fail-on-hit"),
        ("hunt", _syslog(log), "--sigma"),
        ("proposal", "list"),
        ("proposal", "list", "--status", "open", "--limit", "1"),
        ("proposal", "show", str(PROPOSAL)),
        ("proposal", "show", str(HIDDEN_PROPOSAL)),
        ("proposal", "show", str(plans.RANDOM_ID)),
        ("alert", "list"),
        ("alert", "list", "--all", "--indicator", FORBIDDEN_IDS[0]),
        ("alert", "list", "--limit", "1"),
        *(("alert", *what, alert) for alert in ALERTS for what in (("show",), ("acknowledge",))),
        *(("alert", "close", alert, "--false-positive") for alert in ALERTS),
        *(("alert", "reopen", alert) for alert in ALERTS),
        ("sigma", "run", "--held", log),
        ("yara", "scan", "--held", log),
        ("rules", "check", "--held"),
        ("sighting", "list"),
        ("sighting", "list", "--indicator", indicator(4)["id"]),
        ("sighting", "list", "--indicator", FORBIDDEN_IDS[0]),
        ("sighting", "list", "--limit", "1"),
        *(
            ("search", each, "--counts")
            for each in (
                "type:indicator",
                "known*",
                f"{WORD}7*",
                FORBIDDEN_IDS[0],
                "example.com",
                "type:indicator tlp:red",
            )
        ),
        *(
            ("output", "make", name, *how)
            for name, *how in (
                ("plain",),
                ("csv", "--limit", "3"),
                ("plain", "--tlp", "green"),
                ("zeek",),
                ("zeek", "--collection", "open"),
                ("yara",),
            )
        ),
        *(
            ("output", "explain", "plain", each)
            for each in (
                "d4.example.com",
                "d10.example.com",
                "d12.example.com",
                f"{WORD}700.example",
                f"{WORD}1.example",
            )
        ),
        *(
            ("explain", each, who, "--action", action)
            for each in (
                *FORBIDDEN_IDS,
                plans.RANDOM,
                indicator(4)["id"],
                indicator(5)["id"],
                indicator(10)["id"],
            )
            for who in ("Friend", "Own")
            for action in ("receive", "match")
        ),
    ]
    said = ""
    for call in calls:
        for more in ((), ("--json",)):
            one, other = (_comparable(run(dsn)(*call, *more), bool(more)) for dsn in (plain, full))
            assert one == other, call
            said += str(one).replace(call[-1], "")  # the question itself is told back
    for dsn in (plain, full):
        assert run(dsn)("index", "export", str(index))[0] == 0
        written.append(index.read_bytes())
    assert written[0] == written[1], "the file that leaves for a cluster holds nothing of it either"
    assert "d4.example.com" in said
    assert f"{WORD}700" not in said
    assert digest_of("d10.example.com") in said
    assert digest_of(f"{WORD}700.example") not in said
    assert "Own" in run(full)("sighting", "list")[1]


def test_what_is_watched_for_is_what_may_be_matched(pair: Pair, log: str) -> None:
    """Guard: the clearance in `node.following`."""
    plain, full = pair.built.copies[:2]
    with Store(full, pool_size=2) as store:
        forbidden_to_all(store)
    said = []
    for dsn in (plain, full):
        found: list[dict[str, Any]] = []
        with Store(dsn, pool_size=2) as store:
            setup = Setup(paths=(log, _syslog(log)), from_start=True, tell=False, sigma=True)
            watch = Watch(
                store,
                Clearances(store),
                setup,
                on_hits=lambda hits, found=found: found.extend(map(hit_facts, hits.value)),
            )
            while watch.step():
                pass
            watch.close()
        said.append(found)
    assert said[0] == said[1]
    assert "d4.example.com" in str(said[0])
    assert f"{WORD}700" not in str(said[0])


def test_what_is_forbidden_is_said_like_what_is_not_there(pair: Pair, run: Callable[[str], Run]) -> None:
    """Guard: the clearance in `store.placed.standings`."""
    dsn = pair.built.full_dsn
    with Store(pair.built.copies[2], pool_size=2) as store, store.connection() as connection:
        connection.execute("UPDATE organisation SET suspended = true WHERE own")
    answers = {
        run(dsn)("explain", plans.RANDOM, "Friend")[2].replace(plans.RANDOM, "ID"),
        # the own organisation, suspended, is told of nothing at all
        run(pair.built.copies[2])("explain", indicator(4)["id"], "Friend")[2].replace(
            indicator(4)["id"], "ID"
        ),
    }
    assert len(answers) == 1
    assert "holds no object" in answers.pop()
    assert run(pair.built.copies[2])("sighting", "list")[1] == "no sightings\n"


@pytest.mark.parametrize("command", sorted(BOOKS))
def test_bookkeeping_prints_no_content(pair: Pair, run: Callable[[str], Run], command: str) -> None:
    """Guard: for each command, that its query reads no bodies; `cli.quarantine._list` leaves `raw` out."""
    arguments = {
        "account sessions": ["reader-of-friend"],
        "hunts runs": ["nightly"],
        "peer show": ["p0"],
    }.get(command, [])
    for more in ([], ["--json"]):
        status, out, err = run(pair.built.full_dsn)(*command.split(), *arguments, *more)
        assert status == 0, err
        assert out.strip()
        assert not CONTENT.search(out + err)


@pytest.mark.parametrize("collection", plans.SEEN_COLLECTIONS)
def test_a_push_puts_the_same_on_the_wire(pair: Pair, collection: str) -> None:
    """Guard: the clearance for the peer's organisation in `node.outflow`."""
    plain, full, crowded = (pushed(node.store, collection) for node in pair[1:])
    assert plain == full == crowded
    sent = [each for raw in plain[0] for each in json.loads(raw)["objects"]]
    assert len(sent) == {"intel": 23, "open": 5}[collection]
    assert STRANGER.id not in json.dumps(sent)
