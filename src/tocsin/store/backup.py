"""Backup and restore: one consistent snapshot of everything, in one file with checksums.

A `.tar.zst` archive: for each table its rows in PostgreSQL's binary COPY form, then `manifest.json`, last, with the schema, the
columns, row counts and the SHA-256 of each member. A restored node is identical: same dates added, labels, token hashes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
import zstandard
from psycopg import sql

from tocsin import __version__
from tocsin.clock import to_text
from tocsin.errors import ConflictError, FormatError, StoreUnavailableError
from tocsin.store import collections, migrate
from tocsin.store.connection import Connection
from tocsin.store.database import Store

# In the order of their references. `migration` is made by migrating, `object` partitions by their collections.
_TABLES = (
    "head",
    "state",
    "organisation",
    "community",
    "membership",
    "collection",
    "label",
    "definition",
    "origin",
    "object",
    "assertion",
    "quarantine",
    "account",
    "token",
    "claim",
    "journal",
    "posting",
    "peer",
    "subscription",
    "warninglist",
    "hit",
)
_MANIFEST = "manifest.json"
_FORMAT = 1


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
    compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
    with store.connection() as connection, compressor.stream_writer(out, closefd=False) as packed:
        with connection.transaction(), tarfile.open(fileobj=packed, mode="w|") as archive:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            manifest["schema"] = [list(step) for step in migrate.applied(connection)]
            for table in _TABLES:
                manifest["tables"][table] = _write_table(connection, archive, table)
            body = json.dumps(manifest, indent=1).encode()
            info = tarfile.TarInfo(_MANIFEST)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return manifest


def _write_table(connection: Connection, archive: tarfile.TarFile, table: str) -> dict[str, Any]:
    columns = _columns(connection, table)
    digest = hashlib.sha256()
    statement = sql.SQL("COPY (SELECT {} FROM {} {}) TO STDOUT (FORMAT BINARY)").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.Identifier(table),
        sql.SQL("ORDER BY cursor" if table == "object" else ""),
    )
    # a tar member's size comes before its bytes, so a table passes through a temporary file
    with tempfile.TemporaryFile() as spool:
        with connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for block in copy:
                    digest.update(block)
                    spool.write(block)
            rows = cursor.rowcount
        info = tarfile.TarInfo(f"{table}.copy")
        info.size = spool.tell()
        spool.seek(0)
        archive.addfile(info, spool)
    return {"columns": columns, "rows": rows, "sha256": digest.hexdigest()}


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
            for member in archive:
                table = member.name.removesuffix(".copy")
                if table in manifest["tables"]:
                    source = archive.extractfile(member)
                    assert source is not None  # `_verify` has read it before
                    _read_table(
                        connection, table, manifest["tables"][table]["columns"], cast("BinaryIO", source)
                    )
        for table, column in (("label", "id"), ("origin", "id"), ("collection", "local_id"), ("quarantine", "id"), ("journal", "id"), ("warninglist", "id")):  # fmt: skip
            connection.execute(
                sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({}, {}), coalesce(max({}), 0) + 1, false) FROM {}"
                ).format(
                    sql.Literal(table), sql.Literal(column), sql.Identifier(column), sql.Identifier(table)
                )
            )
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


def _read_table(connection: Connection, table: str, columns: list[str], source: BinaryIO) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor().copy(statement) as copy:
        while block := source.read(1 << 20):
            copy.write(block)
    if table == "collection":
        for (local,) in connection.execute("SELECT local_id FROM collection").fetchall():
            connection.execute(
                sql.SQL("CREATE TABLE {} PARTITION OF object FOR VALUES IN ({})").format(
                    collections.partition(local), sql.Literal(local)
                )
            )


@contextmanager
def _open(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with (
            path.open("rb") as packed,
            zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as source,
            tarfile.open(fileobj=source, mode="r|") as archive,
        ):
            yield archive
    except OSError as error:
        raise FormatError(error.strerror or str(error), where=str(path)) from error
    except (tarfile.TarError, zstandard.ZstdError) as error:
        raise FormatError(f"damaged, or not a backup of Tocsin: {error}", where=str(path)) from error


def _verify(path: Path) -> dict[str, Any]:
    """Read the whole file and return its manifest, if each member is what the manifest says."""
    digests: dict[str, str] = {}
    manifest: dict[str, Any] | None = None
    try:
        with _open(path) as archive:
            for member in archive:
                source = archive.extractfile(member)
                if source is None:
                    raise FormatError(f"{member.name} is not a file", where=str(path))
                if member.name == _MANIFEST:
                    manifest = json.loads(source.read(1 << 20))
                    continue
                digest = hashlib.sha256()
                while block := source.read(1 << 20):
                    digest.update(block)
                digests[member.name.removesuffix(".copy")] = digest.hexdigest()
    except ValueError as error:
        raise FormatError(f"its manifest is damaged: {error}", where=str(path)) from error
    if manifest is None or manifest.get("format") != _FORMAT:
        raise FormatError("not a whole backup: the manifest at its end is missing", where=str(path))
    for table, facts in manifest["tables"].items():
        if table not in _TABLES or digests.get(table) != facts["sha256"]:
            raise FormatError(f"the rows of {table} are not those that were written", where=str(path))
    return manifest
