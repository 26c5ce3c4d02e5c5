"""What decisions are about, beside who and what."""

from __future__ import annotations

ACTIONS = {
    "receive": "have it",
    "see_metadata": "know of it: id, type, dates",
    "match": "look for it in logs",
    "redistribute": "pass it on",
    "enrich_externally": "ask third parties about it",
    "block": "act against what it names",
    "attribute_source": "tell who it comes from",
    "use_in_proceedings": "use it in proceedings",
}
"""Every action of the policies' schema, in words."""
