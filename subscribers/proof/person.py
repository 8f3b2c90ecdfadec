"""A person's part of a bundle: proves to anybody, without the rest of it, what this person was told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError
from sqlalchemy import Engine, select

from subscribers.database import reading
from subscribers.errors import NotifyError
from subscribers.model import people
from subscribers.proof import form, merkle
from subscribers.proof.form import (
    Attempt,
    Delivery,
    Head,
    PersonProof,
    Post,
    ProvenAccount,
    ProvenMessage,
    ProvenRecord,
)
from subscribers.proof.verify import UnprovenError, digests, read, record_lines, verified_head
from subscribers.signing import is_signed
from subscribers.users.pseudonyms import account_pseudonym, address_commitment, proof_key
from subscribers.users.registry import accounts_of


class UnsignedProofError(NotifyError):
    """The proof needs the proof key, which was not given."""


class NotInBundleError(NotifyError):
    """The person has no delivery in the bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAccount:
    """What is proven of one account."""

    external_id: str
    address: str | None
    delivery: Delivery
    attempt: Attempt | None
    posts: Mapping[int, Post]  # by the place that reports name


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """What a person's proof shows once it is verified."""

    head: Head
    accounts: Sequence[ToldAccount]
    messages: Mapping[int, ProvenMessage]


def prove_person(
    engine: Engine, who: str, bundle: Path, *, key: Ed25519PrivateKey | None = None
) -> PersonProof:
    """The proof for every account of the person with this external id or email address.

    ``key`` is the proof key. It is needed where an email address was corrected since the message went out.
    """
    raw, signature = read(bundle / form.HEAD), read(bundle / form.SIGNATURE)
    try:
        head = form.head_json.validate_json(raw)
    except ValidationError as error:
        raise UnprovenError(bundle / form.HEAD, "is not of format 1, or was changed") from error
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
    if any(_is_unnamed(account, deliveries[account.delivery]) for account in accounts):
        if key is None:
            raise UnsignedProofError(
                f"{who}: the email address was corrected since, so the proof has to be signed: "
                "set POLICY_NOTIFY_PROOF_KEY"
            )
        accounts_signature = key.sign(form.signed_accounts(raw, accounts)).hex()
    places = sorted({place for place, _ in found.values()} | {n for each in told for n in _named(each)})
    return PersonProof(
        format=form.FORMAT,
        head=raw.decode(),
        signature=signature.hex(),
        accounts=accounts,
        messages=[_message(bundle, number) for number in sorted({d.message for d in told if d.message})],
        records=_proven(bundle, head, places),
        accounts_signature=accounts_signature,
    )


def verify_person(file: Path, key: Ed25519PublicKey) -> Testimony:
    """What the proof in ``file`` shows; refused where anything in it does not follow from a signed head."""
    try:
        proof = form.person_json.validate_json(file.read_bytes())
        signature = bytes.fromhex(proof.signature)
    except OSError as error:
        raise UnprovenError(file, f"cannot be read ({error.strerror})") from error
    except (ValidationError, ValueError) as error:
        raise UnprovenError(file, "is no person's proof of format 1, or was changed") from error
    if not proof.accounts:
        raise UnprovenError(file, "is of no account")
    head = verified_head(proof.head.encode(), signature, key, where=f"{file}: head")
    records = {record.place: record.record.encode() for record in proof.records}
    for record in proof.records:
        _check_record(record, head, file)
    messages = {message.number: message for message in proof.messages}
    for number, message in messages.items():
        for name, words in zip(form.message_files(number), (message.text, message.html), strict=True):
            if head.files.get(name) != hashlib.sha256(words.encode()).hexdigest():
                raise UnprovenError(file, f"message {number} was changed")
    accounts = []
    for account in proof.accounts:
        try:
            delivery = form.delivery_json.validate_json(records[account.delivery])
            if delivery.message is not None:
                messages[delivery.message]
            accounts.append(_told(account, delivery, records))
        except KeyError as error:
            raise UnprovenError(file, f"account {account.external_id}: {error} is left out") from error
        except ValidationError as error:
            raise UnprovenError(file, f"account {account.external_id}: names a wrong record") from error
        _check_account(account, delivery, file)
        if _is_unnamed(account, delivery) and not _vouched_for(proof, key):
            raise UnprovenError(file, f"account {account.external_id}: the email address is left out")
    return Testimony(head=head, accounts=accounts, messages=messages)


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
            kept = connection.scalars(select(people.c.pseudonym_key).where(people.c.id == person.id)).one()
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
            found[begins[begin]] = (place, form.delivery_json.validate_json(line))
    return found


def _named(delivery: Delivery) -> set[int]:
    """The places of all records that a delivery names."""
    reported = {place for report in delivery.reports for place in (report.attempt, report.post)}
    return reported if delivery.attempt is None else reported | {delivery.attempt}


def _message(bundle: Path, number: int) -> ProvenMessage:
    text, html = (read(bundle / name).decode() for name in form.message_files(number))
    return ProvenMessage(number=number, text=text, html=html)


def _proven(bundle: Path, head: Head, places: Sequence[int]) -> list[ProvenRecord]:
    ways = merkle.paths(digests(bundle), places, count=head.records)
    wanted = set(places)
    proven = [
        ProvenRecord(place=place, record=line.decode(), path=[digest.hex() for digest in ways[place]])
        for place, line in enumerate(record_lines(bundle))
        if place in wanted
    ]
    for record in proven:
        _check_record(record, head, bundle)
    return proven


def _check_record(record: ProvenRecord, head: Head, file: Path) -> None:
    try:
        path = [bytes.fromhex(digest) for digest in record.path]
    except ValueError:
        path = []
    leaf = merkle.leaf(record.record.encode())
    root = merkle.root_from(leaf, record.place, path, count=head.records)
    if root is None or root.hex() != head.root:
        raise UnprovenError(file, f"record {record.place} is not among those that were signed")


def _check_account(account: ProvenAccount, delivery: Delivery, file: Path) -> None:
    try:
        key = bytes.fromhex(account.key)
    except ValueError:
        key = b""
    is_account = account_pseudonym(key, account.external_id).hex() == delivery.person
    is_address = account.address is None or address_commitment(key, account.address).hex() == delivery.address
    if not (is_account and is_address):
        wrong = "the address" if is_account else "the account"
        raise UnprovenError(file, f"record {account.delivery} is not of {wrong} that is named")


def _is_unnamed(account: ProvenAccount, delivery: Delivery) -> bool:
    """Whether a message went to an email address that the proof does not name."""
    return account.address is None and delivery.address is not None


def _vouched_for(proof: PersonProof, key: Ed25519PublicKey) -> bool:
    try:
        signature = bytes.fromhex(proof.accounts_signature or "")
    except ValueError:
        return False
    return is_signed(key, signature, form.signed_accounts(proof.head.encode(), proof.accounts))


def _told(account: ProvenAccount, delivery: Delivery, records: Mapping[int, bytes]) -> ToldAccount:
    for report in delivery.reports:
        form.attempt_json.validate_json(records[report.attempt])
    return ToldAccount(
        external_id=account.external_id,
        address=account.address,
        delivery=delivery,
        attempt=(
            None if delivery.attempt is None else form.attempt_json.validate_json(records[delivery.attempt])
        ),
        posts={
            report.post: form.post_json.validate_json(records[report.post]) for report in delivery.reports
        },
    )
