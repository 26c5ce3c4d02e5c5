"""What a recipient would get of an object: shown to the node's own organisation before anything goes."""

from __future__ import annotations

import msgspec

from tocsin.node.clearances import Clearances
from tocsin.sharing.actions import FORMS
from tocsin.sharing.redaction.redactor import Redactor
from tocsin.store import Store, placed, secrets


class Preview(msgspec.Struct, frozen=True):
    """What goes of one placement: `form` is an action of `FORMS`, "" for nothing; `body` the bytes that would go (canonical JSON)."""

    form: str
    body: bytes


def preview(  # noqa: PLR0917 - what it would be made of
    store: Store, clearances: Clearances, recipient: str, label: int, body: bytes, added: int
) -> Preview:
    """Return what `recipient` would get of an object that stands under `label`.

    Raises:
        ForbiddenError: the recipient is not known.
    """
    clearance = clearances.get(recipient)
    form = next((name for name, labels in zip(FORMS, clearance.forms, strict=True) if label in labels), "")
    if form in ("", FORMS[0]):
        return Preview(form, body if form else b"")
    with store.connection() as connection:
        key = secrets.forms_key(connection)
    redactor = Redactor(key, own=clearances.snapshot.own.id, recipient=recipient)
    keep = placed.known(store, redactor.refs(body), clearance)
    made = redactor.redact(body, added=added, minimise=form == FORMS[2], keep=keep)
    return Preview(form if made else "", made or b"")
