"""The facts that a decision rests on, apart from the recipient: markings, owner and audience.

Label sets are interned by the store: a million objects share a few hundred of them, and the policy is
evaluated once for each (recipient, label set).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tocsin.sharing.agreements import Terms
from tocsin.stix.markings import TLP, tlp_of


class Label(msgspec.Struct, frozen=True):
    """A label set. Build it with `label_for`, which normalises.

    Attributes:
        markings: ids of the marking definitions the object refers to, sorted, distinct.
        owner: id of the organisation that asserted the object to this node.
        communities: ids of the communities it is addressed to.
        recipients: ids of the organisations that the owner named.
        assumed: the TLP ("clear" ... "red") the importer vouched for where the object carries none.
        holds: what was found in it that needs care, of `tocsin.stix.sensitive.SENSITIVE`, sorted.
        rests: what it refers to: for each thing the ids of the label sets that its owner asserts that under. Whoever may have
            none of them may not have this either. Each sorted, without those that say nothing more than the label set itself.
    """

    markings: tuple[str, ...]
    owner: str
    communities: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    assumed: str | None = None
    holds: tuple[str, ...] = ()
    rests: tuple[tuple[int, ...], ...] = ()


class Definitions:
    """What marking ids mean, and who said so; and what was agreed in communities.

    A definition counts for an object when its definer is the object's owner or this node's own organisation. Otherwise a hostile
    peer could declare someone else's marking harmless. Where both have said something, both hold: what this node took in
    with some file must not free what the owner bound.
    """

    __slots__ = ("_kinds", "_terms")

    def __init__(
        self,
        kinds: Mapping[tuple[str, str], str] | None = None,
        terms: Mapping[str, Terms] | None = None,
    ) -> None:
        """Take what is known.

        Args:
            kinds: (marking id, definer) -> kind, as `tocsin.stix.markings.definition_kind` names it.
            terms: of the agreements that communities rest on, by id of the community.
        """
        self._kinds = dict(kinds or {})
        self._terms = dict(terms or {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Definitions) and self._kinds == other._kinds and self._terms == other._terms

    __hash__ = None  # type: ignore[assignment]  # compared, never a key

    def kinds(self, marking: str, *, owner: str, own: str) -> list[str]:
        """Return what is said of `marking` by those who may, for an object of `owner`; all of it holds."""
        said = (self._kinds.get((marking, who)) for who in dict.fromkeys((own, owner)))
        return [kind for kind in said if kind is not None]

    def terms(self, community: str) -> Terms | None:
        """Return what was agreed for what is shared in a community; None where it rests on no agreement."""
        return self._terms.get(community)

    def everything(self) -> list[tuple[str, str, str]]:
        """Return marking id, definer and kind of every definition, sorted."""
        return sorted((*key, kind) for key, kind in self._kinds.items())


def label_for(
    markings: Iterable[str],
    *,
    owner: str,
    communities: Iterable[str] = (),
    recipients: Iterable[str] = (),
    assumed: str | None = None,
    holds: Iterable[str] = (),
    rests: Iterable[Iterable[int]] = (),
) -> Label:
    """Return the label set for these facts: sorted and distinct, so that equal facts are one label set."""
    return Label(
        markings=tuple(sorted(set(markings))),
        owner=owner,
        communities=tuple(sorted(set(communities))),
        recipients=tuple(sorted(set(recipients))),
        assumed=assumed,
        holds=tuple(sorted(set(holds))),
        rests=tuple(sorted({tuple(sorted(set(each))) for each in rests})),
    )


def narrowness(label: Label) -> tuple[int, bool, bool, int]:
    """Return what label sets are ordered by so that the widest audience comes first. An order, not a decision.

    By the strictest TLP, then named recipients, communities, further markings; what has no TLP goes nowhere, and comes last.
    """
    levels = [level for level in map(tlp_of, label.markings) if level is not None]
    if label.assumed is not None:
        levels += [level for level in TLP if level.label == f"TLP:{label.assumed.upper()}"]
    further = sum(tlp_of(marking) is None for marking in label.markings) + len(label.holds)
    return max(levels, default=TLP.RED + 1), bool(label.recipients), bool(label.communities), further
