"""Server time of every page of a node that holds a million objects, of search and suggestions, and 50 people at once.

    uv run python -m benchmarks.pages [--objects N] [--times N] [--only PART ...] [--path PATH ...] [--json]

The node is `large_node`'s, served by `tocsin serve` as it is. Every page that the registry knows is asked for with varied arguments, none twice
where there are enough, by an administrator of the node and by somebody of another organisation, each with a session as a browser has one. What is
measured is the time from sending a request to the last byte of its answer, over loopback; beside it how much work of processors it was, in the node
and its database together. Beside these, in the same run: the page that shows nothing of what is held (`/style`), a file, and `SELECT 1`.
Limit: 100 ms for the 95th percentile of each page. Files to save and the drawing's data are told apart: they are no pages.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, cast
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from benchmarks import large_node, node
from tocsin.config import Settings
from tocsin.node.clearances import Clearances
from tocsin.server.pages import assets
from tocsin.server.pages.page import pages
from tocsin.store import Store

LIMIT_MS = 100
TIMES = 40
USERS = 50
EACH = 20
"""Requests of each of the users who come at once."""
FILES = ("/graph/data", "/graph/drawing", "/search/export")
_ELSEWHERE = ("/sign-in/return",)  # is there only where a provider is set up
_KINDS = {
    "indicator": 12, "malware": 6, "report": 6, "attack-pattern": 5, "identity": 4, "location": 3, "relationship": 2, "sighting": 2, "note": 2,
    "threat-actor": 3, "intrusion-set": 3, "course-of-action": 1, "ipv4-addr": 2,
}  # fmt: skip
"""How many objects of each type pages are asked about; of each, half are those that most refers to."""


class Facts(NamedTuple):
    """What addresses are made of, for one reader."""

    objects: list[str]
    malware: list[str]
    actors: list[str]
    values: list[str]
    words: list[str]
    alerts: list[str]
    proposals: list[str]
    cursors: list[int]


class Time(msgspec.Struct):
    """How long requests took (ms), how many were refused, and what work they were (ms each)."""

    taken: list[float]
    work: list[float]
    refused: int = 0
    slowest: str = ""

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.taken)

    @property
    def p95(self) -> float:
        """The 95th percentile."""
        return _p95(self.taken)

    @property
    def work_p95(self) -> float:
        """The 95th percentile of the work."""
        return _p95(self.work)


def _p95(found: Sequence[float]) -> float:
    return statistics.quantiles(found, n=20, method="inclusive")[-1] if len(found) > 1 else sum(found)


class Browser:
    """Asks a node, over one connection, with a session."""

    def __init__(self, origin: str, token: str) -> None:
        self._at = urlsplit(origin)
        self._headers = {
            "Accept": "text/html,*/*;q=0.8",
            "Sec-Fetch-Site": "same-origin",
            "Accept-Encoding": "gzip",
        }
        with httpx.Client(base_url=origin, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60) as client:
            client.post("/sign-in", data={"token": token})
            self._headers["Cookie"] = "; ".join(f"{c.name}={c.value}" for c in client.cookies.jar)
        self._connection = http.client.HTTPConnection(
            cast("str", self._at.hostname), self._at.port, timeout=120
        )

    def ask(self, path: str) -> tuple[int, float]:
        """Return the status of an answer, and how many ms it took to its last byte."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, (time.perf_counter() - began) * 1000


