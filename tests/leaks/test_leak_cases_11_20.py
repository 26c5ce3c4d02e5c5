"""Leaks of MISP and OpenCTI that became public, 11 to 20: each a test that fails when the guard it names is taken out."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from factories import FRIEND, OWN, STRANGER, indicator, observable, version
from leaks import plans
from leaks.ask import Answer, Fresh, Line, tells_back
from leaks.hidden import MINISTRY, secret
from leaks.resting import require_withheld
from leaks.world import TOKENS, WORD, sdo
from tocsin.cli import main
from tocsin.errors import ConfigError, InputError
from tocsin.exchange.endpoint import Endpoint
from tocsin.exchange.tls import context_for
from tocsin.stix.markings import TLP
from tocsin.store import Store, accounts

ROOT = "/taxii2/node"
INTEL = f"{ROOT}/collections/intel"
RED, GREEN = indicator(1)["id"], indicator(2)["id"]


def test_leak_case_11(resting: Store) -> None:
    """423750573 / 038eb20da / 421e94bc2 / 326ae703e MISP: cluster elements, proposal picture, SG on upload, proposals.

    There are no proposals and pictures; what is part of, or groups, other objects takes their label. Guard: derived labels in the store.
    """
    times = {
        "first_observed": "2026-01-01T00:00:00Z",
        "last_observed": "2026-01-01T00:00:00Z",
        "number_observed": 1,
    }

    def parts(number: int, of: str, seen: str) -> list[dict[str, object]]:
        return [
            sdo("observed-data", number, tlp=TLP.GREEN, object_refs=[observable(seen)["id"]], **times),
            sdo("grouping", number, tlp=TLP.GREEN, object_refs=[of], context="suspicious-activity"),
        ]

    require_withheld(resting, parts(111, RED, "red.example"), parts(112, GREEN, "green.example"))


def test_leak_case_12(told: dict[str, Answer], line: Line) -> None:
    """20053ea32, #10019, #1668 MISP: names of all organisations in a sharing group disclosed to members.

    No answer, to whomever, says who is in a community, may write to a collection, or is known to the node. Guard: `taxii.resources._resource`.
    """
    with line.node.store.connection() as connection:
        rows = connection.execute("SELECT id::text, title FROM community").fetchall()
    names = {STRANGER.id, STRANGER.name, MINISTRY.id, MINISTRY.name, *(name for row in rows for name in row)}
    # that one is in a community oneself, one is told where one asks for that, and nowhere else
    ours = {name for row in rows if row[0] in told["/api/v1/communities/"].body.decode() for name in row}
    assert len(ours) == 2
    own = [line.ask(f"{ROOT}/{path}", who="own") for path in ("", "collections/", "collections/intel/")]
    assert {answer.status for answer in own} == {200}
    for path, answer in (*told.items(), *(("", each) for each in own)):
        said = f"{answer.headers}{answer.body.decode()}"
        about_oneself = path.startswith(("/api/v1/communities", "/api/v1/organisations", "/sharing"))
        asked = unquote(path) if tells_back(path) else ""
        hidden = names - (ours if about_oneself else set())
        assert not [name for name in hidden if name in said and name not in asked], path
        assert not path.startswith("/taxii2") or FRIEND.id not in said, "not even who asks"


def test_leak_case_13(line: Line) -> None:
    """PR #5802 MISP: hidden attributes' correlations still shown, "intrinsic to the design".

    Hidden rows of the same id do not decide which of the visible ones is the first or the latest. Guard: `p.label_id` in `store.pages._version_filter`.
    """
    days = {1: (1, 5), 2: (1, 5), 10: (1,)}  # each of them has hidden versions, newer or older
    for number, known in days.items():
        identifier = indicator(number)["id"]
        for wanted, expected in (("last", known[-1:]), ("first", known[:1]), ("all", known)):
            found = line.ask(f"{INTEL}/objects/{identifier}/?match[version]={wanted}").json()["objects"]
            assert [each["modified"] for each in found] == [
                version(number, day)["modified"] for day in expected
            ]
    # and the same observable, said by somebody else without a marking, is there once
    assert len(line.ask(f"{INTEL}/objects/{observable('known.example')['id']}/").json()["objects"]) == 1


def test_leak_case_14(scratch: Line) -> None:
    """CVE-2026-56424 MISP: checks on entity A, write on B (tags, collections, analyst data, templates, decaying models).

    What is touched is what was authorised: rows that who asks may see and asserted alone, in the collection of the path.
    Guard: source and cursors in `store.objects._DELETE`.
    """
    others, ours = indicator(10), secret(60)
    body = json.dumps({"objects": [ours]}).encode()
    assert scratch.ask(f"{INTEL}/objects/", "POST", who="writer", body=body).json()["success_count"] == 1
    for path, status in (
        (f"{INTEL}/objects/{others['id']}/", 403),  # seen, and another's
        (f"{ROOT}/collections/open/objects/{ours['id']}/", 403),  # not to be written by FRIEND
        (f"{ROOT}/collections/inner/objects/{ours['id']}/", 404),
        (f"{INTEL}/objects/{indicator(40)['id']}/", 404),  # it is in `open`
        (f"{INTEL}/objects/{ours['id']}/?match[id]={others['id']}", 400),
        (f"{INTEL}/objects/{ours['id']}/", 200),
    ):
        assert scratch.ask(path, "DELETE", who="writer").status == status, path
    for identifier, name in ((others["id"], None), (ours["id"], WORD)):
        (kept,) = scratch.ask(f"{INTEL}/objects/{identifier}/", who="own").json()["objects"][-1:]
        assert kept.get("name") == name, "the node's own assertion stays"


def test_leak_case_15(
    scratch: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CVE-2026-44380 MISP / CVE-2019-12794: org admin resets site admin's key / credentials.

    Pages issue tokens to oneself alone, after a recent proof (`tests/integration/test_sign_in.py`); the console issues none above the account's
    own rank, and never shows again what it has issued.
    Guard: the rank in `store.accounts.issue`; `tokens` reads no hashes.
    """
    monkeypatch.setenv("TOCSIN_DATABASE_URL", scratch.node.store.dsn)
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    with scratch.node.store.connection() as connection:
        before = connection.execute("SELECT count(*) FROM token WHERE 'admin' = ANY(scopes)").fetchone()
        with pytest.raises(InputError, match="no administrator"):
            accounts.issue(connection, "writer-of-friend", ("admin",), now=scratch.node.store.clock())
    assert main(["token", "create", "writer-of-friend", "--scope", "admin"]) == InputError.exit_code
    assert main(["account", "add", "mallory", "--org", "Friend", "--administrator"]) == InputError.exit_code
    for path in ("token", "tokens", "account", "users", f"{ROOT}/token"):
        assert scratch.ask(f"/{path.lstrip('/')}", "POST", who="writer", body=b"{}").status in {404, 405}
    assert (
        scratch.ask("/account/tokens", "POST", who="writer", body=b"name=x").status == 403
    )  # from no page of this node
    with scratch.node.store.connection() as connection:
        assert (
            connection.execute("SELECT count(*) FROM token WHERE 'admin' = ANY(scopes)").fetchone() == before
        )
        hashes = [row[0] for row in connection.execute("SELECT hash FROM token").fetchall()]
    capsys.readouterr()
    for more in ([], ["--json"]):
        for command in (["token", "list"], ["account", "list"], ["peer", "show", "p0"], ["peer", "list"]):
            assert main([*command, *more]) == 0
    out = capsys.readouterr().out
    assert "writer-of-friend" in out
    for shown in (
        *TOKENS.values(),
        *(each.hex() for each in hashes),
        *(base64.b64encode(h).decode() for h in hashes),
    ):
        assert shown not in out


