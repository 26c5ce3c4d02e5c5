"""Query strings to selections: what is well formed is read, what is not is refused and named."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tocsin.clock import to_text
from tocsin.server.problems import RequestError
from tocsin.server.taxii import query
from tocsin.store.values import PageQuery

COLLECTION = uuid.UUID(int=7)
DAY = 1_767_225_600_000_000  # 2026-01-01


def read(text: str, fields=query.OF_COLLECTION, **more) -> PageQuery:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": text.encode(), "headers": []}
    return query.read(Request(scope), COLLECTION, fields=fields, page_size=100, **more)


def test_nothing_asked_for_is_the_latest_of_everything() -> None:
    assert read("") == PageQuery(COLLECTION, after=-1, limit=100, versions=("last",))


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("limit=1", {"limit": 1}),
        ("limit=99999999999", {"limit": 100}),
        ("added_after=2026-01-01T00:00:00Z", {"after": DAY}),
        ("added_after=2026-01-01T00:00:00.5Z", {"after": DAY + 500_000}),
        ("added_after=2026-01-01T00:00:00.000001Z", {"after": DAY + 1}),
        ("added_after=2026-01-01T00:00:00.000001999Z", {"after": DAY + 1}),
        ("added_after=1901-01-01T00:00:00Z", {"after": -1}),
        ("match[type]=indicator,malware,indicator", {"types": ("indicator", "malware")}),
        ("match%5Btype%5D=x_y-Z", {"types": ("x_y-Z",)}),
        ("match[id]=a--1,b--2", {"ids": ("a--1", "b--2")}),
        ("match[version]=all", {"versions": ("all",)}),
        ("match[version]=first,2026-01-01T00:00:00.000Z,last", {"versions": ("first", DAY, "last")}),
        ("match[spec_version]=2.0,2.1", {"spec_versions": ("2.0", "2.1")}),
        ("foo=1&foo=2&_=1700000000", {}),
        (
            "match[type]=a&match[version]=all&limit=3&added_after=2026-01-01T00:00:00Z",
            {"types": ("a",), "versions": ("all",), "limit": 3, "after": DAY},
        ),
    ],
)
def test_what_is_well_formed(text: str, change: dict) -> None:
    plain = {"after": -1, "limit": 100, "versions": ("last",)}
    assert read(text) == PageQuery(COLLECTION, **(plain | change))


@pytest.mark.parametrize(
    "text",
    [
        "limit=0", "limit=-1", "limit=+1", "limit=1.5", "limit=x", "limit=", "limit=%C2%B2", "limit=1&limit=1", "limit=" + "9" * 50,
        "added_after=", "added_after=yesterday", "added_after=2026-01-01", "added_after=2026-13-01T00:00:00Z",
        "added_after=2026-01-01T00:00:00", "added_after=2026-01-01T00:00:00+00:00", "added_after=2026-01-01T00:00:00Z,2026-01-02T00:00:00Z",
        "added_after=2026-01-01T00:00:00Z&added_after=2026-01-01T00:00:00Z",
        "next=", "next=zzz", "next=n", "next=nG", "next=1", "next=n1%00", "next=" + "n" + "f" * 17,
        "match[version]=newest", "match[version]=", "match[version]=all,last", "match[version]=last,last", "match[version]=first,first",
        "match[version]=2026-01-01T00:00:00Z,2026-01-01T00:00:00.000Z", "match[version]=last,", "match[version]=2026-01-01",
        "match[type]=", "match[type]=a,,b", "match[type]=a b", "match[type]=%00", "match[type]=a&match[type]=b",
        "match[id]=", "match[id]=,", "match[id]=a%00", "match[id]=" + ",".join("x" * 1001),
        "match[spec_version]=", "match[spec_version]=two", "match[spec_version]=2", "match[spec_version]=2.1.0",
        "match[name]=x", "match[types]=x", "match=x", "match[]=x", "match[type=x",
    ],
)  # fmt: skip
def test_what_is_malformed_is_named(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(text)
    assert caught.value.status == 400
    assert re.split(r"[\[=]", text)[0] in str(caught.value)


def test_each_endpoint_has_its_own_fields() -> None:
    assert read("match[version]=all", query.OF_OBJECT, object_id="a--1").ids == ("a--1",)
    for fields in (query.OF_OBJECT, query.OF_VERSIONS):
        with pytest.raises(RequestError):
            read("match[id]=a--1", fields, object_id="a--1")
    with pytest.raises(RequestError):
        read("match[version]=all", query.OF_VERSIONS)
    for paging in ("limit=1", "next=n1", "added_after=2026-01-01T00:00:00Z"):
        with pytest.raises(RequestError):
            read(paging, query.OF_OBJECT, paging=False)


@given(st.integers(0, 253402300799999999))
def test_next_and_the_date_of_the_last_object_mean_the_same(cursor: int) -> None:
    assert read(f"next={query.next_token(cursor)}").after == cursor
    assert read(f"added_after={to_text(cursor)}").after == cursor


@given(st.text(max_size=40))
def test_no_next_value_gets_behind_the_end_of_time(text: str) -> None:
    try:
        found = read(f"next=n{text}".replace("&", "").replace("#", ""))
    except (RequestError, UnicodeEncodeError):
        return
    to_text(found.after)
