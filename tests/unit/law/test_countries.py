from __future__ import annotations

from tocsin.law.countries import GROUPS, INVENTED, OFFICIAL


def test_how_many_there_are() -> None:
    assert len(OFFICIAL) == 249
    assert len(INVENTED) == 26
    assert {name: len(set(codes)) for name, codes in GROUPS.items()} == {"EU": 27, "EEA": 30}


def test_no_country_has_two_natures() -> None:
    assert not OFFICIAL & INVENTED
    assert not (OFFICIAL | INVENTED) & GROUPS.keys()
    for codes in GROUPS.values():
        assert set(codes) <= OFFICIAL


def test_what_people_write_by_mistake_is_no_code() -> None:
    assert not {"UK", "EL", "EN", "", "de", "DEU"} & (OFFICIAL | INVENTED)
