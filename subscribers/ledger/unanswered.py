"""Pauses an announcement whose requests get no answer, one after another: each would be unknown."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from subscribers.model import AnnouncementState, AttemptState, announcements, attempts, batches

FEW = 3  # in a row; each waits for a person where no events come
ANSWERED = (AttemptState.ACCEPTED.value, AttemptState.REFUSED.value)


def pause_if_in_a_row(connection: Connection, batch_id: int, detail: str) -> None:
    """Pause the batch's announcement where its last requests were all unknown, whoever sent them."""
    announcement_id: int = connection.scalars(
        select(batches.c.announcement_id).where(batches.c.id == batch_id)
    ).one()
    newest = connection.scalars(
        select(attempts.c.state)
        .join(batches, batches.c.id == attempts.c.batch_id)
        .where(
            batches.c.announcement_id == announcement_id,
            attempts.c.ended_at.is_not(None),  # of a sender that died nothing is known, the provider included
            attempts.c.state.in_([*ANSWERED, AttemptState.UNKNOWN.value]),
        )
        .order_by(attempts.c.ended_at.desc())
        .limit(FEW)
    ).all()
    if len(newest) < FEW or set(newest) & set(ANSWERED):
        return
    connection.execute(
        update(announcements)
        .where(announcements.c.id == announcement_id, announcements.c.state == AnnouncementState.OPEN.value)
        .values(
            state=AnnouncementState.PAUSED.value,
            pause_reason=f"of the last {FEW} requests nobody knows whether they were accepted: {detail}",
        )
    )
