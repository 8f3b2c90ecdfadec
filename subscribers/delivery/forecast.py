"""Foretells when the last person will be told, from the pace of the last minutes; read only."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select

from subscribers.database import reading
from subscribers.ledger import channel
from subscribers.ledger.batch_rows import WAITING
from subscribers.model import AttemptState, attempts, batches

# Long enough for a slow provider to answer several times, short enough to follow a change of pace.
PACE_WINDOW = timedelta(minutes=5)


def forecast(engine: Engine, announcement_id: int, transport: str, *, now: datetime) -> datetime | None:
    """When nobody will wait any more if the present pace lasts; None where nothing waits, or nothing moves.

    A pause that the provider has asked for, and mails that it wants tried later, are counted in. Doubts are
    not: when they end is not a matter of pace.
    """
    of_it = batches.c.announcement_id == announcement_id
    with reading(engine) as connection:
        waiting, last_retry = connection.execute(
            select(func.sum(batches.c.size), func.max(batches.c.retry_at)).where(
                of_it, batches.c.state.in_(WAITING)
            )
        ).one()
        told, since = connection.execute(
            select(func.sum(batches.c.size), func.min(attempts.c.claimed_at))
            .join(batches, batches.c.id == attempts.c.batch_id)
            .where(
                of_it,
                attempts.c.state == AttemptState.ACCEPTED.value,
                attempts.c.claimed_at > now - PACE_WINDOW,
            )
        ).one()
        closed = channel.closed_until(connection, transport, now=now)
    if not waiting or not told or since >= now:
        return None
    end: datetime = max(closed or now, now) + (now - since) * (waiting / told)
    return max(end, last_retry) if last_retry else end
