"""Policies: Cedar files beside this module, validated against their schema before anything is decided.

Every policy carries `@id`, `@title` (in words), `@cite` (where it comes from) and `@change` (what would alter the
outcome). The version of a set is the SHA-256 of its files: decisions made under another version do not count.

Cedar skips a `forbid` that meets an error, which would permit. Two guards: entities are built against the
schema (`entities`), and any diagnostic error denies (`decision.Decider.decide`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import cedarpy
import msgspec

from tocsin.errors import PolicyError
from tocsin.sharing.audience import Organisation
from tocsin.sharing.facts import Facts

_ANNOTATIONS = ("id", "title", "cite", "change")


class Policy(msgspec.Struct, frozen=True):
    """One policy: what people read of it, and the syntax tree that `residual` evaluates."""

    id: str
    title: str
    cite: str
    change: str
    effect: str
    tree: dict[str, Any]


class PolicySet:
    """A validated set of policies, ready to be evaluated."""

    def __init__(self, texts: Mapping[str, str], schema: str) -> None:
        """Take the policy files by name and the schema.

        Raises:
            PolicyError: a policy does not parse, breaks the schema or lacks an annotation; the message names it.
        """
        text = "\n".join(texts[name] for name in sorted(texts))
        self.version = hashlib.sha256(f"{schema}\0{text}".encode()).hexdigest()
        try:
            self.schema = cedarpy.Schema.from_str(schema)
            validation = cedarpy.validate_policies(text, self.schema)
            trees = json.loads(cedarpy.policies_to_json_str(text))
            self.cedar = cedarpy.PolicySet.from_str(text)
        except ValueError as error:
            raise PolicyError(f"the policies do not parse: {error}") from error
        names = {
            key: tree.get("annotations", {}).get("id", key) for key, tree in trees["staticPolicies"].items()
        }
        if not validation.validation_passed:
            raise PolicyError("; ".join(_named(str(error), names) for error in validation.errors))
        if trees.get("templates"):
            raise PolicyError("policy templates are not supported")
        self.policies = {key: _policy(key, tree) for key, tree in trees["staticPolicies"].items()}
        if len({p.id for p in self.policies.values()}) < len(self.policies):
            raise PolicyError("two policies have the same @id")


def _named(message: str, names: Mapping[str, str]) -> str:
    for key in sorted(names, key=len, reverse=True):
        message = message.replace(f"`{key}`", f"`{names[key]}`")
    return message


def _policy(key: str, tree: dict[str, Any]) -> Policy:
    notes = tree.get("annotations", {})
    for name in _ANNOTATIONS:
        if name not in notes:
            raise PolicyError(f"policy {notes.get('id', key)} has no @{name}")
    return Policy(notes["id"], notes["title"], notes["cite"], notes["change"], tree["effect"], tree)


def load(folder: Traversable | None = None) -> PolicySet:
    """Load the policies that come with Tocsin, or those in `folder`.

    Raises:
        PolicyError: see `PolicySet`, or there are none.
    """
    place = folder if folder is not None else files("tocsin.sharing") / "policies"
    texts = {f.name: f.read_text(encoding="utf-8") for f in place.iterdir() if f.name.endswith(".cedar")}
    if not texts:
        raise PolicyError(f"no policies in {place}")
    return PolicySet(texts, (place / "schema.cedarschema").read_text(encoding="utf-8"))


def entities(recipient: Organisation, facts: Facts, schema: cedarpy.Schema) -> cedarpy.Entities:
    """Build the two entities of a request against the schema.

    Raises:
        PolicyError: a fact is missing or of the wrong type.
    """
    document = [
        {
            "uid": {"type": "Organisation", "id": recipient.id},
            "attrs": recipient_facts(recipient),
            "parents": [],
        },
        {
            "uid": {"type": "LabelSet", "id": "label"},
            "attrs": {
                "tlp": facts.tlp,
                "understood": facts.understood,
                "owner": facts.owner,
                "ours": facts.ours,
                "communities": sorted(facts.communities),
                "recipients": sorted(facts.recipients),
            },
            "parents": [],
        },
    ]
    try:
        return cedarpy.Entities.from_json_str(json.dumps(document), schema)
    except ValueError as error:
        raise PolicyError(f"the facts do not fit the schema: {error}") from error


def recipient_facts(recipient: Organisation) -> dict[str, Any]:
    """Return the attributes of entity `Organisation`."""
    return {
        "country": recipient.country,
        "sector": recipient.sector,
        "roles": sorted(recipient.roles),
        "communities": sorted(recipient.communities),
        "client": recipient.client,
        "suspended": recipient.suspended,
        "own": recipient.own,
    }
