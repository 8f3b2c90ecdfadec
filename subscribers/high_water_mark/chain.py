"""The chain of all attempts: each has a number and a head, which is a digest over everything before it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """How far the chain has got: the number of the newest attempt, and the head there."""

    number: int
    head: str  # SHA-256, in hexadecimal digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One step of the chain of the installation ``identity``."""

    identity: str
    before: Position
    after: Position


def first_position(identity: str) -> Position:
    """The position before the first attempt."""
    return Position(0, hashlib.sha256(bytes.fromhex(identity)).hexdigest())


def next_position(before: Position, *, token: str, request_sha256: str) -> Position:
    """The position after an attempt; its head is SHA-256(head ‖ number, 8 octets ‖ token ‖ request)."""
    number = before.number + 1
    parts = (
        bytes.fromhex(before.head),
        number.to_bytes(8, "big"),
        bytes.fromhex(token),
        bytes.fromhex(request_sha256),
    )
    return Position(number, hashlib.sha256(b"".join(parts)).hexdigest())
