"""Single steps on batches and their deliveries, for use inside the ledger's transactions only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, insert, or_, select, update

from subscribers.ledger.audience import hindrance
from subscribers.model import (
    AnnouncementState,
    AttemptState,
    BatchState,
    Exclusion,
    announcements,
    attempts,
    batches,
    deliveries,
    users,
)

WAITING = (BatchState.PLANNED.value, BatchState.CLAIMED.value)


def settle_accepted(
    connection: Connection, token: str, *, provider_id: str | None, now: datetime, detail: str | None = None
) -> None:
    """The attempt was accepted, whatever was thought of it before; its batch with it."""
    batch_id = select(attempts.c.batch_id).where(attempts.c.token == token).scalar_subquery()
    # Batches before attempts, as everywhere: then no two transactions wait for each other.
    connection.execute(select(batches.c.id).where(batches.c.id == batch_id).with_for_update())
    known = {"provider_id": provider_id} if provider_id is not None else {}
    note(connection, token, AttemptState.ACCEPTED, detail=detail, ended_at=now, **known)
    another = and_(batches.c.state == BatchState.CLAIMED.value, batches.c.token != token)
    connection.execute(
        update(batches)
        .where(
            batches.c.id == batch_id,
            batches.c.state.in_([*WAITING, BatchState.UNKNOWN.value]),
            ~another,
        )
        .values(state=BatchState.ACCEPTED.value, token=token, lease_until_at=None, retry_at=None)
    )


def release(connection: Connection, batch_id: int, token: str, *, detail: str) -> None:
    """The attempt in doubt was surely not accepted: the batch may be tried again."""
    note(connection, token, AttemptState.UNSENT, detail=detail)
    plan(connection, batch_id)


def mark_unknown(connection: Connection, batch_id: int, token: str, *, detail: str) -> None:
    """The attempt may have been accepted: the batch is left alone until that is known."""
    note(connection, token, AttemptState.UNKNOWN, detail=detail)
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(state=BatchState.UNKNOWN.value, lease_until_at=None)
    )


def cancel_waiting(connection: Connection, announcement_id: int) -> None:
    """Exclude whoever still waits for a mail of a cancelled announcement."""
    planned = select(batches.c.id).where(
        batches.c.announcement_id == announcement_id, batches.c.state == BatchState.PLANNED.value
    )
    _cancel_sharing(connection, planned)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.batch_id.in_(planned))
        .values(batch_id=None, exclusion=Exclusion.CANCELLED.value)
    )
    connection.execute(
        update(batches)
        .where(batches.c.id.in_(planned))
        .values(state=BatchState.EMPTY.value, size=0, retry_at=None)
    )


def turn(connection: Connection) -> int | None:
    """The announcement whose turn it is: the oldest that is under way, or is not fanned out yet."""
    waits = exists().where(batches.c.announcement_id == announcements.c.id, under_way())
    live = [AnnouncementState.HELD.value, AnnouncementState.OPEN.value, AnnouncementState.PAUSED.value]
    return connection.scalars(
        select(announcements.c.id)
        .where(announcements.c.state.in_(live), or_(announcements.c.fanned_out_at.is_(None), waits))
        .order_by(announcements.c.id)
        .limit(1)
    ).one_or_none()


def under_way() -> ColumnElement[bool]:
    """Whether a batch is being tried, or waits for anything but the time of another try."""
    waits = and_(batches.c.state == BatchState.PLANNED.value, batches.c.retry_at.is_(None))
    return or_(waits, batches.c.state == BatchState.CLAIMED.value)


def is_under_way(connection: Connection, announcement_id: int) -> bool:
    """Whether any batch of the announcement is."""
    some = select(batches.c.id).where(batches.c.announcement_id == announcement_id, under_way())
    return connection.scalars(some.limit(1)).one_or_none() is not None


def plan(connection: Connection, batch_id: int, *, retry_at: datetime | None = None) -> None:
    """Let the batch wait for its next attempt, without those who need it no more."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(state=BatchState.PLANNED.value, lease_until_at=None, token=None, retry_at=retry_at)
    )
    exclude(connection, batch_id, _covered(), Exclusion.COVERED.value)
    cancelled = exists().where(
        announcements.c.id == deliveries.c.announcement_id,
        announcements.c.state == AnnouncementState.CANCELLED.value,
    )
    _cancel_sharing(
        connection,
        select(batches.c.id)
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .where(batches.c.id == batch_id, announcements.c.state == AnnouncementState.CANCELLED.value),
    )
    exclude(connection, batch_id, cancelled, Exclusion.CANCELLED.value)


