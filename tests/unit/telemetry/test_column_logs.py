from __future__ import annotations

import pytest

from tocsin.telemetry.plugin import named

VPC, W3C = named("aws_vpcflow"), named("web_w3c")


def _read(log, data, **options):
    return list(log.read([data], "x", **options))


def test_columns_of_a_header_in_any_order():
    (found,) = _read(
        VPC, b"srcaddr dstaddr pkt-srcaddr flow-direction start\n10.0.0.1 1.2.3.4 - egress 1795161600\n"
    )
    assert found.fields == (
        ("srcaddr", "10.0.0.1"),
        ("dstaddr", "1.2.3.4"),
        ("flow-direction", "egress"),
        ("start", "1795161600"),
    )
    assert found.at == 1_795_161_600_000_000


@pytest.mark.parametrize(
    "head", [b"some words that are no header\n", b"srcaddr srcaddr dstaddr a\n", b"srcaddr dstaddr\n"]
)
def test_what_is_no_header_is_no_flow_log(head):
    assert not VPC.sniff(head)


def test_a_log_without_header_has_the_default_columns_where_there_are_any():
    assert [each.rule for each in _read(W3C, b"2026-11-20 08:00:00 x\n")] == ["header"]
    assert [each.rule for each in _read(VPC, b"1 2 3\n")] == ["fields"]


def test_tabs_and_blanks_as_cloudfront_writes_them():
    data = b"#Version: 1.0\n#Fields: date time c-ip cs(Host) cs-uri-stem\n2026-11-20\t08:00:00\t1.2.3.4\ta.example\t/x\n"
    (found,) = _read(W3C, data)
    assert ("cs-host+uri", "a.example/x") in found.fields
    assert found.at == 1_795_161_600_000_000


def test_rows_passed_over_are_counted_and_headers_still_read():
    data = b"#Fields: a b\n1 2\n1 2 3\n#Fields: a b c\n1 2\n1 2 3\n"
    assert [each.line for each in _read(W3C, data, look=lambda block: [])] == [3, 5]
