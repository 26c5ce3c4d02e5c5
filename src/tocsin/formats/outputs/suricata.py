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
                yield _rule(item, protocol, options, numbers.of(item.kind, item.value, protocol))
            if item.kind == "url" and "?" not in item.value:
                number = numbers.of(item.kind, item.value, "http", "query")
                yield _rule(item, "http", _of_url(item.value + "?", whole=False), number)


def _conditions(item: Item) -> Iterator[tuple[str, str]]:
    """Yield protocol and options of the rules for a value."""
    match item.kind:
        case "domain":
            for protocol, options in _BELOW.items():
                yield protocol, options.format(content(f".{item.value}".encode()))
        case "url":
            yield "http", _of_url(item.value, whole=True)
        case "ja3":
            yield "tls", f'ja3.hash; content:"{item.value}";'
        case "user_agent":
            agent = item.value.encode()
            yield "http", f'http.user_agent; content:"{content(agent)}"; bsize:{len(agent)};'
        case _:
            yield "ip", ""


def _of_url(url: str, *, whole: bool) -> str:
    """Return the options for a URL; not `whole`: for all that begin so. A hunt finds one without a query whatever is asked of it, too."""
    name = split_url(url).host.encode()
    asked = f"/{url[len('http://') :].partition('/')[2]}".encode()
    end = f"bsize:{len(asked)};" if whole else "startswith;"
    return f'http.host; content:"{content(name)}"; bsize:{len(name)}; http.uri.raw; content:"{content(asked)}"; {end}'


def _rule(item: Item, protocol: str, options: str, number: int) -> str:
    other = item.value if protocol == "ip" else "any"
    way = "<>" if protocol == "ip" else "->"
    limit = "threshold:type limit, track by_src, count 1, seconds 3600;"
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
