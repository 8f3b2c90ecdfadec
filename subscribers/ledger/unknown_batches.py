"""Unknown batches: nobody knows whether they were accepted. How they arise, are found and are resolved.

Their requests may have been written, and no answer came. For use inside a caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from subscribers.delivery_id import message_id_pattern
from subscribers.errors import NotifyError
from subscribers.ledger import settle
from subscribers.model import AttemptState, BatchState, announcements, attempts, batches, deliveries

# In place of a transport: the attempt stands for all requests that an old copy of the database does not
# know.
RECOVERED = "recovered"


class NotUnconfirmedError(NotifyError):
    """The batch is not an unknown one, so there is nothing to resolve."""

    def __init__(self, batch_id: int) -> None:
        super().__init__(f"batch {batch_id}: is not unknown; policy-notify status lists the batches that are")
        self.batch_id = batch_id


class NothingUnknownError(NotifyError):
    """Nobody in the announcement's audience is unknown, so there is nothing to resolve."""

    def __init__(self, announcement_id: int) -> None:
        super().__init__(
            f"announcement {announcement_id}: nobody is unknown; policy-notify status shows where somebody is"
        )
        self.announcement_id = announcement_id


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownBatch:
    """A batch of which nobody knows whether it was accepted, with what it can be looked up by."""

    batch_id: int
    announcement_id: int
    size: int
    claimed_at: datetime
    detail: str | None
    transport: str
    token: str  # the provider knows it as the custom argument "notify_attempt"
    request_sha256: str | None
    message_ids: str  # what the Message-IDs begin with; N stands for a recipient's number

    @property
    def is_recovered(self) -> bool:
        """Whether it is unknown because this database is an old copy."""
        return self.transport == RECOVERED


def unknown_batches(connection: Connection) -> Sequence[UnknownBatch]:
    """The unknown batches, oldest first."""
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
    return [_unknown_batch(**row._mapping) for row in rows]


def resolve(connection: Connection, batch_id: int, *, sent: bool, now: datetime) -> None:
    """Settle an unknown batch as a person says."""
    token: str | None = connection.scalars(
        select(batches.c.token)
        .where(batches.c.id == batch_id, batches.c.state == BatchState.UNKNOWN.value)
        .with_for_update()
    ).one_or_none()
    if token is None:
        raise NotUnconfirmedError(batch_id)
    if sent:
        settle.accept(connection, token, provider_id=None, now=now, detail="by a person")
    else:
        settle.release(connection, batch_id, token, detail="unsent, by a person")


def resolve_all(connection: Connection, announcement_id: int, *, sent: bool, now: datetime) -> int:
    """Settle every unknown batch of an announcement as a person says; return the number of recipients."""
    unknown = connection.execute(
        select(batches.c.id, batches.c.token, batches.c.size)
        .where(batches.c.announcement_id == announcement_id, batches.c.state == BatchState.UNKNOWN.value)
        .order_by(batches.c.id)
        .with_for_update()
    ).all()
    for batch_id, token, _ in unknown:
        if sent:
            settle.accept(connection, token, provider_id=None, now=now, detail="by a person")
        else:
            settle.release(connection, batch_id, token, detail="unsent, by a person")
    return sum(size for _, _, size in unknown)


def expire_leases(connection: Connection, *, repeatable: str | None, now: datetime) -> int:
    """Settle the claimed batches whose lease has ended, because their worker was lost; return how many.

    A batch whose request cannot have been written waits again, and so does any batch of the transport
    ``repeatable``, where writing a request twice does no harm. Any other batch becomes unknown.
    """
    ended = connection.execute(
        select(batches.c.id, batches.c.token, attempts.c.state, attempts.c.transport)
        .join(attempts, attempts.c.token == batches.c.token)
        .where(batches.c.state == BatchState.CLAIMED.value, batches.c.lease_until_at < now)
        .with_for_update(of=batches, skip_locked=True)
    ).all()
    for batch_id, token, state, transport in ended:
        if state == AttemptState.CLAIMED or transport == repeatable:
            settle.release(connection, batch_id, token, detail="the worker was lost")
        else:
            settle.mark_unknown(connection, batch_id, token, detail="the worker was lost")
    return len(ended)


def _unknown_batch(*, versions_sha256: str, only_id: int | None, **values: Any) -> UnknownBatch:
    pattern = message_id_pattern(values["announcement_id"], only_id, versions_sha256)
    return UnknownBatch(**values, message_ids=pattern)
