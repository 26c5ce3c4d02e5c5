from __future__ import annotations

import pytest

from tocsin.telemetry import MalformedLine, Observation, windows_xml
from tocsin.telemetry.windows_xml import LOG

EVENT = (
    b'<Event><System><EventID>%d</EventID></System><EventData><Data Name="x">%s</Data></EventData></Event>'
)


def _read(data, step=1 << 20):
    return list(LOG.read([data[at : at + step] for at in range(0, len(data), step)], "x"))


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n  ", b'<?xml version="1.0"?>'])
@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_events_anywhere(between, step):
    data = b"<Events>" + between.join(EVENT % (n, b"v") for n in range(3)) + b"</Events>"
    found = _read(data, step)
    assert [dict(each.fields)["EventID"] for each in found] == ["0", "1", "2"]
    assert all(data[each.offset :].startswith(each.raw) for each in found)


def test_rubbish_between_events_is_kept():
    found = _read(EVENT % (1, b"v") + b"evil.example" + EVENT % (2, b"v"))
    assert [type(each) for each in found] == [Observation, MalformedLine, Observation]
    assert found[1].raw == b"evil.example"


@pytest.mark.parametrize(
    "inner",
    [
        b'<!DOCTYPE a [<!ENTITY b "bbbb">]>',
        b"&undefined;",
        b"<unclosed>",
        b"<a>" * 60 + b"</a>" * 60,
        b"<a>x</a>" * 6_000,
    ],
)
def test_hostile_events_are_malformed_and_no_more(inner):
    found = _read(EVENT % (1, inner) + EVENT % (2, b"v"))
    assert isinstance(found[0], MalformedLine)
    assert dict(found[-1].fields)["EventID"] == "2"


def test_an_event_without_end_is_bounded(monkeypatch):
    monkeypatch.setattr(windows_xml, "_LARGEST", 1_000)
    found = _read(b"<Event>" + b"x" * 5_000 + EVENT % (2, b"v"), 100)
    assert sum(isinstance(each, Observation) for each in found) == 1
    assert all(len(each.raw) <= 1_200 for each in found)


def test_references_to_characters_are_looked_through():
    seen = []

    def look(block):
        seen.append(block)
        return []

    list(LOG.read([EVENT % (1, b"evil&#46;example")], "x", look=look))
    assert b"evil.example" in seen[0]


@pytest.mark.parametrize("name", ["a:b:c", "a:b", ":a"])
def test_names_that_namespaces_forbid_are_a_fault_of_their_event(name):
    data = f"<Event><{name}>x</{name}></Event>".encode() + EVENT % (1, b"v")
    (bad, good) = _read(data)
    assert isinstance(bad, MalformedLine)
    assert isinstance(good, Observation)


@pytest.mark.parametrize(
    "inner",
    [
        b'<a xmlns:b="%s" b:c="1"/>',
        b"<a xmlns:b = '%s\"' b:c='1'/>",
        b'<a x="xmlns=" xmlns="%s"><b/></a>',
    ],
)
def test_a_namespace_with_a_long_name_is_refused(inner):
    """A parser writes it before each name in it: 700 kB took four gigabytes."""
    found = _read(EVENT % (1, inner % (b"n" * 2_000)) + EVENT % (2, inner % b"urn:short"))
    assert isinstance(found[0], MalformedLine)
    assert "namespace" in found[0].reason
    assert isinstance(found[1], Observation)


@pytest.mark.parametrize("said", [b"xmlns=&quot;", b"xmlns='", b'# <!-- xmlns="', b"it's xmlns:a = '"])
def test_what_only_says_xmlns_is_no_namespace(said):
    """A comment in a script would hide it from rules, which ask for fields."""
    (found,) = _read(EVENT % (1, said.replace(b"<", b"&lt;") + b"n" * 2_000))
    assert isinstance(found, Observation)
    assert "x" in {name.rpartition(".")[2] for name, _ in found.fields}


def test_a_long_name_is_not_repeated_before_each_of_those_below_it():
    name, values = b"n" * 300_000, b" ".join(b'a%d="1"' % n for n in range(4_000))
    (found,) = _read(b"<Event><%s %s/></Event>" % (name, values))
    assert len(found.fields) == 4_000
    assert sum(len(its) for its, _ in found.fields) < 4_000 * 1_100
