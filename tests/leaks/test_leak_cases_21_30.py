"""Leaks of MISP and OpenCTI that became public, 21 to 30: each a test that fails when the guard it names is taken out."""

from __future__ import annotations

import json
import re
import time

import pytest
from hostile import Peer, serving, with_faults
from test_node_sync import prepare, quick

from factories import FRIEND, OWN, indicator, version
from leaks import plans
from leaks.ask import Answer, Fresh, Line
from leaks.hidden import ASKS, HIDDEN_IDS, secret
from leaks.pushing import pushed
from leaks.resting import require_withheld, seen
from leaks.world import WORD, link, sdo, take
from tocsin.cli import main
from tocsin.errors import ConfigError
from tocsin.exchange.endpoint import Endpoint, check
from tocsin.node import sync
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, accounts, journal

ROOT = "/taxii2/node"
INTEL = f"{ROOT}/collections/intel"
RED, GREEN = indicator(1)["id"], indicator(2)["id"]


def every(line: Line, path: str, who: str = "reader") -> list[dict[str, object]]:
    """Return the members of all pages of a listing."""
    found: list[dict[str, object]] = []
    following = ""
    while True:
        page = line.ask(path + following, who=who).json()
        found += page.get("objects", [])
        if not page.get("more"):
            return found
        following = f"&next={page['next']}"


def test_leak_case_21(scratch: Line) -> None:
    """CVE-2026-44730 OpenCTI: org admin adds a higher-privileged foreign user -> escalation.

    Nobody speaks for another: what is posted is the posting organisation's, whoever the object says made it, and its token does what it
    was given for. Guard: `owner=poster` in `taxii.writing.add`.
    """
    red = indicator(860, object_marking_refs=[id_of(TLP.RED)], created_by_ref=OWN.id)
    body = json.dumps({"objects": [red]}).encode()
    assert scratch.ask(f"{INTEL}/objects/", "POST", who="reader", body=body).status == 403
    assert scratch.ask(f"{INTEL}/objects/", "POST", who="stranger", body=body).status == 404
    assert scratch.ask(f"{INTEL}/objects/", "POST", who="writer", body=body).status == 202
    with scratch.node.store.connection() as connection:
        found = connection.execute(
            "SELECT l.owner, l.recipients FROM object o JOIN label l ON l.id = o.label_id WHERE o.stix_id = %s",
            (red["id"],),
        ).fetchall()
    assert found == [(FRIEND.id, [OWN.id])]
    assert scratch.ask(f"{INTEL}/objects/{red['id']}/").status == 200


def test_leak_case_22(scratch: Line) -> None:
    """CVE-2026-21886 OpenCTI: delete-individual mutation deletes reports.

    A deletion needs the right to write where it deletes, and takes only what its path names. Guard: `write=True` in `taxii.writing.delete`.
    """
    own, other = secret(870), secret(871)
    body = json.dumps({"objects": [own, other]}).encode()
    assert scratch.ask(f"{INTEL}/objects/", "POST", who="writer", body=body).json()["success_count"] == 2
    for path in (f"{INTEL}/objects/{own['id']}/", f"{ROOT}/collections/open/objects/{own['id']}/"):
        assert scratch.ask(path, "DELETE", who="reader").status == 403
    assert (
        scratch.ask(f"{INTEL}/objects/{own['id']}/?match[version]=first", "DELETE", who="writer").status
        == 200
    )
    assert scratch.ask(f"{INTEL}/objects/{own['id']}/").status == 404
    assert scratch.ask(f"{INTEL}/objects/{other['id']}/").status == 200
    for target in ("", "manifest/", "objects/", f"objects/{other['id']}/versions/"):
        assert scratch.ask(f"{INTEL}/{target}", "DELETE", who="writer").status == 405


