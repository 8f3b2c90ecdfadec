"""Finds the deliveries in the database that evidence is about. Reads only.

A number alone names a user surely only if the copy knew the user under it: after a restore, an import may
give the numbers of users who registered since the copy to others. Wherever evidence names an email address,
that decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import ColumnElement, Connection, select

from subscribers.delivery_id import publication_of
from subscribers.ledger.recovered import Proven
from subscribers.model import announcements, deliveries, users
from subscribers.recovery.evidence import Evidence
from subscribers.recovery.proven_accounts import ProofBundle
from subscribers.settings import ascii_address
from subscribers.users.pseudonyms import account_pseudonym, proof_key

AT_ONCE = 500


@dataclass
class Matches:
    """The proven recipients of each announcement, and the evidence that fits none.

    ``absent`` are messages to email addresses that no user of the announcement has, or to numbers that may be
    another user's by now. ``foreign`` counts messages about publications that the database does not have.
    """

    proven: dict[int, dict[int, Proven]] = field(default_factory=dict)
    absent: list[Evidence] = field(default_factory=list)
    foreign: int = 0

    def add(self, announcement_id: int, recipient: int, proven: Proven) -> None:
        """Note that a recipient was notified; what says more replaces what says less."""
        known = self.proven.setdefault(announcement_id, {})
        before = known.get(recipient)
        if before is None or (before.token is None and proven.token is not None):
            known[recipient] = proven


def match(connection: Connection, evidence: Iterable[Evidence], bundles: Sequence[ProofBundle]) -> Matches:
    """Match all evidence with the announcements in the database."""
    rows = connection.execute(
        select(announcements.c.id, announcements.c.versions_sha256, announcements.c.rebuilt_at)
    ).all()
    by_publication = {publication_of(row.versions_sha256): row.id for row in rows}
    surely = {row.id for row in rows if row.rebuilt_at is None}
    firsts = {
        row.id: min(other.id for other in rows if other.rebuilt_at == row.rebuilt_at)
        for row in rows
        if row.rebuilt_at is not None
    }
    matches = Matches()
    by_announcement: dict[int, list[Evidence]] = {}
    for one in evidence:
        if one.publication is not None:
            number = by_publication.get(one.publication)
        else:  # a rebuilt one may have more in it than the one that had this number
            number = one.delivery.announcement_id if one.delivery.announcement_id in surely else None
        if number is None:
            matches.foreign += 1
        else:
            by_announcement.setdefault(number, []).append(one)
    for number, those in by_announcement.items():
        for part in _parts(those):
            _match_part(connection, number, part, firsts.get(number), matches)
    by_digest = {row.versions_sha256: row.id for row in rows}
    for bundle in bundles:
        if (number := by_digest.get(bundle.head.publication)) is not None:
            _match_bundle(connection, number, bundle, matches)
    return matches


def _match_part(
    connection: Connection,
    announcement_id: int,
    evidence: Sequence[Evidence],
    first_rebuilt: int | None,
    matches: Matches,
) -> None:
    ids = {one.delivery.recipient_id for one in evidence}
    by_id = dict(_addresses(connection, announcement_id, users.c.id.in_(ids)))
    named = {address for one in evidence for address in one.addresses}
    by_address: dict[str, int] = {
        address: recipient
        for recipient, address in _addresses(connection, announcement_id, users.c.email.in_(named))
    }
    certain = by_id.keys() if first_rebuilt is None else _known_to_copy(connection, ids, before=first_rebuilt)
    for one in evidence:
        own = one.delivery.recipient_id
        recipient: int | None
        if one.addresses:
            fits = own in by_id and by_id[own] in one.addresses
            others = (by_address[address] for address in one.addresses if address in by_address)
            recipient = own if fits else next(others, None)
        else:
            recipient = own if own in by_id and own in certain else None
        if recipient is None:
            matches.absent.append(one)
        else:
            matches.add(announcement_id, recipient, _proven(one))


def _match_bundle(
    connection: Connection, announcement_id: int, bundle: ProofBundle, matches: Matches
) -> None:
    accepted = bundle.accepted()
    rows = connection.execute(
        select(users.c.id, users.c.external_id, users.c.pseudonym_key)
        .join(deliveries, deliveries.c.recipient_id == users.c.id)
        .where(deliveries.c.announcement_id == announcement_id, users.c.pseudonym_key.is_not(None))
        .order_by(users.c.id)
    )
    for recipient, external_id, key in rows:
        pseudonym = account_pseudonym(proof_key(key, bundle.head.publication), external_id)
        if (proven := accepted.get(pseudonym)) is not None:
            matches.add(announcement_id, recipient, proven)


def _addresses(
    connection: Connection, announcement_id: int, which: ColumnElement[bool]
) -> Iterator[tuple[int, str]]:
    """The recipients among ``which`` users who are in a batch of the announcement, with the email address."""
    # Two queries by key: for one, SQLite would go through all deliveries of the announcement each time.
    emails: dict[int, str] = dict(
        connection.execute(select(users.c.id, users.c.email).where(users.c.email.is_not(None), which)).all()
    )
    recipients = connection.scalars(
        select(deliveries.c.recipient_id).where(
            deliveries.c.announcement_id == announcement_id,
            deliveries.c.recipient_id.in_(emails),
            deliveries.c.batch_id.is_not(None),
        )
    )
    for recipient in recipients:
        yield recipient, _on_the_wire(emails[recipient])


def _known_to_copy(connection: Connection, ids: Iterable[int], *, before: int) -> set[int]:
    """The users whom the copy surely knew under these numbers: earlier announcements have them."""
    return set(
        connection.scalars(
            select(deliveries.c.recipient_id)
            .where(deliveries.c.recipient_id.in_(ids), deliveries.c.announcement_id < before)
            .distinct()
        )
    )


def _on_the_wire(email: str) -> str:
    """The email address as mail servers and providers name it, in small letters."""
    if email.isascii():
        return email.casefold()
    try:
        return ascii_address(email).casefold()
    except ValueError:
        return email.casefold()


def _proven(one: Evidence) -> Proven:
    return Proven(transport=one.transport, token=one.token, at=one.at)


def _parts(evidence: Sequence[Evidence]) -> Iterator[Sequence[Evidence]]:
    rest = iter(evidence)
    while part := list(islice(rest, AT_ONCE)):
        yield part
