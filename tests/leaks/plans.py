"""What is asked of every route: the table must have an entry for each route of the application."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from urllib.parse import quote

from factories import indicator, version
from leaks import page_plans
from leaks.hidden import HIDDEN_IDS, HIDDEN_PROPOSAL, POSTING
from leaks.plan import Plan
from leaks.world import HOUR, INNER_ID, MIRROR_ID, OPEN_ID, PROPOSAL, START, VISIBLE_IDS, WORD
from tocsin.clock import to_text

INTEL_ID = uuid.UUID(int=2 << 64)
RANDOM = f"indicator--{uuid.uuid4()}"
RANDOM_ID = uuid.uuid4()
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "BREW")
SEEN_COLLECTIONS = ("intel", "open")
COLLECTIONS = tuple(
    map(
        str,
        (
            *SEEN_COLLECTIONS,
            INTEL_ID,
            OPEN_ID,
            "inner",
            INNER_ID,
            "p0.feed",
            MIRROR_ID,
            "nothing",
            RANDOM_ID,
            *range(6),
        ),
    )
)
"""By alias and by id, seen, hidden and made up; the numbers are those that the store uses inside."""
OBJECTS = (*VISIBLE_IDS, *HIDDEN_IDS, RANDOM, "indicator--", "x" * 300, "%00", "%2e%2e")
STATUSES = (str(POSTING), str(uuid.uuid4()), "1", "nonsense")

FORMATS = ("plain", "csv", "paloalto", "rpz", "zeek", "yara", "sigma", "nothing", "%00")
HOOKS = (str(uuid.UUID(int=7)), "x", "%00")
"""The first is a webhook of an organisation that FRIEND is not (`hidden`)."""
PROPOSALS = (str(HIDDEN_PROPOSAL), str(PROPOSAL), str(RANDOM_ID), "x", "%00")

_HIDDEN_VERSION = version(1, 20)["modified"]
_SEEN_VERSION = version(1, 5)["modified"]
# at the moments of steps, and between them
_DATES = tuple(quote(to_text(START + HOUR * halves // 2)) for halves in (0, 4, 6, 9, 15, 25, 800))
_IDS = ",".join((HIDDEN_IDS[0], VISIBLE_IDS[0], RANDOM))
_FILTERS = (
    *(f"match[version]={v}" for v in ("all", "first", "last", "first,last", _HIDDEN_VERSION, _SEEN_VERSION)),
    *(f"match[type]={t}" for t in ("indicator", "indicator,malware", "malware", "nonsense", "sighting")),
    *(f"match[id]={i}" for i in (HIDDEN_IDS[0], HIDDEN_IDS[4], VISIBLE_IDS[0], RANDOM, _IDS)),
    *(f"match[id]={indicator(1)['id']}&match[version]={v}" for v in ("all", "first", _HIDDEN_VERSION)),
    f"match[id]={_IDS}&match[type]=indicator&match[version]=all&limit=1",
    *("match[spec_version]=2.1", "match[spec_version]=2.0"),
)
_BAD = (
    *("limit=0", "limit=-1", "limit=x", "limit=1&limit=2", "next=zzz", "next=", "added_after=yesterday", "x=1"),
    *("match[version]=newest", "match[version]=all,last", "match[type]=", "match[id]=a,,b", "match[name]=x"),
    "match[id]=%00",
)  # fmt: skip
PAGING = (
    *("", "limit=1", "limit=3", "limit=1000"),
    *(f"added_after={date}" for date in _DATES),
    *(f"added_after={date}&limit=2&match[version]=all" for date in _DATES),
    # cursors of hidden rows are as good as any other number
    *(f"next=n{START + HOUR * hours + step:x}&limit=2" for hours in (1, 3, 5) for step in (0, 1, 5)),
)
OF_COLLECTION = (*PAGING, *_FILTERS, *_BAD)
OF_OBJECT = ("", "match[version]=all", f"match[version]={_HIDDEN_VERSION}", "match[spec_version]=2.0")

ALERTS = (str(uuid.UUID(int=9)), "x", "%00")
"""The first is an alert, and a suppression, of the node's own organisation (`hidden`)."""


