"""The other servers that store STIX and serve TAXII 2.1: medallion (OASIS) and OpenTAXII (EclecticIQ), as PyPI has them.

Each is installed at pinned versions into an environment of its own under `.bench/`, because they do not live with our
dependencies or with each other, and runs the way its own documentation runs it: medallion with its command and its memory
backend (the other needs MongoDB), OpenTAXII under gunicorn with two workers on SQLite. Clients bring medallion's
password, which it compares as it stands, and OpenTAXII's token, which it checks faster than a password. One line repairs
OpenTAXII's answer to a POST, which as released is a 500 (see `_OPENTAXII_APP`).

    uv run python -m benchmarks.peers      installs both and says whether they answer
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.wire import MEDIA, Connector, Served

ROOT = Path(__file__).resolve().parents[1]
PINS = {
    "medallion": ("medallion==3.0.0", "flask==3.1.3", "werkzeug==3.1.9", "setuptools==79.0.1"),
    "opentaxii": (
        "opentaxii==0.9.3",
        "gunicorn==27.0.1",
        "flask==3.1.3",
        "werkzeug==3.1.9",
        "sqlalchemy==2.1.9",
        "marshmallow==4.4.0",
        "stix2==3.0.2",
        "pyjwt==2.15.1",
    ),
}
PINS["sigma"] = (
    "pysigma==1.5.1",
    "pysigma-backend-sqlite==2.0.0",
    "pysigma-pipeline-sysmon==2.0.0",
    "pysigma-pipeline-windows==2.0.1",
)
"""Not a server: what `sigma_peer` needs."""
_COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
_STARTS_WITHIN = 30.0
_OPENTAXII = """
domain: "127.0.0.1:{port}"
auth_api:
  class: opentaxii.auth.sqldb.SQLDatabaseAPI
  parameters: {{db_connection: "sqlite:///{home}/auth.db", create_tables: yes, secret: "{secret}"}}
taxii1:
taxii2:
  contact: bench@example.org
  description: bench
  title: bench
  max_content_length: 104857600
  public_discovery: true
  allow_custom_properties: true
  persistence_api:
    class: opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI
    parameters: {{db_connection: "sqlite:///{home}/data.db", create_tables: yes}}
