"""Forms of values that cyber-observable objects require (STIX 2.1 section 6).

Names, addresses and URLs are shared as they were seen, and what is malicious is often malformed. So where the specification
points at another standard, what is checked is the form that tells one such value from anything else;
docs/reference/stix-conformance.md says where that is less than the standard's last word.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from tocsin.stix.issues import Faults, fault
from tocsin.stix.spec import values as v

# Names as the IANA registry writes them (RFC 2978 section 2.3)
_CHARSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$%&'+^_`{}~:().-]{0,59}", re.ASCII)
_CPE = re.compile(r"cpe:2\.3:[aho*-](?::(?:[*-]|(?:[^:\\\s]|\\[!-~])+)){10}", re.ASCII)
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.ASCII)
# Labels of RFC 1034 section 3.1, internationalised ones included; what separates URLs, mailboxes and ports is in none
_DOMAIN = re.compile(
    r"(?=.{1,253}\.?$)(?:[^\s.@:/\\?#\[\]<>\"',;=]{1,63}\.)*[^\s.@:/\\?#\[\]<>\"',;=]{1,63}\.?"
)
_EMAIL = re.compile(r"(?:[^\s@<>\"]{1,64}|\"[^\"\r\n]{1,62}\")@[^\s@<>\"]{1,255}")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}(?:/(?:3[0-2]|[12]?\d))?", re.ASCII)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f]+")
_SHORT_HIVES = ("HKLM", "HKCC", "HKCR", "HKCU", "HKU", "HKPD")


def _form(pattern: re.Pattern[str], rule: str, what: str) -> v.Check:
    def check(value: Any) -> Faults:
        if type(value) is not str:
            return v.string(value)
        return None if pattern.fullmatch(value) else fault(rule, f"{value!r:.80} is not {what}")

    return check


charset = _form(_CHARSET, "charset", "the name of a character set as IANA writes them")
cpe = _form(_CPE, "cpe", "a CPE 2.3 name such as cpe:2.3:a:vendor:product:1.0:*:*:*:*:*:*:*")
mac = _form(_MAC, "mac", "a MAC address such as 00:1b:44:11:3a:b7")
domain_name = _form(_DOMAIN, "domain", "a domain name (RFC 1034)")
email_address = _form(_EMAIL, "email", "an e-mail address without display name (RFC 5322 section 3.4.1)")
ipv4 = _form(_IPV4, "ipv4", "an IPv4 address or CIDR range")
url = _form(_URL, "url", "a URL with its scheme (RFC 3986)")


def ipv6(value: Any) -> Faults:
    """An IPv6 address or CIDR range (section 6.9)."""
    if type(value) is not str:
        return v.string(value)
    address, slash, bits = value.partition("/")
    try:
        fine = ipaddress.IPv6Address(address).scope_id is None
    except ValueError:
        fine = False
    if slash:
        fine = fine and bits.isascii() and bits.isdigit() and len(bits) <= 3 and int(bits) <= 128
    return None if fine else fault("ipv6", f"{value!r:.80} is not an IPv6 address or CIDR range")


def registry_key(value: Any) -> Faults:
    """A registry key whose hive is written out (section 6.17)."""
    if type(value) is not str:
        return v.string(value)
    hive = value.partition("\\")[0].upper()
    if hive in _SHORT_HIVES:
        return fault("hive", f"{hive} must be written out, as in HKEY_LOCAL_MACHINE")
    return None