_FREE, _REFUSED = {200}, {401}
_ONE = "/taxii2/node/collections/{collection}"
_API_OBJECT = "/api/v1/objects/{object}"
_API_PROPOSAL = "/api/v1/proposals/{proposal}"
_API_HOOK = "/api/v1/webhooks/{webhook}"
_ABOUT = ("organisations", "communities", "agreements", "status")
_TERMS = (
    *(
        "",
        "d5.example.com",
        "example.com",
        "d*",
        f"{WORD}",
        f"{WORD}*",
        "-indicator",
        "known.example",
        "0.0.0.0/0",
    ),
    *(
        "type:indicator",
        "type:malware,sighting",
        "tlp:red",
        "tlp:green,clear",
        "source:Own",
        "source:Stranger",
        "source:Friend",
    ),
    *(
        "collection:intel",
        "collection:inner",
        "collection:nothing",
        "after:2026-01-05",
        "before:2026-01-05",
        "confidence:>=0",
    ),
    *(
        "revoked:yes",
        HIDDEN_IDS[0],
        f"refers:{HIDDEN_IDS[0]}",
        f"id:{HIDDEN_IDS[4]}",
        VISIBLE_IDS[0],
        "T1059",
        "tlp:x",
    ),
)
SEARCHES = (
    *(f"q={quote(each)}" for each in _TERMS),
    *("q=&limit=1", "q=&limit=3&order=oldest", "limit=0", "cursor=x", "q=a&q=b"),
    *(f"q=&cursor=n{START + HOUR * hours:x}&limit=2" for hours in (1, 3, 5)),
)
LISTINGS = (
    *(
        "",
        "limit=1",
        "limit=500",
        "order=oldest&limit=3",
        "type=indicator",
        "tlp=red",
        "source=Own",
        "collection=inner",
    ),
    *(
        "collection=intel,open",
        "modified_after=2026-01-05",
        "modified_before=2026-01-05",
        "revoked=yes",
        "order=x",
        "limit=x",
    ),
    *("type=nonsense", "tlp=x", "type=X"),
    *(f"cursor=n{START + HOUR * hours:x}&limit=2" for hours in (1, 3, 5)),
)
PLANS = {
    "/healthz": Plan(("",), {200}, _FREE),
    "/readyz": Plan(("",), {200}, _FREE),
    "/metrics": Plan(("",), {403}, _REFUSED),
    "/claim": Plan(("",), {405}, {405}),
    "/taxii2": Plan(("", "x=1"), {200}, _REFUSED),
    "/taxii2/node": Plan(("", "x=1"), {200}, _REFUSED),
    "/taxii2/node/status/{status}": Plan(("",), {404}, _REFUSED),
    "/taxii2/node/collections": Plan(("", "limit=1", "match[id]=x"), {200}, _REFUSED),
    _ONE: Plan(("",), {200, 404}, _REFUSED),
    f"{_ONE}/manifest": Plan(OF_COLLECTION, {200, 400, 404}, _REFUSED),
    f"{_ONE}/objects": Plan(OF_COLLECTION, {200, 400, 404}, _REFUSED),
    f"{_ONE}/objects/{{object}}": Plan(OF_OBJECT, {200, 404}, _REFUSED),
    f"{_ONE}/objects/{{object}}/versions": Plan(("", "limit=1"), {200, 404}, _REFUSED),
    "/api/v1/openapi.json": Plan(("",), {200}, _FREE),
    "/.well-known/security.txt": Plan(("", "x=1"), {200}, _FREE),
    "/api/v1/search": Plan(SEARCHES, {200, 400, 422}, _REFUSED),
    "/api/v1/search/counts": Plan(SEARCHES, {200, 400, 422}, _REFUSED),
    "/api/v1/suggestions": Plan(
        tuple(f"q={each}" for each in ("d", "d5", "secret", "known", "x", "%00", "")), {200}, _REFUSED
    ),
    "/api/v1/objects": Plan(LISTINGS, {200, 400, 422}, _REFUSED),
    _API_OBJECT: Plan(("", "x=1"), {200, 400, 404}, _REFUSED),
    f"{_API_OBJECT}/versions": Plan(("",), {200, 404}, _REFUSED),
    f"{_API_OBJECT}/relations": Plan(("", "limit=1"), {200}, _REFUSED),
    f"{_API_OBJECT}/sightings": Plan(("", "limit=1"), {200}, _REFUSED),
    f"{_API_OBJECT}/assertions": Plan(("",), {200, 404}, _REFUSED),
    f"{_API_OBJECT}/receipts": Plan(("", "x=1"), {403}, _REFUSED),
    f"{_API_OBJECT}/explanation": Plan(("", "recipient=Friend", "recipient=Own"), {403}, _REFUSED),
    f"{_API_OBJECT}/notes": Plan(("",), {405}, {405}),
    f"{_API_OBJECT}/opinions": Plan(("",), {405}, {405}),
    "/api/v1/proposals": Plan(
        ("", "status=open", "status=expired", "limit=1", "limit=0", "status=x", "cursor=x", "x=1"),
        {200, 400},
        _REFUSED,
    ),
    _API_PROPOSAL: Plan(("", "x=1"), {200, 400, 404}, _REFUSED),
    f"{_API_PROPOSAL}/acceptance": Plan(("",), {405}, {405}),
    f"{_API_PROPOSAL}/rejection": Plan(("",), {405}, {405}),
    "/api/v1/search/feed": Plan(SEARCHES, {200, 400, 422}, _REFUSED),
    "/api/v1/webhooks": Plan(("", "x=1"), {200, 400}, _REFUSED),
    _API_HOOK: Plan(("",), {405}, {405}),
    f"{_API_HOOK}/deliveries": Plan(("", "limit=1"), {404}, _REFUSED),
    f"{_API_HOOK}/rotation": Plan(("",), {405}, {405}),
    f"{_API_HOOK}/deliveries/{{delivery}}/replay": Plan(("",), {405}, {405}),
    "/api/v1/alerts": Plan(("", "limit=1", "status=new", "status=x", "cursor=x"), {403}, _REFUSED),
    "/api/v1/alerts/{alert}": Plan(("", "hits=1"), {403}, _REFUSED),
    "/api/v1/alerts/{alert}/status": Plan(("",), {405}, {405}),
    "/api/v1/suppressions": Plan(("", "x=1"), {403}, _REFUSED),
    "/api/v1/suppressions/{suppression}": Plan(("",), {405}, {405}),
    "/api/v1/events": Plan(
        ("", "cursor=n1&wait=0", "cursor=n1&q=indicator", "q=type:indicator", "cursor=x"),
        {200, 400},
        _REFUSED,
    ),
    "/api/v1/outputs": Plan(("", "x=1"), {200, 400}, _REFUSED),
    "/api/v1/outputs/{format}": Plan(page_plans.HOLDINGS, {200, 400, 404, 422}, _REFUSED),
    **{f"/api/v1/{each}": Plan(("", "x=1"), {200, 400}, _REFUSED) for each in _ABOUT},
    **{
        f"/api/v1/{each}": Plan(("", "limit=1"), {403}, _REFUSED) for each in ("peers", "policies", "journal")
    },
    **page_plans.PLANS,
}
"""What each route is asked, by its path without the last slash."""
UNROUTED = ("/taxii2/other/", "/taxii2/node/nothing", "/journal", "/openapi.json", "/docs", "/administrator")


