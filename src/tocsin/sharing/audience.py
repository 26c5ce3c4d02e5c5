"""Recipients: the organisations that decisions are about."""

from __future__ import annotations

import msgspec


class Organisation(msgspec.Struct, frozen=True):
    """What policies know of a recipient.

    Attributes:
        id: STIX identity, global.
        name: as people write it.
        country: ISO 3166-1 alpha-2, or "".
        sector: from the STIX industry-sector vocabulary, or "".
        roles: csirt, regulator, law-enforcement, company, researcher, vendor.
        communities: ids of the communities it belongs to.
        client: it receives security services from this node's organisation (FIRST TLP 2.0: "clients").
        suspended: nothing goes to it.
        own: it runs this node.
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
