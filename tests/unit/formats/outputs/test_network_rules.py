from __future__ import annotations

import pytest

from tocsin.formats.outputs.network_rules import Sids, carried, content, message
from tocsin.formats.outputs.plugin import Item


def test_a_value_keeps_its_number_and_no_number_comes_twice() -> None:
    first, second = Sids(), Sids()
    assert first.of("domain", "a.example") == second.of("domain", "a.example")
    taken = {first.of("domain", f"{n}.example") for n in range(1000)}
    taken.add(first.of("domain", "a.example"))
    assert len(taken) == 1001
    assert all(1_000_000_000 <= n < 2_000_000_000 for n in taken)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"evil.example", "evil.example"),
        (b'a";b', "a|22 3B|b"),
        (b"\x04evil\0", "|04|evil|00|"),
        (b"a|b:c", "a|7C|b|3A|c"),
    ],
)
def test_contents(value: bytes, expected: str) -> None:
    assert content(value) == expected


def test_no_option_begins_in_a_message() -> None:
    said = message(Item("file_name", 'x"; sid:1; pass (', 50, name='n";\nreject \\'))
    assert not set(said) & set('";:\\\n')


def test_rules_of_others_are_joined_and_numbered() -> None:
    text = 'alert tcp [1.2.3.4,5.6.7.8] any -> $HOME_NET [80,443] (msg:"a \\"b\\; c"; \\\n  content:"x;y"; sid:7;)\n\n# words\n'
    assert carried(text) == [
        (
            7,
            'alert tcp [1.2.3.4,5.6.7.8] any -> $HOME_NET [80,443] (msg:"a \\"b\\; c";  content:"x;y"; sid:7;)',
        )
    ]
    assert carried("alert ip any any -> any any (sid:1;)\n" * 101) is None
    assert carried(f'alert ip any any -> any any (msg:"{"x" * 20_000}"; sid:1;)') is None


@pytest.mark.parametrize("option", ["bypass;", 'logto:"/etc/x";', "datajson:isset,x,load y;", "BYPASS ;"])
def test_a_rule_that_blinds_the_sensor_or_touches_files_is_not_carried(option: str) -> None:
    assert carried(f"alert ip any any -> any any ({option} sid:1;)") is None


@pytest.mark.parametrize("sid", [1_000_000_000, 1_999_999_999, 4_294_967_296])
def test_nobody_takes_the_number_of_a_generated_rule(sid: int) -> None:
    assert carried(f"alert ip any any -> any any (sid:{sid};)") is None
    assert carried("alert ip any any -> any any (sid:2000000000;)") is not None
