"""When the provider may be called again: one answer for all workers, on however many machines.

A provider is paused because it asked for that, because it failed, or because the hourly limit is used up for
the moment. The only module that writes the table ``provider_pauses``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, insert, or_, select, update

from subscribers.ledger import announcement_rows
from subscribers.model import provider_pauses

LONGEST_PAUSE = timedelta(minutes=15)
SLOW_AFTER = 3  # one deferral is about one recipient; three in a row are about us


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPause:
    """Until when nobody may call the provider, and why.

    ``for_hourly_limit``: the hourly limit is the only reason.
    """

    until: datetime
    detail: str
    for_hourly_limit: bool


def current_pause(connection: Connection, transport: str, *, now: datetime) -> ProviderPause | None:
    """Why nobody may call the provider at present; None if it may be called."""
    pause = provider_pauses.c
    row = connection.execute(
        select(pause.paused_until_at, pause.limited_until_at, pause.detail).where(
            pause.transport == transport,
            or_(pause.paused_until_at > now, pause.limited_until_at > now),
        )
    ).one_or_none()
    if row is None:
        return None
    if row.paused_until_at is not None and row.paused_until_at > now:
        until = max(row.paused_until_at, row.limited_until_at or row.paused_until_at)
        return ProviderPause(until=until, detail=row.detail, for_hourly_limit=False)
    return ProviderPause(until=row.limited_until_at, detail="the hourly limit", for_hourly_limit=True)


def pause_provider(
    connection: Connection,
    transport: str,
    *,
    now: datetime,
    detail: str,
    first: timedelta,
    asked: float | None = None,
) -> None:
    """Let nobody call for the seconds that were ``asked``; else for ``first``, doubled at each failure."""
    failures = _failures(connection, transport)
    wait = timedelta(seconds=asked) if asked is not None else _wait(first, failures)
    values = {"failures": failures + 1, "paused_until_at": now + wait, "detail": detail}
    _set(connection, transport, values)


def slow_down(
    connection: Connection, transport: str, *, now: datetime, detail: str, first: timedelta
) -> None:
    """From the third such answer in a row, let nobody call for ``first``, doubled at each further one."""
    failures = _failures(connection, transport)
    values: dict[str, object] = {"failures": failures + 1, "detail": detail}
    if failures + 1 >= SLOW_AFTER:
        values["paused_until_at"] = now + _wait(first, failures + 1 - SLOW_AFTER)
    _set(connection, transport, values)


def pause_for_hourly_limit(connection: Connection, transport: str, *, until: datetime) -> None:
    """Let nobody call until then, so that the hourly limit is kept."""
    _set(connection, transport, {"limited_until_at": until})


def has_failed(connection: Connection, transport: str) -> bool:
    """Whether there are failures for :func:`end_pause` to forget."""
    return (
        connection.scalars(select(provider_pauses.c.failures).where(*_failing(transport))).first() is not None
    )


def end_pause(connection: Connection, transport: str) -> None:
    """Forget the provider's failures: it has answered well."""
    connection.execute(
        update(provider_pauses).where(*_failing(transport)).values(failures=0, paused_until_at=None)
    )


def replace_words(connection: Connection, transport: str, *, column: str, words: str) -> None:
    """Put other words in the place of a provider's, which quoted an erased email address."""
    _set(connection, transport, {column: words})


def _failing(transport: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (provider_pauses.c.transport == transport, provider_pauses.c.failures > 0)


def _failures(connection: Connection, transport: str) -> int:
    """How often it has failed in a row; other transactions that ask wait for this one."""
    announcement_rows.lock(connection)
    failures = select(provider_pauses.c.failures).where(provider_pauses.c.transport == transport)
    return connection.scalars(failures).one_or_none() or 0


def _wait(first: timedelta, failures: int) -> timedelta:
    return min(first * float(2 ** min(failures, 20)), LONGEST_PAUSE)


def _set(connection: Connection, transport: str, values: Mapping[str, object]) -> None:
    of_it = provider_pauses.c.transport == transport
    if not connection.execute(update(provider_pauses).where(of_it).values(values)).rowcount:
        connection.execute(insert(provider_pauses).values(transport=transport, **values))
