"""Look for all that the node's organisation may match in logs as they grow."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING

import click

from tocsin.cli import _hunting, _reading
from tocsin.cli.context import json_option, open_store, settings, write

if TYPE_CHECKING:
    from tocsin.node.hits import Hit
    from tocsin.node.watching import Watch, Watched
    from tocsin.sharing.release import Released


@click.command()
@click.argument("paths", nargs=-1, metavar="[LOG]...")
@click.option(
    "--syslog",
    "addresses",
    multiple=True,
    metavar="URL",
    help="Listen for syslog: udp://127.0.0.1:5514, tcp://..., tls://...",
)
@click.option(
    "--nats",
    "streams",
    multiple=True,
    metavar="URL",
    help="Read a JetStream stream: nats://HOST:4222/STREAM?subject=logs.>",
)
@click.option(
    "--kafka",
    "topics",
    multiple=True,
    metavar="URL",
    help="Read a topic of Kafka: kafka://HOST:9092,HOST:9092/TOPIC",
)
@click.option(
    "--certificate",
    type=click.Path(dir_okay=False),
    default="",
    help="Certificate for syslog over TLS (PEM).",
)
@click.option(
    "--key",
    type=click.Path(dir_okay=False),
    default="",
    help="Its key (PEM). [default: in the certificate's file]",
)
@click.option(
    "--client-ca",
    type=click.Path(dir_okay=False),
    default="",
    help="Who may connect over TLS: certificates of this authority.",
)
@click.option("--from-start", is_flag=True, help="Read also what stands in files that were never watched.")
@click.option("--no-sightings", is_flag=True, help="Write no sightings; alerts are raised all the same.")
@_hunting.sigma
@_hunting.decode
@_hunting.options
@click.option(
    "--timezone", metavar="ZONE", help="Of times that name none, such as Europe/Vienna. [default: UTC]"
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=_hunting.SHOWN,
    show_default=True,
    help="Most hits shown of one indicator; --json shows all.",
)
@json_option
def COMMAND(
    *, paths: tuple[str, ...], addresses: tuple[str, ...], streams: tuple[str, ...], topics: tuple[str, ...], certificate: str, key: str, client_ca: str, from_start: bool,
    no_sightings: bool, sigma: bool, decode: bool, any_time: bool, min_confidence: int, timezone: str | None, limit: int, as_json: bool,
) -> None:  # fmt: skip
    """Watch each LOG (a file or a folder), syslog from the network, and streams; raise an alert for what is found, within a quarter of a second.

    Files are followed when they are renamed, cut or replaced, and new ones in a folder are taken up. After a restart, also a sudden one, reading
    goes on where it ended: nothing is missed and nothing counted twice. New indicators are looked for as soon as the node has them. Saved hunts
    with a schedule (`tocsin hunts schedule`) are run, too. Ctrl-C or SIGTERM ends it in order.
    """
    from tocsin.errors import InputError
    from tocsin.exchange.kafka_topic import properties, topic_of
    from tocsin.exchange.nats_stream import subject_of
    from tocsin.exchange.syslog import Listener
    from tocsin.node.clearances import Clearances
    from tocsin.node.listening import Kafka, Nats, Syslog, address_of
    from tocsin.node.saved_hunts import Scheduler
    from tocsin.node.watching import Setup, Watch
    from tocsin.server import logs

    if not (paths or addresses or streams or topics):
        raise InputError(
            "there is nothing to watch", hint="name a file, a folder, --syslog URL, --nats URL or --kafka URL"
        )
    found = settings()
    wanted = [address_of(each, certificate=certificate, key=key, ca=client_ca) for each in addresses]
    subjects = [subject_of(each) for each in streams]
    named = [topic_of(each) for each in topics]
    how = properties(found.kafka_properties, found.kafka_password) if named else {}
    _hunting.prepared()
    with logs.writing(found.log_level, as_json=found.log_json), open_store() as store:
        reading = _reading.reading(None, timezone, store.clock())
        listening = tuple(Syslog(Listener(each)) for each in wanted)
        pulling = [Nats(store, each, from_start=from_start) for each in subjects]
        fetching = [Kafka(store, each, how, from_start=from_start) for each in named]
        setup = Setup(
            paths=paths, inputs=(*listening, *pulling, *fetching), from_start=from_start, zone=reading.zone,
            any_time=any_time, least=min_confidence, tell=not no_sightings, sigma=sigma, decode=decode,
        )  # fmt: skip
        watch = Watch(store, Clearances(store), setup, on_hits=_shower(limit, as_json=as_json))
        before = {each: signal.signal(each, _stopper(watch)) for each in (signal.SIGINT, signal.SIGTERM)}
        ports = [each.port for each in listening]
        click.echo(
            json.dumps({"watching": list(paths), "ports": ports})
            if as_json
            else _greeting(
                (*paths, *addresses, *(each.shown for each in subjects), *(each.shown for each in named))
            )
        )
        scheduler = Scheduler(store, Clearances(store))
        scheduler.start()
        try:
            watch.run()
        finally:
            scheduler.stop()
            for number, handler in before.items():
                signal.signal(number, handler)
    click.echo(json.dumps(_facts(watch.report)) if as_json else _said(watch.report))


def _greeting(watched: Sequence[str]) -> str:
    return f"Tocsin watches {', '.join(watched)}   (Ctrl-C stops it)"


def _stopper(watch: Watch) -> Callable[[int, FrameType | None], None]:
    return lambda _number, _frame: watch.stop()


def _shower(limit: int, *, as_json: bool) -> Callable[[Released[Sequence[Hit]]], None]:
    from tocsin.cli import _hits

    printed: Counter[int] = Counter()

    def show(found: Released[Sequence[Hit]]) -> None:
        lines = []
        for hit in found.value:
            printed[hit.indicator.tag] += 1
            if as_json:
                lines.append(json.dumps(_hits.hit_facts(hit)))
            elif printed[hit.indicator.tag] <= limit:
                lines.append(_hits.hit_text(hit))
        if lines:
            write(found.derive("\n".join(lines)))

    return show


def _facts(report: Watched) -> dict[str, object]:
    return {
        "lines": report.lines,
        "bytes": report.bytes,
        "hits": report.hits,
        "flagged": report.flagged,
        "beyond": report.beyond,
        "alerts": report.alerts,
        "dropped": report.dropped,
        "notes": [{"file": name, "reason": reason} for name, reason in report.notes.items()],
    }


def _said(report: Watched) -> str:
    text = (
        f"{report.hits:,} hits and {report.flagged:,} flagged in {report.lines:,} lines ({report.bytes / 1e6:,.1f} MB); "
        f"{report.alerts:,} alerts opened"
    )
    text += f"; {report.beyond:,} hits were counted and not kept" if report.beyond else ""
    return text + (f"; {report.dropped:,} datagrams dropped" if report.dropped else "")
