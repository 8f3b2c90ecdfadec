"""Moves everything to another database, such as from SQLite to PostgreSQL, checked table by table.

The source refuses to send before the copy begins and from then on. The target is filled in one transaction.
If it is interrupted, nobody can send from both: the target is either still empty or complete.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from subscribers.backups.copying import Target
from subscribers.backups.errors import BackupError
from subscribers.backups.rows import ROWS_AT_A_TIME, Digest, RowForm, Shape, read_rows, shapes
from subscribers.database import keep_to_owner, present_schema, reading, shown, writing
from subscribers.high_water_mark import installation
from subscribers.high_water_mark.chain import Position
from subscribers.high_water_mark.journal import copy_journal
from subscribers.high_water_mark.mark_store import MarkStore
from subscribers.model import AttemptState, attempts, metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveResult:
    """The number of rows in each table, equal on both sides."""

    identity: str
    tables: dict[str, int]


def move_database(
    source: Engine,
    target: Engine,
    *,
    from_store: MarkStore,
    to_store: MarkStore,
    now: datetime,
) -> MoveResult:
    """Copy everything from ``source`` into the empty ``target``, with its high-water mark and journal.

    Raises BackupError if a request is under way, or if the target is not empty or refuses a row; then the
    source goes on as before.
    """
    keep_to_owner(target.url)
    identity, is_new = _close_source(source, target, now=now)
    if not is_new and _holds(target, identity):
        _retire(from_store, to_store, identity, now=now)
        raise BackupError(
            f"database {shown(target.url)}: has everything already, since the move was complete; "
            "set POLICY_NOTIFY_DATABASE_URL to it"
        )
    try:
        copied = _copy(source, target, from_store, to_store, identity=identity, now=now)
    except BaseException:
        if is_new:
            _reopen(source, target, identity)
        raise
    _retire(from_store, to_store, identity, now=now)
    return MoveResult(identity=identity, tables={shape.name: digest.rows for shape, digest in copied.items()})


def _close_source(source: Engine, target: Engine, *, now: datetime) -> tuple[str, bool]:
    """Let the source send nothing more; its identity, and whether it could send until now."""
    to = shown(target.url)
    if shown(source.url) == to:
        raise BackupError(f"database {to}: is the database itself; name another one with --to")
    with writing(source) as connection:
        own = installation.read_installation(connection, for_update=True)
        if own.moved_to is not None:
            if own.moved_to != to:
                raise BackupError(
                    f"database {shown(source.url)}: was moved to {own.moved_to} before; use that one"
                )
            return own.identity, False
        if _holds(target, own.identity):
            raise BackupError(
                f"database {to}: is this database itself or a copy of it; nothing was changed; "
                "name an empty one"
            )
        under_way = connection.scalar(
            select(func.count()).where(
                attempts.c.state.in_([AttemptState.CLAIMED.value, AttemptState.INTENDED.value])
            )
        )
        if under_way:
            raise BackupError(
                f"database {shown(source.url)}: {under_way} "
                f"{'request is' if under_way == 1 else 'requests are'} under way. Stop all senders, run "
                "policy-notify deliver until it has settled them, and repeat"
            )
        installation.note_moved(connection, to=to, at=now)
        return own.identity, True


def _reopen(source: Engine, target: Engine, identity: str) -> None:
    """Let the source send again, unless everything has arrived in the target, or nobody knows."""
    if not _holds(target, identity):
        with writing(source) as connection:
            installation.note_moved(connection, to=None, at=None)


def _holds(target: Engine, identity: str) -> bool:
    """Whether everything has arrived; a commit whose answer was lost may have been carried out."""
    with reading(target) as connection:
        if present_schema(connection) is None:
            return False
        return installation.read_installation(connection).identity == identity


def _retire(from_store: MarkStore, to_store: MarkStore, identity: str, *, now: datetime) -> None:
    """Put the former mark ahead of every copy: an old backup that is restored beside it must not send."""
    if from_store.place == to_store.place:
        return
    moved = to_store.read(identity)
    if moved is None:
        raise BackupError(
            f"high-water mark {to_store.place}: is not the one that the move was begun with; "
            "repeat it with the same --mark-to"
        )
    left = from_store.read(identity)
    before = left.position if left else moved.position
    if before.number > moved.position.number:
        return  # by a move that was interrupted
    head = hashlib.sha256(f"{before.head} moved to {to_store.place}".encode()).hexdigest()
    from_store.start(identity, before, at=now)
    from_store.move(identity, before=before, after=Position(before.number + 1, head), at=now)


def _copy(
    source: Engine,
    target: Engine,
    from_store: MarkStore,
    to_store: MarkStore,
    *,
    identity: str,
    now: datetime,
) -> dict[Shape, Digest]:
    copied: dict[Shape, Digest] = {}
    with reading(source) as old, writing(target) as new:
        schema = present_schema(old)
        assert schema is not None
        receiver = Target(new, schema=schema)
        every_shape = shapes(metadata)
        receiver.begin(every_shape)
        for shape in every_shape:
            form, digest, some = RowForm(shape), Digest(), []
            for row in read_rows(old, shape):
                digest.add(form.line(row))
                some.append(tuple(row))
                if len(some) == ROWS_AT_A_TIME:
                    receiver.insert(shape, some)
                    some = []
            receiver.insert(shape, some)
            copied[shape] = digest
        receiver.finish(copied)
        installation.note_moved(new, to=None, at=None)
        if from_store.place != to_store.place:
            mark, own = from_store.read(identity), installation.read_installation(old)
            to_store.start(identity, mark.position if mark else own.position, at=now)
            copy_journal(from_store, to_store, identity=identity)
    return copied
