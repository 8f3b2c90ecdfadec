"""Settles what an old copy of the database cannot know: what was sent between the copy and its loss.

Every delivery that may have been sent meanwhile becomes unknown, until evidence or a person says what became
of it. Neither silence nor the passing of time releases it: this copy may have missed the signs.
For use inside a caller's transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, select

from subscribers.ledger import attempt_rows, batch_rows, delivery_rows
from subscribers.ledger.fan_out import add_absent as add_absent_users
from subscribers.ledger.fan_out import freeze_audience
from subscribers.ledger.unknown_batches import RECOVERED
from subscribers.model import (
    AnnouncementState,
    AttemptState,
    BatchState,
    announcements,
    attempts,
    batches,
    deliveries,
)

WHY = "this database is an older copy, and nobody knows whether they were notified since"
BATCH_LIMIT = 1000
AT_ONCE = 5_000
OPEN = (BatchState.PLANNED.value, BatchState.CLAIMED.value, BatchState.UNKNOWN.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The evidence about one delivery: it was accepted, in which request, and when.

    ``token`` is the request as the provider's events name it.
    """

    transport: str
    token: str | None = None
    at: datetime | None = None


def freeze_waiting_audiences(connection: Connection, *, now: datetime) -> Sequence[int]:
    """Freeze the audience of each announcement that had not begun, and may have since; return their ids."""
    live = [AnnouncementState.HELD.value, AnnouncementState.OPEN.value, AnnouncementState.PAUSED.value]
    waiting = connection.scalars(
        select(announcements.c.id)
        .where(announcements.c.state.in_(live), announcements.c.fanned_out_at.is_(None))
        .order_by(announcements.c.id)
    ).all()
    for announcement_id in waiting:
        freeze(connection, announcement_id, now=now)
    return waiting


def freeze(connection: Connection, announcement_id: int, *, now: datetime) -> None:
    """Freeze the audience of an announcement that may have been sent; all of it is unknown."""
    freeze_audience(connection, announcement_id, batch_limit=BATCH_LIMIT, now=now)
    mark_open_unknown(connection, now=now)  # before the next audience is frozen, which depends on it


def add_absent(connection: Connection, *, now: datetime) -> None:
    """Count users as unknown who came back with an import after an announcement was made again.

    They registered before that, so they may belong to its audience, and the copy did not have them.
    """
    rebuilt = connection.execute(
        select(announcements.c.id, announcements.c.rebuilt_at)
        .where(announcements.c.rebuilt_at.is_not(None), announcements.c.audience.is_not(None))
        .order_by(announcements.c.id)
    ).all()
    for announcement_id, rebuilt_at in rebuilt:
        first = add_absent_users(connection, announcement_id, batch_limit=BATCH_LIMIT, before=rebuilt_at)
        if first is not None:
            mark_open_unknown(connection, from_id=first, now=now)


def mark_open_unknown(connection: Connection, *, now: datetime, from_id: int = 0) -> None:
    """Let every delivery that this copy has as waiting or unknown be unknown until it is recovered.

    ``from_id``: only those in batches from this number on.
    """
    is_recovered = exists().where(attempts.c.token == batches.c.token, attempts.c.transport == RECOVERED)
    open_ids = connection.scalars(
        select(batches.c.id)
        .where(batches.c.state.in_(OPEN), batches.c.id >= from_id, ~is_recovered)
        .order_by(batches.c.id)
    ).all()
    for start in range(0, len(open_ids), AT_ONCE):
        tokens = {batch_id: secrets.token_hex(16) for batch_id in open_ids[start : start + AT_ONCE]}
        attempt_rows.give_up(connection, tokens)
        attempt_rows.add_unknown(connection, tokens, transport=RECOVERED, detail=WHY, at=now)
        batch_rows.take_as_unknown(connection, tokens)


