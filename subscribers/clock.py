"""Clocks that stay right when a machine is suspended or its time is set."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from subscribers.database import UnreadableDatabaseError, reading

CORRECTED_EVERY_SECONDS = 60.0  # clocks drift apart by some 50 µs in a second, so by 3 ms in this time


def seconds_since_boot() -> float:
    """Seconds of real time; unlike in ``time.monotonic()``, those of a suspended machine count too."""
    if hasattr(time, "CLOCK_BOOTTIME"):  # Linux
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def utc_now() -> datetime:
    """The present time."""
    return datetime.now(UTC)


def clock_of(engine: Engine) -> Callable[[], datetime]:
    """The clock for all processes that share the database: PostgreSQL's own; with SQLite, this machine's."""
    return _ServerClock(engine) if engine.dialect.name == "postgresql" else utc_now


class _ServerClock:
    """The server's time: asked for once a minute, and continued by this machine's time since boot."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked: tuple[float, datetime] | None = None

    def __call__(self) -> datetime:
        if self._asked is None or seconds_since_boot() - self._asked[0] > CORRECTED_EVERY_SECONDS:
            self._ask()
        assert self._asked is not None
        asked_at, answer = self._asked
        return answer + timedelta(seconds=seconds_since_boot() - asked_at)

    def _ask(self) -> None:
        try:
            with reading(self._engine) as connection:
                before = seconds_since_boot()
                answer: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        except UnreadableDatabaseError:
            if self._asked is None:
                raise
        else:
            self._asked = before, answer.astimezone(UTC)
