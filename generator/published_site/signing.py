"""Signs ``history.json`` (Ed25519, RFC 8032).

A site that someone has changed then cannot make ``policy-notify`` send false texts.
"""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from generator.errors import PolicyError


class SigningKeyError(PolicyError):
    """The file does not contain a key that can sign."""

    def __init__(self, file: Path, reason: str) -> None:
        name = "signing-key.pem" if file.exists() else file.name  # the command must not overwrite a file
        super().__init__(
            f"{file}: {reason}; create a key with openssl genpkey -algorithm ed25519 -out {name}"
        )
        self.file = file


def read_signing_key(file: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file that has no password."""
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise SigningKeyError(file, f"the file cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError(file, "this is not a private Ed25519 key in PEM")
    return key


def sign(file: Path, key: Ed25519PrivateKey) -> None:
    """Write the signature of the file's bytes to ``NAME.sig`` beside it, in base64."""
    signature = base64.b64encode(key.sign(file.read_bytes())).decode()
    file.with_name(f"{file.name}.sig").write_text(f"{signature}\n", encoding="ascii")