def accept_proven(
    connection: Connection, announcement_id: int, proven: Mapping[int, Proven], *, now: datetime
) -> int:
    """Count the ``proven`` recipients who are unknown or rejected as accepted; return how many they are."""
    new = _NewBatches(connection, announcement_id, now=now)
    states = [BatchState.UNKNOWN.value, BatchState.REJECTED.value]
    sources = connection.execute(
        select(batches.c.id, batches.c.size, batches.c.token, batches.c.language, batches.c.last_notified_id)
        .where(batches.c.announcement_id == announcement_id, batches.c.state.in_(states))
        .order_by(batches.c.id)
    ).all()
    for source in sources:
        members = connection.scalars(
            select(deliveries.c.recipient_id).where(deliveries.c.batch_id == source.id)
        ).all()
        found = [recipient for recipient in members if recipient in proven]
        if not found:
            continue
        for recipient in found:
            new.add(source.language, source.last_notified_id, recipient, proven[recipient])
        new.move(from_id=source.id)
        if len(found) == source.size:
            batch_rows.retire(connection, source.id)
            if source.token is not None:
                words = "every recipient was settled by evidence"
                attempt_rows.set_state(connection, source.token, AttemptState.UNSENT, detail=words)
        else:
            batch_rows.shrink(connection, source.id, source.size - len(found))
    return new.record()


def unknown_by_announcement(connection: Connection) -> Mapping[int, int]:
    """How many recipients of each announcement are unknown."""
    rows = connection.execute(
        select(batches.c.announcement_id, func.sum(batches.c.size))
        .where(batches.c.state == BatchState.UNKNOWN.value)
        .group_by(batches.c.announcement_id)
        .order_by(batches.c.announcement_id)
    )
    return {announcement_id: int(number) for announcement_id, number in rows}


class _NewBatches:
    """The batches into which recipients go once it is proven that they were notified."""

    def __init__(self, connection: Connection, announcement_id: int, *, now: datetime) -> None:
        self._connection = connection
        self._announcement_id = announcement_id
        self._now = now
        self._next_id = batch_rows.next_id(connection)
        self._ids: dict[tuple[str, int, str, str | None], int] = {}
        self._sizes: dict[int, int] = {}
        self._going: dict[int, list[int]] = {}
        self._firsts: dict[int, datetime] = {}  # the earliest sign of each request

    def add(self, language: str, last_notified_id: int, recipient: int, proven: Proven) -> None:
        """Note where the recipient goes."""
        key = (language, last_notified_id, proven.transport, proven.token)
        if key not in self._ids:
            self._ids[key] = self._next_id + len(self._ids)
        batch_id = self._ids[key]
        self._going.setdefault(batch_id, []).append(recipient)
        at = proven.at or self._now
        self._firsts[batch_id] = min(at, self._firsts.get(batch_id, at))

    def move(self, *, from_id: int) -> None:
        """Move the recipients noted since the last time out of their batch."""
        for batch_id, recipients in self._going.items():
            delivery_rows.move_those(self._connection, from_id, recipients, into=batch_id)
            self._sizes[batch_id] = self._sizes.get(batch_id, 0) + len(recipients)
        self._going.clear()

    def record(self) -> int:
        """Record the batches and their attempts; return the number of recipients."""
        used: set[str] = set()
        for (language, last_notified_id, transport, named), batch_id in self._ids.items():
            # One request may be named for two kinds of recipients, if the copy knows less of them.
            token = named if named is not None and self._is_free(named, used) else secrets.token_hex(16)
            used.add(token)
            batch_rows.add(
                self._connection,
                batch_id,
                announcement_id=self._announcement_id,
                language=language,
                last_notified_id=last_notified_id,
                size=self._sizes[batch_id],
                accepted_token=token,
            )
            attempt_rows.add(
                self._connection,
                token,
                batch_id=batch_id,
                transport=transport if token == named or named is None else RECOVERED,
                state=AttemptState.ACCEPTED,
                claimed_at=self._firsts[batch_id],
            )
        return sum(self._sizes.values())

    def _is_free(self, token: str, used: set[str]) -> bool:
        known = select(attempts.c.token).where(attempts.c.token == token)
        return token not in used and self._connection.scalars(known).one_or_none() is None
