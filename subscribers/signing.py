"""Ed25519 keys and signatures (RFC 8032), in the form that ``openssl pkeyutl -verify -rawin`` accepts."""

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
    """The given text is not a key, or is a key of another kind."""


def read_private_key(pem: str) -> Ed25519PrivateKey:
    """The private key, which signs, from PEM text."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise WrongKeyError(
            "POLICY_NOTIFY_PROOF_KEY: not a private Ed25519 key; make one: "
            "openssl genpkey -algorithm ed25519 -out proof.pem"
        )
    return key


def read_public_key(file: Path) -> Ed25519PublicKey:
    """The public key, which verifies, from a PEM file."""
    try:
        key = load_pem_public_key(file.read_bytes())
    except OSError as error:
        raise WrongKeyError(
            f"{file}: cannot be read ({error.strerror}); name the file with the public key"
        ) from error
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise WrongKeyError(
            f"{file}: not a public Ed25519 key; make one: openssl pkey -in proof.pem -pubout -out proof.pub"
        )
    return key


def parse_public_key(text: str, *, setting: str) -> Ed25519PublicKey:
    """The public key from PEM text, or from only the base64 between the first and last line of PEM."""
    body = text.strip()
    if not body.startswith("-----"):
        body = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"
    try:
        key = load_pem_public_key(body.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise WrongKeyError(
            f"{setting}: not a public Ed25519 key; make one: openssl pkey -in site.pem -pubout -out site.pub"
        )
    return key


def fingerprint(key: Ed25519PublicKey) -> str:
    """The fingerprint of a public key: SHA-256 of its DER form, in hexadecimal."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def is_signed(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    """Whether ``key`` has signed exactly these bytes with ``signature``."""
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True
