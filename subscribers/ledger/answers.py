"""Records each answer of a provider to the request of a claimed batch, and what follows from it.

For use inside a caller's transaction. An answer that comes after another attempt has taken the batch over
changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from subscribers.ledger import attempt_rows, batch_members, batch_rows, refusals, settle, unanswered
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
    refusals.set_aside(connection, claim.batch_id, detail=str(error), reason=error.reason, now=now)
    refusals.pause_if_ours(connection, claim.batch_id, transport.name, detail=str(error), ours=error.ours)


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
