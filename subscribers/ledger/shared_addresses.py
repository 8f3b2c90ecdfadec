"""Several accounts with one email address get one message: one account is notified for all that share it.

Email addresses and accounts change between the fan-out and the message. So a batch is checked again when it
is claimed. For use inside a caller's transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select

from subscribers.ledger import batch_members, batch_rows, delivery_rows
from subscribers.ledger.audience import reason_to_exclude
from subscribers.model import BatchState, Exclusion, announcements, attempts, batches, deliveries, users
from subscribers.users.pseudonyms import address_commitment, committed_addresses, proof_key

_Row = Row[*tuple[Any, ...]]

NOTIFIED = (BatchState.CLAIMED.value, BatchState.UNKNOWN.value, BatchState.ACCEPTED.value)


def separate(connection: Connection, batch_id: int) -> None:
    """Let accounts wait for their own message if the account notified for them no longer is."""
    first, first_user = deliveries.alias("first"), users.alias("first_user")
    alone = connection.execute(
        select(
            deliveries.c.announcement_id,
            deliveries.c.recipient_id,
            deliveries.c.language,
            deliveries.c.last_notified_id,
            users.c.email,
            reason_to_exclude(users).label("reason"),
        )
        .select_from(first)
        .join(first_user, first_user.c.id == first.c.recipient_id)
        .join(
            deliveries,
            and_(
                deliveries.c.notified_with_id == first.c.recipient_id,
                deliveries.c.notified_with_id.is_not(None),
                # With + 0 the primary key is not used: SQLite would read the whole announcement each time.
                deliveries.c.announcement_id + 0 == first.c.announcement_id,
            ),
        )
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(
            first.c.batch_id == batch_id,
            or_(reason_to_exclude(first_user).is_not(None), first_user.c.email != users.c.email),
        )
        .order_by(deliveries.c.recipient_id)
    ).all()
    heads: dict[str, _Row] = {}
    for row in alone:
        if row.reason is not None:
            _set(connection, row, exclusion=row.reason, notified_with_id=None)
        elif row.email in heads:
            _set(connection, row, notified_with_id=heads[row.email].recipient_id)
        else:
            heads[row.email] = row
            _let_wait(connection, row)


def unite(connection: Connection, batch_id: int) -> int:
    """Take out accounts whose email address is notified anyway by now; return how many are left."""
    first, first_user = deliveries.alias("first"), users.alias("first_user")
    pairs = connection.execute(
        select(
            deliveries.c.announcement_id,
            deliveries.c.recipient_id,
            users.c.email,
            first.c.recipient_id.label("first_id"),
            first_user.c.pseudonym_key,
            batches.c.state,
            batches.c.token,
            announcements.c.versions_sha256,
        )
        .select_from(deliveries)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .join(first_user, and_(first_user.c.email == users.c.email, first_user.c.id != users.c.id))
        .join(
            first,
            and_(
                first.c.announcement_id == deliveries.c.announcement_id,
                first.c.recipient_id == first_user.c.id,
            ),
        )
        .join(batches, batches.c.id == first.c.batch_id)
        .join(announcements, announcements.c.id == deliveries.c.announcement_id)
        .where(deliveries.c.batch_id == batch_id, reason_to_exclude(first_user).is_(None))
        .order_by(deliveries.c.recipient_id, first.c.recipient_id)
    ).all()
    together: set[int] = set()
    for row in pairs:
        waits = row.state == BatchState.PLANNED and row.first_id < row.recipient_id
        if row.recipient_id in together or not (waits or _is_notified_there(connection, row)):
            continue
        together.add(row.recipient_id)
        _set(connection, row, notified_with_id=row.first_id)
        delivery_rows.notify_with(connection, row.announcement_id, before=row.recipient_id, now=row.first_id)
    if not together:
        return batch_rows.size_of(connection, batch_id)
    those = deliveries.c.recipient_id.in_(together)
    return batch_members.exclude(connection, batch_id, those, Exclusion.SAME_ADDRESS.value)


def _is_notified_there(connection: Connection, row: _Row) -> bool:
    """Whether the other account's message went, or may have gone, to this very email address."""
    if row.state not in NOTIFIED:
        return False
    commitments = connection.scalars(
        select(attempts.c.commitments).where(attempts.c.token == row.token)
    ).one()
    key = proof_key(row.pseudonym_key, row.versions_sha256)
    return committed_addresses(commitments or b"").get(row.first_id) == address_commitment(key, row.email)


def _let_wait(connection: Connection, row: _Row) -> None:
    """Give an excluded account a batch of its own."""
    batch_id = batch_rows.next_id(connection)
    batch_rows.add(
        connection,
        batch_id,
        announcement_id=row.announcement_id,
        language=row.language,
        last_notified_id=row.last_notified_id,
        size=1,
    )
    _set(connection, row, batch_id=batch_id, exclusion=None, notified_with_id=None)


def _set(connection: Connection, row: _Row, **values: object) -> None:
    delivery_rows.set_values(connection, row.announcement_id, row.recipient_id, **values)
