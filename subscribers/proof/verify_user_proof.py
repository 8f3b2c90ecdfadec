"""Verifies one user's proof without the rest of the bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from subscribers.proof import bundle_format, merkle_tree
from subscribers.proof.bundle_format import (
    Attempt,
    Delivery,
    Head,
    Post,
    ProvenAccount,
    ProvenMessage,
    ProvenRecord,
    UserProof,
)
from subscribers.proof.verify_bundle import UnprovenError, verified_head
from subscribers.signing import is_signed
from subscribers.users.pseudonyms import account_pseudonym, address_commitment


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAccount:
    """The proven facts about one account."""

    external_id: str
    address: str | None
    delivery: Delivery
    attempt: Attempt | None
    posts: Mapping[int, Post]  # by the position to which reports refer


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedUserProof:
    """The content of a user's proof that has been verified."""

    head: Head
    accounts: Sequence[VerifiedAccount]
    messages: Mapping[int, ProvenMessage]


def verify_user_proof(file: Path, key: Ed25519PublicKey) -> VerifiedUserProof:
    """Return the content of the proof in ``file`` if the signed head covers all of it."""
    try:
        proof = bundle_format.user_proof_json.validate_json(file.read_bytes())
        signature = bytes.fromhex(proof.signature)
    except OSError as error:
        raise UnprovenError(file, f"cannot be read ({error.strerror})") from error
    except (ValidationError, ValueError) as error:
        raise UnprovenError(file, "is not a user's proof of format 1, or was changed") from error
    if not proof.accounts:
        raise UnprovenError(file, "has no account")
    head = verified_head(proof.head.encode(), signature, key, where=f"{file}: head")
    records = {record.place: record.record.encode() for record in proof.records}
    for record in proof.records:
        check_record(record, head, file)
    messages = {message.number: message for message in proof.messages}
    for number, message in messages.items():
        for name, words in zip(
            bundle_format.message_files(number), (message.text, message.html), strict=True
        ):
            if head.files.get(name) != hashlib.sha256(words.encode()).hexdigest():
                raise UnprovenError(file, f"message {number} was changed")
    accounts = []
    for account in proof.accounts:
        try:
            delivery = bundle_format.delivery_json.validate_json(records[account.delivery])
            if delivery.message is not None:
                messages[delivery.message]
            accounts.append(_verified_account(account, delivery, records))
        except KeyError as error:
            raise UnprovenError(file, f"account {account.external_id}: {error} is missing") from error
        except ValidationError as error:
            raise UnprovenError(file, f"account {account.external_id}: refers to a wrong record") from error
        _check_account(account, delivery, file)
        if is_unnamed(account, delivery) and not _is_confirmed(proof, key):
            raise UnprovenError(file, f"account {account.external_id}: the email address is missing")
    return VerifiedUserProof(head=head, accounts=accounts, messages=messages)


def check_record(record: ProvenRecord, head: Head, file: Path) -> None:
    """Refuse a record whose path does not lead to the signed root."""
    try:
        path = [bytes.fromhex(digest) for digest in record.path]
    except ValueError:
        path = []
    leaf = merkle_tree.leaf(record.record.encode())
    root = merkle_tree.root_from(leaf, record.place, path, count=head.records)
    if root is None or root.hex() != head.root:
        raise UnprovenError(file, f"record {record.place} is not one of the signed records")


def is_unnamed(account: ProvenAccount, delivery: Delivery) -> bool:
    """Whether a message was sent to an email address that the proof does not name."""
    return account.address is None and delivery.address is not None


def _check_account(account: ProvenAccount, delivery: Delivery, file: Path) -> None:
    try:
        key = bytes.fromhex(account.key)
    except ValueError:
        key = b""
    is_account = account_pseudonym(key, account.external_id).hex() == delivery.person
    is_address = account.address is None or address_commitment(key, account.address).hex() == delivery.address
    if not (is_account and is_address):
        wrong = "email address" if is_account else "account"
        raise UnprovenError(file, f"record {account.delivery} is not about the named {wrong}")


def _is_confirmed(proof: UserProof, key: Ed25519PublicKey) -> bool:
    try:
        signature = bytes.fromhex(proof.accounts_signature or "")
    except ValueError:
        return False
    return is_signed(key, signature, bundle_format.signed_accounts(proof.head.encode(), proof.accounts))


def _verified_account(
    account: ProvenAccount, delivery: Delivery, records: Mapping[int, bytes]
) -> VerifiedAccount:
    for report in delivery.reports:
        bundle_format.attempt_json.validate_json(records[report.attempt])
    return VerifiedAccount(
        external_id=account.external_id,
        address=account.address,
        delivery=delivery,
        attempt=(
            None
            if delivery.attempt is None
            else bundle_format.attempt_json.validate_json(records[delivery.attempt])
        ),
        posts={
            report.post: bundle_format.post_json.validate_json(records[report.post])
            for report in delivery.reports
        },
    )
