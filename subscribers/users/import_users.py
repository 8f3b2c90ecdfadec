"""Imports a file of users in one transaction: either all good rows or nothing.

The file cannot undo what a user has asked for. Erased users stay out, restricted entries stay as they are,
and a correction holds until the shop sends a new value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from subscribers.database import connected
from subscribers.errors import NotifyError
from subscribers.high_water_mark.installation import refuse_if_moved
from subscribers.high_water_mark.journal import LEFT, NEW_ADDRESS, RETURNED, Kind, note
from subscribers.model import Moment, UserAction, corrections, user_records, users
from subscribers.users.accounts import spread_requests
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_file import RefusedRow
from subscribers.users.import_staging import (
    CHUNK_ROWS,
    Refusals,
    drop_repeats,
    drop_rows,
    is_good,
    replace_value,
    stage,
    staged,
)
from subscribers.users.import_values import Row
from subscribers.users.journalled import apply_to_new_users
from subscribers.users.requests import superseded_digest

FREE_REMOVALS = 10  # a small shop may lose this many users at once
REMOVED_SHARE = 0.05  # of the registered users; if more leave at once, the export is probably broken


class NoUsersError(NotifyError):
    """The file has no users at all."""

    def __init__(self) -> None:
        super().__init__("the file has no users, so the export is probably broken; check it")


class TooManyLeavingError(NotifyError):
    """A full synchronisation would remove more users than usually leave a shop at once."""

    def __init__(self, leaving: int, registered: int) -> None:
        super().__init__(
            f"{leaving:,} of {registered:,} registered users are missing from the file and would be "
            "removed; nothing was imported; "
            f"if they have really left the shop, repeat with --remove-up-to {leaving}"
        )
        self.leaving = leaving
        self.registered = registered


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """How many rows or users had which outcome. ``refusals`` are the first of the ``refused`` rows.

    ``restricted`` and ``erased`` rows were skipped; ``repeated`` rows were copies of earlier ones.
    """

    added: int
    changed: int
    returned: int
    unchanged: int
    left: int
    repeated: int
    restricted: int
    erased: int
    refused: int
    refusals: tuple[RefusedRow, ...]
    too_many_leave: bool


_same_user = staged.c.external_id == users.c.external_id
_is_registered = and_(users.c.left_at.is_(None), users.c.erased_at.is_(None))


def import_users(
    engine: Engine,
    rows: Iterable[Row | RefusedRow],
    *,
    keys: ErasureKeys,
    now: datetime,
    replace: bool = False,
    remove_up_to: int | None = None,
    dry_run: bool = False,
) -> ImportResult:
    """Add new users and update changed ones. With ``replace``, users missing from ``rows`` have left.

    Bad rows are refused, the others imported. ``remove_up_to`` allows this many users to leave at once. With
    ``dry_run``, everything is done and rolled back.
    """
    refused = Refusals(all_must_be_known=replace)
    with connected(engine) as connection:
        connection.execution_options(reading=True)  # on SQLite: the temporary table needs no write lock
        with connection.begin():
            stage(connection, rows, refused)
            repeated = drop_repeats(connection, refused)
            if not refused.count and not _count(connection, select(staged.c.line)):
                raise NoUsersError
        connection.execution_options(reading=False)
        with connection.begin() as transaction:
            if engine.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
            refuse_if_moved(connection)
            registered = _count(connection, select(users.c.id).where(_is_registered))
            erased = _drop_erased(connection, keys)
            restricted = _drop_restricted(connection)
            _keep_corrections(connection)
            returned, changed = _update(connection, now)
            newest = connection.scalar(select(func.max(users.c.id))) or 0
            added = _insert(connection, now)
            if added:
                barred = apply_to_new_users(connection, keys, newer_than=newest)
                erased += barred
                added -= barred
            spread_requests(connection)
            taken = _count(connection, select(staged.c.line).where(is_good))
            left = _remove_missing(connection, now) if replace else 0
            too_many_leave = left > max(FREE_REMOVALS, int(registered * REMOVED_SHARE), remove_up_to or 0)
            if dry_run:
                transaction.rollback()
            elif too_many_leave:
                raise TooManyLeavingError(left, registered)
    return ImportResult(
        added=added,
        changed=changed,
        returned=returned,
        unchanged=taken - added - changed - returned,
        left=left,
        repeated=repeated,
        restricted=restricted,
        erased=erased,
        refused=refused.count,
        refusals=tuple(refused.first),
        too_many_leave=too_many_leave,
    )


def _drop_erased(connection: Connection, keys: ErasureKeys) -> int:
    if not keys.check(connection):
        return 0
    new = select(staged.c.external_id).outerjoin(users, _same_user).where(users.c.id.is_(None))
    found: list[str] = []
    for ids in connection.scalars(new, execution_options={"yield_per": CHUNK_ROWS}).partitions():
        found += keys.erased(connection, ids)
    for start in range(0, len(found), CHUNK_ROWS):
        chunk = found[start : start + CHUNK_ROWS]
        drop_rows(connection, staged.c.external_id.in_(chunk))
    return len(found)


def _drop_restricted(connection: Connection) -> int:
    restricted = select(users.c.external_id).where(users.c.restricted_at.is_not(None))
    return drop_rows(connection, is_good, staged.c.external_id.in_(restricted))


def _keep_corrections(connection: Connection) -> None:
    """Put each correction into rows that still have the old value. A row with a new value ends it."""
    corrected = (
        select(
            corrections.c.user_id,
            corrections.c.field,
            corrections.c.superseded_digest,
            users.c.pseudonym_key,
            case((corrections.c.field == "email", users.c.email), else_=users.c.language).label("ours"),
            case((corrections.c.field == "email", staged.c.email), else_=staged.c.language).label("theirs"),
            staged.c.line,
        )
        .join(users, users.c.id == corrections.c.user_id)
        .join(staged, _same_user)
        .where(is_good)
    )
    for row in connection.execute(corrected).all():
        if row.theirs is None or row.theirs == row.ours:
            continue
        if superseded_digest(row.pseudonym_key, row.theirs) == row.superseded_digest:
            replace_value(connection, row.line, field=row.field, value=row.ours)
        else:
            connection.execute(
                delete(corrections).where(
                    corrections.c.user_id == row.user_id, corrections.c.field == row.field
                )
            )


def _update(connection: Connection, now: datetime) -> tuple[int, int]:
    """Update known users. Returns how many came back and how many others changed."""
    back = (
        select(users.c.id, literal(UserAction.RETURNED.value), literal(now, Moment))
        .join(staged, _same_user)
        .where(is_good, users.c.left_at.is_not(None))
    )
    returned = _record(connection, back)
    if returned:
        _journal(
            connection,
            and_(_same_user, is_good, users.c.left_at.is_not(None)),
            Kind.REGISTRATION,
            RETURNED,
            now,
        )
    new = {
        name: func.coalesce(staged.c[name], users.c[name]) for name in ("email", "language", "registered_at")
    }
    same_address = users.c.email == staged.c.email
    readdressed = and_(_same_user, is_good, users.c.unreachable.is_not(None), ~same_address)
    _journal(connection, readdressed, Kind.REACHABILITY, NEW_ADDRESS, now)
    touched = connection.execute(
        update(users)
        .where(
            _same_user,
            is_good,
            or_(users.c.left_at.is_not(None), *(users.c[name].is_distinct_from(new[name]) for name in new)),
        )
        .values(
            **new,
            left_at=None,
            unreachable=case((same_address, users.c.unreachable)),
            unreachable_at=case((same_address, users.c.unreachable_at)),
        )
    ).rowcount
    return returned, touched - returned


def _insert(connection: Connection, now: datetime) -> int:
    names = ("external_id", "email", "language", "registered_at", "pseudonym_key")
    values = {
        **dict(staged.c.items()),
        "registered_at": func.coalesce(staged.c.registered_at, literal(now, Moment)),
    }
    new = (
        select(*(values[name] for name in names))
        .outerjoin(users, _same_user)
        .where(users.c.id.is_(None), is_good)
        .order_by(staged.c.line)
    )
    return _inserted(connection, insert(users).from_select(names, new))


def _remove_missing(connection: Connection, now: datetime) -> int:
    """Mark users who are not in the file as having left. Restricted entries are not touched."""
    missing = and_(
        _is_registered, users.c.restricted_at.is_(None), ~exists().where(_same_user).correlate(users)
    )
    _record(
        connection,
        select(users.c.id, literal(UserAction.LEFT.value), literal(now, Moment)).where(missing),
    )
    note(connection, connection.scalars(_external_ids().where(missing)), Kind.REGISTRATION, LEFT, at=now)
    return connection.execute(update(users).where(missing).values(left_at=now)).rowcount


def _journal(
    connection: Connection, condition: ColumnElement[bool], kind: Kind, value: str, now: datetime
) -> None:
    """Let the journal say so of the known users in the file for whom ``condition`` holds."""
    concerned = _external_ids().join(staged, _same_user).where(condition)
    note(connection, connection.scalars(concerned), kind, value, at=now)


def _external_ids() -> Select[tuple[str]]:
    return select(users.c.external_id).where(users.c.external_id.is_not(None))


def _record(connection: Connection, entries: Select[tuple[int, str, datetime]]) -> int:
    columns = ("user_id", "action", "at")
    return _inserted(connection, insert(user_records).from_select(columns, entries))


def _inserted(connection: Connection, statement: Insert) -> int:
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _count(connection: Connection, query: Select[tuple[int]]) -> int:
    return connection.scalar(select(func.count()).select_from(query.subquery())) or 0
