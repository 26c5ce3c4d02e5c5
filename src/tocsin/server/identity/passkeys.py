"""Passkeys: what a browser is asked for, and whether what it answers holds (Web Authentication level 3, sections 7.1 and 7.2).

Credentials are discoverable, so that nobody types a name and none can be guessed; the authenticator verifies the person (PIN, finger,
face); no attestation is asked for, because which make an authenticator is says nothing here. The work is py_webauthn's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import webauthn
from webauthn.helpers import base64url_to_bytes, exceptions, structs

from tocsin.errors import UnauthenticatedError
from tocsin.server.identity.party import Party
from tocsin.store.passkeys import Passkey

CHALLENGE_BYTES = 32
_MILLISECONDS = 300_000
_HANDLE_BYTES = 64
_VERIFIED = structs.UserVerificationRequirement.REQUIRED
# What nobody has registered is checked against this key: it takes as long, and never holds. The base point of P-256 (RFC 9053 section 7.1.1).
_NOBODY = bytes.fromhex(
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


class New(msgspec.Struct, frozen=True):
    """What an authenticator has made: the credential's id, its COSE key, counter, and whether it is kept on several devices."""

    id: bytes
    key: bytes
    counter: int
    synced: bool


class Answer(msgspec.Struct, frozen=True):
    """What a browser says: which credential it used, and whose it is; nothing of it is known to be true yet."""

    id: bytes
    handle: bytes | None
    document: dict[str, Any]


def registration(
    party: Party, account: str, handle: bytes, known: Sequence[Passkey], challenge: bytes
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` is asked for."""
    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name="Tocsin",
        user_name=account,
        user_id=handle,
        challenge=challenge,
        timeout=_MILLISECONDS,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=_VERIFIED,
        ),
        exclude_credentials=_descriptors(party, known),
    )
    return _plain(webauthn.options_to_json(options))


def authentication(party: Party, known: Sequence[Passkey], challenge: bytes) -> dict[str, Any]:
    """Return what `navigator.credentials.get` is asked for; `known` is empty where nobody has said yet who they are."""
    options = webauthn.generate_authentication_options(
        rp_id=party.host,
        challenge=challenge,
        timeout=_MILLISECONDS,
        allow_credentials=_descriptors(party, known),
        user_verification=_VERIFIED,
    )
    return _plain(webauthn.options_to_json(options))


def read(text: str) -> Answer:
    """Return what a browser answers.

    Raises:
        UnauthenticatedError: it is no answer.
    """
    try:
        document = json.loads(text)
        identifier = base64url_to_bytes(document["rawId"])
        given = document["response"].get("userHandle")
        handle = base64url_to_bytes(given) if isinstance(given, str) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UnauthenticatedError("this is no answer of an authenticator") from None
    if handle is not None and len(handle) > _HANDLE_BYTES:
        raise UnauthenticatedError("this is no answer of an authenticator")
    return Answer(identifier, handle, document)


def registered(party: Party, answer: Answer, challenge: bytes) -> New:
    """Return the credential that was made for this challenge.

    Raises:
        UnauthenticatedError: it was not, or not at this origin, or the person was not verified; says which.
    """
    try:
        found = webauthn.verify_registration_response(
            credential=answer.document,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (exceptions.WebAuthnException, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnauthenticatedError(f"the passkey does not hold: {error}"[:200]) from None
    return New(found.credential_id, found.credential_public_key, found.sign_count, found.credential_backed_up)


def authenticated(party: Party, answer: Answer, challenge: bytes, passkey: Passkey | None) -> int:
    """Return the new counter of the passkey, if it signed this challenge; the same work where there is none.

    Raises:
        UnauthenticatedError: it did not, or not at this origin, or the person was not verified, or there is no such passkey; says which.
    """
    try:
        found = webauthn.verify_authentication_response(
            credential=answer.document,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=_NOBODY if passkey is None else passkey.key,
            credential_current_sign_count=0 if passkey is None else passkey.counter,
            require_user_verification=True,
        )
    except (exceptions.WebAuthnException, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnauthenticatedError(f"the passkey does not hold: {error}"[:200]) from None
    if passkey is None or found.credential_id != passkey.id:
        raise UnauthenticatedError("the passkey does not hold: it is not registered")
    return found.new_sign_count


def _descriptors(party: Party, known: Sequence[Passkey]) -> list[structs.PublicKeyCredentialDescriptor]:
    return [structs.PublicKeyCredentialDescriptor(id=each.id) for each in known if each.rp == party.host]


def _plain(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found
