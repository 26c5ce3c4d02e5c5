"""Backup and restore: one consistent snapshot of everything, in one file with checksums.

A `.tar.zst` archive: for each table its rows in PostgreSQL's binary COPY form, in parts of 16 MiB, then `manifest.json`, last, with the
schema, and the columns, row count and SHA-256 of each table. Memory is flat and nothing is put down elsewhere on the way. A
restored node is identical: same dates added, labels, token hashes.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
from psycopg import sql

from tocsin import __version__
from tocsin.clock import to_text
from tocsin.errors import ConflictError, FormatError, StoreUnavailableError
from tocsin.formats import zstd
from tocsin.store import collections, migrate
from tocsin.store.connection import Connection
from tocsin.store.database import Store

# In the order of their references. `migration` is made by migrating, `object` partitions by their collections.
_TABLES = (
    "head",
    "state",
    "organisation",
    "embargo",
    "agreement",
    "party",
    "community",
    "membership",
    "collection",
    "label",
    "label_use",
    "definition",
    "origin",
    "object",
    "assertion",
    "link",
    "quarantine",
    "account",
    "token",
    "claim",
    "passkey",
    "identity",
    "totp",
    "recovery",
    "journal",
    "receipt",
    "posting",
    "peer",
    "subscription",
    "warninglist",
    "policy_change",
    "saved_view",
    "proposal",
    "webhook",
    "delivery",
    "hit",
    "alert",
    "alert_source",
    "suppression",
    "saved_hunt",
    "hunt_run",
    "import_run",
    "watched",
    "secret",
    "form",
)
_MANIFEST = "manifest.json"
_FORMAT = 1
_PART = 16 * 1024 * 1024
_BLOCK = 1024 * 1024


class Summary(msgspec.Struct, frozen=True):
    """What a backup holds: rows by table, bytes of the file, and when it was made."""

    rows: dict[str, int]
    size: int
    made: str


def backup(store: Store, path: Path) -> Summary:
    """Write a snapshot of the node to `path`, which appears only when it is complete.

    Raises:
        ConflictError: `path` exists.
        StoreUnavailableError: the database is away, or the disk is full.
    """
    if path.exists():
        raise ConflictError(f"{path} exists", hint="a backup never overwrites another")
    made = to_text(store.clock())
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as partial:
            try:
                os.fchmod(partial.fileno(), 0o600)
                manifest = _write(store, cast("BinaryIO", partial), made)
                partial.flush()
                os.fsync(partial.fileno())
                Path(partial.name).rename(path)
                _sync(path.parent)
            except BaseException:
                Path(partial.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise StoreUnavailableError(
            f"{path}: {error.strerror}", hint="is there room, and may this user write there?"
        ) from error
    return Summary({t: m["rows"] for t, m in manifest["tables"].items()}, path.stat().st_size, made)


def _write(store: Store, out: BinaryIO, made: str) -> dict[str, Any]:
    manifest: dict[str, Any] = {"format": _FORMAT, "tocsin": __version__, "made": made, "tables": {}}
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: 3,
        zstd.CompressionParameter.checksum_flag: 1,
    }
    with (
        store.transaction() as connection,
        zstd.ZstdFile(out, "w", options=options) as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        manifest["schema"] = [list(step) for step in migrate.applied(connection)]
        for table in _TABLES:
            manifest["tables"][table] = _write_table(connection, archive, table)
        _add(archive, _MANIFEST, json.dumps(manifest, indent=1).encode())
    return manifest


def _write_table(connection: Connection, archive: tarfile.TarFile, table: str) -> dict[str, Any]:
    columns = _columns(connection, table)
    digest = hashlib.sha256()
    statement = sql.SQL("COPY (SELECT {} FROM {} {}) TO STDOUT (FORMAT BINARY)").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(table),
        sql.SQL("ORDER BY cursor" if table == "object" else ""),
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for number, part in enumerate(_parts(copy)):
                digest.update(part)
                _add(archive, f"{table}.{number:06d}.copy", part)
        rows = cursor.rowcount
    return {"columns": columns, "rows": rows, "sha256": digest.hexdigest()}


def _parts(blocks: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    """Gather blocks: a member's size is written before its bytes, so each has to be whole first."""
    waiting: list[bytes | bytearray | memoryview] = []
    size = 0
    for block in blocks:
        waiting.append(bytes(block))
        size += len(block)
        if size >= _PART:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _add(archive: tarfile.TarFile, name: str, body: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(body)
    info.mode = 0o600
    archive.addfile(info, io.BytesIO(body))


def _sync(folder: Path) -> None:
    """Make a rename in a folder outlast a power cut."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _columns(connection: Connection, table: str) -> list[str]:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (f"public.{table}",),
    ).fetchall()
    return [r[0] for r in rows]


def restore(store: Store, path: Path) -> Summary:
    """Fill an empty, migrated node from a backup; everything or nothing.

    Raises:
        ConflictError: the node holds something, or the backup has another schema.
        FormatError: the file is not a whole, unaltered backup.
        StoreUnavailableError: the database is away or full.
    """
    manifest = _verify(path)
    with store.transaction() as connection:
        taken = [list(step) for step in migrate.applied(connection)]
        if taken != manifest["schema"]:
            raise ConflictError(
                f"the backup has schema {len(manifest['schema'])}, this node {len(taken)}",
                hint="restore with the version that made it, then migrate",
            )
        _require_empty(connection)
        connection.execute("DELETE FROM head")
        connection.execute("DELETE FROM state")
        with _open(path) as archive:
            for table, blocks in _members(archive, path):
                if table != _MANIFEST:
                    _read_table(connection, table, manifest["tables"][table]["columns"], blocks)
        for table, column in (("label", "id"), ("origin", "id"), ("collection", "local_id"), ("quarantine", "id"), ("journal", "id"), ("receipt", "id"), ("warninglist", "id")):  # fmt: skip
            connection.execute(
                sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({}, {}), coalesce(max({}), 0) + 1, false) FROM {}"
                ).format(
                    sql.Literal(table), sql.Literal(column), sql.Identifier(column), sql.Identifier(table)
                )
            )
        connection.execute("ANALYZE")
    return Summary(
        {t: m["rows"] for t, m in manifest["tables"].items()}, path.stat().st_size, manifest["made"]
    )


def _require_empty(connection: Connection) -> None:
    for table in ("organisation", "object", "account", "collection"):
        if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))).fetchone():
            raise ConflictError(
                f"this node is not empty: it has rows in {table}",
                hint="restore into a new home: `tocsin --home NEW restore FILE`",
            )


def _read_table(connection: Connection, table: str, columns: list[str], blocks: Iterable[bytes]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for block in blocks:
            copy.write(block)
    if table == "collection":
        for (local,) in connection.execute("SELECT local_id FROM collection").fetchall():
            collections.make_partition(connection, local)


@contextmanager
def _open(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with (
            path.open("rb") as packed,
            zstd.ZstdFile(packed) as source,
            tarfile.open(fileobj=source, mode="r|") as archive,
        ):
            yield archive
    except OSError as error:
        raise FormatError(error.strerror or str(error), where=str(path)) from error
    except (tarfile.TarError, zstd.ZstdError, EOFError) as error:
        raise FormatError(f"damaged, or not a backup of Tocsin: {error}", where=str(path)) from error


def _members(archive: tarfile.TarFile, path: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the name of each table, or of the manifest, with its blocks, which must be read before the next."""
    named = ((member.name.split(".", 1)[0], member) for member in archive)
    for name, parts in itertools.groupby(named, key=lambda pair: pair[0]):
        known = f"{name}.json" if f"{name}.json" == _MANIFEST else name
        yield known, _blocks(archive, (member for _, member in parts), path)


def _blocks(archive: tarfile.TarFile, members: Iterable[tarfile.TarInfo], path: Path) -> Iterator[bytes]:
    for member in members:
        source = archive.extractfile(member)
        if source is None:
            raise FormatError(f"{member.name} is not a file", where=str(path))
        while block := source.read(_BLOCK):
            yield block


def _verify(path: Path) -> dict[str, Any]:
    """Read the whole file and return its manifest, if each table is what the manifest says."""
    digests: dict[str, str] = {}
    manifest: dict[str, Any] | None = None
    try:
        with _open(path) as archive:
            for name, blocks in _members(archive, path):
                if name == _MANIFEST:
                    manifest = json.loads(b"".join(itertools.islice(blocks, 1)))
                    continue
                digest = hashlib.sha256()
                for block in blocks:
                    digest.update(block)
                digests[name] = digest.hexdigest()
    except ValueError as error:
        raise FormatError(f"its manifest is damaged: {error}", where=str(path)) from error
    if manifest is None or manifest.get("format") != _FORMAT:
        raise FormatError("not a whole backup: the manifest at its end is missing", where=str(path))
    if set(manifest["tables"]) != set(_TABLES) or digests.keys() != set(_TABLES):
        raise FormatError("not a whole backup: tables are missing", where=str(path))
    for table, facts in manifest["tables"].items():
        if digests[table] != facts["sha256"]:
            raise FormatError(f"the rows of {table} are not those that were written", where=str(path))
    return manifest
