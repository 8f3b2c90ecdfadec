"""Decides what a refusal means for its recipient, and for the announcement if refusals come in numbers.

A single refusal seldom shows whose fault it is; many do. A recipient whose email address the server does not
know is *rejected*. Any other refused recipient is *set aside*, which is a kind of waiting: they are tried
again later, or at once by ``policy-notify retry``. If refusals follow one another, the announcement is paused
with the server's words, and all of those recipients wait as before, since the fault was not theirs.

No recipient counts twice: one who is refused again after a pause no longer pauses anything. So a few
recipients who are always refused cannot keep an announcement from being completed.

For use inside a caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from subscribers.ledger import announcement_rows, batch_members, batch_rows, delivery_rows
from subscribers.ledger.next_batches import is_under_way
from subscribers.ledger.receiving_domains import domain_of, has_domain
from subscribers.model import (
    AnnouncementState,
    AttemptState,
    BatchState,
    announcements,
    attempts,
    batches,
    deliveries,
    users,
)
from subscribers.users.unreachable_marks import mark_refused, take_back_refused

# At one unclear refusal in twenty, five in a row come by chance once in three million recipients, and ten
# among fifty once in six thousand; a sender who is refused altogether costs five attempts.
IN_A_ROW = 5
AT_THE_END = 2  # in a row, with nobody left to try who could show more
WINDOW, OF_WINDOW = 50, 10
# Dead email addresses are no fault of ours, unless there is nothing else: then the server knows none of them.
# Fewer are enough if it gives no enhanced status code, since "550" alone may mean anything.
DEAD_IN_A_ROW, BARE_IN_A_ROW = 100, 20
BARE_AT_THE_END = 10  # in a row
DEAD_AT_THE_END = 5  # with nobody accepted at all
BARE = "___ %"  # a reason that begins with a reply code of three digits

# A daily quota ends within a day; a recipient who is refused five times in two days is rejected.
SET_ASIDE_FOR = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=16), timedelta(hours=24))


def is_set_aside() -> ColumnElement[bool]:
    """Whether a batch was refused for an unclear reason and waits for its next attempt."""
    return and_(
        batches.c.state == BatchState.PLANNED.value,
        batches.c.retry_at.is_not(None),
        batches.c.refused_at.is_not(None),
    )


def _is_rejected() -> ColumnElement[bool]:
    return and_(batches.c.state == BatchState.REJECTED.value, batches.c.refused_at.is_not(None))


def reject(
    connection: Connection,
    batch_id: int,
    *,
    detail: str,
    reason: str,
    refused_at: datetime | None = None,
    unreachable: str | None = None,
) -> None:
    """Stop trying the batch's only recipient, and any account with the ``unreachable`` email address."""
    batch_rows.reject(connection, batch_id, reason=reason, refused_at=refused_at)
    delivery_rows.set_detail(connection, batch_id, detail)
    if unreachable is not None:
        mark_refused(connection, unreachable, at=refused_at)


def set_aside(connection: Connection, batch_id: int, *, detail: str, reason: str, now: datetime) -> None:
    """Let the batch's only recipient wait for another try, or reject them after the last one."""
    refusals: int = connection.scalars(select(batches.c.refusals).where(batches.c.id == batch_id)).one()
    if refusals >= len(SET_ASIDE_FOR):
        reject(connection, batch_id, detail=detail, reason=reason, refused_at=now)
        return
    batch_rows.note_refusal(connection, batch_id, reason=reason, refused_at=now)
    delivery_rows.set_detail(connection, batch_id, detail)
    batch_members.plan(connection, batch_id, retry_at=now + SET_ASIDE_FOR[refusals])


def pause_if_ours(
    connection: Connection, batch_id: int, transport: str, *, detail: str, ours: bool = False
) -> None:
    """Pause the batch's announcement if its refusals come in numbers; those recipients then wait again.

    ``ours``: this refusal alone shows that the server refuses the sender.
    """
    announcement_id, state, refusals = connection.execute(
        select(batches.c.announcement_id, batches.c.state, batches.c.refusals).where(batches.c.id == batch_id)
    ).one()
    # Workers that are refused at the same time wait here: the first pauses, the others give their batches
    # back.
    wanted = connection.scalars(
        select(announcements.c.state).where(announcements.c.id == announcement_id).with_for_update()
    ).one()
    if refusals != 1 or wanted not in {AnnouncementState.OPEN, AnnouncementState.PAUSED}:
        return
    if wanted == AnnouncementState.PAUSED:
        if state == BatchState.PLANNED:
            give_back(connection, [batch_id])
        return
    accepted_at: datetime | None = connection.scalars(
        select(func.max(attempts.c.claimed_at)).where(
            attempts.c.state == AttemptState.ACCEPTED.value, attempts.c.transport == transport
        )
    ).one()
    if state == BatchState.REJECTED:
        why = _only_dead(connection, announcement_id, accepted_at)
        those = and_(_is_rejected(), batches.c.refusals == 1, *_since(accepted_at))
    else:
        why = (
            "the server refuses the sender"
            if ours
            else _too_many(connection, announcement_id, transport, accepted_at)
        )
        those = is_set_aside()
    if why is None:
        return
    announcement_rows.set_state(
        connection, announcement_id, AnnouncementState.PAUSED, reason=f"{why}: {detail}"
    )
    give_back(connection, select_ids(connection, announcement_id, those))


def give_back(connection: Connection, batch_ids: Collection[int], *, forgive: bool = False) -> int:
    """Let these refused batches be tried at once; return how many recipients still need it.

    With ``forgive``, their refusals are counted from zero again.
    """
    for batch_id in batch_ids:
        _take_back(connection, batch_id)
        batch_rows.forget_refusal(connection, batch_id, forgive=forgive)
        delivery_rows.set_detail(connection, batch_id, None)
        batch_members.plan(connection, batch_id)
    return sum(batch_rows.size_of(connection, batch_id) for batch_id in batch_ids)


