"""Estimates when the last recipient will be notified, from the rate of the last minutes; read only."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select

from subscribers.database import reading
from subscribers.ledger import provider_pause
from subscribers.ledger.batch_rows import WAITING
from subscribers.ledger.hourly_limit import HOUR, NO_LIMIT, HourlyLimit, days_with_mail, end_of
from subscribers.model import AttemptState, attempts, batches

# Long enough for a slow provider to answer several times, short enough to follow a change of its speed.
RATE_WINDOW = timedelta(minutes=5)
SLOWER = 0.8  # than the hourly limit: then the end depends on the provider and not on the limit


def forecast(
    engine: Engine,
    announcement_id: int,
    transport: str,
    *,
    now: datetime,
    hourly_limit: HourlyLimit = NO_LIMIT,
) -> datetime | None:
    """When no recipient will be waiting any more, at the present rate; None if none waits or none is sent.

    The estimate includes a pause that the provider has asked for, messages that it wants tried later, and the
    hourly limit. It leaves unknown batches out: nobody can say when those are settled.
    """
    of_it = batches.c.announcement_id == announcement_id
    with reading(engine) as connection:
        waiting, last_retry = connection.execute(
            select(func.sum(batches.c.size), func.max(batches.c.retry_at)).where(
                of_it, batches.c.state.in_(WAITING)
            )
        ).one()
        notified, since = connection.execute(
            select(func.sum(batches.c.size), func.min(attempts.c.claimed_at))
            .join(batches, batches.c.id == attempts.c.batch_id)
            .where(
                of_it,
                attempts.c.state == AttemptState.ACCEPTED.value,
                attempts.c.claimed_at > now - RATE_WINDOW,
            )
        ).one()
        closed = provider_pause.current_pause(connection, transport, now=now)
        days = days_with_mail(connection, transport, now=now) if hourly_limit.is_limited else 0
    if not waiting:
        return None
    begin = closed.until if closed else now
    hourly = notified / ((now - since) / HOUR) if notified and since < now else None
    if hourly_limit.is_limited:
        is_slower = hourly is not None and hourly < SLOWER * hourly_limit.on_day(days)
        end = end_of(waiting, hourly_limit, days=days, now=begin, at_most=hourly if is_slower else None)
    elif hourly is not None:
        end = begin + HOUR * (waiting / hourly)
    else:
        return None
    return max(end, last_retry) if last_retry else end
