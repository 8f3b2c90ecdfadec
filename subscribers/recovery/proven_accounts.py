"""Reads from a proof bundle whose messages were accepted: by pseudonyms, which only the database can open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from subscribers.ledger.recovered import Proven
from subscribers.proof import bundle_format
from subscribers.proof.bundle_format import Attempt, Head
from subscribers.proof.verify_bundle import read, record_lines, verify_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofBundle:
    """A verified bundle of a lost announcement, or of one that the copy knows half way."""

    folder: Path
    head: Head

    @property
    def raw_head(self) -> bytes:
        """The bytes of the signed head."""
        return read(self.folder / bundle_format.HEAD)

    def accepted(self) -> Mapping[bytes, Proven]:
        """The deliveries that were accepted, by the account's pseudonym."""
        attempts: list[Attempt] = []
        found: dict[bytes, Proven] = {}
        first_delivery = self.head.attempts + self.head.posts
        for place, line in enumerate(record_lines(self.folder)):
            if place < self.head.attempts:
                attempts.append(bundle_format.attempt_json.validate_json(line))
            elif place >= first_delivery:
                delivery = bundle_format.delivery_json.validate_json(line)
                if delivery.fate != "accepted" or delivery.person is None or delivery.attempt is None:
                    continue
                attempt = attempts[delivery.attempt]
                found[bytes.fromhex(delivery.person)] = Proven(
                    transport=attempt.transport,
                    token=attempt.token,
                    at=attempt.claimed_at,
                )
        return found


def open_bundle(folder: Path, key: Ed25519PublicKey) -> ProofBundle:
    """The bundle in a folder; raises UnprovenError unless every byte is as it was signed."""
    return ProofBundle(folder=folder, head=verify_bundle(folder, key))
