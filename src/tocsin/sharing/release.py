"""The only way out: `Released[T]`, made by a `Clearance`, made by `sharing.decide`.

A writer (TAXII page, REST answer, export, CLI print, push) takes `Released[T]` and nothing else,
so a forgotten decision is a type error. `Clearance` carries what was decided for one recipient
and one action: the label sets that may go. The store filters by `Clearance.labels` inside the
query and seals the answer with the same clearance; nothing else calls `seal` (a test names who does).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NoReturn, TypeAlias, TypeVar, final

Forms: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]

T = TypeVar("T")
U = TypeVar("U")

_MINT = object()
_set = object.__setattr__


class _Sealed:
    """Stays what it was made: no attribute is set again, and no copy is made around the constructor."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} was decided and stays")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} was decided and stays")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} is not copied or pickled: decide again")


@final
class Released(_Sealed, Generic[T]):
    """A value that may leave the node, to whom, and on which ground personal data in it go there, in words ("": it holds none)."""

    __slots__ = ("action", "ground", "recipient", "value")
    value: T
    recipient: str
    action: str
    ground: str

    def __init__(self, value: T, *, recipient: str, action: str, ground: str = "", mint: object) -> None:
        if mint is not _MINT:
            raise TypeError("Released values are made by tocsin.sharing only")
        _set(self, "value", value)
        _set(self, "recipient", recipient)
        _set(self, "action", action)
        _set(self, "ground", ground)

    def derive(self, value: U) -> Released[U]:
        """Return another form of the same content for the same recipient (a page from its rows)."""
        return Released(value, recipient=self.recipient, action=self.action, ground=self.ground, mint=_MINT)


@final
class Clearance(_Sealed):
    """What one recipient may have for one action, as label ids; made by `sharing` only.

    Attributes:
        recipient: global id of the organisation it was decided for.
        action: `receive`, `match`, ...
        labels: ids of the label sets that may go, ascending. Everything else is withheld.
        redacted, minimised: ids of further label sets, of which only a form may go (`sharing.redaction`); for `receive`.
        generation: state of policies, organisations and labels the decision rests on; a
            query under an older generation is asked again (`store.objects`).
        ground: on which personal data go to the recipient, in words with the article (`Organisation.ground`).
    """

    __slots__ = ("action", "generation", "ground", "labels", "minimised", "recipient", "redacted")
    recipient: str
    action: str
    labels: tuple[int, ...]
    redacted: tuple[int, ...]
    minimised: tuple[int, ...]
    generation: int
    ground: str

    def __init__(
        self, *, recipient: str, action: str, forms: Forms, generation: int, ground: str, mint: object
    ) -> None:
        if mint is not _MINT:
            raise TypeError("a Clearance is made by tocsin.sharing only")
        _set(self, "recipient", recipient)
        _set(self, "action", action)
        _set(self, "labels", forms[0])
        _set(self, "redacted", forms[1])
        _set(self, "minimised", forms[2])
        _set(self, "generation", generation)
        _set(self, "ground", ground)

    @property
    def forms(self) -> Forms:
        """The label sets of each form, the fullest first."""
        return self.labels, self.redacted, self.minimised

    def narrow(self, keep: Callable[[int], bool]) -> Clearance:
        """Return the same decision for some of the label sets only: those that `keep` wants."""
        whole, redacted, minimised = (tuple(filter(keep, some)) for some in self.forms)
        return Clearance(
            recipient=self.recipient,
            action=self.action,
            forms=(whole, redacted, minimised),
            generation=self.generation,
            ground=self.ground,
            mint=_MINT,
        )

    def seal(self, value: T) -> Released[T]:
        """Return `value`, which was selected under this clearance, as released."""
        return Released(value, recipient=self.recipient, action=self.action, ground=self.ground, mint=_MINT)


def clear(
    recipient: str,
    action: str,
    labels: tuple[int, ...],
    generation: int,
    *,
    redacted: tuple[int, ...] = (),
    minimised: tuple[int, ...] = (),
    ground: str = "",
) -> Clearance:
    """Mint a clearance. For `sharing.decision` alone; a layout test holds every other caller off."""
    forms = (labels, redacted, minimised)
    return Clearance(
        recipient=recipient, action=action, forms=forms, generation=generation, ground=ground, mint=_MINT
    )


def entrusted(value: T, *, recipient: str) -> Released[T]:
    """Release proposals to the organisation that made them, or that they were handed to for a decision.

    They are what one of the two wrote for the other, never what this node holds. The name of each caller is pinned by a test.
    """
    return Released(value, recipient=recipient, action="decide", mint=_MINT)


def public(value: T, *, recipient: str = "*") -> Released[T]:
    """Release what carries no intelligence: the node's own description, health, protocol errors.

    The name of each caller is pinned by a test, so that a new one is a decision someone reads.
    """
    return Released(value, recipient=recipient, action="describe", mint=_MINT)
