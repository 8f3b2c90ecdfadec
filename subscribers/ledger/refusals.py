"""What follows from a refusal: for its recipient, and for the announcement when refusals come in numbers.

One refusal seldom shows whose fault it is, many do. So a recipient whose email address the server does not
know is *rejected*; any other is *set aside*, which is a kind of waiting: they are tried again later, or at
once by ``policy-notify retry``. Where refusals come one after another, the announcement is paused with the
server's words, and all of those recipients wait as before, since it was not their fault.

Nobody counts twice: a recipient who is refused again after a pause no longer pauses anything. So a few who
are always refused cannot keep an announcement from its end.

For use inside the ledger's transactions only.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, update

from subscribers.ledger import batch_rows
from subscribers.model import (
    AnnouncementState,
    AttemptState,
    BatchState,
    Unreachable,
    announcements,
    attempts,
    batches,
    deliveries,
    users,
)

# At one unclear refusal in twenty, five in a row come by chance once in three million recipients, and ten
# among fifty once in six thousand; a sender who is refused altogether costs five attempts.
IN_A_ROW = 5
AT_THE_END = 2  # in a row, with nobody left to try who could show more
WINDOW, OF_WINDOW = 50, 10
# Dead addresses are no fault of ours, unless there is nothing else: then the server knows none of them. Fewer
# are enough where it gives no enhanced status code, since "550" alone may mean anything.
DEAD_IN_A_ROW, BARE_IN_A_ROW = 100, 20
BARE_AT_THE_END = 10  # in a row
DEAD_AT_THE_END = 5  # with nobody accepted at all
BARE = "___ %"  # a reason that begins with a reply code of three digits

# A daily quota is over within a day; who is refused five times in two days is rejected.
SET_ASIDE_FOR = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=16), timedelta(hours=24))


def is_set_aside() -> ColumnElement[bool]:
    """Whether a batch was refused for an unclear reason and waits for another try."""
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
    """Try the batch's one recipient no more; no account with the ``unreachable`` email address either."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(
            state=BatchState.REJECTED.value,
            lease_until_at=None,
            token=None,
            reason=reason,
            refused_at=refused_at,
            refusals=batches.c.refusals + (0 if refused_at is None else 1),
        )
    )
    connection.execute(update(deliveries).where(deliveries.c.batch_id == batch_id).values(detail=detail))
    if unreachable is not None:
        connection.execute(
            update(users)
            .where(users.c.email == unreachable, users.c.unreachable.is_(None))
            .values(unreachable=Unreachable.BOUNCED.value, unreachable_at=refused_at)
        )


def set_aside(connection: Connection, batch_id: int, *, detail: str, reason: str, now: datetime) -> None:
    """Let the batch's one recipient wait for another try, or reject them after the last."""
    refusals: int = connection.scalars(select(batches.c.refusals).where(batches.c.id == batch_id)).one()
    if refusals >= len(SET_ASIDE_FOR):
        reject(connection, batch_id, detail=detail, reason=reason, refused_at=now)
        return
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(reason=reason, refused_at=now, refusals=refusals + 1)
    )
    connection.execute(update(deliveries).where(deliveries.c.batch_id == batch_id).values(detail=detail))
    batch_rows.plan(connection, batch_id, retry_at=now + SET_ASIDE_FOR[refusals])


def pause_if_ours(
    connection: Connection, batch_id: int, transport: str, *, detail: str, ours: bool = False
) -> None:
    """Pause the batch's announcement where its refusals come in numbers, and let all of those wait again.

    ``ours``: this one refusal says by itself that it is about the sender.
    """
    announcement_id, state, refusals = connection.execute(
        select(batches.c.announcement_id, batches.c.state, batches.c.refusals).where(batches.c.id == batch_id)
    ).one()
    # Workers who are refused at the same time queue here: the first pauses, and the others give theirs back.
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
    connection.execute(
        update(announcements)
        .where(announcements.c.id == announcement_id)
        .values(state=AnnouncementState.PAUSED.value, pause_reason=f"{why}: {detail}")
    )
    give_back(connection, select_ids(connection, announcement_id, those))


def give_back(connection: Connection, batch_ids: Collection[int], *, forgive: bool = False) -> int:
    """Let these batches be tried at once, whatever was refused; how many recipients still need it.

    ``forgive``: their refusals count anew.
    """
    for batch_id in batch_ids:
        _lift(connection, batch_id)
        connection.execute(
            update(batches)
            .where(batches.c.id == batch_id)
            .values(reason=None, refused_at=None, attempts=0, **({"refusals": 0} if forgive else {}))
        )
        connection.execute(update(deliveries).where(deliveries.c.batch_id == batch_id).values(detail=None))
        batch_rows.plan(connection, batch_id)
    return sum(batch_rows.size_of(connection, batch_id) for batch_id in batch_ids)


def select_ids(connection: Connection, announcement_id: int, which: ColumnElement[bool]) -> Sequence[int]:
    """The batches of an announcement, locked, in their order."""
    return connection.scalars(
        select(batches.c.id)
        .where(batches.c.announcement_id == announcement_id, which)
        .order_by(batches.c.id)
        .with_for_update()
    ).all()


def retryable(reasons: Collection[str]) -> ColumnElement[bool]:
    """Who may be tried again at a person's wish: refused, or waiting for another try.

    Without ``reasons`` (codes such as ``5.1.1``) all but those whom no email reaches.
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
    """What the unclear refusals show of the sender; None while they are few."""
    first_refusals = and_(is_set_aside(), batches.c.refusals == 1)
    newest = connection.scalars(
        select(batches.c.refused_at)
        .where(batches.c.announcement_id == announcement_id, first_refusals)
        .order_by(batches.c.refused_at.desc())
        .limit(OF_WINDOW)
    ).all()
    in_a_row = sum(accepted_at is None or at >= accepted_at for at in newest)
    at_the_end = in_a_row >= AT_THE_END and not batch_rows.is_under_way(connection, announcement_id)
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
            return f"{OF_WINDOW} of the last {WINDOW} recipients were refused, and not for their addresses"
    return None


def _only_dead(connection: Connection, announcement_id: int, accepted_at: datetime | None) -> str | None:
    """What rejections show where there is nothing else; None while there is."""
    rejected = and_(batches.c.announcement_id == announcement_id, _is_rejected(), batches.c.refusals == 1)
    recent = select(batches.c.id).where(rejected, *_since(accepted_at)).limit(DEAD_IN_A_ROW)
    in_a_row = len(connection.scalars(recent).all())
    bare = len(connection.scalars(recent.where(batches.c.reason.like(BARE))).all())
    at_the_end = not batch_rows.is_under_way(connection, announcement_id)
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


def _lift(connection: Connection, batch_id: int) -> None:
    """Take back what this refusal said of the email address."""
    refused_at = connection.scalars(select(batches.c.refused_at).where(batches.c.id == batch_id)).one()
    if refused_at is None:
        return
    theirs = (
        select(users.c.email)
        .join(deliveries, deliveries.c.recipient_id == users.c.id)
        .where(deliveries.c.batch_id == batch_id)
    )
    connection.execute(
        update(users)
        .where(
            users.c.email.in_(theirs),
            users.c.unreachable == Unreachable.BOUNCED.value,
            users.c.unreachable_at == refused_at,
        )
        .values(unreachable=None, unreachable_at=None)
    )
