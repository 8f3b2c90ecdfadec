"""Claims a batch for one attempt: from then on no other process may try it until the lease ends.

For use inside a caller's transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select

from subscribers.delivery_id import DeliveryId, publication_of
from subscribers.high_water_mark.chain import Link
from subscribers.high_water_mark.installation import add_link, read_installation
from subscribers.ledger import (
    announcement_rows,
    attempt_rows,
    batch_members,
    batch_rows,
    provider_pause,
    receiving_domains,
    shared_addresses,
)
from subscribers.ledger.attached_files import attached_to
from subscribers.ledger.domain_limits import NO_DOMAIN_LIMITS, DomainLimits
from subscribers.ledger.hourly_limit import most_in_a_batch, time_for
from subscribers.ledger.next_batches import is_due
from subscribers.messages.message import Attachment, Message
from subscribers.model import (
    AnnouncementState,
    AttemptState,
    announcements,
    attachments,
    batches,
    contents,
    deliveries,
    files,
    users,
)
from subscribers.transports import Transport
from subscribers.users.pseudonyms import commit_addresses


class ClaimedRecipient(NamedTuple):
    """A recipient of a claimed batch, with all that a request needs to know of them."""

    delivery: DeliveryId
    address: str
    pseudonym_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One attempt at a batch that nobody else may try: its message, its recipients and its token."""

    batch_id: int
    token: str
    claimed_at: datetime
    publication: str  # as the Message-IDs name it
    database: str  # the identity
    message: Message
    recipients: tuple[ClaimedRecipient, ...]


def claim_batch(
    connection: Connection,
    batch_id: int,
    transport: Transport,
    *,
    now: datetime,
    lease: timedelta,
    hourly: int | None,
    domain_limits: DomainLimits = NO_DOMAIN_LIMITS,
) -> Claim | None:
    """Claim the batch; return None if it cannot be claimed now.

    A batch that is larger than the transport or the hourly limit allows is split instead of claimed, and
    recipients who need no message any more are taken out of it. ``hourly`` is today's limit of recipients in
    an hour; None if there is none. A recipient whose domain is paused, or whose domain's limit is used up, is
    put off.
    """
    if hourly is not None:
        announcement_rows.lock(connection)
    if provider_pause.current_pause(connection, transport.name, now=now) is not None:
        return None
    due = connection.execute(
        select(batches.c.size, announcements.c.versions_sha256)
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .where(
            batches.c.id == batch_id,
            announcements.c.state == AnnouncementState.OPEN.value,
            is_due(now),
        )
        .with_for_update(of=batches, skip_locked=True)
    ).one_or_none()
    if due is None:
        return None
    limit = min(transport.batch_limit, most_in_a_batch(hourly)) if hourly else transport.batch_limit
    if due.size > limit:
        batch_members.split(connection, batch_id, part=limit)
        return None
    shared_addresses.separate(connection, batch_id)
    if batch_members.exclude_hindered(connection, batch_id) == 0:
        return None
    if shared_addresses.unite(connection, batch_id) == 0 or (
        transport.batch_limit == 1
        and receiving_domains.put_off(connection, batch_id, transport.name, limits=domain_limits, now=now)
    ):
        return None
    token = secrets.token_hex(16)
    recipients = _recipients(connection, batch_id)
    attempt_rows.add(
        connection,
        token,
        batch_id=batch_id,
        transport=transport.name,
        state=AttemptState.CLAIMED,
        claimed_at=now,
        commitments=commit_addresses(recipients, due.versions_sha256),
    )
    batch_rows.claim(connection, batch_id, token, lease_until_at=now + lease)
    if hourly is not None:
        until = now + time_for(len(recipients), hourly)
        provider_pause.pause_for_hourly_limit(connection, transport.name, until=until)
    return _claim(connection, batch_id, recipients, token=token, claimed_at=now)


def intend(
    connection: Connection, claim: Claim, *, request_sha256: str, now: datetime, lease: timedelta
) -> Link | None:
    """Record that the request may be written once the mark has followed, and renew the lease.

    Returns None if the claim was lost: then nothing may be written.
    """
    if not renew(connection, claim, now=now, lease=lease):
        return None
    link = add_link(connection, claim.token, request_sha256=request_sha256)
    attempt_rows.intend(connection, claim.token, request_sha256=request_sha256, position=link.after)
    return link


def renew(connection: Connection, claim: Claim, *, now: datetime, lease: timedelta) -> bool:
    """Renew the lease while the answer is awaited; return False if the claim was lost."""
    return batch_rows.extend_lease(connection, claim.batch_id, claim.token, lease_until_at=now + lease)


def _recipients(connection: Connection, batch_id: int) -> Sequence[tuple[int, str, bytes]]:
    """The id, the email address and the pseudonym key of each recipient."""
    rows = connection.execute(
        select(deliveries.c.recipient_id, users.c.email, users.c.pseudonym_key)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(deliveries.c.batch_id == batch_id)
        .order_by(deliveries.c.recipient_id)
    )
    return [(recipient_id, address, key) for recipient_id, address, key in rows]


def _claim(
    connection: Connection,
    batch_id: int,
    recipients: Sequence[tuple[int, str, bytes]],
    *,
    token: str,
    claimed_at: datetime,
) -> Claim:
    row = connection.execute(
        select(
            batches.c.announcement_id,
            announcements.c.versions_sha256,
            contents.c.message_language,
            contents.c.subject,
            contents.c.text,
            contents.c.html,
            contents.c.language,
            contents.c.last_notified_id,
        )
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .join(
            contents,
            and_(
                contents.c.announcement_id == batches.c.announcement_id,
                contents.c.language == batches.c.language,
                contents.c.last_notified_id == batches.c.last_notified_id,
            ),
        )
        .where(batches.c.id == batch_id)
    ).one()
    return Claim(
        batch_id=batch_id,
        token=token,
        claimed_at=claimed_at,
        publication=publication_of(row.versions_sha256),
        database=read_installation(connection).identity,
        message=Message(
            language=row.message_language,
            subject=row.subject,
            text=row.text,
            html=row.html,
            attachments=_attachments(connection, row),
        ),
        recipients=tuple(
            ClaimedRecipient(DeliveryId(row.announcement_id, recipient_id), address, pseudonym_key)
            for recipient_id, address, pseudonym_key in recipients
        ),
    )


def _attachments(connection: Connection, content: Any) -> tuple[Attachment, ...]:
    with_bodies = attached_to(content).join(files, files.c.sha256 == attachments.c.sha256)
    rows = connection.execute(with_bodies.add_columns(files.c.body))
    return tuple(Attachment(name=row.name, media_type=row.media_type, body=row.body) for row in rows)
