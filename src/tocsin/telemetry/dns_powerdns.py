"""PowerDNS: the Authoritative Server (`log-dns-queries`) and the Recursor (`quiet=no`), in syslog or as a container prints it (`log-timestamp`).

`Nov 20 08:00:01 ns1 pdns_server[7]: Remote 10.0.0.5 wants 'evil.example|A', do = 0, bufsize = 512: packetcache MISS`,
`pdns_recursor[9]: 3 [1/1] question for 'evil.example|A' from 10.0.0.5:53124`; the Recursor since 4.8
`msg="Question" subsystem="syncres" ... ts="1796052323.376" ... qname="evil.example" qtype="A" remote="10.0.0.5:53124"`.
"""

from __future__ import annotations

from tocsin.clock import Micros
from tocsin.telemetry import syslog_times, times
from tocsin.telemetry.schema import flat
from tocsin.telemetry.text_logs import Shape, Values, text_log
from tocsin.telemetry.times import Reference

_SYSLOG = (
    syslog_times.PRIORITY
    + syslog_times.ANY_TIME
    + rb" ([^ \n]{1,255}) pdns(?:_server|_recursor|-recursor|)?(?:\[(\d{1,10})\])?: "
)
_OWN = syslog_times.ANY_TIME + rb" "
_HEADS = ((_SYSLOG, ("priority", "timestamp", "host", "pid")), (_OWN, ("timestamp",)), (b"", ()))
_QUESTION = rb"'([^'|\n]{0,1024})\|([A-Z0-9]{1,16})'"
_WANTS = rb"Remote ([0-9A-Fa-f.:]{2,45})(?:<-[^ \n]{1,64})? wants " + _QUESTION + rb"(.*+)"
_ASKS = (
    rb"([^\n']{0,64})question for "
    + _QUESTION
    + rb" from ([0-9A-Fa-f.]{2,45}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?(.*+)"
)
_STRUCTURED = (
    rb'msg="([A-Z][a-z]{1,31})"(?:(?! ts=)[^\n]){0,256}+ ts="([\d.]{1,20})"(?:(?! qname=)[^\n]){0,512}+'
    rb' qname="([^"\n]{0,1024})" qtype="([A-Z0-9]{1,16})"(?: rcode="(\d{1,5})")?(?: rd="\d")?'
    rb' remote="([0-9A-Fa-f.]{2,45}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?"(.*+)'
)
_OTHER_STRUCTURED = rb'(msg="[^"\n]{0,4096}+" (?=[^\n]*? ts="[\d.]{1,20}")[^\n]*+)'


def _shapes() -> list[Shape]:
    shapes = []
    for head, names in _HEADS:
        shapes += [
            Shape(
                head + _STRUCTURED,
                (*names, "what", "ts", "query", "type", "rcode", "client", "client_port", "rest"),
            ),
            Shape(head + _WANTS, (*names, "client", "query", "type", "rest")),
            Shape(head + _ASKS, (*names, "", "query", "type", "client", "client_port", "rest")),
        ]
    return [
        *shapes,
        Shape(_SYSLOG + rb"(.*+)", (*_HEADS[0][1], "message")),
        Shape(rb"(?:" + _OWN + rb")?" + _OTHER_STRUCTURED, ("timestamp", "message"), telling=False),
        # what it says of itself; a line with a header of syslog is somebody else's
        Shape(
            _OWN + rb"(?![^ \n]{1,255} [\w./@-]{1,64}(?:\[\d{1,10}\])?: )(.*+)",
            ("timestamp", "message"),
            telling=False,
        ),
    ]


def _when(values: Values, reference: Reference | None) -> Micros | None:
    stamp = values.get("ts")
    return times.of_seconds(stamp) if stamp else syslog_times.when(values, reference)


LOG = text_log(
    "dns_powerdns",
    title="PowerDNS log",
    shapes=_shapes(),
    when=_when,
    host="host",
    schema=flat(
        "dns",
        {
            "client": "source.ip",
            "client_port": "source.port",
            "query": "dns.question.name",
            "type": "dns.question.type",
            "rcode": "dns.response_code",
            "host": "host.name",
        },
    ),
)
