"""Signs ``history.json`` (Ed25519, RFC 8032), so that a changed site cannot notify users of its own texts."""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from generator.errors import PolicyError


class SigningKeyError(PolicyError):
    """The file holds no key that can sign."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(
            f"{file}: {reason}; make a key with openssl genpkey -algorithm ed25519 -out {file.name}"
        )
        self.file = file


def read_signing_key(file: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file without a password."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise SigningKeyError(file, f"cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError(file, "is no private Ed25519 key in PEM")
    return key


def sign(file: Path, key: Ed25519PrivateKey) -> None:
    """Write the signature over the file's bytes beside it, in base64, as ``NAME.sig``."""
    signature = base64.b64encode(key.sign(file.read_bytes())).decode()
    file.with_name(f"{file.name}.sig").write_text(f"{signature}\n", encoding="ascii")