def facts(store: Store, account: str, dice: random.Random) -> Facts:
    """Return what a reader's addresses are made of: what they may see."""
    with store.connection() as connection:
        row = connection.execute("SELECT organisation FROM account WHERE name = %s", (account,)).fetchone()
        assert row is not None
        visible = list(Clearances(store).get(row[0]).labels)

        def some(kind: str, number: int) -> list[str]:
            rows = connection.execute(
                "SELECT stix_id FROM search WHERE type = %s AND label_id = ANY(%s) AND NOT revoked ORDER BY md5(stix_id) LIMIT 400",
                (kind, visible),
            ).fetchall()
            ids = [each[0] for each in rows]
            most = connection.execute(
                "SELECT id FROM unnest(%s::text[], %s::bigint[]) AS w (id, hash) ORDER BY (SELECT count(*) FROM link WHERE target = hash) DESC, id",
                (ids, [_hashed(each) for each in ids]),
            ).fetchall()
            top = [each[0] for each in most[: -(-number // 2)]]
            return list(dict.fromkeys([*top, *dice.sample(ids, min(number - len(top), len(ids)))]))

        by_type = {kind: some(kind, number) for kind, number in _KINDS.items()}
        named = connection.execute(
            "SELECT shown, cursor FROM search_name WHERE label_id = ANY(%s) AND kind <> 'alias' ORDER BY md5(shown) LIMIT 400",
            (visible,),
        ).fetchall()
        texts = connection.execute(
            "SELECT convert_from(body, 'UTF8')::json->>'description' FROM object WHERE type IN ('indicator', 'malware', 'report') AND label_id = ANY(%s) "
            "ORDER BY md5(stix_id) LIMIT 300", (visible,)
        ).fetchall()  # fmt: skip
        waiting = connection.execute("SELECT id::text FROM alert ORDER BY md5(id::text) LIMIT 60").fetchall()
        proposed = connection.execute("SELECT id::text FROM proposal ORDER BY 1 LIMIT 60").fetchall()
    words = sorted({word for (text,) in texts if text for word in re.findall(r"[a-z]{4,}", text.lower())})
    every = [each for ids in by_type.values() for each in ids]
    dice.shuffle(every)
    return Facts(
        every, by_type["malware"], by_type["threat-actor"] + by_type["intrusion-set"], [each[0] for each in named], words,
        [each[0] for each in waiting], [each[0] for each in proposed], [each[1] for each in named],
    )  # fmt: skip


def _hashed(identifier: str) -> int:
    from tocsin.store.derived import hashed

    return hashed(identifier)


def searches(known: Facts, dice: random.Random) -> dict[str, list[str]]:
    """Return queries by kind."""
    values, words = known.values, known.words
    addresses = [each for each in values if re.fullmatch(r"[\d.]{7,15}", each)]
    return {
        "everything": [""],
        "value": values[:TIMES],
        "range": [f"{each.rpartition('.')[0]}.0/{dice.choice((16, 20, 24))}" for each in addresses[:TIMES]],
        "word": dice.sample(words, min(TIMES, len(words))),
        "two words": [" ".join(dice.sample(words, 2)) for _ in range(TIMES)],
        "type": [
            f"type:{each}" for each in (*_KINDS, "indicator,malware", "campaign", "tool", "vulnerability")
        ],
        "level": [f"tlp:{each}" for each in ("clear", "green", "amber", "amber+strict", "red", "none")],
        "source": [f'source:"Partner {n}"' for n in (1, 2, 11, 12, 21, 22, 50)] + ["source:Bench"],
        "collection": [
            "collection:intel",
            "collection:circle-0",
            "collection:mirror",
            "collection:circle-2 type:report",
        ],
        "time": [f"after:2025-{month:02}-01 before:2025-{month + 1:02}-01" for month in range(1, 12)],
        "filters": [f"type:indicator tlp:amber confidence:>={n}" for n in range(60, 100, 4)],
        "word and filters": [
            f"{dice.choice(words)} tlp:green confidence:>=70 after:2024-06-01" for _ in range(20)
        ],
        "about": [f"refers:{each}" for each in known.objects[:TIMES]],
        "technique": [f"technique:T{n}" for n in (1059, 1566, 1078, 1003, 1204, 1071, 1105, 1027)],
        "not there": [f"absent{n}.example" for n in range(TIMES)],
    }


def parameters(known: Facts, dice: random.Random) -> dict[str, list[str]]:
    """Return query strings by path; a path that is not there is asked without."""
    asked = list(itertools.chain.from_iterable(searches(known, dice).values()))
    dice.shuffle(asked)
    graphs = [f"from={each}" for each in (*known.malware, *known.objects)]
    graphs += [f"from={each}&depth=2" for each in known.objects[:10]] + [
        urlencode({"q": each}) for each in asked[:10]
    ]
    typed = [value[: dice.randint(1, 6)] for value in known.values]
    chosen = {
        "/search": [urlencode({"q": each, "order": dice.choice(("newest", "newest", "oldest"))}) for each in asked]
        + [f"q=type%3Aindicator&cursor=n{cursor:x}" for cursor in known.cursors[:20]],
        "/search/suggestions": [urlencode({"q": each}) for each in typed],
        "/palette": [urlencode({"q": each}) for each in typed],
        "/arrivals": [f"cursor=n{cursor:x}" for cursor in known.cursors] + [f"cursor=n{known.cursors[0]:x}&{urlencode({'q': each})}" for each in asked[:30]],
        "/search/export": [urlencode({"q": each, "format": form}) for each in asked[:4] for form in ("stix", "csv", "values")],
        "/matrix": ["", "show=lacking", "show=known", "show=detected", *(f"by={each}" for each in known.actors), *(f"by={each}" for each in known.malware)],
        "/map": ["", "show=seen", "show=targeted", "show=origin", *(f"after=2025-{month:02}-01" for month in range(1, 12))],
        "/timeline": [
            urlencode({"q": each, "by": by})
            for each in ("", "type:sighting", "type:report", *asked[:12])
            for by in ("modified", "created", "added", "seen")
        ],
        "/views": ["", "q=x"],
        "/sharing/released": [f"cursor=n{n:x}" for n in range(1000, 50_000, 3000)] + ["", "principal=reader", "action=page-object", "principal=analyst-3", "action=none"],
        "/sharing/explain": ["", *(urlencode({"object": each, "recipient": f"Partner {n}"}) for n, each in enumerate(known.objects[:30]))],
        "/objects/{object}/why": [urlencode({"recipient": f"Partner {n}"}) for n in range(20)],
        "/objects/{object}/relations": ["", f"cursor=n{known.cursors[0]:x}"],
        "/write/{kind}": ["", "value=x.example"],
    }  # fmt: skip
    chosen["/graph"] = chosen["/graph/data"] = chosen["/graph/drawing"] = graphs
    return chosen


def addresses(path: str, known: Facts, dice: random.Random, times: int) -> list[str]:
    """Return `times` addresses of a page, varied as far as there is something to vary."""
    given = {
        "object": known.objects, "alert": known.alerts, "proposal": known.proposals, "hunt": [f"hunt-{n}" for n in range(30)],
        "kind": ["indicator", "report", "relation", "json"],
    }  # fmt: skip
    names = re.findall(r"{(\w+)}", path)
    if not all(given.get(name) for name in names):
        return []  # there is none of it on this node
    filled = [
        path.format(**{name: quote(given[name][n % len(given[name])]) for name in names})
        for n in range(times)
    ]
    queries = parameters(known, dice).get(path, [""])
    some = queries if len(queries) <= times else dice.sample(queries, times)
    return [f"{each}?{some[n % len(some)]}".removesuffix("?") for n, each in enumerate(filled)]


def asked(browser: Browser, paths: Sequence[str], work: Work) -> Time:
    """Ask for pages one after the other; those that refuse the reader are counted and do not count."""
    found = Time([], [])
    work.look_around()
    for path in paths:
        before = work.done()
        status, taken = browser.ask(path)
        done = work.done() - before
        if status in (200, 422):
            if done > max(found.work, default=0):
                found.slowest = path
            found.taken.append(taken)
            found.work.append(done)
        elif status >= 500:
            raise RuntimeError(f"{path}: {status}")
        else:
            found.refused += 1
    return found


class Work:
    """Tells how much work (ms on a processor) a node and its database have done so far, whatever else the machine is at."""

    def __init__(self, made: node.Node, pid: int) -> None:
        self._made, self._pid = made, pid
        self._pids: list[int] = []
        self.look_around()

    def look_around(self) -> None:
        """Find the processes that there are now."""
        self._pids = node.everything(self._made, self._pid)

    def done(self) -> float:
        """Return the work so far."""
        total = 0
        for pid in self._pids:
            for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                try:
                    total += int(task.read_text().split()[0])
                except OSError:
                    continue  # it ended
        return total / 1e6


def of_pages(
    browsers: dict[str, Browser], known: dict[str, Facts], work: Work, times: int, wanted: Sequence[str] = ()
) -> Iterator[tuple[str, str, Time]]:
    """Yield path, reader and time of every page that the reader may look at; of `wanted` ones alone, if any are named."""
    for page in pages():
        for get in page.gets:
            if get.path in _ELSEWHERE or (wanted and get.path not in wanted):
                continue
            for who, browser in browsers.items():
                dice = random.Random(get.path)
                number = times // 4 if get.path in FILES else times
                paths = addresses(get.path, known[who], dice, number)
                if not paths:
                    continue
                browser.ask(paths[0])  # imports, templates, plans
                found = asked(browser, paths, work)
                if found.taken:
                    yield get.path, who, found


def of_searches(browser: Browser, known: Facts, work: Work, times: int) -> Iterator[tuple[str, Time]]:
    """Yield each kind of query with how long its page took, then what is offered while someone types."""
    for kind, queries in searches(known, random.Random(4)).items():
        paths = [
            f"/search?{urlencode({'q': queries[n % len(queries)]})}"
            for n in range(min(times, max(len(queries), 10)))
        ]
        yield kind, asked(browser, paths, work)
    for length in (1, 2, 4, 8):
        paths = [f"/search/suggestions?{urlencode({'q': each[:length]})}" for each in known.values[:times]]
        yield f"suggestions, {length} typed", asked(browser, paths, work)


def together(
    origin: str, tokens: Sequence[str], known: Sequence[Facts], users: int
) -> tuple[Time, list[str], float]:
    """Have so many people look at pages at once, each with a session, none waiting between two; return times, errors and seconds."""
    every = [get.path for page in pages() for get in page.gets if get.path not in (*FILES, *_ELSEWHERE)]
    paths = [path for path in every if addresses(path, known[0], random.Random(0), 1)]
    browsers = [Browser(origin, tokens[n % len(tokens)]) for n in range(users)]
    found, failed, lock = Time([], []), list[str](), threading.Lock()
    start = threading.Barrier(users + 1)

    def look(number: int) -> None:
        dice = random.Random(number)
        mine = [addresses(dice.choice(paths), known[number % len(known)], dice, 1)[0] for _ in range(EACH)]
        start.wait()
        for path in mine:
            try:
                status, taken = browsers[number].ask(path)
            except (OSError, http.client.HTTPException) as error:
                with lock:
                    failed.append(f"{path}: {error!r}")
                return
            with lock:
                found.taken.append(taken)
                if status >= 500 or status == 429:
                    failed.append(f"{path}: {status}")

    threads = [threading.Thread(target=look, args=(n,)) for n in range(users)]
    for each in threads:
        each.start()
    start.wait()
    began = time.perf_counter()
    for each in threads:
        each.join()
    return found, failed, time.perf_counter() - began


def asking_nothing(store: Store, times: int) -> Time:
    """Return how long it takes to ask the database for nothing."""
    taken = []
    with store.connection() as connection:
        for _ in range(times):
            began = time.perf_counter()
            connection.execute("SELECT 1").fetchone()
            taken.append((time.perf_counter() - began) * 1000)
    return Time(taken, [])


def _file() -> str:
    built: dict[str, str] = json.loads(
        (Path(assets.__file__).parent.parent / "static" / "manifest.json").read_text()
    )
    return built["main.js"]


def run(
    objects: int, times: int, only: Sequence[str], wanted: Sequence[str], say: Callable[[str], None]
) -> dict[str, object]:
    """Measure; return the line."""
    made = large_node.kept(objects)
    tokens = large_node.tokens_of(made)
    line: dict[str, object] = {
        "what": f"pages at {objects:,} objects, worst p95 of server time, ms",
        "limit": LIMIT_MS,
    }
    with node.serving(made) as served:
        parts = urlsplit(served.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        work = Work(made, served.pid)
        with Store.open(Settings(home=made.home)) as store:
            known = {name: facts(store, name, random.Random(7)) for name in tokens}
            nothing = asking_nothing(store, 200)
        browsers = {name: Browser(origin, token) for name, token in tokens.items()}
        reader = large_node.READERS[0]
        beside = {
            "/style": asked(browsers[reader], ["/style"] * times, work),
            "a file": asked(browsers[reader], [f"/static/{_file()}"] * times, work),
        }
        for name, found in (*beside.items(), ("SELECT 1", nothing)):
            say(_line(name, found))
        line["peer"] = round(beside["/style"].p95, 1)
        if "pages" in only:
            line |= _pages(of_pages(browsers, known, work, times, wanted), beside["/style"], say)
        if "search" in only:
            found_by = {}
            for name, found in of_searches(browsers[reader], known[reader], work, times):
                say(_line(f"search: {name}", found))
                found_by[name] = [
                    round(each, 1) for each in (found.p50, found.p95, _p50(found.work), found.work_p95)
                ]
            line["search"] = found_by
        if "users" in only:
            found, failed, seconds = together(origin, list(tokens.values()), list(known.values()), USERS)
            say(
                f"{USERS} at once, {len(found.taken)} requests: p50 {found.p50:.0f}, p95 {found.p95:.0f} ms, {len(found.taken) / seconds:.0f} a second, {len(failed)} failed"
            )
            for each in failed[:5]:
                say(f"  {each}")
            line["users"] = {
                "failed": len(failed),
                "p50": round(found.p50),
                "p95": round(found.p95),
                "per_second": round(len(found.taken) / seconds),
            }
    return line


def _pages(
    measured: Iterator[tuple[str, str, Time]], empty: Time, say: Callable[[str], None]
) -> dict[str, object]:
    by_page: dict[str, list[float]] = {}
    for path, who, found in measured:
        refused = f", {found.refused} refused" if found.refused else ""
        slowest = f"  {found.slowest}" if found.work_p95 > LIMIT_MS else ""
        say(f"{_line(path, found)}  {who}{refused}{slowest}")
        by_page[f"{path} {who}"] = [
            round(each, 1) for each in (found.p50, found.p95, _p50(found.work), found.work_p95)
        ]
    shown = {name: each for name, each in by_page.items() if name.split()[0] not in FILES}
    clock = max(shown, key=lambda name: shown[name][1])
    work = max(shown, key=lambda name: shown[name][3])
    over = [sum(each[column] > LIMIT_MS for each in shown.values()) for column in (1, 3)]
    say(
        f"worst by the clock: {clock}, p95 {shown[clock][1]:.0f} ms; of {len(shown)}, {over[0]} over {LIMIT_MS} ms"
    )
    say(f"worst by work: {work}, p95 {shown[work][3]:.0f} ms; {over[1]} over {LIMIT_MS} ms")
    return {
        "ours": shown[clock][1], "worst": clock, "ratio": round(shown[clock][1] / LIMIT_MS, 2), "over": over[0],
        "work": shown[work][3], "worst_work": work, "over_work": over[1], "to_peer": round(shown[work][3] / empty.work_p95, 1), "pages": by_page,
    }  # fmt: skip


def _p50(found: Sequence[float]) -> float:
    return statistics.median(found) if found else 0.0


def _line(name: str, found: Time) -> str:
    work = f"  work p50 {_p50(found.work):6.1f}  p95 {found.work_p95:6.1f} ms" if found.work else ""
    return f"{name:34} p50 {found.p50:7.1f}  p95 {found.p95:7.1f} ms{work}"


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument(
        "--only", nargs="+", default=["pages", "search", "users"], choices=["pages", "search", "users"]
    )
    parser.add_argument("--path", nargs="+", default=[], help="of pages, these alone, such as /map")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    given = parser.parse_args()
    line = run(
        given.objects,
        given.times,
        given.only,
        given.path,
        (lambda _: None) if given.json else lambda text: print(text, flush=True),
    )
    print(json.dumps(line))


if __name__ == "__main__":
    main()
