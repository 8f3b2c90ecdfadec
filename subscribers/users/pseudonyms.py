"""Keyed pseudonyms: how a proof speaks of people without naming them.

All come from a key of the person's own, which erasure destroys. Whoever is shown a person's key for one
announcement can check that announcement's pseudonyms of this person, and no other's.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from struct import Struct

_ENTRY = Struct(">q32s")


def proof_key(pseudonym_key: bytes, publication: str) -> bytes:
    """The person's key for the announcement of ``publication``; it does not lead back to the first."""
    return hmac.digest(pseudonym_key, f"policysite proof\0{publication}".encode(), "sha256")


def account_pseudonym(key: bytes, external_id: str) -> bytes:
    """Stands for an account in the proof of one announcement."""
    return hmac.digest(key, f"account\0{external_id}".encode(), "sha256")


def address_commitment(key: bytes, address: str) -> bytes:
    """Fixes the address a mail is sent to, so that it can be shown later and not be exchanged."""
    return hmac.digest(key, f"address\0{address}".encode(), "sha256")


def commit_addresses(recipients: Iterable[tuple[int, str, bytes]], publication: str) -> bytes:
    """The commitments of one attempt, from each recipient's id, address and pseudonym key."""
    return b"".join(
        _ENTRY.pack(person, address_commitment(proof_key(key, publication), address))
        for person, address, key in recipients
    )


def committed_addresses(commitments: bytes) -> dict[int, bytes]:
    """The same again, by the recipient's id."""
    return dict(_ENTRY.iter_unpack(commitments))
