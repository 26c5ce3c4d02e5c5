"""STIX Cyber-observable Objects and their predefined extensions (STIX 2.1 section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.stix.deterministic import CONTRIBUTING
from tocsin.stix.issues import Faults, fault
from tocsin.stix.spec import values as v
from tocsin.stix.spec.file_extensions import FILE_EXTENSIONS
from tocsin.stix.spec.host_extensions import PROCESS_EXTENSIONS, USER_ACCOUNT_EXTENSIONS
from tocsin.stix.spec.network_extensions import NETWORK_EXTENSIONS
from tocsin.stix.spec.observable_values import (
    charset,
    cpe,
    domain_name,
    email_address,
    ipv4,
    ipv6,
    mac,
    registry_key,
    url,
)
from tocsin.stix.spec.shared import Rule, TypeSpec, not_before, observable, one_needed

_count = v.between(0, 2**53 - 1)
_port = v.between(0, 65535)
_times = {"ctime": v.timestamp, "mtime": v.timestamp, "atime": v.timestamp}
_endpoint = v.reference("ipv4-addr", "ipv6-addr", "mac-addr", "domain-name")
_address = {
    "resolves_to_refs": v.list_of(v.reference("mac-addr")),
    "belongs_to_refs": v.list_of(v.reference("autonomous-system")),
}
_REGISTRY_TYPES = (
    *("REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN"),
    *("REG_DWORD_LITTLE_ENDIAN", "REG_LINK", "REG_MULTI_SZ", "REG_RESOURCE_LIST"),
    *("REG_FULL_RESOURCE_DESCRIPTION", "REG_RESOURCE_REQUIREMENTS_LIST", "REG_QWORD", "REG_INVALID_TYPE"),
)


def _random_id(*contributing: str) -> Rule:
    """Without any property that contributes to its id, an observable has a UUIDv4 (section 2.9)."""

    def rule(data: Mapping[str, Any]) -> Faults:
        for name in contributing:
            if name in data:
                return None
        if data["id"][-22] == "4":  # the version's digit
            return None
        return fault("id-version", "needs a UUIDv4: nothing contributes to a deterministic id", "/id")

    return rule


def _artifact_rule(data: Mapping[str, Any]) -> Faults:
    if ("payload_bin" in data) == ("url" in data):
        return fault("exactly-one", "exactly one of payload_bin and url is needed")
    if "url" in data and "hashes" not in data:
        return fault("required", "hashes are needed with url", "/hashes")
    if "decryption_key" in data and "encryption_algorithm" not in data:
        return fault("together", "decryption_key needs encryption_algorithm", "/decryption_key")
    return None


def _message_rule(data: Mapping[str, Any]) -> Faults:
    if data["is_multipart"] and "body" in data:
        return fault("together", "a multipart message has body_multipart, not body", "/body")
    if not data["is_multipart"] and "body_multipart" in data:
        return fault(
            "together", "a message that is not multipart has body, not body_multipart", "/body_multipart"
        )
    return None


def _traffic_rule(data: Mapping[str, Any]) -> Faults:
    if data.get("is_active") is True and "end" in data:
        return fault("together", "traffic that is active has no end", "/end")
    return None


def _headers(value: Any) -> Faults:
    return v.string(value) if type(value) is str else v.strings(value)


def _any_property(data: Mapping[str, Any]) -> Faults:
    own = data.keys() - {"type", "id", "spec_version", "object_marking_refs", "granular_markings", "defanged"}
    return None if own else fault("at-least-one", "at least one property of its own is needed")


SCO: dict[str, TypeSpec] = {
    "artifact": observable(
        {
            "mime_type": v.string,
            "payload_bin": v.binary,
            "url": v.string,
            "hashes": v.hashes,
            "encryption_algorithm": v.one_of(("AES-256-GCM", "ChaCha20-Poly1305", "mime-type-indicated")),
            "decryption_key": v.string,
        },
        (),
        _artifact_rule,
        _random_id(*CONTRIBUTING["artifact"]),
    ),
    "autonomous-system": observable({"number": v.integer, "name": v.string, "rir": v.string}, ("number",)),
    "directory": observable(
        {"path": v.string, "path_enc": charset, "contains_refs": v.list_of(v.reference("file", "directory"))}
        | _times,
        ("path",),
    ),
    "domain-name": observable(
        {
            "value": domain_name,
            "resolves_to_refs": v.list_of(v.reference("ipv4-addr", "ipv6-addr", "domain-name")),
        },
        ("value",),
    ),
    "email-addr": observable(
        {"value": email_address, "display_name": v.string, "belongs_to_ref": v.reference("user-account")},
        ("value",),
    ),
    "email-message": observable(
        {
            "is_multipart": v.boolean,
            "date": v.timestamp,
            "content_type": v.string,
            "from_ref": v.reference("email-addr"),
            "sender_ref": v.reference("email-addr"),
            "to_refs": v.list_of(v.reference("email-addr")),
            "cc_refs": v.list_of(v.reference("email-addr")),
            "bcc_refs": v.list_of(v.reference("email-addr")),
            "message_id": v.string,
            "subject": v.string,
            "received_lines": v.strings,
            "additional_header_fields": v.dictionary(_headers),
            "body": v.string,
            "body_multipart": v.list_of(
                v.structure(
                    {
                        "body": v.string,
                        "body_raw_ref": v.reference("artifact", "file"),
                        "content_type": v.string,
                        "content_disposition": v.string,
                    },
                    (),
                    one_needed("body", "body_raw_ref"),
                )
            ),
            "raw_email_ref": v.reference("artifact"),
        },
        ("is_multipart",),
        _message_rule,
        _random_id(*CONTRIBUTING["email-message"]),
    ),
    "file": observable(
        {
            "hashes": v.hashes,
            "size": _count,
            "name": v.string,
            "name_enc": charset,
            "magic_number_hex": v.hexadecimal,
            "mime_type": v.string,
            "parent_directory_ref": v.reference("directory"),
            "contains_refs": v.list_of(v.reference()),
            "content_ref": v.reference("artifact"),
        }
        | _times,
        (),
        one_needed("hashes", "name"),
        extensions=FILE_EXTENSIONS,
    ),
    "ipv4-addr": observable(_address | {"value": ipv4}, ("value",)),
    "ipv6-addr": observable(_address | {"value": ipv6}, ("value",)),
    "mac-addr": observable({"value": mac}, ("value",)),
    "mutex": observable({"name": v.string}, ("name",)),
    "network-traffic": observable(
        {
            "start": v.timestamp,
            "end": v.timestamp,
            "is_active": v.boolean,
            "src_ref": _endpoint,
            "dst_ref": _endpoint,
            "src_port": _port,
            "dst_port": _port,
            "protocols": v.strings,
            "src_byte_count": _count,
            "dst_byte_count": _count,
            "src_packets": _count,
            "dst_packets": _count,
            "ipfix": v.dictionary(v.string_or_integer),
            "src_payload_ref": v.reference("artifact"),
            "dst_payload_ref": v.reference("artifact"),
            "encapsulates_refs": v.list_of(v.reference("network-traffic")),
            "encapsulated_by_ref": v.reference("network-traffic"),
        },
        ("protocols",),
        one_needed("src_ref", "dst_ref"),
        not_before("start", "end"),
        _traffic_rule,
        extensions=NETWORK_EXTENSIONS,
    ),
    "process": observable(
        {
            "is_hidden": v.boolean,
            "pid": v.integer,
            "created_time": v.timestamp,
            "cwd": v.string,
            "command_line": v.string,
            "environment_variables": v.dictionary(v.string),
            "opened_connection_refs": v.list_of(v.reference("network-traffic")),
            "creator_user_ref": v.reference("user-account"),
            "image_ref": v.reference("file"),
            "parent_ref": v.reference("process"),
            "child_refs": v.list_of(v.reference("process")),
        },
        (),
        _any_property,
        _random_id(*CONTRIBUTING["process"]),
        extensions=PROCESS_EXTENSIONS,
    ),
    "software": observable(
        {
            "name": v.string,
            "cpe": cpe,
            "swid": v.string,
            "languages": v.list_of(v.language),
            "vendor": v.string,
            "version": v.string,
        },
        ("name",),
    ),
    "url": observable({"value": url}, ("value",)),
    "user-account": observable(
        {
            "user_id": v.string,
            "credential": v.string,
            "account_login": v.string,
            "account_type": v.string,
            "display_name": v.string,
            "is_service_account": v.boolean,
            "is_privileged": v.boolean,
            "can_escalate_privs": v.boolean,
            "is_disabled": v.boolean,
            "account_created": v.timestamp,
            "account_expires": v.timestamp,
            "credential_last_changed": v.timestamp,
            "account_first_login": v.timestamp,
            "account_last_login": v.timestamp,
        },
        (),
        _any_property,
        _random_id(*CONTRIBUTING["user-account"]),
        extensions=USER_ACCOUNT_EXTENSIONS,
    ),
    "windows-registry-key": observable(
        {
            "key": registry_key,
            "values": v.list_of(
                v.structure(
                    {"name": v.string, "data": v.string, "data_type": v.one_of(_REGISTRY_TYPES)},
                    at_least_one=True,
                )
            ),
            "modified_time": v.timestamp,
            "creator_user_ref": v.reference("user-account"),
            "number_of_subkeys": v.integer,
        },
        (),
        _any_property,
        _random_id(*CONTRIBUTING["windows-registry-key"]),
    ),
    "x509-certificate": observable(
        {
            "is_self_signed": v.boolean,
            "hashes": v.hashes,
            "version": v.string,
            "serial_number": v.string,
            "signature_algorithm": v.string,
            "issuer": v.string,
            "validity_not_before": v.timestamp,
            "validity_not_after": v.timestamp,
            "subject": v.string,
            "subject_public_key_algorithm": v.string,
            "subject_public_key_modulus": v.string,
            "subject_public_key_exponent": v.integer,
            "x509_v3_extensions": v.structure(
                dict.fromkeys(
                    (
                        *("basic_constraints", "name_constraints", "policy_constraints", "key_usage"),
                        *("extended_key_usage", "subject_key_identifier", "authority_key_identifier"),
                        *(
                            "subject_alternative_name",
                            "issuer_alternative_name",
                            "subject_directory_attributes",
                        ),
                        *(
                            "crl_distribution_points",
                            "inhibit_any_policy",
                            "certificate_policies",
                            "policy_mappings",
                        ),
                    ),
                    v.string,
                )
                | {
                    "private_key_usage_period_not_before": v.timestamp,
                    "private_key_usage_period_not_after": v.timestamp,
                },
                at_least_one=True,
            ),
        },
        (),
        _any_property,
        _random_id(*CONTRIBUTING["x509-certificate"]),
    ),
}
