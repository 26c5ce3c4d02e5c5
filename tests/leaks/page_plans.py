"""What is asked of the pages, as a browser with a session does. Strangers are sent to sign in."""

from __future__ import annotations

from urllib.parse import quote

from leaks.hidden import HIDDEN_IDS
from leaks.plan import Plan
from leaks.world import INNER_ID, VISIBLE_IDS, WORD

_FREE, _AWAY, _WRITTEN = {200}, {303}, {405}
_POSTED = Plan(("",), _WRITTEN, _WRITTEN)
_OBJECT = "/objects/{object}"
_QUERIES = (
    "",
    "type:indicator",
    "tlp:red",
    "source:Stranger",
    "collection:inner",
    WORD,
    f"{WORD}*",
    HIDDEN_IDS[0],
    VISIBLE_IDS[0],
    f"refers:{HIDDEN_IDS[0]}",
)
_SEARCHES = (*(f"q={quote(each)}" for each in _QUERIES), "q=&order=oldest", "q=&cursor=n1", "q=type:X", "x=1")
_PASTED = (
    "",
    "d",
    "d5.example.com",
    "d5[.]example[.]com",
    "hidden.example",
    WORD,
    "known",
    "198.51.100.7",
    HIDDEN_IDS[0],
)

_GRAPHS = (
    *(f"from={each}&depth={depth}" for each in (*VISIBLE_IDS, *HIDDEN_IDS[:20]) for depth in (1, 3)),
    f"from={VISIBLE_IDS[0]},{HIDDEN_IDS[0]}",
    f"from={VISIBLE_IDS[0]}&to={VISIBLE_IDS[1]}",
    f"from={VISIBLE_IDS[0]}&to={HIDDEN_IDS[0]}",
    *(f"q={quote(each)}" for each in _QUERIES),
    f"from={VISIBLE_IDS[0]}&type=indicator&after=2026-01-01&before=2027-01-01&all=yes&page=2",
    f"from={VISIBLE_IDS[0]}&after=x",
    f"from={VISIBLE_IDS[0]}&depth=9",
)
HOLDINGS = (
    *("", "types=hash", "types=md5&limit=2", "types=hash&limit=1&min_confidence=1", "types=domain", "types=x", "limit=-1"),
    *("types=hash&tlp=green", "tlp=clear", "tlp=purple", "collections=intel", "collections=inner"),
    *("collections=nothing", f"collections={INNER_ID}", "community=circle", "community=inner", "community=none"),
    *("collections=open,intel", "min_confidence=101", "x=1"),
)  # fmt: skip
"""What a list is asked to hold."""
PARAMETERS: dict[str, tuple[str, ...]] = {
    "kind": ("indicator", "report", "relation", "json", "x"),
    "hunt": ("nightly", "x", "%00"),
    "file": ("style.css", "manifest.json", "%00", "..", "x"),
    "run": ("00000000-0000-4000-8000-000000000001", "x", "%00"),
}
"""Values for parameters of paths that only pages have."""
PLANS = {
    "": Plan(("", "x=1"), _FREE, _FREE),
    "/about": Plan(("", "x=1"), _FREE, _FREE),
    "/static/{file}": Plan(("",), {404}, {404}),
    "/sign-in": Plan(("", "next=/x"), _FREE, _FREE),
    "/sign-in/link": Plan(("", "code=x"), _FREE, _FREE),
    "/sign-in/second": Plan(("",), _AWAY, _AWAY),
    "/sign-in/return": Plan(("", "state=x&code=x", "error=x"), {404}, {404}),  # there is no provider
    **{f"/sign-in/{part}": _POSTED for part in ("passkey", "passkey/options", "provider")},
    "/sign-out": Plan(("",), _WRITTEN, _WRITTEN),
    "/look": Plan(("", "next=/x"), _FREE, _FREE),
    "/account": Plan(("", "x=1"), _FREE, _AWAY),
    "/account/proof": Plan(("", "next=/x"), _FREE, _AWAY),
    "/account/tokens": Plan(("",), _FREE, _AWAY),
    "/account/passkeys/new": Plan(("",), _FREE, _AWAY),
    **{
        f"/account/{part}": _POSTED
        for part in (
            *("sessions/end", "proof/provider", "proof/passkey", "proof/passkey/options", "passkeys"),
            *("passkeys/options", "passkeys/remove", "app", "app/new", "app/remove", "app/recovery"),
            *("identities", "identities/remove", "tokens/revoke"),
        )
    },
    "/search": Plan(_SEARCHES, {200, 400, 422}, _AWAY),
    "/search/suggestions": Plan(("q=d", "q=secret", "q=known"), _FREE, _AWAY),
    "/search/why": Plan(
        (
            *(
                f"object={each}&q={quote(q)}"
                for each in (*VISIBLE_IDS[:3], *HIDDEN_IDS[:5])
                for q in _QUERIES
            ),
            "q=x",
            "object=%00",
        ),
        {200, 400, 404},
        _AWAY,
    ),
    "/search/export": Plan(
        (*(f"format={each}&q={quote(q)}" for each in ("stix", "csv", "values", "x") for q in _QUERIES),),
        {200, 404},
        _AWAY,
    ),
    "/subscriptions": Plan((*(f"q={quote(each)}" for each in _QUERIES), "x=1"), {200, 400}, _AWAY),
    "/subscriptions/hooks/{webhook}": Plan(("", "cursor=x"), {400, 404}, _AWAY),
    "/subscriptions/act": Plan(("",), _WRITTEN, _WRITTEN),
    "/views": Plan(("", "q=x", "page=graph&q=from%3Dx"), _FREE, _AWAY),
    **{f"/graph{part}": Plan(_GRAPHS, {200, 400, 404, 422}, _AWAY) for part in ("", "/data", "/drawing")},
    "/matrix": Plan(
        (
            "",
            "show=lacking",
            *(f"by={each}" for each in (*VISIBLE_IDS[:5], *HIDDEN_IDS[:10])),
            "show=x",
            "chain=x",
        ),
        {200, 400, 404},
        _AWAY,
    ),
    "/map": Plan(("", "show=seen", "after=2026-01-01", "after=x", "x=1"), {200, 400, 422}, _AWAY),
    "/timeline": Plan(
        (
            *(f"q={quote(each)}&by={by}" for each in _QUERIES for by in ("modified", "added", "seen")),
            "by=created&step=month",
            "q=tlp:x",
            "by=x",
        ),
        {200, 400, 422},
        _AWAY,
    ),
    "/style": Plan(("", "x=1"), _FREE, _FREE),
    "/palette": Plan((*(f"q={quote(each)}" for each in _PASTED), "x=1"), {200, 400}, _AWAY),
    "/arrivals": Plan(
        (
            *("cursor=n1", "cursor=n1&q=tlp:red", f"cursor=n1&q={WORD}", "cursor=x"),
            *(
                "cursor=n1&of=triage",
                "of=triage",
                "of=x",
                "of=hunt",
                "of=hunt&q=%00",
                "of=import&cursor=n1",
                "of=import&q=%00",
            ),
            *(f"of=object&cursor=n1&q={each}" for each in (*VISIBLE_IDS[:3], *HIDDEN_IDS[:5], "%00")),
        ),
        {200, 400, 403, 404},
        _AWAY,
    ),
    "/views/remove": Plan(("",), _WRITTEN, _WRITTEN),
    _OBJECT: Plan(("",), {200, 404}, _AWAY),
    **{f"{_OBJECT}/{part}": Plan(("",), {200, 404}, _AWAY) for part in ("peek", "versions", "sightings")},
    f"{_OBJECT}/relations": Plan(("", "cursor=n1", "cursor=x"), {200, 400, 404}, _AWAY),
    f"{_OBJECT}/sharing": Plan(("",), {403, 404}, _AWAY),
    f"{_OBJECT}/why": Plan(("recipient=Friend", "recipient=Own"), {400, 403, 404}, _AWAY),
    **{
        f"/admin{each}": Plan(("", "x=1"), {403}, _AWAY)
        for each in ("", "/settings", "/figures", "/accounts", "/organisations", "/refused", "/jobs")
    },
    **{
        f"/admin/{each}": Plan(("",), _WRITTEN, _WRITTEN)
        for each in ("accounts/add", "accounts/act", "organisations/add", "organisations/act")
    },
    "/triage": Plan(("", "undo=x"), _FREE, _AWAY),
    "/triage/decide": Plan(("",), _WRITTEN, _WRITTEN),
    "/alerts/{alert}": Plan(("",), {403}, _AWAY),
    "/proposals": Plan(("", "x=1"), _FREE, _AWAY),
    "/proposals/{proposal}": Plan(("",), {200, 404}, _AWAY),
    "/hunts": Plan(("", "x=1"), {403}, _AWAY),
    "/hunts/{hunt}": Plan(("",), {403}, _AWAY),
    "/lists": Plan(("", "x=1"), _FREE, _AWAY),
    "/lists/{format}": Plan(
        (
            *HOLDINGS,
            *(
                f"value={quote(each)}&types={types}"
                for each in _PASTED
                if each
                for types in ("", "domain", "ip")
            ),
        ),
        {200, 400, 404, 422},
        _AWAY,
    ),
    "/write": Plan(("", "x=1"), _FREE, _AWAY),
    "/write/{kind}": Plan(("", "value=x"), {200, 404}, _AWAY),
    **{f"{_OBJECT}/{part}": Plan(("",), {200, 404}, _AWAY) for part in ("change", "say")},
    "/import": Plan(("", "x=1"), _FREE, _AWAY),
    "/import/runs": Plan(("", "x=1"), _FREE, _AWAY),
    "/import/runs/{run}": Plan(("",), {404}, _AWAY),
    **{f"/import/{part}": Plan(("",), _WRITTEN, _WRITTEN) for part in ("text", "keep")},
    **{each: Plan(("", "x=1"), _FREE, _AWAY) for each in ("/sharing", "/sharing/agreements")},
    **{
        f"/sharing/{each}": Plan(("", "x=1"), {403}, _AWAY)
        for each in ("peers", "policies", "policies/change", "released", "explain")
    },
    **{
        f"/sharing/policies/{each}": Plan(("",), _WRITTEN, _WRITTEN)
        for each in ("preview", "propose", "approve")
    },
}
"""What each page is asked, by its path without the last slash."""
