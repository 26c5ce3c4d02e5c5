"""An authenticator in software: makes passkeys and signs with them as a browser on a page would hand them over (WebAuthn level 3, section 6)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Credential:
    id: bytes
    rp: str
    handle: bytes
    key: ec.EllipticCurvePrivateKey
    counter: int = 0


@dataclass
class Authenticator:
    """`origin` is where its browser is; `verifies`: whether it asks the person for a PIN, finger or face."""

    origin: str
    verifies: bool = True
    counts: bool = True
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: dict[str, Any]) -> str:
        """Answer `navigator.credentials.create`."""
        known = {unb64(each["id"]) for each in options.get("excludeCredentials", ())}
        assert not known & {each.id for each in self.credentials}, "the browser would refuse"
        made = Credential(
            secrets.token_bytes(32),
            options["rp"]["id"],
            unb64(options["user"]["id"]),
            ec.generate_private_key(ec.SECP256R1()),
        )
        self.credentials.append(made)
        data = (
            self._data(made, ATTESTED) + bytes(16) + len(made.id).to_bytes(2, "big") + made.id + _cose(made)
        )
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options["challenge"])
        return self._answer(made, {"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def get(self, options: dict[str, Any], credential: Credential | None = None) -> str:
        """Answer `navigator.credentials.get` with a credential, the first that fits unless one is named."""
        allowed = {unb64(each["id"]) for each in options.get("allowCredentials", ())}
        fitting = [
            each
            for each in self.credentials
            if each.rp == options["rpId"] and (not allowed or each.id in allowed)
        ]
        used = credential or fitting[0]
        if self.counts:
            used.counter += 1
        data = self._data(used, 0)
        client = self._client("webauthn.get", options["challenge"])
        signed = used.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        said = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(signed),
            "userHandle": b64(used.handle),
        }
        return self._answer(used, said)

    def _data(self, credential: Credential, more: int) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        rp = hashlib.sha256(credential.rp.encode()).digest()
        return rp + bytes([flags]) + credential.counter.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    @staticmethod
    def _answer(credential: Credential, response: dict[str, str]) -> str:
        name = b64(credential.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def _cose(credential: Credential) -> bytes:
    numbers = credential.key.public_key().public_numbers()
    point = {-2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
    return cbor2.dumps({1: 2, 3: -7, -1: 1, **point})
