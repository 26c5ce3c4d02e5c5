"""Codes of an authenticator app (TOTP, RFC 6238) and recovery codes: a second step, never the only one.

A code holds for its 30 seconds and those beside them, and once. Wrong ones in a row make the account wait, longer each time, in the
database and so across processes and restarts: after five, 30 seconds, doubling up to a day, which leaves whoever has
the first step one guess a day at three codes in a million. The secret is kept as it is, as any key that has to be
used must be; who can read the database can do more than that.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

import msgspec
import pyotp

from tocsin.clock import Micros
from tocsin.errors import ConflictError, NotFoundError
from tocsin.store.connection import Connection

_STEP: Micros = 30_000_000
_BESIDE = (-1, 0, 1)  # RFC 6238 section 5.2: clocks differ, and people are slow
_SECRET_BYTES = 20  # RFC 4226 section 4, R6
_FREE = 5
_FIRST_PAUSE: Micros = 30_000_000
_LONGEST_PAUSE: Micros = 86_400_000_000
_RECOVERY = 10
_RECOVERY_BYTES = 10


class Outcome(msgspec.Struct, frozen=True):
    """What became of a code: `method` is `totp` or `recovery` if it held, else ""; `wait`: seconds until another is looked at."""

    method: str
    wait: int = 0


def new_secret() -> str:
    """Return a fresh secret in Base32, as apps take it."""
    return pyotp.random_base32(_SECRET_BYTES * 8 // 5)


def uri(secret: str, account: str, node: str) -> str:
    """Return what an app reads out of the picture (Key Uri Format)."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=node)


def enrol(connection: Connection, account: str, secret: str, code: str, *, now: Micros) -> list[str] | None:
    """Begin to ask an account for codes, if `code` is one of this secret; return its recovery codes, or None if it is not.

    Raises:
        ConflictError: the account has an app already.
    """
    step = _step_of(secret, code, now, after=-1)
    if step is None:
        return None
    added = connection.execute(
        "INSERT INTO totp (account, secret, created, step) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (account, secret.encode(), now, step),
    )
    if not added.rowcount:
        raise ConflictError("there is an authenticator app already", hint="remove it first")
    return renew_recovery(connection, account)


def enrolled(connection: Connection, account: str) -> bool:
    """Return whether an account is asked for codes."""
    return connection.execute("SELECT 1 FROM totp WHERE account = %s", (account,)).fetchone() is not None


def renew_recovery(connection: Connection, account: str) -> list[str]:
    """Make new recovery codes, each of 80 random bits and good for once; those before hold no longer."""
    codes = [_spaced(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(_RECOVERY)]
    connection.execute("DELETE FROM recovery WHERE account = %s", (account,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO recovery VALUES (%s, %s)", [(account, _hash(_folded(code))) for code in codes]
        )
    return codes


def recovery_left(connection: Connection, account: str) -> int:
    """Return how many recovery codes an account has not used."""
    row = connection.execute("SELECT count(*) FROM recovery WHERE account = %s", (account,)).fetchone()
    assert row is not None
    return int(row[0])


def check(connection: Connection, account: str, code: str, *, now: Micros) -> Outcome:
    """Try a code, or a recovery code, and use it up.

    Call it outside a transaction that a failure rolls back: a wrong attempt must count.
    """
    given = _folded(code)
    with connection.transaction():
        row = connection.execute(
            "SELECT secret, step, wrong, wrong_at FROM totp WHERE account = %s FOR UPDATE", (account,)
        ).fetchone()
        if row is None:
            return Outcome("")
        secret, last, wrong, wrong_at = bytes(row[0]).decode(), row[1], row[2], row[3]
        pause = _pause(wrong)
        left = wrong_at + pause - now
        if pause and left > 0:
            return Outcome("", -(-left // 1_000_000))
        step = _step_of(secret, given, now, after=last)
        if step is not None:
            connection.execute("UPDATE totp SET step = %s, wrong = 0 WHERE account = %s", (step, account))
            return Outcome("totp")
        used = connection.execute(
            "DELETE FROM recovery WHERE account = %s AND hash = %s", (account, _hash(given))
        )
        if used.rowcount:
            connection.execute("UPDATE totp SET wrong = 0 WHERE account = %s", (account,))
            return Outcome("recovery")
        connection.execute(
            "UPDATE totp SET wrong = wrong + 1, wrong_at = %s WHERE account = %s", (now, account)
        )
        return Outcome("", _pause(wrong + 1) // 1_000_000)


def remove(connection: Connection, account: str) -> None:
    """Ask an account for codes no longer.

    Raises:
        NotFoundError: it is not asked for any.
    """
    if not connection.execute("DELETE FROM totp WHERE account = %s", (account,)).rowcount:
        raise NotFoundError("there is no authenticator app")


def _step_of(secret: str, code: str, now: Micros, *, after: int) -> int | None:
    """Return the time step that a code is of, if it is one of now and later than `after`; always the same work."""
    app = pyotp.TOTP(secret)
    current = now // _STEP
    found = None
    for beside in _BESIDE:
        same = hmac.compare_digest(app.generate_otp(max(current + beside, 0)).encode(), code.encode())
        if same and current + beside > after:
            found = current + beside
    return found


def _pause(wrong: int) -> Micros:
    if wrong < _FREE:
        return 0
    return min(_FIRST_PAUSE << min(wrong - _FREE, 20), _LONGEST_PAUSE)


def _spaced(raw: bytes) -> str:
    text = base64.b32encode(raw).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _folded(code: str) -> str:
    return "".join(sign for sign in code.lower() if sign.isalnum() and sign.isascii())


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
