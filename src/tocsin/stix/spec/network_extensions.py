"""Predefined extensions of `network-traffic` (STIX 2.1 section 6.12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.stix.issues import Faults, below, fault
from tocsin.stix.spec import values as v

_FAMILIES = (
    *("AF_UNSPEC", "AF_INET", "AF_IPX", "AF_APPLETALK", "AF_NETBIOS"),
    *("AF_INET6", "AF_IRDA", "AF_BTH"),
)
_SOCKETS = ("SOCK_STREAM", "SOCK_DGRAM", "SOCK_RAW", "SOCK_RDM", "SOCK_SEQPACKET")
_OPTION_PREFIXES = ("SO_", "ICMP_", "ICMP6_", "IP_", "IPV6_", "MCAST_", "TCP_", "IRLMP_")


def _socket_rule(data: Mapping[str, Any]) -> Faults:
    for name in data.get("options", ()):
        if not name.startswith(_OPTION_PREFIXES):
            wrong = fault(
                "socket-option", f"{name!r:.40} does not begin like a socket option (section 6.12.4)"
            )
            return below("options", below(name, wrong))
    return None


NETWORK_EXTENSIONS: dict[str, v.Check] = {
    "http-request-ext": v.structure(
        {
            "request_method": v.string,
            "request_value": v.string,
            "request_version": v.string,
            "request_header": v.dictionary(v.strings),
            "message_body_length": v.between(0, 2**53 - 1),
            "message_body_data_ref": v.reference("artifact"),
        },
        ("request_method", "request_value"),
    ),
    "icmp-ext": v.structure(
        {"icmp_type_hex": v.hexadecimal, "icmp_code_hex": v.hexadecimal}, ("icmp_type_hex", "icmp_code_hex")
    ),
    "socket-ext": v.structure(
        {
            "address_family": v.one_of(_FAMILIES),
            "is_blocking": v.boolean,
            "is_listening": v.boolean,
            "options": v.dictionary(v.integer),
            "socket_type": v.one_of(_SOCKETS),
            "socket_descriptor": v.between(0, 2**53 - 1),
            "socket_handle": v.integer,
        },
        ("address_family",),
        _socket_rule,
    ),
    "tcp-ext": v.structure(
        {"src_flags_hex": v.hexadecimal, "dst_flags_hex": v.hexadecimal}, at_least_one=True
    ),
}
