"""Forms of objects that may go where the objects themselves may not (docs/reference/redaction.md)."""

from __future__ import annotations

from tocsin.sharing.redaction.redactor import FORM_EXTENSION, Redactor

__all__ = ["FORM_EXTENSION", "Redactor"]
