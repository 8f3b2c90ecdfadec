"""Several accounts with one address get one mail: one account is told for all that share it.

Addresses and accounts change between the fan-out and the mail, so a batch is looked at again when it is
claimed: for use inside the ledger's transactions only.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from subscribers.ledger import batch_rows
from subscribers.ledger.audience import hindrance
from subscribers.model import BatchState, Exclusion, announcements, attempts, batches, deliveries, users
from subscribers.users.pseudonyms import address_commitment, committed_addresses, proof_key

_Person = Row[*tuple[Any, ...]]

BEING_TOLD = (BatchState.CLAIMED.value, BatchState.UNKNOWN.value, BatchState.ACCEPTED.value)


def part_ways(connection: Connection, batch_id: int) -> None:
    """Let those wait for a mail of their own for whom nobody of the batch is told any more."""
    first, first_person, person = deliveries.alias("first"), users.alias("first_person"), users
    alone = connection.execute(
        select(
            deliveries.c.announcement_id,
            deliveries.c.recipient_id,
            deliveries.c.language,
            deliveries.c.last_notified_id,
            person.c.email,
            hindrance(person).label("hindrance"),
        )
        .select_from(first)
        .join(first_person, first_person.c.id == first.c.recipient_id)
        .join(
            deliveries,
            and_(
                deliveries.c.notified_with_id == first.c.recipient_id,
                deliveries.c.notified_with_id.is_not(None),
                # Not by the primary key: SQLite would read the whole announcement for each of the batch.
                deliveries.c.announcement_id + 0 == first.c.announcement_id,
            ),
        )
        .join(person, person.c.id == deliveries.c.recipient_id)
        .where(
            first.c.batch_id == batch_id,
            or_(hindrance(first_person).is_not(None), first_person.c.email != person.c.email),
        )
        .order_by(deliveries.c.recipient_id)
    ).all()
    heads: dict[str, _Person] = {}
    for row in alone:
        if row.hindrance is not None:
            _set(connection, row, exclusion=row.hindrance, notified_with_id=None)
        elif row.email in heads:
            _set(connection, row, notified_with_id=heads[row.email].recipient_id)
        else:
            heads[row.email] = row
            _let_wait(connection, row)


def come_together(connection: Connection, batch_id: int) -> int:
    """Take those out whose address is by now one that is told anyway; the size that is left."""
    first, first_person = deliveries.alias("first"), users.alias("first_person")
    pairs = connection.execute(
        select(
            deliveries.c.announcement_id,
            deliveries.c.recipient_id,
            users.c.email,
            first.c.recipient_id.label("first_id"),
            first_person.c.pseudonym_key,
            batches.c.state,
            batches.c.token,
            announcements.c.versions_sha256,
        )
        .select_from(deliveries)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .join(first_person, and_(first_person.c.email == users.c.email, first_person.c.id != users.c.id))
        .join(
            first,
            and_(
                first.c.announcement_id == deliveries.c.announcement_id,
                first.c.recipient_id == first_person.c.id,
            ),
        )
        .join(batches, batches.c.id == first.c.batch_id)
        .join(announcements, announcements.c.id == deliveries.c.announcement_id)
        .where(deliveries.c.batch_id == batch_id, hindrance(first_person).is_(None))
        .order_by(deliveries.c.recipient_id, first.c.recipient_id)
    ).all()
    together: set[int] = set()
    for row in pairs:
        waits = row.state == BatchState.PLANNED and row.first_id < row.recipient_id
        if row.recipient_id in together or not (waits or _is_told_there(connection, row)):
            continue
        together.add(row.recipient_id)
        _set(connection, row, notified_with_id=row.first_id)
        connection.execute(
            update(deliveries)
            .where(
                deliveries.c.notified_with_id == row.recipient_id,
                deliveries.c.notified_with_id.is_not(None),
                deliveries.c.announcement_id + 0 == row.announcement_id,
            )
            .values(notified_with_id=row.first_id)
        )
    if not together:
        return batch_rows.size_of(connection, batch_id)
    those = deliveries.c.recipient_id.in_(together)
    return batch_rows.exclude(connection, batch_id, those, Exclusion.SAME_ADDRESS.value)


def _is_told_there(connection: Connection, row: _Person) -> bool:
    """Whether the mail of the other account went, or may have gone, to this very address."""
    if row.state not in BEING_TOLD:
        return False
    commitments = connection.scalars(
        select(attempts.c.commitments).where(attempts.c.token == row.token)
    ).one()
    key = proof_key(row.pseudonym_key, row.versions_sha256)
    return committed_addresses(commitments or b"").get(row.first_id) == address_commitment(key, row.email)


def _let_wait(connection: Connection, row: _Person) -> None:
    """Give somebody who was excluded a batch."""
    batch_id = batch_rows.next_batch_id(connection)
    connection.execute(
        insert(batches).values(
            id=batch_id,
            announcement_id=row.announcement_id,
            language=row.language,
            last_notified_id=row.last_notified_id,
            size=1,
            state=BatchState.PLANNED.value,
        )
    )
    _set(connection, row, batch_id=batch_id, exclusion=None, notified_with_id=None)


def _set(connection: Connection, row: _Person, **values: object) -> None:
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.announcement_id == row.announcement_id,
            deliveries.c.recipient_id == row.recipient_id,
        )
        .values(values)
    )
