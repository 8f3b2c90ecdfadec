"""Records each answer of a provider to the request of a claimed batch, and what follows from it.

For use inside a caller's transaction. An answer that comes after another attempt has taken the batch over
changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from subscribers.ledger import (
    attempt_rows,
    batch_members,
    batch_rows,
    receiving_domains,
    refusals,
    settle,
    unanswered,
)
from subscribers.ledger.claim import Claim
from subscribers.model import AttemptState, BatchState, Exclusion, batches, deliveries
from subscribers.transports import RefusedError, Transport, UnclearRefusalError

# A server that defers a message wants it tried for four to five days (RFC 5321, section 4.5.4.1).
DEFERRALS = 30
FIRST_DEFERRAL = timedelta(minutes=2)  # doubled each time
LONGEST_DEFERRAL = timedelta(hours=4)


def refuse(
    connection: Connection, claim: Claim, transport: Transport, error: RefusedError, *, now: datetime
) -> None:
    """The provider refuses a recipient for good: halve the batch, or reject its only recipient."""
    if not _ended(connection, claim, AttemptState.REFUSED, str(error), now=now):
        return
    if _halved(connection, claim):
        return
    [recipient] = claim.recipients
    refusals.reject(
        connection,
        claim.batch_id,
        detail=str(error),
        reason=error.reason,
        refused_at=now,
        unreachable=recipient.address if error.unreachable else None,
    )
    refusals.pause_if_ours(connection, claim.batch_id, transport.name, detail=str(error))


def set_aside(
    connection: Connection, claim: Claim, transport: Transport, error: UnclearRefusalError, *, now: datetime
) -> None:
    """The provider refuses for an unclear reason: halve the batch, or let its only recipient wait."""
    if not _ended(connection, claim, AttemptState.REFUSED, str(error), now=now):
        return
    if _halved(connection, claim):
        return
    if not error.ours and _paused_with_its_domain(connection, claim, transport, error, now=now):
        return
    refusals.set_aside(connection, claim.batch_id, detail=str(error), reason=error.reason, now=now)
    refusals.pause_if_ours(connection, claim.batch_id, transport.name, detail=str(error), ours=error.ours)


def slow_domain_down(
    connection: Connection, claim: Claim, transport: Transport, *, reason: str, now: datetime
) -> bool:
    """Count that the only recipient's domain wants less; return whether it is paused for that."""
    if len(claim.recipients) > 1:
        return False
    address = claim.recipients[0].address
    first = receiving_domains.BUSY_FIRST
    until = receiving_domains.note_refusal(
        connection, address, transport.name, reason=reason, first=first, now=now
    )
    return until is not None


def exclude_unsupported(connection: Connection, claim: Claim, detail: str, *, now: datetime) -> None:
    """The transport cannot carry some email addresses: exclude those, and let the others wait as before."""
    if not _ended(connection, claim, AttemptState.UNSENT, detail, now=now):
        return
    ids = [one.delivery.recipient_id for one in claim.recipients if not one.address.isascii()]
    batch_members.plan(connection, claim.batch_id)
    those = deliveries.c.recipient_id.in_(ids)
    batch_members.exclude(connection, claim.batch_id, those, Exclusion.UNSUPPORTED.value)


def defer(connection: Connection, claim: Claim, detail: str, *, reason: str, now: datetime) -> None:
    """The provider wants the request later: try again, at growing intervals, for days; then give up."""
    if not _ended(connection, claim, AttemptState.UNSENT, detail, now=now):
        return
    tried: int = connection.scalars(select(batches.c.attempts).where(batches.c.id == claim.batch_id)).one()
    if tried >= DEFERRALS:
        refusals.reject(connection, claim.batch_id, detail=detail, reason=reason)
    else:
        batch_rows.note_deferral(connection, claim.batch_id, reason=reason)
        wait = min(FIRST_DEFERRAL * 2 ** (tried - 1), LONGEST_DEFERRAL)
        batch_members.plan(connection, claim.batch_id, retry_at=now + wait)


def put_back(connection: Connection, claim: Claim, detail: str, *, now: datetime) -> None:
    """The request cannot have been written: the batch waits as before."""
    if _ended(connection, claim, AttemptState.UNSENT, detail, now=now):
        batch_members.plan(connection, claim.batch_id)


def mark_unknown(connection: Connection, claim: Claim, detail: str, *, now: datetime) -> None:
    """The request may have been accepted: nobody tries the batch again until that is known."""
    if _ended(connection, claim, AttemptState.UNKNOWN, detail, now=now):
        settle.mark_unknown(connection, claim.batch_id, claim.token, detail=detail)
        unanswered.pause_if_in_a_row(connection, claim.batch_id, detail)


def _paused_with_its_domain(
    connection: Connection, claim: Claim, transport: Transport, error: UnclearRefusalError, *, now: datetime
) -> bool:
    """Whether the refusal shows that the recipient's domain refuses us; all of its recipients then wait."""
    address = claim.recipients[0].address
    first = receiving_domains.REFUSED_FIRST
    until = receiving_domains.note_refusal(
        connection, address, transport.name, reason=error.reason, first=first, now=now
    )
    if until is None:
        return False
    refusals.give_back_domain(connection, claim.batch_id, address)
    batch_rows.note_deferral(connection, claim.batch_id, reason=error.reason)
    batch_members.plan(connection, claim.batch_id, retry_at=until)
    return True


def _ended(connection: Connection, claim: Claim, state: AttemptState, detail: str, *, now: datetime) -> bool:
    """Record how the attempt ended; return whether the batch still belongs to this attempt."""
    own = connection.scalars(
        select(batches.c.id)
        .where(
            batches.c.id == claim.batch_id,
            batches.c.token == claim.token,
            batches.c.state.in_([BatchState.CLAIMED.value, BatchState.UNKNOWN.value]),
        )
        .with_for_update()
    ).one_or_none()
    if own is not None:
        attempt_rows.set_state(connection, claim.token, state, detail=detail, ended_at=now)
    return own is not None


def _halved(connection: Connection, claim: Claim) -> bool:
    """Split a batch of several recipients, so that each half is tried by itself; return whether it was."""
    if len(claim.recipients) == 1:
        return False
    batch_members.plan(connection, claim.batch_id)
    if batch_rows.size_of(connection, claim.batch_id) > 1:
        batch_members.split(connection, claim.batch_id, part=(len(claim.recipients) + 1) // 2)
    return True