def test_leak_case_16(fresh: Fresh) -> None:
    """CVE-2026-9084 MISP: OIDC account linked by e-mail when no `sub` stored.

    There is no OIDC; a name alone links nothing: a token counts for its own account, and a claim never takes an account over.
    Guard: the account's name in `store.accounts.recognise`; the conflict in `store.accounts.add`.
    """
    store, friend = fresh.node.store, fresh.node.tokens["friend"]

    def basic(name: str, secret: str) -> int:
        given = base64.b64encode(f"{name}:{secret}".encode()).decode()
        return fresh.line.ask("/taxii2/", who=None, headers={"Authorization": f"Basic {given}"}).status

    assert basic("friend", friend) == 200
    for name in ("own", "FRIEND", "friend ", "friend@example.org", "", OWN.id):
        assert basic(name, friend) == 401
    claim = json.dumps({"code": fresh.code, "name": "friend"}).encode()
    assert fresh.line.ask("/claim", "POST", who=None, body=claim).status == 409
    with store.connection() as connection:
        (kept,) = (each for each in accounts.everything(connection) if each.name == "friend")
    assert (kept.organisation, kept.administrator) == (FRIEND.id, False)
    assert fresh.line.ask("/metrics", who=friend).status == 403


def test_leak_case_17(fresh: Fresh) -> None:
    """CVE-2018-12649 MISP: brute-force guard only on POST, PUT bypassed.

    Failures count whatever method and route they come by; the routes that are guessed at answer to no other method.
    Guard: `patience.failed` in `server.auth`.
    """
    routes = ("/taxii2/", f"{INTEL}/objects/", f"{INTEL}/objects/{RED}/", "/metrics")
    for method in ("PUT", "PATCH", "OPTIONS", "get", "BREW"):
        for path in (*routes, "/claim"):
            assert fresh.line.ask(path, method, who="toc_wrong").status in {400, 405}
    tried = [
        ("GET", routes[0]),
        ("HEAD", routes[1]),
        ("POST", routes[1]),
        ("DELETE", routes[2]),
        ("GET", routes[3]),
    ]
    for _ in range(4):
        for method, path in tried:
            assert fresh.line.ask(path, method, who="toc_wrong").status == 401
    for method, path in tried:
        assert fresh.line.ask(path, method, who="toc_wrong").status == 429
    assert fresh.line.ask("/claim/", "POST", who=None, body=b'{"code": "x", "name": "x"}').status == 429


