"""Decides which recipients are in a batch: lets it wait, takes recipients out of it, and splits it.

Each step keeps three tables in step: a batch's size is the number of its deliveries, and a delivery is either
in a batch or excluded. For use inside a caller's transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, select, true

from subscribers.ledger import batch_rows, delivery_rows
from subscribers.ledger.audience import reason_to_exclude
from subscribers.model import (
    AnnouncementState,
    BatchState,
    Exclusion,
    announcements,
    batches,
    deliveries,
    users,
)


def plan(connection: Connection, batch_id: int, *, retry_at: datetime | None = None) -> None:
    """Let the batch wait for its next attempt, without the recipients who no longer need it.

    Those are recipients whom a later announcement tells the same, and all recipients of a cancelled
    announcement.
    """
    batch_rows.plan(connection, batch_id, retry_at=retry_at)
    exclude(connection, batch_id, _is_covered(), Exclusion.COVERED.value)
    cancelled = (
        select(batches.c.id)
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .where(batches.c.id == batch_id, announcements.c.state == AnnouncementState.CANCELLED.value)
    )
    delivery_rows.cancel_notified_with(connection, cancelled)
    exclude(connection, batch_id, deliveries.c.batch_id.in_(cancelled), Exclusion.CANCELLED.value)


def exclude(connection: Connection, batch_id: int, which: ColumnElement[bool], reason: object) -> int:
    """Take recipients out of a planned batch; return how many are left."""
    taken = delivery_rows.exclude_from(connection, [batch_id], which, reason)
    size = batch_rows.size_of(connection, batch_id) - taken
    if taken:
        batch_rows.set_size(connection, batch_id, size)
    return size


def exclude_hindered(connection: Connection, batch_id: int) -> int:
    """Take out recipients who have left, objected and so on since the fan-out; return how many are left."""
    reason = select(reason_to_exclude(users)).where(users.c.id == deliveries.c.recipient_id).scalar_subquery()
    some = select(deliveries.c.recipient_id).where(deliveries.c.batch_id == batch_id, reason.is_not(None))
    if connection.scalars(some.limit(1)).first() is None:
        return batch_rows.size_of(connection, batch_id)
    return exclude(connection, batch_id, reason.is_not(None), reason)


def exclude_covered(connection: Connection, announcement_id: int) -> None:
    """Exclude waiting recipients whom this later announcement, just fanned out, tells the same."""
    waiting = connection.scalars(
        select(batches.c.id)
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .where(announcements.c.id < announcement_id, batches.c.state == BatchState.PLANNED.value)
    ).all()
    for batch_id in waiting:
        exclude(connection, batch_id, _is_covered(), Exclusion.COVERED.value)


def cancel_waiting(connection: Connection, announcement_id: int) -> None:
    """Exclude every recipient who still waits for a message of a cancelled announcement."""
    planned = select(batches.c.id).where(
        batches.c.announcement_id == announcement_id, batches.c.state == BatchState.PLANNED.value
    )
    delivery_rows.cancel_notified_with(connection, planned)
    delivery_rows.exclude_from(connection, planned, true(), Exclusion.CANCELLED.value)
    batch_rows.empty(connection, planned)


def split(connection: Connection, batch_id: int, *, part: int) -> None:
    """Replace a planned batch by several with at most ``part`` recipients each."""
    whole = connection.execute(
        select(batches.c.announcement_id, batches.c.language, batches.c.last_notified_id).where(
            batches.c.id == batch_id
        )
    ).one()
    recipients = connection.scalars(
        select(deliveries.c.recipient_id)
        .where(deliveries.c.batch_id == batch_id)
        .order_by(deliveries.c.recipient_id)
    ).all()
    first_id = batch_rows.next_id(connection)
    for number, start in enumerate(range(0, len(recipients), part)):
        those = recipients[start : start + part]
        batch_rows.add(
            connection,
            first_id + number,
            announcement_id=whole.announcement_id,
            language=whole.language,
            last_notified_id=whole.last_notified_id,
            split_from_id=batch_id,
            size=len(those),
        )
        delivery_rows.move(connection, batch_id, into=first_id + number, up_to=those[-1])
    batch_rows.empty(connection, [batch_id])


def _is_covered() -> ColumnElement[bool]:
    later = deliveries.alias("later")
    return exists().where(
        later.c.recipient_id == deliveries.c.recipient_id,
        later.c.announcement_id > deliveries.c.announcement_id,
        later.c.last_notified_id < deliveries.c.announcement_id,
        later.c.exclusion.is_(None),
    )