logging: {{opentaxii: error, root: error}}
"""
# As released, it cannot write its own status resource: json.dumps refuses the UUID in it, after the objects are stored.
_OPENTAXII_APP = """
import json, uuid
refuse = json.JSONEncoder.default
json.JSONEncoder.default = lambda self, value: str(value) if isinstance(value, uuid.UUID) else refuse(self, value)
from opentaxii.http import app
"""


class UnavailableError(Exception):
    """A peer cannot be installed or started here; the message says why."""


def installed(name: str) -> Path:
    """Return the folder of the programs of a peer, installing it first where that has not been done.

    Raises:
        UnavailableError: there is no uv, or it fails.
    """
    folder = ROOT / ".bench" / name
    done = folder / "pins.json"
    pins = json.dumps(PINS[name])
    if done.exists() and done.read_text() == pins:
        return folder / "bin"
    own = ROOT / ".tools" / "bin" / "uv"
    uv = str(own) if own.exists() else shutil.which("uv")
    if uv is None:
        raise UnavailableError("there is no uv: `make setup` fetches it")
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [uv, "venv", "--quiet", "--python", "3.11", str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *PINS[name]],
    ):
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise UnavailableError(f"uv does not install it: {ran.stderr.strip()[-400:]}")
    done.write_text(pins)
    return folder / "bin"


@contextmanager
def medallion(objects: Sequence[bytes] = (), page: int = 1000) -> Iterator[Served]:
    """Run medallion with one collection that holds `objects`, its pages no longer than `page`.

    Raises:
        UnavailableError: it cannot be installed or started.
    """
    programs = installed("medallion")
    port = _free_port()
    with _home("medallion") as home:
        (home / "data.json").write_text(json.dumps(_medallion_data(port, objects)))
        config = {
            "backend": {
                "module": "medallion.backends.memory_backend",
                "module_class": "MemoryBackend",
                "filename": str(home / "data.json"),
                "session_timeout": 3600,  # by default it forgets a `next` after 30 s, less than a page can take it
            },
            "users": {"bench": "bench"},
            "taxii": {"max_page_size": page},
        }
        (home / "config.json").write_text(json.dumps(config))
        command = [str(programs / "medallion"), "--port", str(port), str(home / "config.json")]
        with _running(command, home, port) as (pid, seconds):
            basic = base64.b64encode(b"bench:bench").decode()
            url = f"http://127.0.0.1:{port}/root/collections/{_COLLECTION}"
            yield Served("medallion 3.0.0", url, f"Basic {basic}", pid, seconds)


@contextmanager
def opentaxii() -> Iterator[Served]:
    """Run OpenTAXII with one empty collection.

    Raises:
        UnavailableError: it cannot be installed or started.
    """
    programs = installed("opentaxii")
    port = _free_port()
    with _home("opentaxii") as home:
        secret = base64.b64encode(os.urandom(32)).decode()
        (home / "config.yml").write_text(_OPENTAXII.format(port=port, home=home, secret=secret))
        (home / "repaired.py").write_text(_OPENTAXII_APP)
        given = os.environ | {"OPENTAXII_CONFIG": str(home / "config.yml"), "PYTHONWARNINGS": "ignore"}

        def run(program: str, *arguments: str) -> str:
            command = [str(programs / program), *arguments]
            ran = subprocess.run(
                command, capture_output=True, text=True, check=False, env=given, cwd=home, timeout=60
            )
            if ran.returncode:
                raise UnavailableError(f"{program}: {(ran.stderr or ran.stdout).strip()[-400:]}")
            return ran.stdout + ran.stderr

        run("opentaxii-add-api-root", "--title", "bench", "--default")
        root = re.search(r"[0-9a-f-]{36}", run("opentaxii-add-collection", "--help"))
        if root is None:
            raise UnavailableError("opentaxii-add-collection does not name the API root")
        rights = ("--public", "--public-write")
        run("opentaxii-add-collection", "-r", root.group(), "-t", "bench", "-a", "bench", *rights)
        said = run("opentaxii-create-account", "--username", "bench", "--password", "bench")
        token = re.search(r"token: (\S+)", said)
        if token is None:
            raise UnavailableError("opentaxii-create-account gives no token")
        command = [str(programs / "gunicorn"), "--workers", "2", "--bind", f"127.0.0.1:{port}"]
        with _running([*command, "repaired:app"], home, port, given) as (pid, seconds):
            url = f"http://127.0.0.1:{port}/taxii2/{root.group()}/collections/bench"
            yield Served("OpenTAXII 0.9.3", url, f"Bearer {token.group(1)}", pid, seconds)


def fill(served: Served, objects: Sequence[bytes], batch: int = 1000) -> None:
    """POST objects to a server."""
    connector = Connector(served)
    for start in range(0, len(objects), batch):
        connector.ask("/objects/", method="POST", body=envelope(objects[start : start + batch]))
    connector.close()


def envelope(objects: Sequence[bytes]) -> bytes:
    """Return a TAXII envelope."""
    return b'{"objects":[' + b",".join(objects) + b"]}"


def each(
    measure: Callable[[Served], float],
    *,
    medallion_objects: Sequence[bytes],
    opentaxii_objects: Sequence[bytes],
    say: Callable[[str], None],
) -> dict[str, float]:
    """Run both peers, one after the other, with so many objects; return what `measure` finds. One that cannot be had is left out, and said."""
    found = {}
    for name, objects in (("medallion", medallion_objects), ("OpenTAXII", opentaxii_objects)):
        try:
            with ExitStack() as stack:
                if name == "medallion":
                    served = stack.enter_context(medallion(objects))
                else:
                    served = stack.enter_context(opentaxii())
                    fill(served, objects)
                found[served.name] = measure(served)
        except UnavailableError as reason:
            say(f"{name} is left out: {reason}")
    return found


def _medallion_data(port: int, objects: Sequence[bytes]) -> dict[str, object]:
    kind = "application/stix+json;version=2.1"
    root = f"http://127.0.0.1:{port}/root/"
    parsed = [json.loads(raw) for raw in objects]
    added = (
        f"2026-01-01T00:{number // 60000 % 60:02}:{number / 1000 % 60:09.6f}Z"
        for number in range(len(parsed))
    )
    manifest = [
        {"id": one["id"], "date_added": date, "version": one["modified"], "media_type": kind}
        for one, date in zip(parsed, added, strict=False)
    ]
    return {
        "/discovery": {"title": "medallion", "default": root, "api_roots": [root]},
        "root": {
            "information": {"title": "root", "versions": [MEDIA], "max_content_length": 104_857_600},
            "status": [],
            "collections": [
                {
                    "id": _COLLECTION,
                    "title": "bench",
                    "can_read": True,
                    "can_write": True,
                    "media_types": [kind],
                    "objects": parsed,
                    "manifest": manifest,
                }
            ],
        },
    }


@contextmanager
def _home(name: str) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix=f"tocsin-bench-{name}-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _running(
    command: Sequence[str], home: Path, port: int, environment: dict[str, str] | None = None
) -> Iterator[tuple[int, float]]:
    """Run a server until the block ends; yield its process id and the seconds until it answered."""
    began = time.perf_counter()
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=home, env=environment)
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > _STARTS_WITHIN:
                raise UnavailableError(f"it does not start: {(home / 'log').read_text().strip()[-400:]}")
            time.sleep(0.01)
        yield process.pid, time.perf_counter() - began
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    """Return whether a request is answered, with whatever; gunicorn listens before it has loaded the application."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except OSError:
        return False
    else:
        return True
    finally:
        connection.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def _check() -> int:
    from benchmarks import corpus

    objects = list(corpus.indicators(10))

    def look(served: Served) -> float:
        return Connector(served).ask("/objects/?limit=10").indicators()

    found = each(look, medallion_objects=objects, opentaxii_objects=objects, say=print)
    for name, count in found.items():
        print(f"{name}: {count:.0f} of 10 objects")
    return 0 if len(found) == 2 else 1


if __name__ == "__main__":
    raise SystemExit(_check())
