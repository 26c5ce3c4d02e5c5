"""Text that cannot break out of where it stands: lines, cells of CSV, quoted strings of rules.

CSV: RFC 4180; cells that a spreadsheet would take for a formula (OWASP, "CSV Injection") are told by their first sign.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from tocsin.clock import Micros, to_text

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_QUOTED = re.compile(r'["\r\n]')
_SPECIAL = re.compile(r'[",\r\n]')
_LONGEST_NAME = 200
_DAY: Final = 86_400_000  # ms
_LAST: Final = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z: what a timestamp can say


def one_line(text: str) -> str:
    """Return words for people in one line: whatever does not print is a space."""
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())[:_LONGEST_NAME]


def ascii_line(text: str) -> str:
    """Return words for people in printable ASCII without quotes, backslashes, semicolons and other signs that formats use."""
    return re.sub(r"[^A-Za-z0-9 ._:/@()+,-]", "?", one_line(text))


def is_plain(text: str) -> bool:
    """Return whether a value is printable ASCII without spaces: it stands in a line, and in the first column of one, as it is."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text and text[0] not in "#;!"


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would take a cell for a formula."""
    return text.startswith(_FORMULA)


def row(cells: Sequence[str]) -> str:
    """Return a record of CSV with its line end. The caller has seen to it that no cell is a formula."""
    text = ",".join(cells)
    if _QUOTED.search(text) or text.count(",") >= len(cells):
        text = ",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' if _SPECIAL.search(c) else c for c in cells)
    return text + "\n"


def words(text: str) -> str:
    """Return words for people as a cell that no spreadsheet computes."""
    line = one_line(text)
    return f"'{line}" if is_formula(line) else line


def fits_cell(value: str) -> bool:
    """Return whether a value can be a cell as it is: a formula cannot be disarmed without changing it."""
    return value.isprintable() and value == value.strip() and not is_formula(value)


def moment(at: Micros | None) -> str:
    """Return a moment as RFC 3339 with milliseconds; "" for None."""
    if at is None:
        return ""
    day, rest = divmod(max(0, min(at, _LAST)) // 1000, _DAY)
    seconds, thousandths = divmod(rest, 1000)
    return f"{_date(day)}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{thousandths:03}Z"


@lru_cache(maxsize=50_000)
def _date(day: int) -> str:
    return to_text(day * _DAY * 1000)[:10]