def test_leak_case_18(fresh: Fresh) -> None:
    """CVE-2017-14337 MISP: X.509 auth + empty answer of external user API.

    There is no external identity; an empty, odd or vanished one is nobody, never somebody. Guard: `row is None` in `store.accounts.recognise`.
    """
    empty = (
        "",
        "Bearer",
        "Bearer ",
        "Bearer null",
        "Basic",
        "Basic Og==",
        "Basic bnVsbA==",
        "Basic =",
        "Digest x",
    )
    odd = (
        "Bearer toc_",
        "bearer\ttoc_x",
        "Bearer '' OR true --",
        "Basic " + base64.b64encode(b"own:").decode(),
    )
    for header in (*empty, *odd):
        assert fresh.line.ask("/taxii2/", who=None, headers={"Authorization": header}).status == 401, header
    for header in (
        "X-Client-Cert",
        "X-SSL-Client-S-DN",
        "X-Remote-User",
        "X-Forwarded-User",
        "From",
        "Cookie",
    ):
        assert fresh.line.ask("/taxii2/", who=None, headers={header: "own"}).status == 401
    with fresh.node.store.connection() as connection:
        accounts.disable(connection, "friend")
    assert fresh.line.ask("/taxii2/", who=fresh.node.tokens["friend"]).status == 401


def test_leak_case_19(fresh: Fresh, tmp_path: Path) -> None:
    """CVE-2023-37306 MISP: sync certificate upload leaks by error message.

    A file that is no certificate is not quoted, and a fault inside is not told: what it was stands in the log.
    Guard: `exchange.tls._load`, `server.problems._detail_of`.
    """
    file = tmp_path / "passwd"
    file.write_text(f"root:{WORD}:0:0\n")
    for endpoint in (
        Endpoint("p", "https://peer.example/", ca=str(file)),
        Endpoint("p", "https://peer.example/", certificate=str(file)),
        Endpoint("p", "https://peer.example/", certificate=str(file), key=str(file)),
    ):
        with pytest.raises(ConfigError) as caught:
            context_for(endpoint)
        assert WORD not in f"{caught.value} {caught.value.hint()}"
    friend = fresh.node.tokens["friend"]
    assert fresh.line.ask(f"{INTEL}/objects/", who=friend).status == 200
    with fresh.node.store.connection() as connection:
        connection.execute("ALTER TABLE object RENAME COLUMN body TO nightfall")
    answer = fresh.line.ask(f"{INTEL}/objects/", who=friend)
    assert answer.status == 500
    assert answer.json()["description"] == "a fault of this node; it has been logged"


def test_leak_case_20(
    fresh: Fresh, databases: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """CVE-2026-27960 OpenCTI: unauthenticated API as any user incl. default admin.

    Nothing but health, the claim, what a node says of itself and the way to sign in answers to nobody, whatever the headers say, and a new node has no account at all.
    Guard: `server.pipeline` recognises before every handler; `metrics_public` is off.
    """
    spoofed = {
        *(
            ("X-Forwarded-User", "own"),
            ("Cookie", "session=admin"),
            ("X-Api-Key", "admin"),
            ("X-User-Id", OWN.id),
        ),
        *(
            ("X-Original-URL", "/healthz"),
            ("X-HTTP-Method-Override", "GET"),
            ("X-Forwarded-For", "127.0.0.1"),
        ),
    }
    free = {template: plan.nobody for template, plan in plans.PLANS.items() if plan.nobody != {401}}
    assert {template for template, statuses in free.items() if 200 in statuses} == {
        *("/healthz", "/readyz", "/api/v1/openapi.json", "/.well-known/security.txt"),
        *("", "/about", "/sign-in", "/sign-in/link", "/look", "/style"),
    }
    free["/.well-known/security.txt"] = {200, 404}  # a new node has nobody to write to yet
    for template in plans.PLANS:
        for path in plans.paths(template):
            if "objects/" not in path or path.endswith((RED, f"{RED}/versions")):
                for headers in ({}, dict(spoofed)):
                    status = fresh.line.ask(path or "/", who=None, headers=headers).status
                    assert status in free.get(template, {401}), path
                assert fresh.line.ask(
                    f"{path or '/'}?token=own&access_token=own", who=None
                ).status in free.get(template, {401})
    dsn = databases("template")
    monkeypatch.setenv("TOCSIN_DATABASE_URL", dsn)
    assert main(["--home", str(tmp_path / "new"), "init"]) == 0
    with Store(dsn, pool_size=1) as store, store.connection() as connection:
        assert accounts.everything(connection) == []
