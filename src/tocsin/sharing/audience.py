"""Recipients: the organisations that decisions are about."""

from __future__ import annotations

import msgspec

ROLES = (
    *("csirt", "isac", "company", "government", "regulator"),
    *("law-enforcement", "researcher", "vendor", "individual"),
)
"""What organisations can be. Closed, because markings exclude some: a misspelt one would be let through."""


class Organisation(msgspec.Struct, frozen=True):
    """What policies know of a recipient.

    Attributes:
        id: STIX identity, global.
        name: as people write it.
        country: ISO 3166-1 alpha-2, or "".
        sector: from the STIX industry-sector vocabulary, or "".
        roles: of `ROLES`; none: not known, which is no where a marking excludes a role.
        communities: ids of the communities it belongs to.
        client: it receives security services from this node's organisation (FIRST TLP 2.0: "clients").
        suspended: nothing goes to it.
        own: it runs this node.
        lapsed: communities that it belongs to by name, while the agreement that they rest on is not in force for it
            or for this node's organisation: id of each, and why.
    """

    id: str
    name: str
    country: str = ""
    sector: str = ""
    roles: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()
    client: bool = False
    suspended: bool = False
    own: bool = False
    lapsed: tuple[tuple[str, str], ...] = ()
