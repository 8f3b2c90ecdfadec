"""Ed25519 keys (RFC 8032) and signatures; the same bytes that ``openssl pkeyutl -verify -rawin`` takes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from subscribers.errors import NotifyError


class WrongKeyError(NotifyError):
    """A key that is none, or is of another kind."""


def read_private_key(pem: str) -> Ed25519PrivateKey:
    """The key that signs."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise WrongKeyError(
            "POLICY_NOTIFY_PROOF_KEY: is no private Ed25519 key; make one: "
            "openssl genpkey -algorithm ed25519 -out proof.pem"
        )
    return key


def read_public_key(file: Path) -> Ed25519PublicKey:
    """The key that verifies, from a PEM file."""
    try:
        key = load_pem_public_key(file.read_bytes())
    except OSError as error:
        raise WrongKeyError(
            f"{file}: cannot be read ({error.strerror}); name the public key's file"
        ) from error
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise WrongKeyError(
            f"{file}: is no public Ed25519 key; make it: openssl pkey -in proof.pem -pubout -out proof.pub"
        )
    return key


def parse_public_key(text: str, *, setting: str) -> Ed25519PublicKey:
    """The key that verifies, in PEM or as the one line of base64 between PEM's first and last line."""
    body = text.strip()
    if not body.startswith("-----"):
        body = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"
    try:
        key = load_pem_public_key(body.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise WrongKeyError(
            f"{setting}: is no public Ed25519 key; make it: openssl pkey -in site.pem -pubout -out site.pub"
        )
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """By which a person knows a public key: SHA-256 of its DER form."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def is_signed(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    """Whether ``signature`` is the key's, over exactly these bytes."""
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True
