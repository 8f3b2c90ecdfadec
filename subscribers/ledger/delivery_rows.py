"""The only writer of the table ``deliveries``, for use inside a caller's transaction.

:mod:`subscribers.ledger.batch_members` keeps the deliveries of a batch and its size in step; what changes
neither the batch nor the exclusion of a delivery may call this module directly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Select, bindparam, insert, or_, select, update

from subscribers.model import Exclusion, Outcome, deliveries

AT_ONCE = 5_000  # values in one statement
STRENGTH = tuple(Outcome)  # from weakest to strongest


def add_all(
    connection: Connection, rows: Select[int, int, str, int, str | None, int | None, int | None]
) -> None:
    """Add the deliveries that a query yields, one for each recipient of an announcement."""
    connection.execute(
        insert(deliveries).from_select(
            [
                "announcement_id",
                "recipient_id",
                "language",
                "last_notified_id",
                "exclusion",
                "notified_with_id",
                "batch_id",
            ],
            rows,
        )
    )


def exclude_from(
    connection: Connection, batch_ids: Sequence[int] | Select[int], which: ColumnElement[bool], reason: object
) -> int:
    """Take deliveries out of their batches, with a reason or an SQL expression for it; return how many."""
    return connection.execute(
        update(deliveries)
        .where(deliveries.c.batch_id.in_(batch_ids), which)
        .values(batch_id=None, exclusion=reason)
    ).rowcount


def move(connection: Connection, batch_id: int, *, into: int, up_to: int) -> None:
    """Move the deliveries of a batch, up to the recipient ``up_to``, into another batch."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.batch_id == batch_id, deliveries.c.recipient_id <= up_to)
        .values(batch_id=into)
    )


def move_those(connection: Connection, batch_id: int, recipients: Sequence[int], *, into: int) -> None:
    """Move these recipients of a batch into another batch."""
    for start in range(0, len(recipients), AT_ONCE):
        connection.execute(
            update(deliveries)
            .where(
                deliveries.c.batch_id == batch_id,
                deliveries.c.recipient_id.in_(recipients[start : start + AT_ONCE]),
            )
            .values(batch_id=into)
        )


def set_values(connection: Connection, announcement_id: int, recipient_id: int, **values: object) -> None:
    """Change the batch, the exclusion or ``notified_with_id`` of one delivery."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.announcement_id == announcement_id, deliveries.c.recipient_id == recipient_id)
        .values(values)
    )


def notify_with(connection: Connection, announcement_id: int, *, before: int, now: int) -> None:
    """Let the accounts that would be notified with one recipient be notified with another."""
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.notified_with_id == before,
            deliveries.c.notified_with_id.is_not(None),
            deliveries.c.announcement_id + 0 == announcement_id,  # so that the index of those few is used
        )
        .values(notified_with_id=now)
    )


def cancel_notified_with(connection: Connection, batch_ids: Select[int]) -> None:
    """Exclude, as cancelled, the accounts that would be notified with a recipient of these batches."""
    first = deliveries.alias("first")
    those = (
        select(first.c.announcement_id, first.c.recipient_id)
        .where(first.c.batch_id.in_(batch_ids))
        .subquery()
    )
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.notified_with_id == those.c.recipient_id,
            deliveries.c.notified_with_id.is_not(None),
            deliveries.c.announcement_id + 0
            == those.c.announcement_id,  # so that the index of those few is used
        )
        .values(exclusion=Exclusion.CANCELLED.value, notified_with_id=None)
    )


def set_detail(connection: Connection, batch_id: int, detail: str | None) -> None:
    """Keep, or drop, the provider's words about the recipients of a batch."""
    connection.execute(update(deliveries).where(deliveries.c.batch_id == batch_id).values(detail=detail))


def forget_details(connection: Connection, which: Sequence[ColumnElement[bool]]) -> None:
    """Drop the providers' words about these deliveries."""
    connection.execute(update(deliveries).where(*which).values(detail=None))


def strengthen(connection: Connection, outcome: Outcome, rows: Sequence[Mapping[str, object]]) -> None:
    """Record an outcome for deliveries that have a weaker one or none.

    Each of ``rows`` holds the ``announcement``, the ``recipient``, the time ``at`` and the provider's
    ``words``.
    """
    weaker = [deliveries.c.outcome == other.value for other in STRENGTH[: STRENGTH.index(outcome)]]
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.announcement_id == bindparam("announcement"),
            deliveries.c.recipient_id == bindparam("recipient"),
            or_(deliveries.c.outcome.is_(None), *weaker),
        )
        .values(outcome=outcome.value, outcome_at=bindparam("at"), detail=bindparam("words")),
        rows,
    )
