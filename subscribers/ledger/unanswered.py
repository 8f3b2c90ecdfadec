"""Pauses an announcement when several requests in a row get no answer: each further one would be unknown."""

from __future__ import annotations

from sqlalchemy import Connection, select

from subscribers.ledger import announcement_rows
from subscribers.model import AttemptState, attempts, batches

FEW = 3  # in a row; without signed events, a person has to resolve each of them
ANSWERED = (AttemptState.ACCEPTED.value, AttemptState.REFUSED.value)


def pause_if_in_a_row(connection: Connection, batch_id: int, detail: str) -> None:
    """Pause the batch's announcement if its last requests, by any worker, were all left unanswered."""
    announcement_id: int = connection.scalars(
        select(batches.c.announcement_id).where(batches.c.id == batch_id)
    ).one()
    newest = connection.scalars(
        select(attempts.c.state)
        .join(batches, batches.c.id == attempts.c.batch_id)
        .where(
            batches.c.announcement_id == announcement_id,
            attempts.c.ended_at.is_not(None),  # a lost worker says nothing about the provider
            attempts.c.state.in_([*ANSWERED, AttemptState.UNKNOWN.value]),
        )
        .order_by(attempts.c.ended_at.desc())
        .limit(FEW)
    ).all()
    if len(newest) < FEW or set(newest) & set(ANSWERED):
        return
    announcement_rows.pause_if_open(
        connection, announcement_id, reason=f"the last {FEW} requests got no answer: {detail}"
    )