def give_back_domain(connection: Connection, batch_id: int, address: str) -> None:
    """Let the recipients at a domain wait again who were set aside before it was seen to refuse us."""
    domain = domain_of(address)
    own = select(batches.c.announcement_id).where(batches.c.id == batch_id).scalar_subquery()
    those = connection.scalars(
        select(batches.c.id)
        .join(deliveries, deliveries.c.batch_id == batches.c.id)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(
            batches.c.announcement_id == own,
            batches.c.id != batch_id,
            is_set_aside(),
            has_domain(users.c.email, domain),
        )
        .with_for_update(of=batches, skip_locked=True)
    ).all()
    give_back(connection, those, forgive=True)


def select_ids(connection: Connection, announcement_id: int, which: ColumnElement[bool]) -> Sequence[int]:
    """The ids of these batches of an announcement, in order; the batches are locked."""
    return connection.scalars(
        select(batches.c.id)
        .where(batches.c.announcement_id == announcement_id, which)
        .order_by(batches.c.id)
        .with_for_update()
    ).all()


def retryable(reasons: Collection[str]) -> ColumnElement[bool]:
    """The batches that an operator may have tried again: those refused, or waiting for their next attempt.

    ``reasons`` are codes such as ``5.1.1``; without any, all batches but those of unreachable recipients.
    """
    waits = and_(batches.c.state == BatchState.PLANNED.value, batches.c.retry_at.is_not(None))
    refused = or_(batches.c.state == BatchState.REJECTED.value, waits)
    if reasons:
        return and_(refused, or_(*(_has(reason) for reason in reasons)))
    dead = (
        exists()
        .where(deliveries.c.batch_id == batches.c.id, users.c.id == deliveries.c.recipient_id)
        .where(users.c.unreachable.is_not(None))
    )
    return and_(refused, ~dead)


def _has(reason: str) -> ColumnElement[bool]:
    return or_(batches.c.reason == reason, batches.c.reason.startswith(f"{reason} ", autoescape=True))


def _too_many(
    connection: Connection, announcement_id: int, transport: str, accepted_at: datetime | None
) -> str | None:
    """The problem with the sender that the unclear refusals show; None as long as they are few."""
    first_refusals = and_(is_set_aside(), batches.c.refusals == 1)
    newest = connection.scalars(
        select(batches.c.refused_at)
        .where(batches.c.announcement_id == announcement_id, first_refusals)
        .order_by(batches.c.refused_at.desc())
        .limit(OF_WINDOW)
    ).all()
    in_a_row = sum(accepted_at is None or at >= accepted_at for at in newest)
    at_the_end = in_a_row >= AT_THE_END and not is_under_way(connection, announcement_id)
    if in_a_row >= IN_A_ROW or at_the_end:
        return f"the last {in_a_row} recipients were refused, and not for their email addresses"
    if len(newest) == OF_WINDOW:
        since = (
            select(attempts.c.token)
            .where(
                attempts.c.state == AttemptState.ACCEPTED.value,
                attempts.c.claimed_at > newest[-1],
                attempts.c.transport == transport,
            )
            .limit(WINDOW - OF_WINDOW + 1)
        )
        if len(connection.scalars(since).all()) <= WINDOW - OF_WINDOW:
            return (
                f"{OF_WINDOW} of the last {WINDOW} recipients were refused, and not for their email addresses"
            )
    return None


def _only_dead(connection: Connection, announcement_id: int, accepted_at: datetime | None) -> str | None:
    """The problem with the sender that the rejections show; None while messages are accepted."""
    rejected = and_(batches.c.announcement_id == announcement_id, _is_rejected(), batches.c.refusals == 1)
    recent = select(batches.c.id).where(rejected, *_since(accepted_at)).limit(DEAD_IN_A_ROW)
    in_a_row = len(connection.scalars(recent).all())
    bare = len(connection.scalars(recent.where(batches.c.reason.like(BARE))).all())
    at_the_end = not is_under_way(connection, announcement_id)
    if in_a_row == DEAD_IN_A_ROW or bare >= (BARE_AT_THE_END if at_the_end else BARE_IN_A_ROW):
        return f"the last {in_a_row} recipients were refused"
    if not at_the_end or _somebody_was_accepted(connection, announcement_id):
        return None
    number = len(connection.scalars(select(batches.c.id).where(rejected).limit(DEAD_IN_A_ROW)).all())
    return f"all {number} recipients were refused" if number >= DEAD_AT_THE_END else None


def _since(accepted_at: datetime | None) -> tuple[ColumnElement[bool], ...]:
    return () if accepted_at is None else (batches.c.refused_at >= accepted_at,)


def _somebody_was_accepted(connection: Connection, announcement_id: int) -> bool:
    accepted = select(batches.c.id).where(
        batches.c.announcement_id == announcement_id, batches.c.state == BatchState.ACCEPTED.value
    )
    return connection.scalars(accepted.limit(1)).one_or_none() is not None


def _take_back(connection: Connection, batch_id: int) -> None:
    """Take back what this refusal said of the email address."""
    refused_at = connection.scalars(select(batches.c.refused_at).where(batches.c.id == batch_id)).one()
    if refused_at is None:
        return
    theirs = (
        select(users.c.email)
        .join(deliveries, deliveries.c.recipient_id == users.c.id)
        .where(deliveries.c.batch_id == batch_id)
    )
    take_back_refused(connection, theirs, at=refused_at)
