"""The cyber-observable objects of one record, as they are put together."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from tocsin.errors import FormatError, ParseError
from tocsin.matching.values import normalise
from tocsin.stix import Object, canonical, parse
from tocsin.stix.deterministic import sco_id

NAMESPACE: Final = uuid.UUID("6c1f9a0e-52f7-5b0e-9d53-2f1f7a9f5d11")
"""Ids of observed-data are UUIDv5 in this namespace over the record's bytes and place, so that reading a log again makes nothing new."""


class Graph:
    """The objects of one record, by id; equal ones are one."""

    def __init__(self, facts: Mapping[str, Sequence[str]], salt: str, markings: Sequence[str] = ()) -> None:
        """Begin with nothing; `salt` makes the ids of objects that have no identity of their own (processes)."""
        self.objects: dict[str, Object] = {}
        self._facts = facts
        self._salt = salt
        self._markings = list(markings)

    def add(self, kind: str, slot: str = "", **properties: Any) -> str | None:
        """Add an object with those of the properties that are there; return its id, or None if there is none or STIX does not allow it."""
        data = {name: value for name, value in properties.items() if value not in (None, "", [], {})}
        if not data:
            return None
        data = {"type": kind, "spec_version": "2.1", **data}
        return self._keep(kind, slot, data)

    def _keep(self, kind: str, slot: str, data: dict[str, Any]) -> str | None:
        try:
            data["id"] = sco_id(data) or f"{kind}--{_random(f'{self._salt}|{kind}|{slot}')}"
            if self._markings:
                data["object_marking_refs"] = self._markings
            made = parse(canonical(data))
        except (
            ParseError
        ):  # a log may hold what STIX has rules against, such as a registry hive that does not exist
            return None
        self.objects.setdefault(made.id, made)
        return made.id

    def first(self, name: str) -> str | None:
        """Return the first value of a fact."""
        return next(iter(self._facts.get(name, ())), None)

    def number(self, name: str) -> int | None:
        """Return the first value of a fact as a number that JSON readers hold exactly."""
        text = self.first(name)
        return int(text) if text is not None and int(text) < 2**53 else None

    def every(self, name: str) -> Sequence[str]:
        """Return all values of a fact."""
        return self._facts.get(name, ())

    def address(self, value: str | None) -> str | None:
        """Add an address."""
        return None if value is None else self.add("ipv6-addr" if ":" in value else "ipv4-addr", value=value)


class Sketch(Graph):
    """The same objects for whoever only looks at them: neither checked nor written, with ids that hold within the record."""

    def __init__(self, facts: Mapping[str, Sequence[str]]) -> None:
        """Begin with nothing."""
        super().__init__(facts, "")
        self.found: dict[str, dict[str, Any]] = {}

    def _keep(self, kind: str, slot: str, data: dict[str, Any]) -> str:
        if (
            kind == "domain-name" and not data["value"].isascii()
        ):  # patterns are compared with one of its two forms
            with suppress(FormatError):
                data["value"] = normalise("domain", data["value"])
        # a process is itself alone; whatever else is equal is one
        name = f"{slot}|{kind}" if kind == "process" else f"{kind}|{_written(data)}"
        self.found.setdefault(name, data)
        return name


def _written(data: dict[str, Any]) -> str:
    try:
        return str(msgspec.json.encode(data), "utf-8")
    except UnicodeEncodeError:  # half a character
        return repr(data)


def _random(salt: str) -> uuid.UUID:
    """Return a UUIDv4, which section 2.9 asks for where nothing identifies an object; the same for the same record, so that it is made once."""
    digest = hashlib.sha256(NAMESPACE.bytes + salt.encode("utf-8", "surrogateescape")).digest()
    return uuid.UUID(bytes=digest[:16], version=4)
