"""What an indicator can name in a log: typed values, each with one normal spelling.

Two texts name the same thing exactly when their normal spellings are equal. Defanged forms (`hxxp`, `[.]`, `(at)`) are read as what they stand for.
Names are lower-case A-labels without trailing dot (UTS 46, RFC 5891), URLs are normalised as RFC 3986 section 6.2 describes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias, get_args

import idna
import msgspec

from tocsin.errors import FormatError
from tocsin.matching import addresses

Kind: TypeAlias = Literal[
    "ipv4",
    "ipv6",
    "cidr",
    "domain",
    "url",
    "email",
    "md5",
    "sha1",
    "sha256",
    "sha512",
    "ja3",
    "ja4",
    "cve",
    "wallet",
    "file_name",
    "registry_key",
    "mutex",
    "user_agent",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

FOLDED: Final[frozenset[Kind]] = frozenset({"ja4", "cve", "file_name", "registry_key"})
"""Kinds found by one of their words whose letters are of any case (ASCII alone is folded)."""
EXACT: Final[frozenset[Kind]] = frozenset({"wallet", "mutex", "user_agent"})
"""Kinds found by one of their words whose letters are as they are."""

HASH_KINDS: Final[dict[int, Kind]] = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
"""Kind of a digest by its length in hexadecimal digits."""

_PORTS: Final = {"http": "80", "https": "443", "ftp": "21", "ws": "80", "wss": "443"}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_LABELS = re.compile(rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})*+")
_HEX = re.compile(r"[0-9a-f]+")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)(?:#.*)?", re.DOTALL)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9._~!$&'()*+,;=:@/?-]")

_DEFANGED = re.compile(
    r"(?P<dot>[\[({](?:\.|dot)[\])}])|(?P<at>[\[({](?:@|at)[\])}])|\[(?P<mark>://|:/|:|/)\]"
    r"|(?<![a-z0-9])(?P<scheme>hxxp|h\*\*p|fxp)(?=s?(?:\[|:))",
    re.IGNORECASE | re.ASCII,
)
_FOLDING: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_LONGEST_PHRASE = 1024
_ROOTS: Final = {
    "HKLM": "HKEY_LOCAL_MACHINE",
    "HKCU": "HKEY_CURRENT_USER",
    "HKCR": "HKEY_CLASSES_ROOT",
    "HKU": "HKEY_USERS",
    "HKCC": "HKEY_CURRENT_CONFIG",
}
_KERNEL_ROOTS: Final = {"HKEY_LOCAL_MACHINE": "\\REGISTRY\\MACHINE", "HKEY_USERS": "\\REGISTRY\\USER"}
_SLASHES = re.compile(r"\\{2,}")
_SCHEMES: Final = {"hxxp": "http", "h**p": "http", "fxp": "ftp"}


class Value(msgspec.Struct, frozen=True, gc=False):
    """A typed value in its normal spelling."""

    kind: Kind
    text: str


class View(msgspec.Struct, frozen=True, gc=False):
    """A text with its defanged forms undone, and how to get back.

    `shifts` holds (position in `text`, position in the original) from each of which the two run in step.
    """

    text: str
    shifts: tuple[tuple[int, int], ...]

    def original(self, position: int) -> int:
        """Return where a position of `text` was in the original."""
        here, there = 0, 0
        for view, source in self.shifts:
            if view > position:
                break
            here, there = view, source
        return there + position - here


class Url(msgspec.Struct, frozen=True, gc=False):
    """The host of a URL, and the URL without its scheme."""

    host: str
    rest: str


def split_url(text: str) -> Url:
    """Return the parts of a URL in normal spelling that matching asks for."""
    rest = text.partition("://")[2]
    authority = rest.partition("/")[0]
    host = authority[: authority.index("]") + 1] if authority.startswith("[") else authority.partition(":")[0]
    return Url(host, rest)


def is_private(kind: str, value: str) -> bool:
    """Return whether a value in normal spelling is an address or a range that each network has for itself, or a URL on one."""
    if kind not in {"ipv4", "ipv6", "cidr", "url"}:
        return False
    return addresses.is_private(split_url(value).host.strip("[]") if kind == "url" else value)


def refang(text: str) -> str:
    """Return `text` with defanged forms undone: `hxxp://evil[.]example` is `http://evil.example`."""
    return _DEFANGED.sub(_plain, text)


def view_of(text: str) -> View | None:
    """Return `text` as `refang` does, with positions; None when nothing in it is defanged."""
    low = text.lower()
    # one of these is in all that is defanged; a regular expression would take several times as long
    if not ("[" in text or "(" in text or "{" in text or "hxxp" in low or "h**p" in low or "fxp" in low):
        return None
    pieces: list[str] = []
    shifts: list[tuple[int, int]] = []
    at = length = 0
    for found in _DEFANGED.finditer(text):
        plain = _plain(found)
        pieces += (text[at : found.start()], plain)
        length += found.start() - at + len(plain)
        at = found.end()
        shifts.append((length, at))
    if not shifts:
        return None
    pieces.append(text[at:])
    return View("".join(pieces), tuple(shifts))


def _plain(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "dot":
            return "."
        case "at":
            return "@"
        case "mark":
            return found["mark"]
        case _:
            return _SCHEMES[found["scheme"].lower()]


def normalise(kind: Kind, text: str) -> str:
    """Return the normal spelling of a value.

    Raises:
        FormatError: `text` is no value of that kind.
    """
    plain = refang(text.strip())
    found = _NORMAL[kind](plain)
    if found is None or (kind in _LENGTHS and len(found) != _LENGTHS[kind]):
        raise FormatError(f"{text[:200]!r} is no {_NAMES[kind]}")
    return found


def classify(text: str) -> Value:
    """Return what a text names, told by its form alone.

    Raises:
        FormatError: it has the form of none of the kinds.
    """
    plain = refang(text.strip())
    for kind in ("ipv4", "ipv6", "cidr", "url", "email", "md5", "domain"):
        found = _NORMAL[kind](plain)
        if found is not None:
            return Value(HASH_KINDS[len(found)] if kind == "md5" else kind, found)
    raise FormatError(
        f"{text[:200]!r} is no address, range, domain, URL, hash or e-mail address",
    )


def _ipv4(text: str) -> str | None:
    return None if addresses.parse_ipv4(text) is None else text


def _ipv6(text: str) -> str | None:
    number = addresses.parse_ipv6(text.partition("%")[0].strip("[]"))
    return None if number is None else addresses.format_ipv6(number)


def _cidr(text: str) -> str | None:
    found = addresses.parse_network(text)
    return None if found is None else addresses.format_network(*found)


def _hash(text: str) -> str | None:
    text = text.lower()
    return text if len(text) in HASH_KINDS and _HEX.fullmatch(text) else None


def domain(text: str) -> str | None:
    """Return the normal spelling of a domain name, or None; `*.evil.example` and `.evil.example` are `evil.example`."""
    text = text.replace("\u3002", ".").removeprefix("*").strip(".")
    if len(text) > 1024:
        return None
    name = text.lower() if text.isascii() else ".".join(a_label(label) or "" for label in text.split("."))
    if len(name) > 253 or _LABELS.fullmatch(name) is None or name.rpartition(".")[2].isdigit():
        return None
    return name


def a_label(label: str) -> str | None:
    """Return one label of a name as it is looked up: lower case, in ASCII (UTS 46 and RFC 5891); None if it cannot be one.

    Registries have let in labels that IDNA 2008 forbids (`☃`), so those are encoded as they are (RFC 3492).
    """
    if not label.isascii():
        try:
            label = idna.encode(label, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            try:
                label = "xn--" + label.lower().encode("punycode").decode("ascii")
            except UnicodeError:
                return None
    label = label.lower()
    return label if _LABEL.fullmatch(label) else None


def _email(text: str) -> str | None:
    local, at, host = text.removeprefix("mailto:").rpartition("@")
    name = domain(host) if at else None
    if not local or name is None or len(local) > 64 or any(c.isspace() or c in '@"<>' for c in local):
        return None
    return f"{local.lower()}@{name}"


def url(text: str) -> str | None:
    """Return the normal spelling of a URL, or None. User information and fragment are dropped: neither is asked of a server."""
    found = _URL.fullmatch(text)
    if found is None:
        return None
    scheme, given, rest = found.groups()
    scheme = scheme.lower()
    authority = _authority(scheme, given.rpartition("@")[2])
    if authority is None:
        return None
    path, mark, query = _encoded(rest).partition("?")
    return f"{scheme}://{authority}{_without_dots(path) or '/'}{mark}{query}"


def _authority(scheme: str, text: str) -> str | None:
    host, _, port = text.partition(":")
    if text.startswith("["):
        inner, bracket, rest = text[1:].partition("]")
        number = addresses.parse_ipv6(inner.partition("%")[0])
        if not bracket or number is None or (rest and not rest.startswith(":")):
            return None
        host, port = f"[{addresses.format_ipv6(number)}]", rest[1:]
    elif _ipv4(host) is None:
        named = domain(_decoded(host)) if host and host[0] != "*" else None  # no server has that name
        if named is None:
            return None
        host = named
    if port and (not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > 65535):
        return None
    port = str(int(port)) if port else ""
    return host if port in {"", _PORTS.get(scheme)} else f"{host}:{port}"


def _decoded(host: str) -> str:
    if "%" not in host:
        return host
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes.fromhex(m[1].decode()), _octets(host))
    return raw.decode("utf-8", "replace")


def _octets(text: str) -> bytes:
    try:
        return text.encode(
            "utf-8", "surrogateescape"
        )  # bytes of a log that are no UTF-8 come back as they were
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _encoded(text: str) -> str:
    return _ENCODED.sub(_encode, text)


def _encode(found: re.Match[str]) -> str:
    text = found[0]
    if len(text) == 3:
        character = chr(int(text[1:], 16))
        return character if character in _UNRESERVED else text.upper()
    return "".join(f"%{byte:02X}" for byte in _octets(text))


def _without_dots(path: str) -> str:
    """RFC 3986 section 5.2.4."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:  # the first is what stands before the leading slash: nothing
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/".join(kept)


