"""Every error Tocsin raises on purpose.

TocsinError
 ├─ ConfigError            a setting is missing or wrong
 ├─ InputError             what was handed in cannot be used
 │   ├─ ParseError         STIX: bytes or object break a rule (stix)
 │   ├─ FormatError        a file or stream is not what it claims to be (formats, telemetry)
 │   ├─ LawError           a file of law data breaks a rule of its model (law)
 │   └─ LimitError         too large, too deep, too many, too slow
 ├─ AccessError            who asks may not
 │   ├─ UnauthenticatedError
 │   └─ ForbiddenError
 ├─ NotFoundError          nothing there, or nothing this principal may know of
 ├─ ConflictError          the request contradicts what is held
 ├─ PolicyError            a policy or its facts cannot be evaluated: the answer is deny
 ├─ StoreError
 │   ├─ StoreUnavailableError   the database is away; trying again may help
 │   │   └─ StoreFullError      no room left on its disk
 │   └─ MigrationError
 └─ ExchangeError          a peer failed, refused or lied

Each class has a stable `code` (a slug that never changes), an `exit_code` for the
command line and a `hint()` that tells a person what to do next. `server.problems`
alone maps them to HTTP, `cli` alone to exit codes.
"""

from __future__ import annotations

from typing import ClassVar


class TocsinError(Exception):
    """Base of all errors; `str(error)` says what is wrong and where."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self._hint = hint

    def hint(self) -> str:
        """Return what a person can do next; empty when there is nothing to add."""
        return self._hint


class ConfigError(TocsinError):
    """A setting is missing or wrong."""

    code = "config"
    exit_code = 3


class InputError(TocsinError):
    """What was handed in cannot be used."""

    code = "input"
    exit_code = 4


class ParseError(InputError):
    """Bytes or an object break a rule of STIX 2.1.

    `pointer` is the RFC 6901 JSON pointer of the offending value ("" is the whole
    document), `rule` the stable name of the rule.
    """

    code = "stix"

    def __init__(self, message: str, *, pointer: str = "", rule: str = "json", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.pointer = pointer
        self.rule = rule


class FormatError(InputError):
    """A file or stream is not what it claims to be; `where` names file, line or offset."""

    code = "format"

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.where = where


class LawError(InputError):
    """A file of law data breaks a rule of its model; says which file and which entry."""

    code = "law"


class LimitError(InputError):
    """Too large, too deep, too many or too slow."""

    code = "limit"


class AccessError(TocsinError):
    """Who asks may not."""

    code = "access"
    exit_code = 5


class UnauthenticatedError(AccessError):
    """No credential, or one that does not hold. Never says which."""

    code = "unauthenticated"


class ForbiddenError(AccessError):
    """The principal is known and lacks the right."""

    code = "forbidden"


class NotFoundError(TocsinError):
    """Nothing there, or nothing this principal may know of: the two are never told apart."""

    code = "not-found"
    exit_code = 6


class ConflictError(TocsinError):
    """The request contradicts what is held."""

    code = "conflict"
    exit_code = 4


class PolicyError(TocsinError):
    """A policy or its facts cannot be evaluated: the answer is deny."""

    code = "policy"
    exit_code = 7


class StoreError(TocsinError):
    """The store failed."""

    code = "store"
    exit_code = 8


class StoreUnavailableError(StoreError):
    """The database is away or full; trying again may help."""

    code = "store-unavailable"


class StoreFullError(StoreUnavailableError):
    """The disk of the database is full: nothing can be written until there is room; reading goes on."""

    code = "store-full"


class MigrationError(StoreError):
    """The schema cannot be moved as asked."""

    code = "migration"


class ExchangeError(TocsinError):
    """A peer failed, refused or lied."""

    code = "exchange"
    exit_code = 9


def by_code() -> dict[str, type[TocsinError]]:
    """Return the classes of errors by their codes: of those that share one, the most general."""
    found: dict[str, type[TocsinError]] = {}
    waiting: list[type[TocsinError]] = [TocsinError]
    while waiting:
        kind = waiting.pop(0)
        found.setdefault(kind.code, kind)
        waiting += kind.__subclasses__()
    return found
