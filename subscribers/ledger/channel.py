"""When the provider may be called: one answer for all workers, on however many machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, insert, or_, select, update

from subscribers.database import reading, writing
from subscribers.ledger import batch_rows
from subscribers.model import channels

LONGEST_CLOSURE = timedelta(minutes=15)
SLOW_AFTER = 3  # a server that puts one recipient off means that one; all in a row mean us


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Until when nobody may call, and why; ``to_keep_pace``: for no other reason."""

    until: datetime
    detail: str
    to_keep_pace: bool


def closure(connection: Connection, transport: str, *, now: datetime) -> Closure | None:
    """Why nobody may call; None when one may."""
    row = connection.execute(
        select(channels.c.closed_until_at, channels.c.paced_until_at, channels.c.detail).where(
            channels.c.transport == transport,
            or_(channels.c.closed_until_at > now, channels.c.paced_until_at > now),
        )
    ).one_or_none()
    if row is None:
        return None
    if row.closed_until_at is not None and row.closed_until_at > now:
        until = max(row.closed_until_at, row.paced_until_at or row.closed_until_at)
        return Closure(until=until, detail=row.detail, to_keep_pace=False)
    return Closure(until=row.paced_until_at, detail="to keep the pace", to_keep_pace=True)


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
        failures = _failures(connection, transport)
        wait = timedelta(seconds=asked) if asked is not None else _wait(first, failures)
        values = {"failures": failures + 1, "closed_until_at": now + wait, "detail": detail}
        _set(connection, transport, values)


def slow_down(engine: Engine, transport: str, *, now: datetime, detail: str, first: timedelta) -> None:
    """Let nobody call for ``first`` and ever longer, from the third such wish in a row on."""
    with writing(engine) as connection:
        failures = _failures(connection, transport)
        values: dict[str, object] = {"failures": failures + 1, "detail": detail}
        if failures + 1 >= SLOW_AFTER:
            values["closed_until_at"] = now + _wait(first, failures + 1 - SLOW_AFTER)
        _set(connection, transport, values)


def keep_pace(connection: Connection, transport: str, *, until: datetime) -> None:
    """Let nobody call until then, for the pace's sake."""
    _set(connection, transport, {"paced_until_at": until})


def reopen(engine: Engine, transport: str) -> None:
    """The provider has answered well: its failures are forgotten."""
    failing = (channels.c.transport == transport, channels.c.failures > 0)
    with reading(engine) as connection:
        if connection.scalars(select(channels.c.failures).where(*failing)).one_or_none() is None:
            return
    with writing(engine) as connection:
        connection.execute(update(channels).where(*failing).values(failures=0, closed_until_at=None))


def _failures(connection: Connection, transport: str) -> int:
    """How often it has failed in a row; others who want to know wait for this transaction."""
    batch_rows.lock(connection)
    failures = select(channels.c.failures).where(channels.c.transport == transport)
    return connection.scalars(failures).one_or_none() or 0


def _wait(first: timedelta, failures: int) -> timedelta:
    return min(first * float(2 ** min(failures, 20)), LONGEST_CLOSURE)


def _set(connection: Connection, transport: str, values: Mapping[str, object]) -> None:
    of_it = channels.c.transport == transport
    if not connection.execute(update(channels).where(of_it).values(values)).rowcount:
        connection.execute(insert(channels).values(transport=transport, **values))
