"""Keyed pseudonyms, by which a proof refers to users without naming them.

All of them come from a key of the user's own, which erasure destroys. Someone who is shown a user's key for
one announcement can check this user's pseudonyms in that announcement, and no others.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from struct import Struct

_ENTRY = Struct(">q32s")


def proof_key(pseudonym_key: bytes, publication: str) -> bytes:
    """The user's key for the announcement of ``publication``. It does not reveal ``pseudonym_key``."""
    return hmac.digest(pseudonym_key, f"policysite proof\0{publication}".encode(), "sha256")


def account_pseudonym(key: bytes, external_id: str) -> bytes:
    """The pseudonym of an account in the proof of one announcement."""
    return hmac.digest(key, f"account\0{external_id}".encode(), "sha256")


def address_commitment(key: bytes, address: str) -> bytes:
    """A commitment to the email address of a message: it can be shown later, but not exchanged."""
    return hmac.digest(key, f"address\0{address}".encode(), "sha256")


def commit_addresses(recipients: Iterable[tuple[int, str, bytes]], publication: str) -> bytes:
    """The commitments of one attempt, from each recipient's id, email address and pseudonym key."""
    return b"".join(
        _ENTRY.pack(person, address_commitment(proof_key(key, publication), address))
        for person, address, key in recipients
    )


def committed_addresses(commitments: bytes) -> dict[int, bytes]:
    """The commitments of one attempt, by the recipient's id."""
    return dict(_ENTRY.iter_unpack(commitments))
