"""The batches of which it is not known whether they were sent, with what they can be looked up by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from subscribers.model import BatchState, announcements, attempts, batches, deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownBatch:
    """A batch of which it is not known whether it was sent."""

    batch_id: int
    announcement_id: int
    size: int
    claimed_at: datetime
    detail: str | None
    transport: str
    token: str  # what the provider was told as the custom argument "notify_attempt"
    request_sha256: str | None
    message_ids: str  # a pattern: N is the recipient's number, and each mail has its own


def unknown_batches(connection: Connection) -> Sequence[UnknownBatch]:
    """The batches in doubt, oldest first."""
    rows = connection.execute(
        select(
            batches.c.id.label("batch_id"),
            batches.c.announcement_id,
            batches.c.size,
            attempts.c.claimed_at,
            attempts.c.detail,
            attempts.c.transport,
            attempts.c.token,
            attempts.c.request_sha256,
            announcements.c.versions_sha256,
            select(func.min(deliveries.c.recipient_id))
            .where(deliveries.c.batch_id == batches.c.id, batches.c.size == 1)
            .scalar_subquery()
            .label("only_id"),
        )
        .join(attempts, attempts.c.token == batches.c.token)
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .where(batches.c.state == BatchState.UNKNOWN.value)
        .order_by(attempts.c.claimed_at)
    )
    return [_doubt(**row._mapping) for row in rows]


def _doubt(*, versions_sha256: str, only_id: int | None, **values: Any) -> UnknownBatch:
    recipient = f"{values['announcement_id']}-{'N' if only_id is None else only_id}"
    return UnknownBatch(**values, message_ids=f"{recipient}.{versions_sha256[:16]}")