def _formed(pattern: str, *, fold: bool = False) -> Callable[[str], str | None]:
    form = re.compile(pattern)

    def normal(text: str) -> str | None:
        text = fold_ascii(text) if fold else text
        return text if form.fullmatch(text) else None

    return normal


def fold_ascii(text: str) -> str:
    """Return `text` with its ASCII letters in lower case; its length does not change."""
    return text.translate(_FOLDING)


def _phrase(text: str) -> str | None:
    """Return a text of one line that is found as it stands."""
    return text if len(text) <= _LONGEST_PHRASE and text.isprintable() and text else None


def _registry_key(text: str) -> str | None:
    text = _SLASHES.sub("\\\\", text)  # no key has an empty name: somebody escaped it once too often
    for name, kernel in _KERNEL_ROOTS.items():
        if text.upper().startswith(f"{kernel}\\"):
            text = name + text[len(kernel) :]
    root, slash, rest = text.partition("\\")
    root = root.upper().removesuffix(":")  # as PowerShell writes it
    return _phrase(f"{_ROOTS.get(root, root)}{slash}{rest}") if slash and rest else None


def registry_spellings(key: str) -> tuple[str, ...]:
    """Return how logs write a key of the registry in normal spelling: with its root in full, short or as the kernel has it, and escaped as JSON asks."""
    root, _, rest = key.partition("\\")
    short = next((each for each, name in _ROOTS.items() if name == root), root)
    roots = dict.fromkeys((root, short, f"{short}:", _KERNEL_ROOTS.get(root, root)))
    plain = [f"{each}\\{rest}" for each in roots]
    return (*plain, *(each.replace("\\", "\\\\") for each in plain))


