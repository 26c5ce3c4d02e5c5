from __future__ import annotations

import pytest

from tocsin.errors import ParseError
from tocsin.stix.patterns import check, fast, parse

SHA256 = "aec070645fe53ee3b3763059376134f058cc337247c978add178b6ccdfb0019f"


@pytest.mark.parametrize(
    "text",
    [
        f"[file:hashes.'SHA-256' = '{SHA256}']",
        f"[file:hashes.MD5='{SHA256[:32]}' OR file:hashes.'MD5' = '{SHA256[:32]}' OR file:hashes.'SHA-1' = '{SHA256[:40]}']",
        f"[ file:name = 'x' AND file:hashes.'SHA-512' = '{SHA256 * 2}' ]",
        "[ipv4-addr:value = '198.51.100.1']",
        "[url:value = 'http://it\\'s.example/\\\\' OR domain-name:value = 'a' OR file:size = 5]",
        "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '1.2.3.4']",
        "[domain-name:value = 'a' AND domain-name:resolves_to_refs[*].value = 'b' OR domain-name:x[0].y = 'c']",
    ],
)
def test_common_patterns_take_the_quick_way(text, monkeypatch):
    parse(text)
    monkeypatch.setattr(fast, "parse", lambda _: pytest.fail("parsed"))
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "[a:b = 'x' AND c:d = 'y']",
        "[a:b = 'x' OR c:d = 'y' AND e:f = 'z']",
        "[file:hashes.MD5 = 'x']",
        "[file:x.hashes.MD5 = 'x']",
        "[a:b = 0x1]",
        "[a:b = 9007199254740992]",
        "[a:true = 'x']",
        "[true:b = 'x']",
        "[a:b = 'x'] ",
        "[a:b = 'x' OR ]",
    ],
)
def test_the_quick_way_accepts_nothing_more_than_the_parser(text):
    try:
        parse(text)
        good = True
    except ParseError:
        good = False
    if good:
        check(text)
    else:
        with pytest.raises(ParseError):
            check(text)


def test_length_is_bounded_on_the_quick_way_too():
    with pytest.raises(ParseError) as caught:
        check(f"[a:b = '{'x' * (1 << 20)}']")
    assert caught.value.rule == "pattern-length"
