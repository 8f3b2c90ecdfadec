"""Format 1 of a bundle does not change: what an earlier version signed is read, and written, byte for byte.

The bundle in ``golden/proof`` is from before the names of classes and files changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from subscribers.proof import bundle_format
from subscribers.proof.verify_bundle import verify_bundle
from subscribers.proof.verify_user_proof import verify_user_proof
from subscribers.signing import read_public_key

GOLDEN = Path(__file__).parents[1] / "golden" / "proof"
BUNDLE = GOLDEN / "bundle"
KEY = read_public_key(GOLDEN / "proof.pub")


def test_a_bundle_of_an_earlier_version_verifies() -> None:
    head = verify_bundle(BUNDLE, KEY)
    assert head.complete
    assert (head.totals.audience, head.totals.accepted, head.totals.excluded) == (5, 4, {"objected": 1})


def test_a_users_proof_of_an_earlier_version_verifies() -> None:
    [account] = verify_user_proof(GOLDEN / "anna.json", KEY).accounts
    assert (account.external_id, account.address) == ("anna", "anna@example.com")


def test_a_head_is_written_as_earlier_versions_wrote_it() -> None:
    raw = (BUNDLE / bundle_format.HEAD).read_bytes()
    assert bundle_format.encoded(bundle_format.head_json.validate_json(raw)) == raw


def test_records_are_written_as_earlier_versions_wrote_them() -> None:
    head = bundle_format.head_json.validate_json((BUNDLE / bundle_format.HEAD).read_bytes())
    lines = (BUNDLE / bundle_format.RECORDS).read_bytes().splitlines()
    kinds: list[TypeAdapter[Any]] = [
        *[bundle_format.attempt_json] * head.attempts,
        *[bundle_format.post_json] * head.posts,
        *[bundle_format.delivery_json] * head.deliveries,
    ]
    assert [
        kind.dump_json(kind.validate_json(line)) for kind, line in zip(kinds, lines, strict=True)
    ] == lines


def test_a_users_proof_is_written_as_earlier_versions_wrote_it() -> None:
    raw = (GOLDEN / "anna.json").read_bytes()
    proof = bundle_format.user_proof_json.validate_json(raw)
    assert bundle_format.user_proof_json.dump_json(proof, indent=1) == raw
