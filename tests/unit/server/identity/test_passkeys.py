"""Whatever a browser sends in place of an answer is refused, and nothing else happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authenticators import Authenticator
from tocsin.errors import UnauthenticatedError
from tocsin.server.identity import passkeys
from tocsin.server.identity.party import Party
from tocsin.store.passkeys import Passkey

HERE = Party("https://cti.example", "cti.example")
CHALLENGE = bytes(32)
DEVICE = Authenticator(HERE.origin)
MADE = DEVICE.create(passkeys.registration(HERE, "ann", b"handle", (), CHALLENGE))
NEW = passkeys.registered(HERE, passkeys.read(MADE), CHALLENGE)
KEY = Passkey(NEW.id, "ann", HERE.host, "key", NEW.key, 0, False, 1)
SIGNED = DEVICE.get(passkeys.authentication(HERE, (KEY,), CHALLENGE))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_what_was_signed_holds() -> None:
    assert passkeys.authenticated(HERE, passkeys.read(SIGNED), CHALLENGE, KEY) == 1


def test_the_key_of_nobody_holds_for_nothing() -> None:
    with pytest.raises(UnauthenticatedError, match="signature"):
        passkeys.authenticated(HERE, passkeys.read(SIGNED), CHALLENGE, None)


def _attempts(text: str) -> None:
    """Both ways to take an answer: it holds, or it is refused; no other error comes out."""
    for take in (
        lambda answer: passkeys.registered(HERE, answer, CHALLENGE),
        lambda answer: passkeys.authenticated(HERE, answer, CHALLENGE, KEY),
        lambda answer: passkeys.authenticated(HERE, answer, CHALLENGE, None),
    ):
        try:
            take(passkeys.read(text))
        except UnauthenticatedError:
            continue


@given(st.text() | _JSON.map(json.dumps))
def test_no_text_breaks_it(text: str) -> None:
    _attempts(text)


@given(
    st.sampled_from([MADE, SIGNED]),
    st.sampled_from(["id", "rawId", "type", "response"]),
    st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "attestationObject", "userHandle"]),
    _JSON,
    st.booleans(),
)
def test_no_part_that_is_something_else_breaks_it(
    whole: str, outer: str, inner: str, value: Any, deep: bool
) -> None:
    document = json.loads(whole)
    if deep:
        document["response"][inner] = value
    else:
        document[outer] = value
    _attempts(json.dumps(document))


@given(
    st.sampled_from(["authenticatorData", "signature", "clientDataJSON"]),
    st.integers(0, 36),
    st.integers(1, 255),
)
def test_no_flipped_bit_holds(part: str, at: int, bits: int) -> None:
    from authenticators import b64, unb64

    document = json.loads(SIGNED)
    raw = bytearray(unb64(document["response"][part]))
    raw[at % len(raw)] ^= bits
    document["response"][part] = b64(bytes(raw))
    with pytest.raises(UnauthenticatedError):
        passkeys.authenticated(HERE, passkeys.read(json.dumps(document)), CHALLENGE, KEY)


@given(st.integers(0, 200), st.binary(max_size=20))
def test_no_cut_or_altered_attestation_breaks_it(at: int, piece: bytes) -> None:
    from authenticators import b64, unb64

    document = json.loads(MADE)
    raw = unb64(document["response"]["attestationObject"])
    document["response"]["attestationObject"] = b64(raw[:at] + piece)
    _attempts(json.dumps(document))
