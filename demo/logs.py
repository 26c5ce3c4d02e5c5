"""Logs of an ordinary morning at each organisation, with a few lines that matter planted among them."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path

from demo.scenario import LOADER_SHA256

_START = 1_795_161_600.0  # 2026-11-20T08:00:00Z
_QUIET_HOSTS = [
    "intranet.example",
    "mail.example",
    "updates.vendor.example",
    "time.example",
    "www.weather.example",
]


def write(folder: Path, lines: int = 20_000) -> dict[str, Path]:
    """Write one log for each organisation and return their paths.

    The bank's is Zeek's `dns.log` as TSV (gzip), the grid's is Suricata EVE, the CSIRT's is the
    text log of a mail relay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"bank": folder / "dns.log.gz", "grid": folder / "eve.json", "csirt": folder / "maillog"}
    dice = random.Random(20261120)  # noqa: S311 - a story, not a secret
    with gzip.open(paths["bank"], "wt", encoding="utf-8") as out:
        out.writelines(_zeek_dns(dice, lines))
    with paths["grid"].open("w", encoding="utf-8") as out:
        out.writelines(_eve(dice, lines))
    with paths["csirt"].open("w", encoding="utf-8") as out:
        out.writelines(_mail(dice, lines))
    return paths


def _zeek_dns(dice: random.Random, lines: int) -> Iterator[str]:
    yield "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
    yield "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\tanswers\n"
    yield "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tvector[string]\n"
    planted = {
        lines // 3: ("static.cdn-telemetry.example", "203.0.113.66"),
        lines // 2: ("login.harb0ur-bank.example", "192.0.2.80"),
        lines * 2 // 3: ("cdn-telemetry.example", "198.51.100.41"),
    }
    for number in range(lines):
        query, answer = planted.get(number, (dice.choice(_QUIET_HOSTS), f"192.0.2.{dice.randrange(1, 60)}"))
        yield (
            f"{_START + number / 10:.6f}\tC{dice.randrange(16**12):012x}\t10.20.{dice.randrange(8)}.{dice.randrange(1, 250)}"
            f"\t{dice.randrange(1024, 65000)}\t10.20.0.53\t53\tudp\t{query}\t{answer}\n"
        )


def _eve(dice: random.Random, lines: int) -> Iterator[str]:
    for number in range(lines):
        second = int(_START) + number // 10
        clock = (
            f"2026-11-20T{8 + (second - int(_START)) // 3600:02d}:{(second // 60) % 60:02d}:{second % 60:02d}"
        )
        event: dict[str, object] = {
            "timestamp": f"{clock}.{number % 10}00000+0000",
            "event_type": "flow",
            "src_ip": f"10.80.{dice.randrange(4)}.{dice.randrange(1, 250)}",
            "dest_ip": f"192.0.2.{dice.randrange(1, 60)}",
            "dest_port": dice.choice([80, 443, 502, 2404]),
            "proto": "TCP",
        }
        if number == lines // 4:
            event |= {
                "event_type": "fileinfo",
                "http": {"hostname": "files.drop-box.example", "url": "/up/7f3a"},
                "fileinfo": {"filename": "update.msi", "sha256": LOADER_SHA256},
            }
        elif number == lines // 2:
            event |= {
                "event_type": "tls",
                "tls": {"sni": "eu.cdn-telemetry.example"},
                "dest_ip": "203.0.113.66",
            }
        yield json.dumps(event) + "\n"


def _mail(dice: random.Random, lines: int) -> Iterator[str]:
    for number in range(lines):
        sender = (
            "invoice@fast-pay.example" if number == lines // 5 else f"user{dice.randrange(400)}@mail.example"
        )
        minute = number // 400
        yield (
            f"2026-11-20T{8 + minute // 60:02d}:{minute % 60:02d}:{dice.randrange(60):02d}Z relay postfix/qmgr[812]: "
            f"{dice.randrange(16**10):010X}: from=<{sender}>, size={dice.randrange(900, 90000)}, nrcpt=1 (queue active)\n"
        )
