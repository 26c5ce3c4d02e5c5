"""Makes forms of objects: redacted, without source, victims, names, free text and the insides of networks; minimised, also without personal data.

A form is a new object that this node's organisation answers for. Its id, and every id that it refers to and the recipient may not have as
it is, is a token made with a key of the node for this recipient alone: the same each time for the same recipient, and nothing to
anybody else. What a form carries is listed by type (`plans`); nothing is left out because it looks dangerous, all is left out that is
not listed.
"""

from __future__ import annotations

from collections.abc import Container
from hashlib import blake2b
from typing import Any, Final

import msgspec

from tocsin.clock import Micros, to_text
from tocsin.sharing.redaction import patterns, values, victims
from tocsin.sharing.redaction.plans import PLANS, Plan
from tocsin.stix.canonical import encode
from tocsin.stix.validation import TYPES

FORM_EXTENSION: Final = "extension-definition--9b2f8f0e-6d0a-4c58-9a2e-5d1c7a0e3f64"
"""Says of an object that it is a form, and which."""

_REDACTED, _MINIMISED = (
    {FORM_EXTENSION: {"extension_type": "property-extension", "form": form}}
    for form in ("redacted", "minimised")
)
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_PERSON = b"tocsin-form"
_KEY_BYTES = 32
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_TOLD = frozenset(TYPES) - {"identity"}


class Redactor:
    """Makes forms for one recipient."""

    def __init__(self, key: bytes, *, own: str, recipient: str) -> None:
        """Take the node's key, the organisation that runs it, and whom the forms are for.

        Args:
            key: 32 secret bytes.
            own: id of the organisation that answers for the forms.
            recipient: id of the organisation that gets them.

        Raises:
            ValueError: the key is too short to be one.
        """
        if len(key) < _KEY_BYTES:
            raise ValueError(f"a key of {len(key)} bytes; {_KEY_BYTES} are needed")
        self._own = own
        derived = blake2b(recipient.encode(), key=key, person=_PERSON, digest_size=_KEY_BYTES).digest()
        self._keyed = blake2b(key=derived, digest_size=16)

    def token(self, stix_id: str) -> str:
        """Return the id that stands for `stix_id` in forms for this recipient: same type, other UUID."""
        kind, _, _ = stix_id.partition("--")
        keyed = self._keyed.copy()
        keyed.update(stix_id.encode())
        text = keyed.hexdigest()
        # as a random UUID, RFC 9562 section 5.4: version 4, and 10 for the first two bits of the fourth group
        return f"{kind}--{text[:8]}-{text[8:12]}-4{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:]}"

    def refs(self, body: bytes) -> tuple[str, ...]:
        """Return the ids that a form of this object would refer to; the caller says which of them may stay."""
        data = _decode(body)
        plan = PLANS.get(data["type"])
        return (
            () if plan is None else tuple(each for name in plan.references for each in _ids(data.get(name)))
        )

    def redact(self, body: bytes, *, added: Micros, minimise: bool, keep: Container[str]) -> bytes | None:
        """Return the canonical bytes of a form, None where there is none that may go.

        Args:
            body: canonical bytes of an object.
            added: the date added on this node; the form's `modified`.
            minimise: leave personal data out as well.
            keep: ids of objects that the recipient may have as they are.
        """
        data = _decode(body)
        kind = data["type"]
        plan = PLANS.get(kind)
        if plan is None or (minimise and plan.personal):
            return None
        made = self._kept(data, plan, minimise, keep)
        if made is None or (b"victim" in body.lower() and _tells_of_victim(data, made)):
            return None
        made["type"] = kind
        made["spec_version"] = "2.1"
        made["id"] = self.token(data["id"])
        made["extensions"] = _MINIMISED if minimise else _REDACTED
        markings = _markings(data)
        if markings:
            made["object_marking_refs"] = markings
        if plan.dated:
            modified = to_text(added)
            made["created_by_ref"] = self._own
            made["created"] = min(f"{data['created'][:10]}T00:00:00.000000Z", modified)
            made["modified"] = modified
        if plan.named:
            made["name"] = values.published_name(data) or f"{kind} {made['id'][-12:]}"
        return encode(made, fast=True)

    def _kept(
        self, data: dict[str, Any], plan: Plan, minimise: bool, keep: Container[str]
    ) -> dict[str, Any] | None:
        made: dict[str, Any] = {}
        for name, take in plan.keep.items():
            value = data.get(name)
            if value is not None and (kept := take(value)) is not None:
                made[name] = kept
        for name in plan.references:
            if name in data:
                found = self._references(data[name], keep)
                if found:
                    made[name] = found
        kind = data["type"]
        if kind == "indicator" and type(data.get("pattern")) is str:
            made["pattern"] = patterns.pattern(data["pattern"], coarse=minimise)
        elif kind in {"ipv4-addr", "ipv6-addr"}:
            made["value"] = values.network(data["value"], coarse=minimise)
        elif kind == "url":
            made["value"] = values.url(data["value"], coarse=minimise)
        elif (kind == "location" and not made.keys() & {"country", "region"}) or (
            kind == "network-traffic" and not made.keys() & {"src_ref", "dst_ref"}
        ):
            return None
        return None if None in map(made.get, plan.needs) else made

    def _references(self, value: Any, keep: Container[str]) -> Any:
        """Return ids as the recipient knows them.

        Identities are people and victims, and types of one's own have names that might tell: those that it does not know go.
        """
        found = [
            each if each in keep else self.token(each)
            for each in _ids(value)
            if each in keep or each.partition("--")[0] in _TOLD
        ]
        if type(value) is list:
            return found
        return found[0] if found else None


def _ids(value: Any) -> list[str]:
    every = value if type(value) is list else [value]
    return [each for each in every if type(each) is str]


def _tells_of_victim(data: dict[str, Any], made: dict[str, Any]) -> bool:
    words = victims.names(data)
    return any(victims.told(made[name], words) for name in ("pattern", "value") if name in made)


def _markings(data: dict[str, Any]) -> list[str]:
    """Return the markings of an object and of its parts: the form is marked as a whole."""
    found = data.get("object_marking_refs", [])
    parts = [part["marking_ref"] for part in data.get("granular_markings", ()) if "marking_ref" in part]
    return sorted({*found, *parts}) if parts or len(found) > 1 else found
