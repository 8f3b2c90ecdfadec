"""Freezes the audience of an announcement: one delivery for each registered user, in batches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, exists, func, literal, select

from subscribers.ledger import announcement_rows, batch_members, batch_rows, delivery_rows
from subscribers.ledger.audience import FanOut, deliveries_for
from subscribers.ledger.next_batches import turn
from subscribers.model import AnnouncementState, BatchState, announcements, contents, deliveries, users


def fan_out(connection: Connection, *, batch_limit: int, now: datetime) -> int | None:
    """Freeze the audience of the announcement whose turn it is; return its id.

    Returns None if no announcement is waiting for that: none has its turn, the one that has is not open, or
    its audience was frozen before.
    """
    announcement_id = turn(connection)
    if announcement_id is None:
        return None
    state, fanned_out_at = connection.execute(
        select(announcements.c.state, announcements.c.fanned_out_at)
        .where(announcements.c.id == announcement_id)
        .with_for_update()
    ).one()
    if state != AnnouncementState.OPEN or fanned_out_at is not None:
        return None
    freeze_audience(connection, announcement_id, batch_limit=batch_limit, now=now)
    return announcement_id


def add_absent(
    connection: Connection, announcement_id: int, *, batch_limit: int, before: datetime
) -> int | None:
    """Give a delivery to users who registered ``before`` and have none.

    They came back with an import after the audience of an announcement was frozen again. Returns the first
    number of their batches, None if there are no such users.
    """
    fresh = deliveries_for(_fan_out(connection, announcement_id, batch_limit=batch_limit)).subquery()
    has_one = exists().where(
        deliveries.c.announcement_id == announcement_id, deliveries.c.recipient_id == fresh.c.recipient_id
    )
    absent = (
        select(fresh)
        .join(users, users.c.id == fresh.c.recipient_id)
        .where(users.c.registered_at < before, ~has_one)
    )
    if connection.execute(absent.limit(1)).first() is None:
        return None
    first_batch_id = batch_rows.next_id(connection)
    delivery_rows.add_all(connection, absent)
    _add_batches(connection, announcement_id, from_id=first_batch_id)
    number: int = connection.scalars(
        select(func.count()).where(deliveries.c.announcement_id == announcement_id)
    ).one()
    announcement_rows.enlarge_audience(connection, announcement_id, audience=number)
    return first_batch_id


def freeze_audience(connection: Connection, announcement_id: int, *, batch_limit: int, now: datetime) -> None:
    """Give each registered user a delivery of the announcement, and put the deliveries into batches."""
    fan_out = _fan_out(connection, announcement_id, batch_limit=batch_limit)
    delivery_rows.add_all(connection, deliveries_for(fan_out))
    of_it = deliveries.c.announcement_id == announcement_id
    last_notified = set(connection.scalars(select(deliveries.c.last_notified_id).where(of_it).distinct()))
    made = connection.scalars(
        select(contents.c.last_notified_id).where(contents.c.announcement_id == announcement_id)
    )
    assert last_notified <= set(made), "somebody's message was never made"
    _add_batches(connection, announcement_id, from_id=fan_out.first_batch_id)
    audience = connection.scalars(select(func.count()).where(of_it)).one()
    announcement_rows.set_audience(connection, announcement_id, audience=audience, at=now)
    batch_members.exclude_covered(connection, announcement_id)


def _fan_out(connection: Connection, announcement_id: int, *, batch_limit: int) -> FanOut:
    made = connection.execute(
        select(contents.c.language, contents.c.last_notified_id, contents.c.sha256).where(
            contents.c.announcement_id == announcement_id
        )
    ).all()
    own: str = connection.scalars(
        select(announcements.c.site_language).where(announcements.c.id == announcement_id)
    ).one()
    previous: int = connection.scalars(
        select(func.max(announcements.c.id)).where(
            announcements.c.id < announcement_id, announcements.c.fanned_out_at.is_not(None)
        )
    ).one()
    return FanOut(
        announcement_id=announcement_id,
        previous_id=previous,
        languages=[own, *sorted({row.language for row in made} - {own})],
        messages=[(row.language, row.last_notified_id) for row in made if row.sha256 is not None],
        batch_limit=batch_limit,
        first_batch_id=batch_rows.next_id(connection),
    )


def _add_batches(connection: Connection, announcement_id: int, *, from_id: int) -> None:
    """Add the batches that the deliveries of the announcement name, from this number on."""
    group = (deliveries.c.batch_id, deliveries.c.language, deliveries.c.last_notified_id)
    size = func.count().label("size")
    batch_rows.add_all(
        connection,
        select(*group, size, literal(announcement_id), literal(BatchState.PLANNED.value))
        .where(deliveries.c.announcement_id == announcement_id, deliveries.c.batch_id >= from_id)
        .group_by(*group),
    )
