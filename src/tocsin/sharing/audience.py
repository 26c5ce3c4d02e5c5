"""Recipients: the organisations that decisions are about."""

from __future__ import annotations

import msgspec

from tocsin.stix.handling import ROLES

__all__ = ["KNOWN", "ROLES", "TRUST", "TRUSTED", "UNVERIFIED", "Organisation"]

UNVERIFIED, KNOWN, TRUSTED = "unverified", "known", "trusted"
TRUST = (UNVERIFIED, KNOWN, TRUSTED)
"""How far this node's operator trusts an organisation to be whom it says and to keep to what it agreed."""


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
        trust: of `TRUST`.
        assurances: what it is recorded to have, such as "dpf" (a certification that some law asks for).
        embargoed: this node's operator lets nothing go to its country, or the other way: why; "" when not.
        transfer: the ground on which personal data may go to it, of `tocsin.law.transfer.GROUNDS`.
        ground: the same in words, with the law that says so.
        encrypted: the channel to it is.
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
    trust: str = KNOWN
    assurances: tuple[str, ...] = ()
    embargoed: str = ""
    transfer: str = "unknown"
    ground: str = ""
    encrypted: bool = True
