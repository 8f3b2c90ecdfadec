"""The only writer of the table ``attempts``, for use inside a caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, insert, update

from subscribers.high_water_mark.chain import Position
from subscribers.model import AttemptState, attempts


def add(
    connection: Connection,
    token: str,
    *,
    batch_id: int | None,
    transport: str,
    state: AttemptState,
    claimed_at: datetime,
    request_sha256: str | None = None,
    position: Position | None = None,
    commitments: bytes | None = None,
) -> None:
    """Add an attempt at a batch, or a canary, which has no batch."""
    connection.execute(
        insert(attempts).values(
            token=token,
            batch_id=batch_id,
            transport=transport,
            state=state.value,
            claimed_at=claimed_at,
            request_sha256=request_sha256,
            commitments=commitments,
            number=position.number if position else None,
            head=position.head if position else None,
        )
    )


def intend(connection: Connection, token: str, *, request_sha256: str, position: Position) -> None:
    """Record that the attempt's request may be written, and its place in the chain."""
    set_state(
        connection,
        token,
        AttemptState.INTENDED,
        request_sha256=request_sha256,
        number=position.number,
        head=position.head,
    )


def add_unknown(
    connection: Connection, tokens: Mapping[int, str], *, transport: str, detail: str, at: datetime
) -> None:
    """Add an attempt for each of these batches, by the batch's id, that may have been accepted."""
    connection.execute(
        insert(attempts),
        [
            {
                "token": token,
                "batch_id": batch_id,
                "transport": transport,
                "state": AttemptState.UNKNOWN.value,
                "claimed_at": at,
                "detail": detail,
            }
            for batch_id, token in tokens.items()
        ],
    )


def give_up(connection: Connection, batch_ids: Collection[int]) -> None:
    """Count the attempts at these batches that have not ended as unknown."""
    running = [AttemptState.CLAIMED.value, AttemptState.INTENDED.value]
    connection.execute(
        update(attempts)
        .where(attempts.c.batch_id.in_(batch_ids), attempts.c.state.in_(running))
        .values(state=AttemptState.UNKNOWN.value)
    )


def set_state(
    connection: Connection,
    token: str,
    state: AttemptState,
    *,
    only: AttemptState | None = None,
    **values: object,
) -> None:
    """Record what is known of an attempt by now, if it still is in the state ``only``."""
    conditions: list[ColumnElement[bool]] = [attempts.c.token == token]
    if only is not None:
        conditions.append(attempts.c.state == only.value)
    connection.execute(update(attempts).where(*conditions).values(state=state.value, **values))


def forget_details(connection: Connection, batch_ids: Select[int]) -> None:
    """Drop the providers' words about the attempts at these batches."""
    connection.execute(update(attempts).where(attempts.c.batch_id.in_(batch_ids)).values(detail=None))


def replace_words(connection: Connection, token: str, *, column: str, words: str) -> None:
    """Put other words in the place of a provider's, which quoted an erased email address."""
    connection.execute(update(attempts).where(attempts.c.token == token).values({column: words}))