_NORMAL: Final = {
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "cidr": _cidr,
    "domain": domain,
    "url": url,
    "email": _email,
    "md5": _hash,
    "sha1": _hash,
    "sha256": _hash,
    "sha512": _hash,
    "ja3": _hash,
    "ja4": _formed(r"[tqd][0-9s][0-9][di][0-9]{4}[a-z0-9]{2}_[0-9a-f]{12}_[0-9a-f]{12}", fold=True),
    "cve": _formed(r"cve-[0-9]{4}-[0-9]{4,19}", fold=True),
    "wallet": _formed(
        r"0x[0-9A-Fa-f]{40}|(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,87}|[1-9A-HJ-NP-Za-km-z]{25,106}"
    ),
    "file_name": _phrase,
    "registry_key": _registry_key,
    "mutex": _phrase,
    "user_agent": _phrase,
}
_LENGTHS: Final[dict[Kind, int]] = {kind: length for length, kind in HASH_KINDS.items()} | {"ja3": 32}
_NAMES: Final[dict[Kind, str]] = {
    "ipv4": "IPv4 address",
    "ipv6": "IPv6 address",
    "cidr": "range of addresses (CIDR)",
    "domain": "domain name",
    "url": "URL",
    "email": "e-mail address",
    "md5": "MD5 digest",
    "sha1": "SHA-1 digest",
    "sha256": "SHA-256 digest",
    "sha512": "SHA-512 digest",
    "ja3": "JA3 fingerprint",
    "ja4": "JA4 fingerprint",
    "cve": "CVE identifier",
    "wallet": "address of a cryptocurrency",
    "file_name": "name of a file",
    "registry_key": "key of the Windows registry",
    "mutex": "name of a mutex",
    "user_agent": "user agent",
}
