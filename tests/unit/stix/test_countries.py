from __future__ import annotations

from tocsin.stix.countries import ALPHA_2


def test_every_country_once() -> None:
    assert len(ALPHA_2) == len(set(ALPHA_2.values())) == 249
    assert all(len(long) == 3 and len(short) == 2 for long, short in ALPHA_2.items())
    assert (ALPHA_2["USA"], ALPHA_2["DEU"], ALPHA_2["AUT"], ALPHA_2["SVN"]) == ("US", "DE", "AT", "SI")
