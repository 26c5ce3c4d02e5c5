"""Where people are sent on to is on this node, whatever a form or an address says."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tocsin.server.pages.same_origin import inside

_HERE = "https://node.example/here/"
_BLANKS = "".join(map(chr, range(33)))


def _gone_to(onward: str) -> str:
    """Return where a browser would go (URL standard, section 4.4)."""
    text = "".join(sign for sign in onward.strip(_BLANKS) if sign not in "\t\r\n")
    return urljoin(_HERE, text.replace("\\", "/"))


@given(st.text(alphabet=st.sampled_from("/\\:@?#%.;&=\t\r\n\0 evilhtps日\x7f\x85\u2028"), max_size=12))
@example("//evil.example")
@example("/\t/evil.example")
@example("/\\evil.example")
def test_nobody_is_sent_elsewhere(target: str) -> None:
    assert urlsplit(_gone_to(inside(target))).netloc == "node.example"
    assert inside(target).startswith("/")


@pytest.mark.parametrize("target", ["/", "/search?q=type:indicator", "/objects/x#y", "/%2F%2Fx", "/日本"])
def test_paths_of_this_node_stay(target: str) -> None:
    assert inside(target) == target
