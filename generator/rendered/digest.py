"""A digest of plain values, such as the tokens of a visible text, for comparing them in little space."""

from __future__ import annotations

import hashlib
import json


def digest_of(value: object) -> str:
    """The SHA-256 of a value that JSON can hold. Published digests are made so; it must not change."""
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()
