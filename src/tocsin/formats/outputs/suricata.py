"""Rules for Suricata 6 and later: addresses, names in DNS, TLS and HTTP, URLs without TLS, JA3, user agents; and rules that others wrote.

Source: Suricata User Guide, "Rules Format", "Payload Keywords" (dotprefix, endswith, bsize), "HTTP Keywords".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tocsin.formats.outputs.network_rules import Sids, Theirs, about, carried, content, message
from tocsin.formats.outputs.plugin import Item, Output
from tocsin.formats.outputs.text import is_plain
from tocsin.matching.values import split_url

_LONGEST = 1000
# `dotprefix` puts a dot before the name, so that ".evil.example" is at the end of the name itself and of those below it
_BELOW: Final = {
    "dns": 'dns.query; dotprefix; content:"{0}"; nocase; endswith;',
    "tls": 'tls.sni; dotprefix; content:"{0}"; nocase; endswith;',
    "http": 'http.host; dotprefix; content:"{0}"; endswith;',
}


def _fits(item: Item) -> bool:
    if item.kind == "suricata":
        return carried(item.value) is not None
    if item.kind == "url":
        return (
            item.value.startswith("http://")
            and "[" not in item.value
            and is_plain(item.value)
            and len(item.value) <= _LONGEST
        )
    return item.kind != "user_agent" or (item.value.isascii() and len(item.value) <= _LONGEST)


def _write(items: Iterable[Item]) -> Iterator[str]:
    numbers = Sids()
    theirs = Theirs()
    for item in items:
        if item.kind == "suricata":
            yield from theirs.lines(item)
        else:
            for protocol, options in _conditions(item):
                yield _rule(item, protocol, options, numbers)


def _conditions(item: Item) -> Iterator[tuple[str, str]]:
    """Yield protocol and options of the rules for a value."""
    match item.kind:
        case "domain":
            for protocol, options in _BELOW.items():
                yield protocol, options.format(content(f".{item.value}".encode()))
        case "url":
            host = split_url(item.value).host
            name = host.encode()
            path = item.value[len("http://") :].partition("/")[2]
            asked = f"/{path}".encode()
            yield (
                "http",
                f'http.host; content:"{content(name)}"; bsize:{len(name)}; http.uri.raw; content:"{content(asked)}"; bsize:{len(asked)};',
            )
        case "ja3":
            yield "tls", f'ja3.hash; content:"{item.value}";'
        case "user_agent":
            agent = item.value.encode()
            yield "http", f'http.user_agent; content:"{content(agent)}"; bsize:{len(agent)};'
        case _:
            yield "ip", ""


def _rule(item: Item, protocol: str, options: str, numbers: Sids) -> str:
    other = item.value if protocol == "ip" else "any"
    way = "<>" if protocol == "ip" else "->"
    limit = "threshold:type limit, track by_src, count 1, seconds 3600;"
    number = numbers.of(item.kind, item.value, protocol)
    inner = " ".join(
        filter(None, (f'msg:"{message(item)}";', options, limit, about(item), f"sid:{number}; rev:1;"))
    )
    return f"alert {protocol} $HOME_NET any {way} {other} any ({inner})\n"


OUTPUT = Output(
    name="suricata",
    summary="Rules for Suricata, and Suricata rules of others",
    action="match",
    types=("ip", "domain", "url", "ja3", "user-agent"),
    rules=("suricata",),
    suffix=".rules",
    capacity=50_000,
    fits=_fits,
    write=_write,
)