def paths(template: str) -> Iterator[str]:
    """Yield a route's path with every value for its parameters, without query.

    Raises:
        KeyError: it has a parameter that nobody has thought of.
    """
    names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    known = {
        "collection": COLLECTIONS,
        "object": OBJECTS,
        "status": STATUSES,
        "webhook": HOOKS,
        "delivery": HOOKS,
        **page_plans.PARAMETERS,
        "proposal": PROPOSALS,
        "alert": ALERTS,
        "suppression": ALERTS,
        "format": FORMATS,
    }
    for values in itertools.product(*(known[name] for name in names)):
        given = dict(zip(names, values, strict=True))
        # objects of collections that are not there at all: a few of each kind say enough
        elsewhere = given.get("collection") not in SEEN_COLLECTIONS
        if elsewhere and given.get("object", RANDOM) not in {VISIBLE_IDS[0], HIDDEN_IDS[0], RANDOM}:
            continue
        path = template
        for name, value in given.items():
            path = path.replace(f"{{{name}}}", value)
        yield path


def requests(template: str) -> Iterator[str]:
    """Yield everything that a route is asked by GET: each path with and without its slash, each query on paths that exist."""
    for path in paths(template):
        yield path
        for query in PLANS[template].queries:
            seen = "{collection}" not in template or path.split("/")[4] in SEEN_COLLECTIONS
            if seen or query in ("", "limit=1", "limit=0"):
                yield f"{path}/?{query}" if query else f"{path}/"
