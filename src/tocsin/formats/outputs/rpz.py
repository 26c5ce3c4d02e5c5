"""A response policy zone (draft-vixie-dnsop-dns-rpz-00): names and those below them, and addresses in answers, do not exist.

The serial number of the zone is the second at which it is handed out, so it only rises (RFC 1982); it says nothing about the content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.clock import Micros
from tocsin.formats.outputs.plugin import Item, Output
from tocsin.matching import addresses

_LONGEST = 220  # of a name: below the zone's own name it has to stay within 253
_ZONE = """\
$TTL 300
@ IN SOA localhost. hostmaster.localhost. {serial} 3600 600 1209600 300
@ IN NS localhost.
"""


def _head(now: Micros) -> str:
    return _ZONE.format(serial=now // 1_000_000 % (1 << 32))


def _fits(item: Item) -> bool:
    # a name below `rpz-ip` or `rpz-nsdname` would be a trigger of another kind: one indicator could block any address
    last = item.value.rpartition(".")[2]
    return item.kind != "domain" or (len(item.value) <= _LONGEST and not last.startswith("rpz-"))


def _write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        if item.kind == "domain":
            yield f"{item.value} CNAME .\n*.{item.value} CNAME .\n"
        else:
            yield f"{trigger(item.value)}.rpz-ip CNAME .\n"


def trigger(value: str) -> str:
    """Return an address or a range as the owner name that stands for it: section 4.2 of the draft."""
    found = addresses.parse_network(value) if "/" in value else None
    if found is None:
        number = addresses.parse_ipv4(value)
        if number is not None:
            found = 4, number, 32
        else:
            number = addresses.parse_ipv6(value)
            assert number is not None  # its spelling is normal
            found = 6, number, 128
    version, first, bits = found
    if version == 4:
        return f"{bits}." + ".".join(str(first >> shift & 255) for shift in (0, 8, 16, 24))
    return f"{bits}.{_groups(first)}"


def _groups(number: int) -> str:
    """Return the eight groups in reverse, the longest run of zeros as `zz`, as the draft asks."""
    groups = [f"{number >> shift & 0xFFFF:x}" for shift in range(0, 128, 16)]
    runs: list[tuple[int, int]] = []
    at = 0
    while at < 8:
        end = at
        while end < 8 and groups[end] == "0":
            end += 1
        if end - at > 1:
            runs.append((end - at, at))
        at = max(end, at + 1)
    if runs:
        # RFC 5952 section 4.2.3 compresses the first of equally long runs of the address; groups are in reverse here
        length, start = max(runs, key=lambda run: (run[0], run[1]))
        groups[start : start + length] = ["zz"]
    return ".".join(groups)


OUTPUT = Output(
    name="rpz",
    summary="DNS response policy zone: names, those below them, and addresses",
    action="block",
    types=("ip", "domain"),
    media_type="text/dns; charset=utf-8",
    suffix=".zone",
    fits=_fits,
    write=_write,
    head=_head,
)