def test_leak_case_23(store: Store) -> None:
    """CVE-2026-21887 OpenCTI: SSRF by ingestion URL.

    A peer that sends us elsewhere, by API root or by redirect, gets nothing asked there. Guard: `exchange.endpoint.Endpoint.guard`.
    """
    for url in (
        "file:///etc/passwd",
        "http://169.254.169.254/",
        "gopher://x/",
        "https://a@b/",
        "http://[fe80::1]/",
    ):
        with pytest.raises(ConfigError):
            check(Endpoint("p", url))
    with serving(Peer()) as host, serving(Peer(require_token=False)) as decoy:
        prepare(store, host)
        elsewhere = decoy.url.replace("/taxii2/", "")
        tricks = (
            f"{elsewhere}/api/",
            f"//127.0.0.1:{decoy.port}/api/",
            elsewhere.replace("//", "//127.0.0.1@"),
        )
        for root in tricks:
            with_faults(host, api_roots=(root,))
            (report,) = sync.poll(store, open_wire=quick([host]))
            assert not report.ok
        with_faults(host, api_roots=("/api/",))
        host.add(1)
        for where in (
            f"{elsewhere}/api/",
            f"{elsewhere}/api/collections/{decoy.id}/objects/",
            "file:///etc/passwd",
        ):
            with_faults(host, redirect=where)
            (report,) = sync.poll(store, open_wire=quick([host]))
            assert "not its own origin" in report.error or "no web address" in report.error
        assert not decoy.requests


def test_leak_case_24(fresh: Fresh) -> None:
    """CVE-2024-45404 OpenCTI: OTP without rate limit.

    The one one-time code there is may be tried five times, through whichever spelling of the route; each try is in the journal and
    counted for alarms. Guard: `_CLAIM_ATTEMPTS` in `store.accounts.claim`.
    """

    def claim(code: str, path: str) -> Answer:
        body = json.dumps({"code": code, "name": "mallory"}).encode()
        return fresh.line.ask(path, "POST", who=None, body=body)

    for number in range(5):
        assert claim(f"0000-{number}", ("/claim", "/claim/")[number % 2]).status == 401
    assert claim(fresh.code, "/claim").status == 401, "the right one comes too late"
    metrics = fresh.line.ask("/metrics", who=fresh.node.tokens["own"]).body.decode()
    assert "tocsin_authentication_failures_total 6.0" in metrics
    entries: list[journal.Entry] = []
    for _ in range(50):  # the journal is written beside the requests
        with fresh.node.store.connection() as connection:
            entries = [each for each in journal.recent(connection) if each.action == "claim"]
        if len(entries) == 6:
            break
        time.sleep(0.1)
    assert [each.outcome for each in entries] == ["401"] * 6


def test_leak_case_25(resting: Store) -> None:
    """OpenCTI #17576 / #16814: live stream bound to an AMBER+STRICT user emits TLP:RED objects through dependency resolution; ids in containers.

    There are no streams; a container that names a hidden object is withheld from pages. Guard: derived labels in the store.
    """

    def report(number: int, *of: str) -> list[dict[str, object]]:
        return [
            sdo(
                "report",
                number,
                tlp=TLP.GREEN,
                name="r",
                published="2026-01-01T00:00:00Z",
                object_refs=list(of),
            )
        ]

    require_withheld(resting, report(251, GREEN, RED), report(252, GREEN))


