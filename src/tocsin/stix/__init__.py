"""STIX 2.1: the model, its rules, canonical bytes, patterns and markings."""

from tocsin.stix.canonical import canonical
from tocsin.stix.deterministic import sco_id
from tocsin.stix.issues import Issue
from tocsin.stix.parse import DEFAULT, InvalidObjectError, Limits, Object, parse
from tocsin.stix.validation import validate

__all__ = [
    "DEFAULT",
    "InvalidObjectError",
    "Issue",
    "Limits",
    "Object",
    "canonical",
    "parse",
    "sco_id",
    "validate",
]
