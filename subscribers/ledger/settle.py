"""Settles an attempt and its batch together: accepted, unsent, or unknown.

For use inside a caller's transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from subscribers.ledger import attempt_rows, batch_members, batch_rows
from subscribers.model import AttemptState, attempts, batches


def accept(
    connection: Connection, token: str, *, provider_id: str | None, now: datetime, detail: str | None = None
) -> None:
    """Record that the attempt was accepted, and its batch with it, even if it counted as unsent before."""
    batch_id = select(attempts.c.batch_id).where(attempts.c.token == token).scalar_subquery()
    # Batches are locked before attempts everywhere, so that no two transactions wait for each other.
    connection.execute(select(batches.c.id).where(batches.c.id == batch_id).with_for_update())
    known: dict[str, Any] = {"provider_id": provider_id} if provider_id is not None else {}
    attempt_rows.set_state(connection, token, AttemptState.ACCEPTED, detail=detail, ended_at=now, **known)
    batch_rows.accept(connection, batch_id, token)


def release(connection: Connection, batch_id: int, token: str, *, detail: str) -> None:
    """Record that the attempt cannot have been accepted, and let its batch wait for another one."""
    attempt_rows.set_state(connection, token, AttemptState.UNSENT, detail=detail)
    batch_members.plan(connection, batch_id)


def mark_unknown(connection: Connection, batch_id: int, token: str, *, detail: str) -> None:
    """Record that the attempt may have been accepted; its batch is left alone until that is known."""
    attempt_rows.set_state(connection, token, AttemptState.UNKNOWN, detail=detail)
    batch_rows.mark_unknown(connection, batch_id)
