"""Writes one user's proof: the part of a bundle that shows what this user was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError
from sqlalchemy import Engine, select

from subscribers.database import reading
from subscribers.errors import NotifyError
from subscribers.model import users
from subscribers.proof import bundle_format, merkle_tree
from subscribers.proof.bundle_format import (
    Delivery,
    Head,
    ProvenAccount,
    ProvenMessage,
    ProvenRecord,
    UserProof,
)
from subscribers.proof.verify_bundle import UnprovenError, digests, read, record_lines
from subscribers.proof.verify_user_proof import check_record, is_unnamed
from subscribers.users.accounts import accounts_of
from subscribers.users.pseudonyms import account_pseudonym, address_commitment, proof_key


class UnsignedProofError(NotifyError):
    """The proof has to be signed, but no proof key was given."""


class NotInBundleError(NotifyError):
    """The user has no delivery in the bundle."""


def export_user_proof(
    engine: Engine, who: str, bundle: Path, *, key: Ed25519PrivateKey | None = None
) -> UserProof:
    """The proof for every account of the user with this external id or email address.

    ``key`` is the proof key. It is needed if an email address was corrected after the message was sent.
    """
    raw, signature = read(bundle / bundle_format.HEAD), read(bundle / bundle_format.SIGNATURE)
    try:
        head = bundle_format.head_json.validate_json(raw)
    except ValidationError as error:
        raise UnprovenError(bundle / bundle_format.HEAD, "does not have format 1, or was changed") from error
    keys = {each.account: each for each in _keys(engine, who, head.publication)}
    found = _deliveries(bundle, head, keys)
    if not found:
        raise NotInBundleError(
            f"{who}: is not in {bundle}; this user was not registered when sending of announcement "
            f"{head.announcement} began on {head.counted_at:%Y-%m-%d %H:%M} UTC"
        )
    accounts = [_proven_account(keys[account], *found[account]) for account in keys if account in found]
    found_deliveries = [delivery for _, delivery in found.values()]
    accounts_signature = None
    deliveries = dict(found.values())  # by place
    if any(is_unnamed(account, deliveries[account.delivery]) for account in accounts):
        if key is None:
            raise UnsignedProofError(
                f"{who}: the email address was corrected since, so the proof has to be signed; "
                "set POLICY_NOTIFY_PROOF_KEY"
            )
        accounts_signature = key.sign(bundle_format.signed_accounts(raw, accounts)).hex()
    places = sorted(
        {place for place, _ in found.values()} | {n for each in found_deliveries for n in _named(each)}
    )
    return UserProof(
        format=bundle_format.FORMAT,
        head=raw.decode(),
        signature=signature.hex(),
        accounts=accounts,
        messages=[
            _message(bundle, number) for number in sorted({d.message for d in found_deliveries if d.message})
        ],
        records=_proven(bundle, head, places),
        accounts_signature=accounts_signature,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """The key to an account's pseudonyms in one bundle, with the pseudonyms."""

    external_id: str
    address: str
    key: str
    account: str
    commitment: str


def _keys(engine: Engine, who: str, publication: str) -> list[_Key]:
    found = []
    with reading(engine) as connection:
        for account in accounts_of(connection, who):
            kept = connection.scalars(select(users.c.pseudonym_key).where(users.c.id == account.id)).one()
            assert kept is not None
            key = proof_key(kept, publication)
            found.append(
                _Key(
                    external_id=account.external_id,
                    address=account.email,
                    key=key.hex(),
                    account=account_pseudonym(key, account.external_id).hex(),
                    commitment=address_commitment(key, account.email).hex(),
                )
            )
    return found


def _proven_account(key: _Key, place: int, delivery: Delivery) -> ProvenAccount:
    is_same_address = delivery.address == key.commitment
    return ProvenAccount(
        external_id=key.external_id,
        address=key.address if is_same_address else None,
        key=key.key,
        delivery=place,
    )


def _deliveries(bundle: Path, head: Head, accounts: Mapping[str, _Key]) -> dict[str, tuple[int, Delivery]]:
    """The position and delivery of each account that is in the bundle."""
    first = head.attempts + head.posts
    begins = {f'{{"person":"{account}"'.encode(): account for account in accounts}
    length = max(map(len, begins))
    found = {}
    for place, line in enumerate(islice(record_lines(bundle), first, None), first):
        if (begin := line[:length]) in begins:
            found[begins[begin]] = (place, bundle_format.delivery_json.validate_json(line))
    return found


def _named(delivery: Delivery) -> set[int]:
    """The positions of all records to which a delivery refers."""
    reported = {place for report in delivery.reports for place in (report.attempt, report.post)}
    return reported if delivery.attempt is None else reported | {delivery.attempt}


def _message(bundle: Path, number: int) -> ProvenMessage:
    text, html = (read(bundle / name).decode() for name in bundle_format.message_files(number))
    return ProvenMessage(number=number, text=text, html=html)


def _proven(bundle: Path, head: Head, places: Sequence[int]) -> list[ProvenRecord]:
    ways = merkle_tree.paths(digests(bundle), places, count=head.records)
    wanted = set(places)
    proven = [
        ProvenRecord(place=place, record=line.decode(), path=[digest.hex() for digest in ways[place]])
        for place, line in enumerate(record_lines(bundle))
        if place in wanted
    ]
    for record in proven:
        check_record(record, head, bundle)
    return proven
