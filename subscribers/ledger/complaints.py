"""Stops an announcement about which too many complain, before the mailbox providers stop its sender."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, func, select, update

from subscribers.model import AnnouncementState, BatchState, Outcome, announcements, batches, deliveries

# Gmail asks senders to stay below one complaint in a thousand mails ("Email sender guidelines").
MAILS_FOR_ONE = 1000
FEWEST = 2  # one person alone stops nobody's mail


def pause_where_many(connection: Connection, announcement_ids: Iterable[int | None]) -> None:
    """Pause those with a complaint in a thousand accepted mails, beyond what was borne at their release."""
    for announcement_id in sorted(filter(None, set(announcement_ids))):
        borne: int | None = connection.scalars(
            select(announcements.c.complaints_at_release)
            .where(
                announcements.c.id == announcement_id, announcements.c.state == AnnouncementState.OPEN.value
            )
            .with_for_update()
        ).one_or_none()
        if borne is None:
            continue
        complaints, mails = number_of(connection, announcement_id), _accepted(connection, announcement_id)
        if complaints - borne >= max(FEWEST, mails / MAILS_FOR_ONE):
            connection.execute(
                update(announcements)
                .where(announcements.c.id == announcement_id)
                .values(
                    state=AnnouncementState.PAUSED.value,
                    pause_reason=f"{complaints:,} complaints about {mails:,} mails; the limit is 1 in 1,000",
                )
            )


def number_of(connection: Connection, announcement_id: int) -> int:
    """How many have complained of this announcement."""
    return connection.scalars(
        select(func.count()).where(
            deliveries.c.announcement_id == announcement_id,
            deliveries.c.outcome == Outcome.COMPLAINED.value,
        )
    ).one()


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