def test_leak_case_26(
    line: Line, monkeypatch: pytest.MonkeyPatch, tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """OpenCTI #7348: export ignores max shareable marking.

    What is pushed to FRIEND is what FRIEND may fetch, without its own; what a command lists is what the own organisation may fetch.
    Guard: the peer's organisation in `node.outflow._clearance`.
    """
    for collection in plans.SEEN_COLLECTIONS:
        fetched = every(line, f"{ROOT}/collections/{collection}/objects/?match[version]=all")
        bodies, _, _ = pushed(line.node.store, collection)
        sent = [each for body in bodies for each in json.loads(body)["objects"]]
        assert sent == [each for each in fetched if each["id"] != indicator(31)["id"]]
        assert sent
    monkeypatch.setenv("TOCSIN_DATABASE_URL", line.node.store.dsn)
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    capsys.readouterr()
    assert main(["sighting", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["sightings"]
    fetched = every(line, f"{INTEL}/objects/?match[type]=sighting", who="own")
    assert {each["id"] for each in listed} == {each["id"] for each in fetched}
    assert len(listed) == 2


def test_leak_case_27(resting: Store) -> None:
    """OpenCTI #11496 / #6867: RED relation inferable from "entities view".

    A relationship takes the label of both its ends, also when an end comes later. Guard: derived labels in the store.
    """
    later = indicator(270, tlp=TLP.RED)
    take(resting, "intel", link(273, later["id"], GREEN))
    take(resting, "other", later)
    assert link(273, "", "")["id"] not in seen(resting, "intel")
    require_withheld(resting, [link(271, GREEN, RED), link(272, RED, GREEN)], [link(274, GREEN, GREEN)])


def test_leak_case_28(line: Line, scratch: Line, told: dict[str, Answer]) -> None:
    """OpenCTI #3319: distribution chart counts restricted entities.

    There are no charts; counts of pages, `more`, dates of pages and figures for monitoring are of what is released, or of requests.
    Guard: `more` from the filtered rows in `store.pages`; the scope and the own organisation in `server.health.metrics`.
    """
    for collection, count in (("intel", 24), ("open", 5)):
        base = f"{ROOT}/collections/{collection}"
        for what in ("objects", "manifest"):
            path = f"{base}/{what}/?match[version]=all&limit=3"
            assert len(every(line, path)) == count
        manifest = every(line, f"{base}/manifest/?match[version]=all&limit=3")
        for size in (1, 3, 7):
            exact = line.ask(f"{base}/objects/?match[version]=all&limit={size}")
            assert exact.header("x-taxii-date-added-last") == manifest[min(size, count) - 1]["date_added"]
        # up to the last but one: hidden rows that come after do not make it say "more"
        before = str(manifest[-2]["date_added"])
        for what in ("objects", "manifest"):
            end = line.ask(f"{base}/{what}/?match[version]=all&limit=1&added_after={before}").json()
            assert "more" not in end
            assert len(end["objects"]) == 1
    figures = line.ask("/metrics", who="own").body.decode()
    labels = set(re.findall(r'(\w+)="', figures))
    assert labels <= {"route", "status", "outcome", "le"}
    for name in (WORD, FRIEND.id, "Friend", "intel", *HIDDEN_IDS):
        assert name not in figures
    assert told["/metrics"].status == 403
    # what all of them post and ask is counted together: no token of FRIEND's reads that
    with scratch.node.store.connection() as connection:
        token, _ = accounts.issue(
            connection, "reader-of-friend", ("metrics",), now=scratch.node.store.clock()
        )
    assert scratch.ask("/metrics", who=token).status == 403


def test_leak_case_29(line: Line) -> None:
    """OpenCTI #6785: history shows restricted names.

    Of an object's history FRIEND has the versions that it may have. Guard: `label_id` beside `stix_id` in `store.pages._select`.
    """
    for number, days in ((1, (1, 5)), (2, (1, 5)), (10, (1,))):
        identifier, known = indicator(number)["id"], [version(number, day)["modified"] for day in days]
        assert line.ask(f"{INTEL}/objects/{identifier}/versions/").json()["versions"] == known
        history = line.ask(f"{INTEL}/objects/{identifier}/?match[version]=all")
        assert [each["modified"] for each in history.json()["objects"]] == known
        assert WORD not in history.body.decode()
        own = line.ask(f"{INTEL}/objects/{identifier}/versions/", who="own").json()["versions"]
        assert len(own) > len(known)
    hidden = version(1, 20)["modified"]
    assert line.ask(f"{INTEL}/objects/{indicator(1)['id']}/?match[version]={hidden}").body == b"{}"


def test_leak_case_30(line: Line) -> None:
    """#3133 OpenCTI: several markings: user with one sees it.

    All markings hold together: of the whole, of parts, of TLP and beside it. Guard: the strictest level, and `understood`, in `sharing.facts`.
    """
    for number in (63, 64, 65, 66, *range(70, 70 + len(ASKS))):
        identifier = indicator(number)["id"]
        held = line.ask(f"{INTEL}/objects/{identifier}/", who="own").json()["objects"]
        refs = held[0]["object_marking_refs"] + [
            each["marking_ref"] for each in held[0].get("granular_markings", [])
        ]
        assert len(refs) > 1
        assert {id_of(TLP.CLEAR), id_of(TLP.GREEN)} & set(refs), "FRIEND has what carries this alone"
        assert line.ask(f"{INTEL}/objects/{identifier}/").status == 404, number
    # the control: two markings that both let it go
    assert line.ask(f"{INTEL}/objects/{indicator(21)['id']}/").status == 200
