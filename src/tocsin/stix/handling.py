"""What marking definitions ask for beside TLP: permissible actions, dates, recipients, uses, the source's name.

`tocsin.stix.marking_readers` reads it from definitions; docs/reference/markings.md says how each is understood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any, Final, TypeVar

import msgspec

from tocsin.clock import Micros, to_text

IEP_EXTENSION: Final = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a"
ACS_EXTENSION: Final = "extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce"
CUI_EXTENSION: Final = "extension-definition--dff17fb3-edcb-4f99-ad1b-4b751c95738a"
HANDLING_EXTENSION: Final = "extension-definition--7c1f6a5e-3b0d-4f63-9a51-2d0f5c8e4b17"

ROLES: Final = (
    *("csirt", "isac", "company", "government", "regulator"),
    *("law-enforcement", "researcher", "vendor", "individual"),
)
"""Those of `tocsin.sharing.audience`, which is a layer above; a test compares them."""

LISTS: Final = {
    "releasable_to": "countries",
    "communities": "communities",
    "organisations": "organisations",
    "roles": "roles",
}
"""Properties of Tocsin's extension that are lists, and the field of `Handling` each fills."""
FLAGS: Final = {
    "no_regulatory_use": "no_regulators",
    "no_law_enforcement_use": "no_law_enforcement",
    "hide_source": "hide_source",
    "not_public": "not_public",
    "encrypt_in_transit": "encrypted",
}
"""Properties of Tocsin's extension that are true or false, and the field of `Handling` each fills."""

_PREFIX = "handling:"
_T = TypeVar("_T")


class PAP(IntEnum):
    """What a recipient may do with it, the greater the less: the Permissible Actions Protocol, and IEP's two levels beyond it.

    RED: passively, where nobody outside can see it. AMBER: also ask third parties. GREEN: also act against what it names, such as
    blocking. CLEAR: anything lawful. NOTHING: know it, and ask the source first (IEP `none`, `contact-for-instruction`).
    """

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    RED = 3
    NOTHING = 4


class Handling(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one marking, or several together, ask for. Defaults ask for nothing.

    A list names all who may have it, by one property each; an empty list is nobody. All lists that are there hold.

    Attributes:
        tlp: "clear" ... "red", where the marking names a level beside.
        pap: what may be done with it.
        not_before: µs before which it stays with its owner (embargo).
        not_after: µs from which nobody may use it any more.
        countries: ISO 3166-1 alpha-2 codes of the countries it may go to; None: of any.
        communities: ids (UUID) of communities: only to members of at least one of them.
        organisations: STIX identity ids: only to these.
        roles: of `ROLES`: only to organisations that have at least one of them.
        no_regulators: not for regulatory use.
        no_law_enforcement: not for law enforcement.
        hide_source: who it comes from must not be told (IEP `provider_attribution: must-not`, Chatham House Rule).
        not_public: it may go no further than TLP:GREEN lets it, even where a marking beside says CLEAR; grants nothing.
        encrypted: it may be sent only over an encrypted channel (IEP `encrypt_in_transit: must`).
    """

    tlp: str | None = None
    pap: PAP | None = None
    not_before: Micros | None = None
    not_after: Micros | None = None
    countries: tuple[str, ...] | None = None
    no_regulators: bool = False
    no_law_enforcement: bool = False
    hide_source: bool = False
    communities: tuple[str, ...] | None = None
    organisations: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    not_public: bool = False
    encrypted: bool = False

    def to_kind(self) -> str:
        """Return it as the kind of a marking definition, as the store keeps it."""
        return _PREFIX + msgspec.json.encode(self, order="sorted").decode()

    def to_extension(self) -> dict[str, Any]:
        """Return it as the body of Tocsin's extension, which `marking_readers.read` reads; a level of TLP has no place in it.

        Raises:
            ValueError: a list is empty, which the data type `list` of STIX 2.1 does not allow: left out it would ask for nothing.
        """
        found: dict[str, Any] = {"extension_type": "property-extension"}
        if self.pap is not None:
            found["pap"] = self.pap.name.lower()
        for name in ("not_before", "not_after"):
            if (when := getattr(self, name)) is not None:
                found[name] = to_text(when)
        for name, field in LISTS.items():
            if (names := getattr(self, field)) is not None:
                if not names:
                    raise ValueError(f"{field}: an empty list cannot be written")
                found[name] = list(names)
        return found | {name: True for name, field in FLAGS.items() if getattr(self, field)}


NOBODY: Final = Handling(organisations=())
"""What it asks for is known, and nobody here meets it: it is passed on to nobody."""


def from_kind(kind: str | None) -> Handling | None:
    """Return what `Handling.to_kind` wrote; None for any other kind."""
    if kind is None or not kind.startswith(_PREFIX):
        return None
    try:
        return msgspec.json.decode(kind[len(_PREFIX) :], type=Handling)
    except msgspec.DecodeError:
        return None


def together(parts: Iterable[Handling]) -> Handling:
    """Return what holds when all of `parts` hold: the strictest of each. Levels of TLP are the caller's to join."""
    all_ = tuple(parts)
    return Handling(
        pap=_strictest(max, (part.pap for part in all_)),
        not_before=_strictest(max, (part.not_before for part in all_)),
        not_after=_strictest(min, (part.not_after for part in all_)),
        countries=_on_all(part.countries for part in all_),
        communities=_on_all(part.communities for part in all_),
        organisations=_on_all(part.organisations for part in all_),
        roles=_on_all(part.roles for part in all_),
        no_regulators=any(part.no_regulators for part in all_),
        no_law_enforcement=any(part.no_law_enforcement for part in all_),
        hide_source=any(part.hide_source for part in all_),
        not_public=any(part.not_public for part in all_),
        encrypted=any(part.encrypted for part in all_),
    )


def _strictest(choose: Callable[[list[_T]], _T], said: Iterable[_T | None]) -> _T | None:
    found = [each for each in said if each is not None]
    return choose(found) if found else None


def _on_all(lists: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """Names that are on all lists there are, sorted; None where there is none."""
    found = [frozenset(names) for names in lists if names is not None]
    return tuple(sorted(frozenset.intersection(*found))) if found else None
