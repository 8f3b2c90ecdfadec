"""Reports that mail servers send back to the signed return path of a delivery.

For use inside a caller's transaction. A report counts only if its return path carries our signature for this
user and this publication, and if the message was accepted, or may have been. A bounce of an unknown message
shows that it was accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, select

from subscribers.delivery_id import DeliveryId, publication_of
from subscribers.ledger import complaints, delivery_rows, receiving_domains, settle
from subscribers.ledger.recovered import Proven, accept_proven
from subscribers.ledger.unknown_batches import RECOVERED
from subscribers.model import (
    BatchState,
    Outcome,
    Unreachable,
    announcements,
    attempts,
    batches,
    deliveries,
    users,
)
from subscribers.return_path import ReturnPath, SignedDelivery
from subscribers.users.unreachable_marks import mark_reported

TRANSPORT = "smtp"  # the only one with return paths
MAY_BE_ACCEPTED = (BatchState.ACCEPTED, BatchState.UNKNOWN, BatchState.CLAIMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReport:
    """The outcome of a delivery. ``unreachable`` is about ``addresses``, if the report names any."""

    outcome: Outcome
    unreachable: Unreachable | None
    addresses: frozenset[str]  # in small letters; empty if the report names none
    words: str | None  # the server's own
    at: datetime


def signed_delivery(connection: Connection, path: ReturnPath, named: SignedDelivery) -> DeliveryId | None:
    """The delivery, if the signature is ours; None for any other signature or a user who was erased."""
    announcement_id, recipient_id = named.delivery
    row = connection.execute(
        select(announcements.c.versions_sha256, users.c.pseudonym_key)
        .select_from(deliveries)
        .join(announcements, announcements.c.id == deliveries.c.announcement_id)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(
            deliveries.c.announcement_id == announcement_id,
            deliveries.c.recipient_id == recipient_id,
            users.c.pseudonym_key.is_not(None),
        )
    ).one_or_none()
    if row is None:
        return None
    publication = publication_of(row.versions_sha256)
    fits = path.fits(named, publication=publication, pseudonym_key=row.pseudonym_key)
    return named.delivery if fits else None


def count(connection: Connection, delivery: DeliveryId, report: MailReport, *, now: datetime) -> bool:
    """Record the report; return False if it changes nothing, since it is known or nothing was accepted."""
    announcement_id, recipient_id = delivery
    same = and_(deliveries.c.announcement_id == announcement_id, deliveries.c.recipient_id == recipient_id)
    # Batches before deliveries, as everywhere: then no two transactions wait for each other.
    batch = connection.execute(
        select(batches.c.token, batches.c.state, batches.c.size, attempts.c.transport)
        .join(attempts, attempts.c.token == batches.c.token)
        .where(
            batches.c.id == select(deliveries.c.batch_id).where(same).scalar_subquery(),
            batches.c.state.in_([state.value for state in MAY_BE_ACCEPTED]),
        )
        .with_for_update(of=batches)
    ).one_or_none()
    if batch is None:
        return False
    row = connection.execute(
        select(deliveries.c.outcome, users.c.email)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(same)
    ).one()
    strength = delivery_rows.STRENGTH.index
    if row.outcome is not None and strength(Outcome(row.outcome)) >= strength(report.outcome):
        return False
    if batch.state != BatchState.ACCEPTED.value:
        if batch.transport == RECOVERED:
            proven = {recipient_id: Proven(transport=TRANSPORT, at=report.at)}
            accept_proven(connection, announcement_id, proven, now=now)
        elif batch.size == 1:  # as every batch by SMTP
            detail = f"it was {report.outcome}, by a report to its return path"
            settle.accept(connection, batch.token, provider_id=None, now=now, detail=detail)
        else:
            return False
    # A message that was forwarded can bounce elsewhere: that says nothing about the user's own address.
    is_own = not report.addresses or (row.email or "").lower() in report.addresses
    if report.unreachable is not None and is_own:
        mark_reported(connection, recipient_id, email=row.email, reason=report.unreachable, at=report.at)
    values = {"announcement": announcement_id, "recipient": recipient_id, "at": report.at}
    delivery_rows.strengthen(connection, report.outcome, [values | {"words": report.words}])
    if report.outcome is Outcome.BOUNCED and row.email and receiving_domains.is_ours(report.words or ""):
        reason = str(report.words).partition(" ")[0]
        receiving_domains.note_bounce(connection, row.email, TRANSPORT, reason=reason, now=now)
    if report.outcome is Outcome.COMPLAINED:
        complaints.pause_where_many(connection, [announcement_id])
    return True
