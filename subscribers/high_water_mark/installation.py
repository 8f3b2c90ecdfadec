"""The only writer of the table ``installation``: which database this is, and how far it knows the chain.

For use inside a caller's transaction.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from subscribers.high_water_mark.chain import Link, Position, first_position, next_position
from subscribers.high_water_mark.mark_store import MarkError
from subscribers.model import attempts, installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The identity that all copies of one database share, and the position that this copy has reached."""

    identity: str
    position: Position
    is_marked: bool  # a high-water mark was written once, so there must be one
    journal_key: bytes
    moved_to: str | None = None  # the URL, without a password, of the database that has taken its place


class MovedDatabaseError(MarkError):
    """Another database has taken the place of this one."""

    def __init__(self, moved_to: str, moved_at: datetime) -> None:
        super().__init__(
            f"the database was moved to {moved_to} on {moved_at:%Y-%m-%d %H:%M} UTC, and nothing is sent or "
            "changed here any more. Set POLICY_NOTIFY_DATABASE_URL to that one; if the move was interrupted, "
            "repeat policy-notify move"
        )
        self.moved_to = moved_to


def read_installation(connection: Connection, *, for_update: bool = False) -> Installation:
    """The one row of the table, which the migration made."""
    row = select(installation)
    return _parse(connection.execute(row.with_for_update() if for_update else row).one())


def refuse_if_moved(connection: Connection) -> None:
    """Raise MovedDatabaseError if another database has taken the place of this one."""
    moved_to, moved_at = connection.execute(select(installation.c.moved_to, installation.c.moved_at)).one()
    if moved_to is not None:
        raise MovedDatabaseError(moved_to, moved_at)


def note_moved(connection: Connection, *, to: str | None, at: datetime | None) -> None:
    """Record which database takes the place of this one; None if it is in use itself."""
    connection.execute(update(installation).values(moved_to=to, moved_at=at))


def add_link(connection: Connection, token: str, *, request_sha256: str) -> Link:
    """Count an attempt whose request may be written once the mark has followed."""
    row = connection.execute(select(installation).with_for_update()).one()
    if row.moved_to is not None:
        raise MovedDatabaseError(row.moved_to, row.moved_at)
    before = Position(row.counter, row.head)
    after = next_position(before, token=token, request_sha256=request_sha256)
    _set_position(connection, after)
    return Link(identity=row.identity, before=before, after=after)


def knows(connection: Connection, position: Position) -> bool:
    """Whether this database made the attempt at that position, or has taken the position over."""
    row = connection.execute(select(installation)).one()
    if position.number == 0 or position in {
        Position(row.counter, row.head),
        Position(row.taken_over_number or 0, row.taken_over_head or ""),
    }:
        return True
    head = connection.scalars(select(attempts.c.head).where(attempts.c.number == position.number))
    return head.one_or_none() == position.head


def note_marked(connection: Connection, *, at: datetime) -> None:
    """Record that a mark exists from now on."""
    connection.execute(update(installation).where(installation.c.marked_at.is_(None)).values(marked_at=at))


def take_over(connection: Connection, position: Position) -> None:
    """Count the mark's position as known: what the copy lacked was recovered, or is unknown.

    The counter never goes back, so no number is given twice.
    """
    row = connection.execute(select(installation).with_for_update()).one()
    if position.number >= row.counter:
        _set_position(connection, position)
    connection.execute(
        update(installation).values(taken_over_number=position.number, taken_over_head=position.head)
    )


def renew(connection: Connection) -> Installation:
    """Give the database an identity of its own, as a copy that is not to replace the original has."""
    identity = secrets.token_hex(16)
    start = first_position(identity)
    connection.execute(
        update(installation).values(
            identity=identity,
            journal_key=secrets.token_bytes(32),
            counter=start.number,
            head=start.head,
            marked_at=None,
            taken_over_number=None,
            taken_over_head=None,
        )
    )
    return read_installation(connection)


def _set_position(connection: Connection, position: Position) -> None:
    connection.execute(update(installation).values(counter=position.number, head=position.head))


def _parse(row: Row[tuple[object, ...]]) -> Installation:
    return Installation(
        identity=row.identity,
        position=Position(row.counter, row.head),
        is_marked=row.marked_at is not None,
        journal_key=row.journal_key,
        moved_to=row.moved_to,
    )
