"""Which announcement and which batches come next. Nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from subscribers.ledger import provider_pause
from subscribers.model import AnnouncementState, BatchState, announcements, batches


def turn(connection: Connection) -> int | None:
    """The announcement whose turn it is: the oldest that is being sent or was not fanned out yet.

    None if there is no such announcement.
    """
    is_being_sent = exists().where(batches.c.announcement_id == announcements.c.id, under_way())
    live = [AnnouncementState.HELD.value, AnnouncementState.OPEN.value, AnnouncementState.PAUSED.value]
    return connection.scalars(
        select(announcements.c.id)
        .where(announcements.c.state.in_(live), or_(announcements.c.fanned_out_at.is_(None), is_being_sent))
        .order_by(announcements.c.id)
        .limit(1)
    ).one_or_none()


def under_way() -> ColumnElement[bool]:
    """Whether a batch is being tried, or waits for anything but the time of its next attempt."""
    waits = and_(batches.c.state == BatchState.PLANNED.value, batches.c.retry_at.is_(None))
    return or_(waits, batches.c.state == BatchState.CLAIMED.value)


def is_under_way(connection: Connection, announcement_id: int) -> bool:
    """Whether any batch of the announcement is under way."""
    some = select(batches.c.id).where(batches.c.announcement_id == announcement_id, under_way())
    return connection.scalars(some.limit(1)).one_or_none() is not None


def is_due(now: datetime) -> ColumnElement[bool]:
    """Whether a batch may be tried now, as far as the batch itself is concerned."""
    return and_(
        batches.c.state == BatchState.PLANNED.value,
        or_(batches.c.retry_at.is_(None), batches.c.retry_at <= now),
    )


def sendable(connection: Connection, transport: str, *, now: datetime, limit: int) -> Sequence[int]:
    """The batches that may be claimed now, in their order; none while the provider is paused."""
    if provider_pause.current_pause(connection, transport, now=now) is not None:
        return []
    current = turn(connection)
    due = (
        select(batches.c.id)
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .where(announcements.c.state == AnnouncementState.OPEN.value, is_due(now))
        .order_by(batches.c.id)
        .limit(limit)
    )
    again = due.where(batches.c.retry_at.is_not(None))
    if current is None:
        return connection.scalars(again).all()
    # Two queries: to sort all waiting batches by number for the few to be tried again would take too long.
    earlier = connection.scalars(again.where(announcements.c.id < current)).all()
    return [*earlier, *connection.scalars(due.where(batches.c.announcement_id == current))][:limit]


def next_chance(connection: Connection, transport: str, *, now: datetime) -> datetime | None:
    """When a batch that cannot be sent now may become sendable; None if none will without a person."""
    current = turn(connection)
    leases = select(batches.c.lease_until_at).where(batches.c.state == BatchState.CLAIMED.value)
    chances = [*connection.scalars(leases)]
    pause = provider_pause.current_pause(connection, transport, now=now)
    retries = (
        select(func.min(func.coalesce(batches.c.retry_at, now)))
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .where(
            batches.c.state == BatchState.PLANNED.value,
            announcements.c.state == AnnouncementState.OPEN.value,
            *((announcements.c.id <= current,) if current is not None else ()),
        )
    )
    retry = connection.scalars(retries).one()
    if retry is not None:
        chances.append(max(retry, pause.until) if pause else retry)
    return min(chances, default=None)
