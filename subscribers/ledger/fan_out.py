"""Freezes the audience of an announcement: one delivery for each registered user, in batches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, literal, select

from subscribers.ledger import announcement_rows, batch_members, batch_rows, delivery_rows
from subscribers.ledger.audience import FanOut, deliveries_for
from subscribers.ledger.next_batches import turn
from subscribers.model import AnnouncementState, BatchState, announcements, contents, deliveries


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


def freeze_audience(connection: Connection, announcement_id: int, *, batch_limit: int, now: datetime) -> None:
    """Give each registered user a delivery of the announcement, and put the deliveries into batches."""
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
    delivery_rows.add_all(
        connection,
        deliveries_for(
            FanOut(
                announcement_id=announcement_id,
                previous_id=previous,
                languages=[own, *sorted({row.language for row in made} - {own})],
                messages=[(row.language, row.last_notified_id) for row in made if row.sha256 is not None],
                batch_limit=batch_limit,
                first_batch_id=batch_rows.next_id(connection),
            )
        ),
    )
    of_it = deliveries.c.announcement_id == announcement_id
    last_notified = set(connection.scalars(select(deliveries.c.last_notified_id).where(of_it).distinct()))
    assert last_notified <= {row.last_notified_id for row in made}, "somebody's message was never made"
    group = (deliveries.c.batch_id, deliveries.c.language, deliveries.c.last_notified_id)
    size = func.count().label("size")
    batch_rows.add_all(
        connection,
        select(*group, size, literal(announcement_id), literal(BatchState.PLANNED.value))
        .where(of_it, deliveries.c.batch_id.is_not(None))
        .group_by(*group),
    )
    audience = connection.scalars(select(func.count()).where(of_it)).one()
    announcement_rows.set_audience(connection, announcement_id, audience=audience, at=now)
    batch_members.exclude_covered(connection, announcement_id)