def exclude_covered(connection: Connection, announcement_id: int) -> None:
    """Take those out of waiting batches whom this announcement, just fanned out, tells the same too."""
    waiting = connection.scalars(
        select(batches.c.id)
        .join(announcements, announcements.c.id == batches.c.announcement_id)
        .where(announcements.c.id < announcement_id, batches.c.state == BatchState.PLANNED.value)
    ).all()
    for batch_id in waiting:
        exclude(connection, batch_id, _covered(), Exclusion.COVERED.value)


def _covered() -> ColumnElement[bool]:
    later = deliveries.alias("later")
    return exists().where(
        later.c.recipient_id == deliveries.c.recipient_id,
        later.c.announcement_id > deliveries.c.announcement_id,
        later.c.last_notified_id < deliveries.c.announcement_id,
        later.c.exclusion.is_(None),
    )


def _cancel_sharing(connection: Connection, cancelled: Select[int]) -> None:
    """Whoever would be told with somebody of these batches, having the same address, is not told either."""
    first = deliveries.alias("first")
    those = (
        select(first.c.announcement_id, first.c.recipient_id)
        .where(first.c.batch_id.in_(cancelled))
        .subquery()
    )
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.notified_with_id == those.c.recipient_id,
            deliveries.c.notified_with_id.is_not(None),
            deliveries.c.announcement_id + 0 == those.c.announcement_id,  # by the index of those few
        )
        .values(exclusion=Exclusion.CANCELLED.value, notified_with_id=None)
    )


def exclude(connection: Connection, batch_id: int, who: ColumnElement[bool], reason: object) -> int:
    """Take those out of a planned batch; the size that is left."""
    taken = connection.execute(
        update(deliveries)
        .where(deliveries.c.batch_id == batch_id, who)
        .values(batch_id=None, exclusion=reason)
    ).rowcount
    size = size_of(connection, batch_id) - taken
    if taken:
        state = BatchState.PLANNED if size else BatchState.EMPTY
        connection.execute(
            update(batches).where(batches.c.id == batch_id).values(size=size, state=state.value)
        )
    return size


def exclude_hindered(connection: Connection, batch_id: int) -> int:
    """Take out whoever since the fan-out has left, is restricted and the like; the size that is left."""
    reason = select(hindrance(users)).where(users.c.id == deliveries.c.recipient_id).scalar_subquery()
    of_it = deliveries.c.batch_id == batch_id
    if (
        connection.scalars(select(deliveries.c.recipient_id).where(of_it, reason.is_not(None))).first()
        is None
    ):
        return size_of(connection, batch_id)
    return exclude(connection, batch_id, reason.is_not(None), reason)


def split(connection: Connection, batch_id: int, *, part: int) -> None:
    """Put the deliveries of a planned batch into new ones of at most ``part``."""
    whole = connection.execute(
        select(batches.c.announcement_id, batches.c.language, batches.c.last_notified_id).where(
            batches.c.id == batch_id
        )
    ).one()
    people_in_it = connection.scalars(
        select(deliveries.c.recipient_id)
        .where(deliveries.c.batch_id == batch_id)
        .order_by(deliveries.c.recipient_id)
    ).all()
    first_id = next_batch_id(connection)
    for number, start in enumerate(range(0, len(people_in_it), part)):
        those = people_in_it[start : start + part]
        connection.execute(
            insert(batches).values(
                id=first_id + number,
                **whole._mapping,
                split_from_id=batch_id,
                size=len(those),
                state=BatchState.PLANNED.value,
            )
        )
        connection.execute(
            update(deliveries)
            .where(deliveries.c.batch_id == batch_id, deliveries.c.recipient_id <= those[-1])
            .values(batch_id=first_id + number)
        )
    connection.execute(
        update(batches).where(batches.c.id == batch_id).values(state=BatchState.EMPTY.value, size=0)
    )


def size_of(connection: Connection, batch_id: int) -> int:
    size: int = connection.scalars(select(batches.c.size).where(batches.c.id == batch_id)).one()
    return size


def next_batch_id(connection: Connection) -> int:
    lock(connection)
    return (connection.scalars(select(func.max(batches.c.id))).one() or 0) + 1


def lock(connection: Connection) -> None:
    """Let whoever does what must not be done twice at once queue; SQLite's writers queue anyway."""
    # The oldest announcement is the baseline, which is always there.
    connection.execute(select(announcements.c.id).order_by(announcements.c.id).limit(1).with_for_update())


def note(connection: Connection, token: str, state: AttemptState, **values: object) -> None:
    connection.execute(update(attempts).where(attempts.c.token == token).values(state=state.value, **values))
