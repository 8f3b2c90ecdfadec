"""Pauses an announcement that too many complain about, before mailbox providers block its sender."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from subscribers.ledger import announcement_rows
from subscribers.model import AnnouncementState, BatchState, Outcome, announcements, batches, deliveries

# Gmail asks senders to stay below one complaint in a thousand messages ("Email sender guidelines").
MESSAGES_FOR_ONE = 1000
FEWEST = 2  # a single person must not be able to stop an announcement


def pause_where_many(connection: Connection, announcement_ids: Iterable[int | None]) -> None:
    """Pause those with more than one complaint in a thousand accepted messages.

    Complaints that the operator knew of when releasing the announcement do not count.
    """
    for announcement_id in sorted(filter(None, set(announcement_ids))):
        known: int | None = connection.scalars(
            select(announcements.c.complaints_at_release)
            .where(
                announcements.c.id == announcement_id, announcements.c.state == AnnouncementState.OPEN.value
            )
            .with_for_update()
        ).one_or_none()
        if known is None:
            continue
        complaints, messages = number_of(connection, announcement_id), _accepted(connection, announcement_id)
        if complaints - known >= max(FEWEST, messages / MESSAGES_FOR_ONE):
            announcement_rows.pause_if_open(
                connection,
                announcement_id,
                reason=f"{complaints:,} complaints about {messages:,} messages; the limit is 1 in 1,000",
            )


def number_of(connection: Connection, announcement_id: int) -> int:
    """How many recipients have complained about this announcement."""
    return connection.scalars(
        select(func.count()).where(
            deliveries.c.announcement_id == announcement_id,
            deliveries.c.outcome == Outcome.COMPLAINED.value,
        )
    ).one()


def about_newest(connection: Connection) -> tuple[int, int, int] | None:
    """The newest announcement with accepted messages: its id, its complaints and its messages; or None."""
    newest = connection.scalars(
        select(func.max(batches.c.announcement_id)).where(batches.c.state == BatchState.ACCEPTED.value)
    ).one()
    if newest is None:
        return None
    return newest, number_of(connection, newest), _accepted(connection, newest)


def _accepted(connection: Connection, announcement_id: int) -> int:
    return (
        connection.scalars(
            select(func.sum(batches.c.size)).where(
                batches.c.announcement_id == announcement_id,
                batches.c.state == BatchState.ACCEPTED.value,
            )
        ).one()
        or 0
    )
