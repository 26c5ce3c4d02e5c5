"""What bytes can be part of: tables that compiled code holds as constants."""

from __future__ import annotations

from typing import Final

import numpy as np

HEX: Final = np.full(256, 255, np.uint8)
"""Value of a hexadecimal digit; 255 for other bytes."""
HEX[np.frombuffer(b"0123456789", np.uint8)] = range(10)
HEX[np.frombuffer(b"abcdef", np.uint8)] = range(10, 16)
HEX[np.frombuffer(b"ABCDEF", np.uint8)] = range(10, 16)

WORD: Final = 1
ALNUM: Final = 2
HIGH: Final = 4
MAILBOX: Final = 8
KINDS: Final = np.zeros(256, np.uint8)
"""Which of the four sets above a byte belongs to: of words, letters and digits, beyond ASCII, of plain local parts."""
KINDS[np.frombuffer(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", np.uint8)] = (
    WORD | ALNUM | MAILBOX
)
KINDS[np.frombuffer(b"_-.", np.uint8)] = WORD | MAILBOX
KINDS[ord("+")] = MAILBOX
KINDS[128:] = HIGH

DOT, DASH, AT, COLON, SLASH, BACKSLASH, FEED = (ord(c) for c in ".-@:/\\\n")
