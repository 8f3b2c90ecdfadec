"""Freezes the audience of an announcement: one delivery for each registered person, in batches."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, insert, literal, select, update

from subscribers.ledger import batch_rows
from subscribers.ledger.audience import FanOut, deliveries_for
from subscribers.model import BatchState, announcements, batches, contents, deliveries


def freeze_audience(connection: Connection, announcement_id: int, *, batch_limit: int, now: datetime) -> None:
    """Give each registered person a delivery of the announcement, and the deliveries batches."""
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
    connection.execute(
        deliveries_for(
            FanOut(
                announcement_id=announcement_id,
                previous_id=previous,
                languages=[own, *sorted({row.language for row in made} - {own})],
                messages=[(row.language, row.last_notified_id) for row in made if row.sha256 is not None],
                batch_limit=batch_limit,
                first_batch_id=batch_rows.next_batch_id(connection),
            )
        )
    )
    of_it = deliveries.c.announcement_id == announcement_id
    last_told = set(connection.scalars(select(deliveries.c.last_notified_id).where(of_it).distinct()))
    assert last_told <= {row.last_notified_id for row in made}, "somebody's message was never made"
    group = (deliveries.c.batch_id, deliveries.c.language, deliveries.c.last_notified_id)
    size = func.count().label("size")
    connection.execute(
        insert(batches).from_select(
            ["id", "language", "last_notified_id", "size", "announcement_id", "state"],
            select(*group, size, literal(announcement_id), literal(BatchState.PLANNED.value))
            .where(of_it, deliveries.c.batch_id.is_not(None))
            .group_by(*group),
        )
    )
    audience = connection.scalars(select(func.count()).where(of_it)).one()
    connection.execute(
        update(announcements)
        .where(announcements.c.id == announcement_id)
        .values(fanned_out_at=now, audience=audience)
    )
    batch_rows.exclude_covered(connection, announcement_id)
