"""Sigma rules of others: an archive with one file a rule, so that one which a tool cannot read does not take the others with it.

`action: global` (Sigma rule collections) would change every rule that follows, so it is not carried; nor are files of several documents.
The archive is the same bytes for the same rules: its files bear no date.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.plugin import Item, Output

_LONGEST = 256 * 1024
_NEEDED = ("title", "logsource", "detection")
_KEY = re.compile(r"^([A-Za-z_][A-Za-z0-9_-]*|'[^'\n]*'|\"[^\"\n]*\")[ ]*:", re.MULTILINE)
_BREAK = re.compile(r"^(?:---|\.\.\.)", re.MULTILINE)
_DATE = (1980, 1, 1, 0, 0, 0)
_ID = re.compile(r"indicator--([0-9a-f-]{36})")


def _fits(item: Item) -> bool:
    text = _text(item)
    if (
        len(text) > _LONGEST
        or _BREAK.search(text)
        or any(not (s.isprintable() or s in "\n\r\t") for s in text)
    ):
        return False
    keys = {found[1].strip("'\"").lower() for found in _KEY.finditer(text)}
    return keys.issuperset(_NEEDED) and "action" not in keys


def _text(item: Item) -> str:
    return item.value.strip().removeprefix("---").strip("\r\n") + "\n"


def _name(item: Item) -> str:
    found = _ID.fullmatch(item.indicator)
    digest = hashlib.sha256(item.value.encode()).hexdigest()[:12]
    return f"{found[1]}-{digest}.yml" if found else f"{digest}.yml"


def _write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield f"# {_name(item)}\n---\n{_text(item)}"


def _pack(items: Iterable[Item]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for item in items:
            entry = zipfile.ZipInfo(_name(item), _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, _text(item))
    return made.getvalue()


OUTPUT = Output(
    name="sigma",
    summary="Sigma rules of others, one file each in a ZIP archive",
    action="match",
    types=(),
    rules=("sigma",),
    media_type="application/zip",
    suffix=".zip",
    capacity=10_000,
    fits=_fits,
    write=_write,
    pack=_pack,
)
