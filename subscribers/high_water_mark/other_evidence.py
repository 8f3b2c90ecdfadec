"""Other evidence that the database is an old copy: signed events about requests that it never made."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, distinct, func, select

from subscribers.database import shown
from subscribers.high_water_mark.mark_store import WAYS_ON, MarkError
from subscribers.model import installation, unmatched_events


class LaterEventsError(MarkError):
    """Signed events with this database's identity name requests that it does not know."""

    def __init__(self, engine: Engine, *, requests: int, since: datetime, newest: datetime) -> None:
        counted = "1 request" if requests == 1 else f"{requests:,} requests"
        super().__init__(
            f"database {shown(engine.url)}: it is an old copy: signed events of {since:%Y-%m-%d %H:%M} to "
            f"{newest:%Y-%m-%d %H:%M} UTC are about {counted} of this database that it does not know. "
            f"{WAYS_ON}"
        )


def check_events(engine: Engine, connection: Connection) -> None:
    """Raise LaterEventsError if events say that the database has made requests it does not know."""
    requests, since, newest = connection.execute(
        select(
            func.count(distinct(unmatched_events.c.token)),
            func.min(unmatched_events.c.occurred_at),
            func.max(unmatched_events.c.occurred_at),
        ).where(
            unmatched_events.c.database == select(installation.c.identity).scalar_subquery(),
            unmatched_events.c.settled_at.is_(None),
        )
    ).one()
    if requests:
        raise LaterEventsError(engine, requests=requests, since=since, newest=newest)
