"""A person's part of a bundle: proves to anybody, without the rest of it, what this person was told."""

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
from subscribers.users.pseudonyms import account_pseudonym, address_commitment, proof_key
from subscribers.users.registry import accounts_of


class UnsignedProofError(NotifyError):
    """The proof needs the proof key, which was not given."""


class NotInBundleError(NotifyError):
    """The person has no delivery in the bundle."""


def export_user_proof(
    engine: Engine, who: str, bundle: Path, *, key: Ed25519PrivateKey | None = None
) -> UserProof:
    """The proof for every account of the person with this external id or email address.

    ``key`` is the proof key. It is needed where an email address was corrected since the message went out.
    """
    raw, signature = read(bundle / bundle_format.HEAD), read(bundle / bundle_format.SIGNATURE)
    try:
        head = bundle_format.head_json.validate_json(raw)
    except ValidationError as error:
        raise UnprovenError(bundle / bundle_format.HEAD, "is not of format 1, or was changed") from error
    keys = {each.account: each for each in _keys(engine, who, head.publication)}
    found = _deliveries(bundle, head, keys)
    if not found:
        raise NotInBundleError(
            f"{who}: is not in {bundle}; when announcement {head.announcement} began to go out on "
            f"{head.counted_at:%Y-%m-%d %H:%M} UTC, nobody of this name was registered"
        )
    accounts = [_proven_account(keys[account], *found[account]) for account in keys if account in found]
    told = [delivery for _, delivery in found.values()]
    accounts_signature = None
    deliveries = dict(found.values())  # by place
    if any(is_unnamed(account, deliveries[account.delivery]) for account in accounts):
        if key is None:
            raise UnsignedProofError(
                f"{who}: the email address was corrected since, so the proof has to be signed: "
                "set POLICY_NOTIFY_PROOF_KEY"
            )
        accounts_signature = key.sign(bundle_format.signed_accounts(raw, accounts)).hex()
    places = sorted({place for place, _ in found.values()} | {n for each in told for n in _named(each)})
    return UserProof(
        format=bundle_format.FORMAT,
        head=raw.decode(),
        signature=signature.hex(),
        accounts=accounts,
        messages=[_message(bundle, number) for number in sorted({d.message for d in told if d.message})],
        records=_proven(bundle, head, places),
        accounts_signature=accounts_signature,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """What opens an account's pseudonyms in one bundle."""

    external_id: str
    address: str
    key: str
    account: str
    commitment: str


def _keys(engine: Engine, who: str, publication: str) -> list[_Key]:
    found = []
    with reading(engine) as connection:
        for person in accounts_of(connection, who):
            kept = connection.scalars(select(users.c.pseudonym_key).where(users.c.id == person.id)).one()
            assert kept is not None
            key = proof_key(kept, publication)
            found.append(
                _Key(
                    external_id=person.external_id,
                    address=person.email,
                    key=key.hex(),
                    account=account_pseudonym(key, person.external_id).hex(),
                    commitment=address_commitment(key, person.email).hex(),
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
    """Place and delivery of each of the accounts that is in the bundle."""
    first = head.attempts + head.posts
    begins = {f'{{"person":"{account}"'.encode(): account for account in accounts}
    length = max(map(len, begins))
    found = {}
    for place, line in enumerate(islice(record_lines(bundle), first, None), first):
        if (begin := line[:length]) in begins:
            found[begins[begin]] = (place, bundle_format.delivery_json.validate_json(line))
    return found


def _named(delivery: Delivery) -> set[int]:
    """The places of all records that a delivery names."""
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
