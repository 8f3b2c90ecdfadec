"""Reads the DKIM key that the DNS has under a selector (RFC 6376, section 3.6.1)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

ED25519_BYTES = 32  # RFC 8463, section 4


class WrongKeyError(Exception):
    """Receivers cannot check a signature with this record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    """A usable key; ``rsa_bits`` is None for Ed25519."""

    rsa_bits: int | None
    is_test: bool  # t=y: receivers treat the email as unsigned


def tags(record: str) -> dict[str, str]:
    """The tag-list of a DKIM or DMARC record (RFC 6376, section 3.2)."""
    pairs = (part.partition("=") for part in record.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def read_key(record: str) -> DkimKey:
    """The key in a TXT record; raises WrongKeyError if there is no usable one."""
    found = tags(record)
    if found.get("v", "DKIM1") != "DKIM1" or "p" not in found:
        raise WrongKeyError("the record is not a DKIM key")
    encoded = "".join(found["p"].split())
    if not encoded:
        raise WrongKeyError("the key is revoked (“p=” is empty)")
    kind = found.get("k", "rsa").lower()
    try:
        raw = base64.b64decode(encoded, validate=True)
        bits = _rsa_bits(raw) if kind == "rsa" else None
    except (binascii.Error, ValueError, UnsupportedAlgorithm) as error:
        raise WrongKeyError("“p=” is not a public key; was it cut off, or pasted with a space?") from error
    if kind not in {"rsa", "ed25519"} or (kind == "ed25519" and len(raw) != ED25519_BYTES):
        raise WrongKeyError(f"the key is of an unknown kind (“k={kind}”)")
    return DkimKey(rsa_bits=bits, is_test="y" in found.get("t", "").lower().split(":"))


def _rsa_bits(raw: bytes) -> int:
    key = load_der_public_key(raw)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("no RSA key")
    return key.key_size
