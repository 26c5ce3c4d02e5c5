"""PowerDNS: the Authoritative Server (`log-dns-queries`) and the Recursor (`quiet=no`), in syslog.

`Nov 20 08:00:01 ns1 pdns_server[7]: Remote 10.0.0.5 wants 'evil.example|A', do = 0, bufsize = 512: packetcache MISS`,
`pdns_recursor[9]: 3 [1/1] question for 'evil.example|A' from 10.0.0.5:53124`; Recursor 5 writes `subsystem="syncres" ... qname="..."`, kept as its message.
"""

from __future__ import annotations

from tocsin.telemetry import syslog_times
from tocsin.telemetry.schema import flat
from tocsin.telemetry.text_logs import Shape, text_log

_HEAD = (
    syslog_times.PRIORITY
    + syslog_times.ANY_TIME
    + rb" ([^ \n]{1,255}) pdns(?:_server|_recursor|-recursor|)?(?:\[(\d{1,10})\])?: "
)
_NAMES = ("priority", "timestamp", "host", "pid")
_QUESTION = rb"'([^'|\n]{0,1024})\|([A-Z0-9]{1,16})'"

LOG = text_log(
    "dns_powerdns",
    title="PowerDNS log",
    shapes=(
        Shape(
            _HEAD + rb"Remote ([0-9A-Fa-f.:]{2,45})(?:<-[^ \n]{1,64})? wants " + _QUESTION + rb"(.*+)",
            (*_NAMES, "client", "query", "type", "rest"),
        ),
        Shape(
            _HEAD
            + rb"([^\n']{0,64})question for "
            + _QUESTION
            + rb" from ([0-9A-Fa-f.]{2,45}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?(.*+)",
            (*_NAMES, "", "query", "type", "client", "client_port", "rest"),
        ),
        Shape(_HEAD + rb"(.*+)", (*_NAMES, "message")),
    ),
    when=syslog_times.when,
    host="host",
    schema=flat(
        "dns",
        {
            "client": "source.ip",
            "client_port": "source.port",
            "query": "dns.question.name",
            "type": "dns.question.type",
            "host": "host.name",
        },
    ),
)
