from __future__ import annotations

import pytest

from tocsin.telemetry.vocabulary import accepted


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("source.ip", "::ffff:192.0.2.1", "192.0.2.1"),
        ("source.ip", "2001:0DB8::0001", "2001:db8::1"),
        ("source.ip", "fe80::1%eth0", "fe80::1"),
        ("source.ip", "192.0.2.1.", None),
        ("source.ip", "-", None),
        ("source.port", "0x1A", "26"),
        ("source.port", "443.0", "443"),
        ("source.port", "65536", None),
        ("source.port", "٤٤٣", None),
        ("process.pid", "0x1a2c", "6700"),
        ("process.pid", "0xzz", None),
        ("dns.question.name", "WWW.Evil.Example.", "www.evil.example"),
        ("dns.question.name", "192.0.2.1", None),
        ("dns.question.name", "a b", None),
        ("dns.question.name", "x" * 64 + ".example", None),
        ("file.hash.md5", "D41D8CD98F00B204E9800998ECF8427E", "d41d8cd98f00b204e9800998ecf8427e"),
        ("file.hash.md5", "0" * 32, None),
        ("file.hash.sha256", "d41d8cd98f00b204e9800998ecf8427e", None),
        ("source.mac", "00-00-5E-00-53-01", "00:00:5e:00:53:01"),
        ("source.mac", "00005E005301", "00:00:5e:00:53:01"),
        ("source.mac", "00:00", None),
        ("url.full", "http://a.example/ b", None),
        ("url.full", "http://a.example/b", "http://a.example/b"),
        ("email.from.address", "<Bob@Mail.Example>", "bob@mail.example"),
        ("email.from.address", "bob", None),
        ("host.name", "(empty)", None),
        ("host.name", "x" * 40_000, None),
    ],
)
def test_values_are_of_the_type_of_their_field(name, value, found):
    assert accepted(name, value) == found


def test_a_name_that_is_not_in_the_vocabulary_is_a_fault_of_a_table():
    with pytest.raises(KeyError):
        accepted("source.iq", "1.2.3.4")
