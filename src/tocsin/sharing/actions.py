"""What decisions are about, beside who and what."""

from __future__ import annotations

ACTIONS = {
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
"""Every action of the policies' schema, in words."""

FORMS = ("receive", "receive_redacted", "receive_minimised")
"""The forms in which an object may go, the fullest first: who may not have one may still have the next."""
