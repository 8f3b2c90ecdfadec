"""When the provider may be called: one answer for all workers, on however many machines."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select, update

from subscribers.database import reading, writing
from subscribers.ledger import batch_rows
from subscribers.model import channels

LONGEST_CLOSURE = timedelta(minutes=15)


def closed_until(connection: Connection, transport: str, *, now: datetime) -> datetime | None:
    """Until when nobody may call; None when one may."""
    closed: datetime | None = connection.scalars(
        select(channels.c.closed_until_at).where(
            channels.c.transport == transport, channels.c.closed_until_at > now
        )
    ).one_or_none()
    return closed


def reason(connection: Connection, transport: str, *, now: datetime) -> str | None:
    """Why nobody may call; None when one may."""
    detail: str | None = connection.scalars(
        select(channels.c.detail).where(channels.c.transport == transport, channels.c.closed_until_at > now)
    ).one_or_none()
    return detail


def close(
    engine: Engine,
    transport: str,
    *,
    now: datetime,
    detail: str,
    first: timedelta,
    asked: float | None = None,
) -> None:
    """Let nobody call for the seconds that were ``asked``; else for ``first``, doubled at each failure."""
    with writing(engine) as connection:
        batch_rows.lock(connection)
        failures: int | None = connection.scalars(
            select(channels.c.failures).where(channels.c.transport == transport)
        ).one_or_none()
        if asked is not None:
            wait = timedelta(seconds=asked)
        else:
            wait = min(first * 2 ** min(failures or 0, 20), LONGEST_CLOSURE)
        values = {"failures": (failures or 0) + 1, "closed_until_at": now + wait, "detail": detail}
        if failures is None:
            connection.execute(insert(channels).values(transport=transport, **values))
        else:
            connection.execute(update(channels).where(channels.c.transport == transport).values(values))


def reopen(engine: Engine, transport: str) -> None:
    """The provider has answered well: its failures are forgotten."""
    failing = (channels.c.transport == transport, channels.c.failures > 0)
    with reading(engine) as connection:
        if connection.scalars(select(channels.c.failures).where(*failing)).one_or_none() is None:
            return
    with writing(engine) as connection:
        connection.execute(update(channels).where(*failing).values(failures=0, closed_until_at=None))
