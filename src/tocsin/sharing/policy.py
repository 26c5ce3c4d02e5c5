"""Policies: Cedar files beside this module, validated against their schema before anything is decided.

Every policy carries `@id`, `@title` (in words) and `@cite` (where it comes from): explanations are made of them. The version of a
set is the SHA-256 of its files: decisions made under another version do not count.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import cedarpy
import msgspec

from tocsin.errors import PolicyError

_ANNOTATIONS = ("id", "title", "cite")
_SCHEMA = "schema.cedarschema"
_NUMBERED = re.compile(r"\[(?P<key>\w+)\] (?:for policy `(?P=key)`[,:]? ?)?(?P<reason>.*)", re.DOTALL)


class Policy(msgspec.Struct, frozen=True):
    """One policy: what people read of it, and the syntax tree that `compiled` evaluates.

    Attributes:
        id: stable name, unique in its set.
        title: what it says, in words.
        cite: where that comes from.
        effect: "permit" or "forbid".
        tree: the policy in Cedar's JSON form.
    """

    id: str
    title: str
    cite: str
    effect: str
    tree: dict[str, Any]


class PolicySet:
    """A validated set of policies, ready to be evaluated.

    Attributes:
        version: SHA-256 of schema and files, in hex.
        policies: the policies by the name Cedar gives them in its answers.
        cedar, schema: the same for Cedar, parsed once.
    """

    def __init__(self, texts: Mapping[str, str], schema: str) -> None:
        """Take the policy files by name and the schema.

        Raises:
            PolicyError: a policy does not parse, breaks the schema or lacks an annotation; the message names it.
        """
        self.version = _version(texts, schema)
        self.schema = _parsed(_SCHEMA, schema)
        for name in sorted(texts):
            _trees(name, texts[name])  # alone, so that the error names the file
        text = "\n".join(texts[name] for name in sorted(texts))
        trees = _trees("the policies", text)
        _validate(text, trees, self.schema)
        self.policies = {key: _policy(key, tree) for key, tree in trees.items()}
        seen: set[str] = set()
        for policy in self.policies.values():
            if policy.id in seen:
                raise PolicyError(f"two policies have the @id {policy.id}")
            seen.add(policy.id)
        self.cedar = cedarpy.PolicySet.from_str(text)


def load(folder: Traversable | None = None, own: Mapping[str, str] | None = None) -> PolicySet:
    """Load the policies that come with Tocsin, or those in `folder`, and an organisation's own.

    Args:
        folder: where they are.
        own: further policies by file name. They may only narrow: each is a `forbid`.

    Raises:
        PolicyError: see `PolicySet`; or files are missing or cannot be read; or an own policy permits.
    """
    place = folder if folder is not None else files("tocsin.sharing") / "policies"
    try:
        texts = {f.name: f.read_text(encoding="utf-8") for f in place.iterdir() if f.name.endswith(".cedar")}
        schema = (place / _SCHEMA).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"the policies in {place} cannot be read: {error}") from error
    if not texts:
        raise PolicyError(f"no policies in {place}")
    for name, text in (own or {}).items():
        for key, tree in _trees(name, text).items():
            if tree["effect"] != "forbid":
                policy = tree.get("annotations", {}).get("id", key)
                raise PolicyError(
                    f"{name}: policy {policy} permits",
                    hint="policies of your own can only forbid: they narrow what TLP allows",
                )
        texts[f"own/{name}"] = text
    return PolicySet(texts, schema)


def _version(texts: Mapping[str, str], schema: str) -> str:
    digest = hashlib.sha256()
    for name, text in [(_SCHEMA, schema), *sorted(texts.items())]:
        for part in (name, text):  # with lengths: no two sets of files run together into the same bytes
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def _parsed(name: str, schema: str) -> cedarpy.Schema:
    try:
        return cedarpy.Schema.from_str(schema)
    except ValueError as error:
        raise PolicyError(f"{name} does not parse: {error}") from error


def _trees(name: str, text: str) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(cedarpy.policies_to_json_str(text))
    except ValueError as error:
        raise PolicyError(f"{name} does not parse: {error}") from error
    if found.get("templates"):
        raise PolicyError(f"{name}: policy templates are not supported")
    trees: dict[str, dict[str, Any]] = found["staticPolicies"]
    return trees


def _validate(text: str, trees: Mapping[str, dict[str, Any]], schema: cedarpy.Schema) -> None:
    validation = cedarpy.validate_policies(text, schema)
    if validation.validation_passed:
        return
    names = {key: tree.get("annotations", {}).get("id", key) for key, tree in trees.items()}
    reasons = "; ".join(_named(str(error), names) for error in validation.errors)
    raise PolicyError(f"the policies break their schema: {reasons}")


def _named(error: str, names: Mapping[str, str]) -> str:
    """Write a policy's own @id where Cedar writes its number: `[policy0] for policy `policy0`, ...`."""
    found = _NUMBERED.match(error)
    if found is None:
        return error
    return f"policy {names.get(found['key'], found['key'])}: {found['reason']}"


def _policy(key: str, tree: dict[str, Any]) -> Policy:
    notes = tree.get("annotations", {})
    for name in _ANNOTATIONS:
        if not notes.get(name):
            raise PolicyError(f"policy {notes.get('id', key)} has no @{name}")
    return Policy(notes["id"], notes["title"], notes["cite"], tree["effect"], tree)
