"""Settings: defaults, then `tocsin.toml` in the home folder, then `TOCSIN_*` variables.

Each setting is one row of `SETTINGS`; the reference page docs/reference/settings.md is generated
from it (`python -m tocsin.config`), so that a setting cannot exist without being documented.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tocsin.errors import ConfigError

_MAIL = re.compile(r"[^\s@:,<>\"]+@[^\s@:,<>\"]+")
_CONTACT = re.compile(r"(?:mailto:[^\s@<>\"]+@|https://|tel:\+?[0-9])[^\s<>\"]*")


def _flag(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("expected true or false")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError("expected 0 to 65535")
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError("expected a whole number of at least 1")
    return count


def _level(text: str) -> str:
    if text.lower() not in {"debug", "info", "warning", "error"}:
        raise ValueError("expected debug, info, warning or error")
    return text.lower()


def _line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("expected one line of text")
    return text.strip()


def _contacts(text: str) -> str:
    """Return addresses as URIs, separated by commas (RFC 9116 section 2.5.3); a bare mail address becomes one."""
    found = []
    for each in filter(None, map(str.strip, _line(text).split(","))):
        uri = f"mailto:{each}" if _MAIL.fullmatch(each) else each
        if not _CONTACT.fullmatch(uri):
            raise ValueError(
                "expected addresses such as cti@example.org, https://example.org/contact or tel:+1-201-555-0123"
            )
        found.append(uri)
    return ", ".join(found)


def _web_address(text: str) -> str:
    found = _line(text)
    if found and not re.fullmatch(r"https://[^\s<>\"]+", found):
        raise ValueError("expected an address that begins with https://")
    return found


def _networks(text: str) -> str:
    found = [ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip()]
    return ", ".join(map(str, found))


def _proxy_header(text: str) -> str:
    if text.lower() not in {"x-forwarded-for", "forwarded"}:
        raise ValueError("expected x-forwarded-for or forwarded")
    return text.lower()


def _languages(text: str) -> str:
    found = [each.strip() for each in text.split(",") if each.strip()]
    if not all(re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", each) for each in found):
        raise ValueError("expected language tags such as en, de")
    return ", ".join(found)


class Setting(NamedTuple):
    """One setting: its name in the file, how its text is read, its default and its meaning."""

    name: str
    read: Callable[[str], Any]
    default: Any
    meaning: str
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return f"TOCSIN_{self.name.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "database_url",
        str,
        "",
        "PostgreSQL 15 or newer as a libpq URL. Empty: the node runs its own server in `<home>/pg`.",
        secret=True,
    ),
    Setting("host", str, "127.0.0.1", "Address that `tocsin serve` listens on."),
    Setting("port", _port, 8420, "Port that `tocsin serve` listens on; 0 takes a free one."),
    Setting(
        "public_url", str, "", "Address under which peers reach this node, such as `https://cti.example.org`."
    ),
    Setting("about", str, "", "A few sentences about this node, which its front page shows to everybody."),
    Setting(
        "contact",
        _contacts,
        "",
        "Addresses of whoever runs this node, separated by commas, the preferred one first: mail, `https:` or `tel:`. "
        "The front page shows them to everybody, and `/.well-known/security.txt` names them. Empty: there is none.",
    ),
    Setting(
        "security_contact",
        _contacts,
        "",
        "Addresses for reports of weaknesses, in the same form. Empty: `contact`.",
    ),
    Setting(
        "security_policy", _web_address, "", "Address of the page that says how such reports are dealt with."
    ),
    Setting(
        "security_languages",
        _languages,
        "",
        "Languages that such reports may be written in, such as `en, de`. Empty: any.",
    ),
    Setting("tls_certificate", str, "", "PEM file with the server's certificate chain. Empty: plain HTTP."),
    Setting("tls_key", str, "", "PEM file with the server's private key."),
    Setting(
        "tls_client_ca",
        str,
        "",
        "PEM file of authorities; when set, clients must show a certificate signed by one of them.",
    ),
    Setting(
        "trusted_proxies",
        _networks,
        "",
        "Addresses and networks of proxies in front of this node, separated by commas, such as `127.0.0.1, 10.0.0.0/24`. "
        "Only they are believed for whom they ask; limits on sign-ins, the journal and the log then have the client's address. Empty: none.",
    ),
    Setting(
        "proxy_header",
        _proxy_header,
        "x-forwarded-for",
        "The header in which those proxies say so: `x-forwarded-for` or `forwarded`. The other one is not looked at.",
    ),
    Setting(
        "page_size", _count, 1000, "Most objects in one TAXII page; a client may ask for fewer with `limit`."
    ),
    Setting(
        "max_content_length",
        _count,
        100 * 1024 * 1024,
        "Largest TAXII POST body in bytes, after decompression.",
    ),
    Setting(
        "request_timeout",
        _count,
        60,
        "Seconds a client may take to send a request before the connection is closed.",
    ),
    Setting("pool_size", _count, 8, "Most database connections one process holds."),
    Setting("workers", _count, 1, "Server processes of `tocsin serve`; each holds `pool_size` connections."),
    Setting(
        "webhook_origins",
        str,
        "",
        "Origins that webhooks may be sent to, separated by commas, such as `https://soar.example.org`. Empty: no webhooks.",
    ),
    Setting(
        "oidc_issuer",
        str,
        "",
        "Issuer of the OpenID provider that people may sign in with, exactly as it calls itself. Empty: none.",
    ),
    Setting("oidc_client_id", str, "", "Id under which this node is registered at the provider."),
    Setting(
        "oidc_client_secret", str, "", "Secret of that registration; empty for a public client.", secret=True
    ),
    Setting("oidc_name", str, "", "What people call the provider; empty: its host name."),
    Setting(
        "oidc_ca", str, "", "PEM file of the only authorities trusted for the provider. Empty: the system's."
    ),
    Setting(
        "telemetry_folder",
        str,
        "",
        "Where `tocsin keep` keeps telemetry. Empty: `<home>/telemetry`. It may lie on a disk of its own.",
    ),
    Setting(
        "telemetry_days",
        _count,
        90,
        "Days for which telemetry is kept; what is older is removed by `tocsin keep`.",
    ),
    Setting(
        "telemetry_gigabytes",
        _count,
        100,
        "Most that kept telemetry may take on disk, in units of 10^9 bytes; the oldest days are removed first.",
    ),
    Setting(
        "kafka_properties",
        str,
        "",
        "File that says how `tocsin watch` speaks to Kafka: `name = value` lines by librdkafka's names, such as `security.protocol = SASL_SSL`.",
    ),
    Setting(
        "kafka_password", str, "", "Password for Kafka, instead of `sasl.password` in that file.", secret=True
    ),
    Setting("log_level", _level, "info", "debug, info, warning or error."),
    Setting("log_json", _flag, False, "Write the log as one JSON object a line."),
    Setting(
        "metrics_public",
        _flag,
        False,
        "Serve `/metrics` without a token. Figures there count requests and work, never objects of one label.",
    ),
)


class Settings(msgspec.Struct, frozen=True):
    """What a process runs under. Fields are described in `SETTINGS`."""

    home: Path
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8420
    public_url: str = ""
    about: str = ""
    contact: str = ""
    security_contact: str = ""
    security_policy: str = ""
    security_languages: str = ""
    tls_certificate: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    trusted_proxies: str = ""
    proxy_header: str = "x-forwarded-for"
    page_size: int = 1000
    max_content_length: int = 100 * 1024 * 1024
    request_timeout: int = 60
    pool_size: int = 8
    workers: int = 1
    webhook_origins: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_name: str = ""
    oidc_ca: str = ""
    telemetry_folder: str = ""
    telemetry_days: int = 90
    telemetry_gigabytes: int = 100
    kafka_properties: str = ""
    kafka_password: str = ""
    log_level: str = "info"
    log_json: bool = False
    metrics_public: bool = False

    @property
    def telemetry(self) -> Path:
        """Where telemetry is kept."""
        return Path(self.telemetry_folder).expanduser() if self.telemetry_folder else self.home / "telemetry"


def default_home(environ: Mapping[str, str]) -> Path:
    """Return `TOCSIN_HOME`, or the user's data folder (XDG base directory specification)."""
    if home := environ.get("TOCSIN_HOME"):
        return Path(home).expanduser().absolute()
    data = environ.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Path(data) / "tocsin"


def load(home: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the node in `home`.

    Raises:
        ConfigError: an unknown setting, or a value that cannot be read; the message names where.
    """
    environ = os.environ if environ is None else environ
    home = (home or default_home(environ)).absolute()
    values: dict[str, Any] = {}
    file = home / "tocsin.toml"
    known = {setting.name: setting for setting in SETTINGS}
    for name, value in _read_file(file).items():
        if name not in known:
            raise ConfigError(
                f"{file}: unknown setting {name!r}", hint="see docs/reference/settings.md for the names"
            )
        text = str(value).lower() if isinstance(value, bool) else str(value)
        values[name] = _value(known[name], text, f"{file}: {name}")
    for setting in SETTINGS:
        given = environ.get(setting.variable)
        if given is not None:
            values[setting.name] = _value(setting, given, setting.variable)
    return Settings(home=home, **values)


def _read_file(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}", hint="the file is TOML: name = value, one a line") from error
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error


def _value(setting: Setting, text: str, where: str) -> Any:
    try:
        return setting.read(text)
    except ValueError as error:
        shown = "the value" if setting.secret else repr(text)
        raise ConfigError(f"{where}: {shown} cannot be used: {error}") from error
