"""The values of `sharing`: none can be changed once it is made, and what is left out of one is said here.

A default is a decision, too: that nobody may do more where something was not said is read here, in one place.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Any, get_args

import msgspec
import pytest

from tocsin import sharing
from tocsin.law.model import Instrument
from tocsin.law.transfer import GROUNDS
from tocsin.sharing import policy
from tocsin.sharing.actions import ACTIONS, FORMS
from tocsin.sharing.agreements import INSTRUMENTS, USES
from tocsin.sharing.audience import TRUST
from tocsin.sharing.facts import CURRENT, EMBARGOED, EXPIRED, NO_PAP, NO_TLP, PAP_WORDS, TLP_WORDS
from tocsin.stix.sensitive import SENSITIVE

NONE: frozenset[str] = frozenset()
# what policies are asked about is always said whole, by `facts_of`; a test may leave out what is most ordinary
FACTS = {
    "pap": "unsaid",
    "timing": "current",
    **dict.fromkeys(("countries", "circles", "reserved_for", "professions", "holds", "barred"), NONE),
    **dict.fromkeys(("limited", "no_regulators", "no_law_enforcement", "hide_source", "circled"), False),
    **dict.fromkeys(("reserved", "professional", "encrypted", "personal", "consented"), False),
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "agreements.Terms": {"permitted": None, "closed": False},
    "agreements.Party": {"gone": None, "notified": None},
    "agreements.Agreement": {
        **dict.fromkeys(("ends", "withdrawn", "permitted"), None),
        "notify": False,
        "transfer": "",
        "law": "",
        "parties": (),
        "closed": False,
    },
    # of a country that nobody knows, without a ground for a transfer
    "audience.Organisation": {
        **dict.fromkeys(("country", "sector", "embargoed", "ground"), ""),
        **dict.fromkeys(("roles", "communities", "lapsed", "assurances"), ()),
        "client": False,
        "suspended": False,
        "own": False,
        "trust": "known",
        "transfer": "unknown",
        "encrypted": True,
    },
    "decision._Verdicts": {"epoch": -1, "done": 0, "allowed": []},
    "explain.Explanation": {"form": ""},
    "facts.Facts": FACTS,
    "labels.Label": {"communities": (), "recipients": (), "assumed": None, "holds": (), "rests": ()},
    "oracle.Decision": {"errors": ()},
    "redaction.plans.Plan": {
        "keep": {},
        "references": (),
        "needs": (),
        "named": False,
        "personal": False,
        "dated": True,
    },
    "tables.Case": {
        **dict.fromkeys(("markings", "communities", "to", "holds"), ()),
        "handling": {},
        "facts": {},
        "assumed": None,
        "agreed": None,
        "owner": "own",
        "recipient": "peer",
        "action": "receive",
    },
    "tables.Table": {"about": ""},
    "tables._Agreed": {"permit": None, "closed": False},
    # a peer of another country, to which data may go
    "tables._Recipient": {
        **dict.fromkeys(("sector", "embargoed"), ""),
        **dict.fromkeys(("roles", "communities", "assurances"), ()),
        "country": "XB",
        "client": False,
        "suspended": False,
        "trust": "known",
        "transfer": "adequacy",
        "encrypted": True,
    },
    "wording.Case": {"labels": {}},
}
MUTABLE = {"decision._Verdicts", "tables._Recipient", "tables._Agreed"}  # none leaves its module
FOUND = {
    f"{module.name.removeprefix('tocsin.sharing.')}.{name}": each
    for module in pkgutil.walk_packages(sharing.__path__, "tocsin.sharing.")
    for name, each in vars(importlib.import_module(module.name)).items()
    if isinstance(each, type) and issubclass(each, msgspec.Struct) and each.__module__ == module.name
}
SCHEMA = (policy.files("tocsin.sharing") / "policies" / "schema.cedarschema").read_text(encoding="utf-8")


def enumeration(name: str) -> set[str]:
    """The words that policies know of a kind."""
    (words,) = re.findall(rf"entity {name} enum \[([^]]*)\]", SCHEMA)
    return set(re.findall(r'"([^"]*)"', words))


@pytest.mark.parametrize("name", sorted(FOUND.keys() - MUTABLE))
def test_no_value_changes(name: str) -> None:
    config = FOUND[name].__struct_config__
    assert config.frozen, name


@pytest.mark.parametrize("name", sorted(FOUND))
def test_what_is_left_out(name: str) -> None:
    defaults = {
        field.name: field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        for field in msgspec.structs.fields(FOUND[name])
        if not field.required
    }
    assert defaults == DEFAULTS.get(name, {})


def test_policies_know_the_words_that_are_used() -> None:
    assert enumeration("Trust") == set(TRUST)
    assert enumeration("Transfer") == set(GROUNDS)
    assert enumeration("Use") == set(USES)
    assert enumeration("Kind") == set(SENSITIVE)
    assert enumeration("Tlp") == {NO_TLP, *TLP_WORDS.values()}
    assert enumeration("Pap") == {NO_PAP, *PAP_WORDS.values()}
    assert enumeration("Timing") == {EMBARGOED, CURRENT, EXPIRED}


def test_agreements_can_contain_what_law_asks_for() -> None:
    assert set(INSTRUMENTS) == set(get_args(Instrument)) < set(GROUNDS)


def test_every_action_is_told_in_words() -> None:
    """As they go on from "it may": read on pages and by `tocsin explain`."""
    assert ACTIONS == {
        "receive": "have it",
        "receive_redacted": "have a form of it without its source, victims, names and free text",
        "receive_minimised": "have a form of it without personal data as well",
        "see_metadata": "know of it: id, type, dates",
        "match": "look for it in logs",
        "redistribute": "pass it on",
        "enrich_externally": "ask third parties about it",
        "block": "act against what it names",
        "attribute_source": "tell who it comes from",
        "use_in_proceedings": "use it in proceedings",
    }
    assert set(USES) < ACTIONS.keys()
    assert tuple(ACTIONS)[:3] == FORMS
