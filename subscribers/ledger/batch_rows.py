"""The only writer of the table ``batches``, for use inside a caller's transaction.

A batch holds recipients who get the same message in one request. Its deliveries are kept in step with it by
:mod:`subscribers.ledger.batch_members`, its attempts by :mod:`subscribers.ledger.settle`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, func, insert, select, update

from subscribers.ledger import announcement_rows
from subscribers.model import BatchState, batches

WAITING = (BatchState.PLANNED.value, BatchState.CLAIMED.value)


def size_of(connection: Connection, batch_id: int) -> int:
    """How many recipients the batch has."""
    size: int = connection.scalars(select(batches.c.size).where(batches.c.id == batch_id)).one()
    return size


def next_id(connection: Connection) -> int:
    """The next free number; other transactions that ask wait for this one."""
    announcement_rows.lock(connection)
    return (connection.scalars(select(func.max(batches.c.id))).one() or 0) + 1


def add(
    connection: Connection,
    batch_id: int,
    *,
    announcement_id: int,
    language: str,
    last_notified_id: int,
    size: int,
    split_from_id: int | None = None,
    accepted_token: str | None = None,
) -> None:
    """Add a planned batch, or one that was accepted in the attempt with that token, as evidence shows."""
    connection.execute(
        insert(batches).values(
            id=batch_id,
            announcement_id=announcement_id,
            language=language,
            last_notified_id=last_notified_id,
            split_from_id=split_from_id,
            size=size,
            state=(BatchState.ACCEPTED if accepted_token else BatchState.PLANNED).value,
            token=accepted_token,
        )
    )


def add_all(connection: Connection, rows: Select[int, str, int, int, int, str]) -> None:
    """Add the batches that a query over the deliveries of an announcement yields."""
    connection.execute(
        insert(batches).from_select(
            ["id", "language", "last_notified_id", "size", "announcement_id", "state"], rows
        )
    )


def set_size(connection: Connection, batch_id: int, size: int) -> None:
    """Record how many recipients a planned batch has left; one without any is empty."""
    state = BatchState.PLANNED if size else BatchState.EMPTY
    connection.execute(update(batches).where(batches.c.id == batch_id).values(size=size, state=state.value))


def empty(connection: Connection, batch_ids: Collection[int] | Select[int]) -> None:
    """Record that these batches have no recipients any more."""
    connection.execute(
        update(batches)
        .where(batches.c.id.in_(batch_ids))
        .values(state=BatchState.EMPTY.value, size=0, retry_at=None)
    )


def plan(connection: Connection, batch_id: int, *, retry_at: datetime | None) -> None:
    """Let the batch wait for its next attempt, which may begin at ``retry_at``."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(state=BatchState.PLANNED.value, lease_until_at=None, token=None, retry_at=retry_at)
    )


def claim(connection: Connection, batch_id: int, token: str, *, lease_until_at: datetime) -> None:
    """Reserve the batch for the attempt ``token``."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(
            state=BatchState.CLAIMED.value,
            token=token,
            lease_until_at=lease_until_at,
            attempts=batches.c.attempts + 1,
            retry_at=None,
        )
    )


def extend_lease(connection: Connection, batch_id: int, token: str, *, lease_until_at: datetime) -> bool:
    """Extend the lease of a claimed batch; return False if another attempt has taken the batch over."""
    extended = connection.execute(
        update(batches)
        .where(
            batches.c.id == batch_id,
            batches.c.token == token,
            batches.c.state == BatchState.CLAIMED.value,
        )
        .values(lease_until_at=lease_until_at)
    )
    return extended.rowcount == 1


def accept(connection: Connection, batch_id: ColumnElement[int], token: str) -> None:
    """Record that a batch was accepted, unless another attempt at it is running."""
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


def mark_unknown(connection: Connection, batch_id: int) -> None:
    """Record that nobody knows whether the batch was accepted."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(state=BatchState.UNKNOWN.value, lease_until_at=None)
    )


def take_as_unknown(connection: Connection, tokens: Mapping[int, str]) -> None:
    """Record of each of these batches, by id, that its attempt ``token`` may have been accepted."""
    connection.execute(
        update(batches)
        .where(batches.c.id == bindparam("batch"))
        .values(state=BatchState.UNKNOWN.value, token=bindparam("named"), lease_until_at=None, retry_at=None),
        [{"batch": batch_id, "named": token} for batch_id, token in tokens.items()],
    )


def shrink(connection: Connection, batch_id: int, size: int) -> None:
    """Record how many recipients a batch has left, in any state."""
    connection.execute(update(batches).where(batches.c.id == batch_id).values(size=size))


def retire(connection: Connection, batch_id: int) -> None:
    """Record that a batch has no recipients left, in any state."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(state=BatchState.EMPTY.value, size=0, token=None, lease_until_at=None, retry_at=None)
    )


def reject(connection: Connection, batch_id: int, *, reason: str, refused_at: datetime | None) -> None:
    """Record that the batch's one recipient is not tried again; ``refused_at``: since they were refused."""
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


def put_off(connection: Connection, batch_ids: Collection[int], *, retry_at: datetime, reason: str) -> None:
    """Let these planned batches wait for another time; the reason of an earlier refusal is kept."""
    kept = case((batches.c.refused_at.is_not(None), batches.c.reason), else_=reason)
    connection.execute(
        update(batches).where(batches.c.id.in_(batch_ids)).values(retry_at=retry_at, reason=kept)
    )


def note_refusal(connection: Connection, batch_id: int, *, reason: str, refused_at: datetime) -> None:
    """Count a refusal of a batch that will be tried again."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(reason=reason, refused_at=refused_at, refusals=batches.c.refusals + 1)
    )


def note_deferral(connection: Connection, batch_id: int, *, reason: str) -> None:
    """Record why the server wants the batch tried later."""
    connection.execute(update(batches).where(batches.c.id == batch_id).values(reason=reason, refused_at=None))


def forget_refusal(connection: Connection, batch_id: int, *, forgive: bool) -> None:
    """Take a refusal back; with ``forgive`` the count of refusals starts again too."""
    connection.execute(
        update(batches)
        .where(batches.c.id == batch_id)
        .values(reason=None, refused_at=None, attempts=0, **({"refusals": 0} if forgive else {}))
    )
