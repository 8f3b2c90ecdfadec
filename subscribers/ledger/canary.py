"""The canary in the ledger: an attempt without a batch, whose event shows that events still come.

For use inside a caller's transaction. :mod:`subscribers.delivery.canary` sends it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, exists, select

from subscribers.high_water_mark.chain import Link
from subscribers.high_water_mark.installation import add_link
from subscribers.ledger import attempt_rows
from subscribers.model import AttemptState, BatchState, attempts, batches

Answer = Literal[AttemptState.ACCEPTED, AttemptState.UNSENT, AttemptState.UNKNOWN]


def is_due(connection: Connection, transport: str, *, window: timedelta, now: datetime) -> bool:
    """Whether a batch has been unknown for ``window``, and no request since then could bring evidence."""
    later = attempts.alias("later")
    open_request = exists().where(
        later.c.transport == attempts.c.transport,
        later.c.claimed_at > attempts.c.claimed_at,
        later.c.claimed_at > now - window,
        later.c.state.not_in([AttemptState.UNSENT.value, AttemptState.REFUSED.value]),
    )
    stale = (
        select(batches.c.id)
        .join(attempts, attempts.c.token == batches.c.token)
        .where(
            batches.c.state == BatchState.UNKNOWN.value,
            attempts.c.transport == transport,
            attempts.c.claimed_at <= now - window,
            ~open_request,
        )
        .limit(1)
    )
    return connection.scalars(stale).one_or_none() is not None


def begin(connection: Connection, transport: str, token: str, *, request_sha256: str, now: datetime) -> Link:
    """Record that the canary may be written once the mark has followed."""
    link = add_link(connection, token, request_sha256=request_sha256)
    attempt_rows.add(
        connection,
        token,
        batch_id=None,
        transport=transport,
        state=AttemptState.INTENDED,
        claimed_at=now,
        request_sha256=request_sha256,
        position=link.after,
    )
    return link


def end(connection: Connection, token: str, *, was: Answer, detail: str | None, now: datetime) -> None:
    """Record what became of the canary, unless an event has said so before."""
    attempt_rows.set_state(connection, token, was, only=AttemptState.INTENDED, ended_at=now, detail=detail)
