from __future__ import annotations

from uuid import UUID

import pytest

from tocsin.cli._hits import marking
from tocsin.node.catalogue import Source
from tocsin.sharing.labels import label_for


def source(tlp: str) -> Source:
    return Source(
        owner="o", owner_name="O", tlp=tlp, label=label_for([], owner="o"), label_id=1, collection=UUID(int=0)
    )


@pytest.mark.parametrize(
    ("several", "strictest"),
    [
        (["TLP:CLEAR PAP:RED"], "TLP:CLEAR PAP:RED"),
        (["TLP:CLEAR PAP:RED", "TLP:GREEN"], "TLP:GREEN"),
        (["TLP:RED", "unmarked PAP:AMBER", "unknown marking"], "unknown marking"),
    ],
)
def test_every_way_that_sources_are_marked_can_be_told(several: list[str], strictest: str) -> None:
    assert marking([source(each) for each in several]) == strictest
