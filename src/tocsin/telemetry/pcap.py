"""Captures (pcap, pcapng), read by `tshark` where that is installed: one record a packet, with the fields that this table names.

`tshark -T fields` prints a line a packet. Names are not resolved, nothing is written, and Wireshark's own limits guard its dissectors; it is ended after
an hour. Fields that the installed version does not know are left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from typing import IO, Any

import orjson

from tocsin.errors import FormatError
from tocsin.telemetry import urls
from tocsin.telemetry.containers import container_log
from tocsin.telemetry.json_logs import json_log
from tocsin.telemetry.schema import Kind, Schema, Target
from tocsin.telemetry.splits import mailboxes

FIELDS: Mapping[str, Target] = {
    "eth.src": "source.mac",
    "eth.dst": "destination.mac",
    "ip.src": "source.ip",
    "ip.dst": "destination.ip",
    "ipv6.src": "source.ip",
    "ipv6.dst": "destination.ip",
    "tcp.srcport": "source.port",
    "tcp.dstport": "destination.port",
    "udp.srcport": "source.port",
    "udp.dstport": "destination.port",
    "dns.qry.name": "dns.question.name",
    "dns.flags.rcode": "dns.response_code",
    "dns.a": "dns.resolved_ip",
    "dns.aaaa": "dns.resolved_ip",
    "dns.cname": "dns.answers.name",
    "http.host": "url.domain",
    "http.request.method": "http.request.method",
    "http.request.uri": "url.path",
    "http.request.full_uri": "url.full",
    "http.user_agent": "user_agent.original",
    "http.referer": "http.request.referrer",
    "http.response.code": "http.response.status_code",
    "http2.headers.authority": "url.domain",
    "http2.headers.path": "url.path",
    "tls.handshake.extensions_server_name": "tls.client.server_name",
    "tls.handshake.ja3": "tls.client.ja3",
    "tls.handshake.ja3s": "tls.server.ja3s",
    "tls.handshake.ja4": "tls.client.ja4",
    "x509af.serialNumber": "tls.server.x509.serial_number",
    "imf.from": mailboxes("email.from.address"),
    "imf.to": mailboxes("email.to.address"),
    "imf.subject": "email.subject",
    "imf.message_id": "email.message_id",
    "smb2.filename": "file.path",
    "ntlmssp.auth.username": "user.name",
    "ntlmssp.auth.domain": "user.domain",
    "kerberos.CNameString": "user.name",
    "frame.protocols": lambda value: [
        ("network.transport", part)
        for part in value.split(":")
        if part in {"tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "esp"}
    ][:1],
}
"""What of a packet is read, and what it is."""

_MAGIC = (
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
)
_TIME = "frame.time_epoch"
_BETWEEN = "\x1f"
_SECONDS = 3_600.0
_LONGEST = 1024 * 1024
_UNKNOWN = re.compile(r"^\s+([\w.]+)\s*$", re.MULTILINE)


def _records(file: IO[bytes]) -> Iterator[bytes]:
    program = shutil.which("tshark")
    if program is None:
        raise FormatError(
            "captures are read by tshark, which is not installed",
            hint="install the package tshark (Wireshark)",
        )
    names = [_TIME, *FIELDS]
    unknown = _unknown(program)
    yield from _packets(program, [name for name in names if name not in unknown], file)


def _command(program: str, names: list[str]) -> list[str]:
    fields = [part for name in names for part in ("-e", name)]
    return [
        program,
        "-n",
        "-l",
        "-r",
        "-",
        "-T",
        "fields",
        "-E",
        "occurrence=a",
        "-E",
        f"aggregator={_BETWEEN}",
        *fields,
    ]


@cache
def _unknown(program: str) -> frozenset[str]:
    """Return the fields that this tshark does not know: it says so before it reads anything."""
    names = [_TIME, *FIELDS]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            _command(program, names), stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FormatError(f"tshark cannot be used: {error}") from error
    text = done.stderr.decode("utf-8", "replace")
    return frozenset(_UNKNOWN.findall(text)) & set(names) if "valid" in text else frozenset()


def _packets(program: str, names: list[str], file: IO[bytes]) -> Iterator[bytes]:
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - a fixed command
            _command(program, names), stdin=file.fileno(), stdout=subprocess.PIPE, stderr=said
        ) as run,
    ):
        stop = threading.Timer(_SECONDS, run.kill)
        stop.daemon = True
        stop.start()
        try:
            assert run.stdout is not None
            while line := run.stdout.readline(_LONGEST):
                yield _packet(names, line)
        except GeneratorExit:
            run.kill()  # nobody wants the rest
            raise
        finally:
            stop.cancel()
        if run.wait() != 0:
            said.seek(0)
            lines = [
                text
                for text in said.read(8192).decode("utf-8", "replace").splitlines()
                if "Running as user" not in text
            ]
            raise FormatError(f"tshark stopped: {' '.join(lines) or f'status {run.returncode}'}")


def _packet(names: list[str], line: bytes) -> bytes:
    cells = line.decode("utf-8", "replace").rstrip("\n").split("\t")
    record: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        if cell:
            values = list(dict.fromkeys(cell.split(_BETWEEN)))
            record[name] = values if len(values) > 1 else values[0]
    return orjson.dumps(record)


def _choose(fields: Mapping[str, str]) -> str:
    kinds = (("dns.", "dns"), ("http", "web"), ("imf.", "email"))
    return next((kind for prefix, kind in kinds if any(name.startswith(prefix) for name in fields)), "")


_INNER = json_log(
    "pcap",
    title="capture",
    told_by=((_TIME,),),
    when=(_TIME,),
    schema=Schema(
        {
            "": Kind("network", FIELDS),
            "dns": Kind("dns", FIELDS),
            "web": Kind("web", FIELDS),
            "email": Kind("email", FIELDS),
        },
        choose=_choose,
    ),
    further=lambda record: urls.requested(
        "http.host+uri", record.get("http.host"), record.get("http.request.uri"), record.get("tcp.dstport")
    ),
)

LOG = container_log(
    "pcap",
    title="Capture (pcap, pcapng)",
    container="pcap",
    sniff=lambda head: head.startswith(_MAGIC),
    records=_records,
    inner=_INNER,
)
