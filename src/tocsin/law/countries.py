"""Country codes: ISO 3166-1 alpha-2, the groups that the data may name instead, and the codes of invented countries."""

from __future__ import annotations

from typing import Final

_EU: Final = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"

GROUPS: Final = {"EU": tuple(_EU.split()), "EEA": tuple(sorted([*_EU.split(), "IS", "LI", "NO"]))}
"""EU: the 27 member states (TEU article 52). EEA: with Iceland, Liechtenstein, Norway (EEA Agreement article 126).

Territories with a code of their own (GP, RE, AX, SJ ...) are in neither: their law is not in the data.
"""

_OFFICIAL: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT "
    "MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW "
    "SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ "
    "VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)

OFFICIAL: Final = frozenset(_OFFICIAL.split())
"""The officially assigned codes of ISO 3166-1 (2020, amended; 249 of them)."""

INVENTED: Final = frozenset(f"X{chr(letter)}" for letter in range(ord("A"), ord("Z") + 1))
"""XA to XZ: user-assigned by ISO 3166-1, so no country will ever have one. Exercises use them."""
