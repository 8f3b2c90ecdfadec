"""Unknown messages, and accepted ones around them, as the log of a mail server can know them.

For use inside a caller's transaction. :mod:`subscribers.delivery.log_evidence` reads the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, or_, select

from subscribers.delivery_id import DeliveryId, message_id, publication_of, special_message_id
from subscribers.ledger import settle
from subscribers.model import AttemptState, BatchState, announcements, attempts, batches, deliveries, users

ACCEPTED = "accepted, by the server's log"
UNSENT = "not accepted, by the server's log"
AROUND = 20  # accepted messages before an unknown one and as many after it


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownMessage:
    """A message of which nobody knows whether the server accepted it."""

    batch_id: int
    token: str
    message_id: str
    delivery: DeliveryId
    address: str
    publication: str  # as Message-IDs name it
    pseudonym_key: bytes
    claimed_at: datetime
    last_known_at: datetime  # when its sender was last heard of: the claim, or the end of the attempt


def unknown_messages(connection: Connection, transport: str, *, domain: str) -> Sequence[UnknownMessage]:
    """The unknown messages of a transport that sends each message by itself, oldest first.

    ``domain`` is that of the From address. Users who have no email address any more are left out.
    """
    rows = connection.execute(
        _attempts(transport)
        .add_columns(batches.c.id.label("batch_id"), users.c.email, users.c.pseudonym_key)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(batches.c.state == BatchState.UNKNOWN.value, batches.c.size == 1, users.c.email.is_not(None))
        .order_by(attempts.c.claimed_at)
    )
    return [
        UnknownMessage(
            batch_id=row.batch_id,
            token=row.token,
            message_id=_message_id(row, domain),
            delivery=DeliveryId(row.announcement_id, row.recipient_id),
            address=row.email,
            publication=publication_of(row.versions_sha256),
            pseudonym_key=row.pseudonym_key,
            claimed_at=row.claimed_at,
            last_known_at=row.ended_at or row.claimed_at,
        )
        for row in rows
    ]


def accepted_message_ids(
    connection: Connection,
    transport: str,
    *,
    domain: str,
    since: datetime,
    before: datetime,
    after: datetime,
) -> tuple[Sequence[str], Sequence[str]]:
    """The Message-IDs of messages that the server said it accepted: the last before, and the first after.

    They show whether a log is the server's, and complete. A canary counts like any other message. None is
    older than ``since``.
    """
    answered = (
        _attempts(transport)
        .where(
            attempts.c.state == AttemptState.ACCEPTED.value,
            or_(
                attempts.c.batch_id.is_(None),  # a canary
                and_(attempts.c.provider_id.is_not(None), deliveries.c.recipient_id.is_not(None)),
            ),
        )
        .limit(AROUND)
    )
    # Two orders of the same index.
    earlier = answered.where(attempts.c.claimed_at.between(since, before)).order_by(
        attempts.c.claimed_at.desc()
    )
    later = answered.where(attempts.c.claimed_at >= after).order_by(attempts.c.claimed_at)
    return (
        [_message_id(row, domain) for row in connection.execute(earlier)],
        [_message_id(row, domain) for row in connection.execute(later)],
    )


def accept(connection: Connection, message: UnknownMessage, *, now: datetime) -> bool:
    """Settle the message as accepted, as the log says; return False if it is not unknown any more."""
    if is_unknown := _is_still_unknown(connection, message):
        settle.accept(connection, message.token, provider_id=None, now=now, detail=ACCEPTED)
    return is_unknown


def release(connection: Connection, message: UnknownMessage) -> bool:
    """Let the message wait to be sent again, as the log shows that it was not accepted.

    Returns False if it is not unknown any more.
    """
    if is_unknown := _is_still_unknown(connection, message):
        settle.release(connection, message.batch_id, message.token, detail=UNSENT)
    return is_unknown


def _attempts(transport: str) -> Select[Any]:
    """The attempts at messages and the canaries of a transport."""
    return (
        select(
            attempts.c.token,
            attempts.c.claimed_at,
            attempts.c.ended_at,
            batches.c.announcement_id,
            announcements.c.versions_sha256,
            deliveries.c.recipient_id,
        )
        .select_from(attempts)
        .join(
            batches,
            and_(batches.c.id == attempts.c.batch_id, batches.c.token == attempts.c.token),
            isouter=True,
        )
        .join(announcements, announcements.c.id == batches.c.announcement_id, isouter=True)
        .join(
            deliveries,
            and_(deliveries.c.batch_id == batches.c.id, batches.c.size == 1),
            isouter=True,
        )
        .where(attempts.c.transport == transport)
    )


def _message_id(row: Row[Any], domain: str) -> str:
    if row.recipient_id is None:
        return special_message_id("canary", row.token, domain=domain)
    delivery = DeliveryId(row.announcement_id, row.recipient_id)
    return message_id(delivery, publication=publication_of(row.versions_sha256), domain=domain)


def _is_still_unknown(connection: Connection, message: UnknownMessage) -> bool:
    """Whether it is; the batch is locked."""
    same = select(batches.c.id).where(
        batches.c.id == message.batch_id,
        batches.c.token == message.token,
        batches.c.state == BatchState.UNKNOWN.value,
    )
    return connection.scalars(same.with_for_update()).one_or_none() is not None
