"""Brings the registry to what a file of users says, in one transaction or not at all.

The rows go to a temporary table first, so that memory does not grow with the file and SQLite's only
writer is kept waiting by the last step alone. The file may not undo what a person has asked for: who was
erased stays out, a restricted entry stays as it is, a correction stands until the shop says something new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, cast

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Insert,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
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
from subscribers.model import Moment, UserAction, corrections, user_records, users
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_file import Refusal
from subscribers.users.import_values import Row, is_external_id
from subscribers.users.registry import new_pseudonym_key, spread_requests, superseded_digest

if TYPE_CHECKING:
    from psycopg import Connection as PsycopgConnection  # not installed where SQLite is enough

CHUNK = 5_000  # rows: some 2 MB, and the cost of a statement no longer shows
REFUSALS_KEPT = 1_000  # enough to mend a file by; the count is always exact
FREE_REMOVALS = 10  # so many may leave a small shop at once without a question
REMOVED_SHARE = 0.05  # of those registered; more in one day is rather a broken export


class NoUsersError(NotifyError):
    """The file holds no user at all."""

    def __init__(self) -> None:
        super().__init__(
            "the file holds no users, which is rather a broken export than an empty shop; look at it"
        )


class TooManyLeavingError(NotifyError):
    """A full synchronisation would remove more people than usually leave a shop at once."""

    def __init__(self, leaving: int, registered: int) -> None:
        super().__init__(
            f"{leaving:,} of {registered:,} registered people are missing from the file and would be "
            "removed; nothing was imported; "
            f"if they have left the shop indeed, repeat with --remove-up-to {leaving}"
        )
        self.leaving = leaving
        self.registered = registered


class UnknownRowsError(NotifyError):
    """Rows of a full synchronisation do not say whom they are about, so it is not known who is missing."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(
            f"line {refusal.line} {refusal.reason}, so it does not show who is missing; "
            "mend it, or import without --replace; nothing was imported"
        )
        self.line = refusal.line


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What happened to how many; ``refusals`` are the first of the ``refused`` rows.

    ``restricted`` and ``erased`` rows were passed over, ``repeated`` ones said the same again.
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
    refusals: tuple[Refusal, ...]
    too_many_leave: bool


_staged = Table(
    "import_rows",
    MetaData(),
    Column("line", Integer, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("email", Text),  # none: the row was refused, but its person has not left
    Column("language", Text),
    Column("registered_at", Moment),
    Column("pseudonym_key", LargeBinary),
    prefixes=["TEMPORARY"],
)
_same_person = _staged.c.external_id == users.c.external_id
_is_good = _staged.c.email.is_not(None)
_is_registered = and_(users.c.left_at.is_(None), users.c.erased_at.is_(None))
_INSERT = "INSERT INTO import_rows VALUES (?, ?, ?, ?, ?, ?)"
_COPY = f"COPY {_staged.name} ({', '.join(_staged.c.keys())}) FROM STDIN"


def import_users(
    engine: Engine,
    rows: Iterable[Row | Refusal],
    *,
    keys: ErasureKeys,
    now: datetime,
    replace: bool = False,
    remove_up_to: int | None = None,
    dry_run: bool = False,
) -> ImportResult:
    """Add who is new and update who has changed; with ``replace``, whoever is missing has left the shop.

    Good rows are taken and bad ones refused. ``remove_up_to`` lets so many people leave at once. With
    ``dry_run`` all is done and taken back.
    """
    refused = _Refused(all_must_be_known=replace)
    with connected(engine) as connection:
        connection.execution_options(reading=True)  # on SQLite: the temporary table needs no write lock
        with connection.begin():
            _stage(connection, rows, refused)
            repeated = _drop_repeats(connection, refused)
            if not refused.count and not _count(connection, select(_staged.c.line)):
                raise NoUsersError
        connection.execution_options(reading=False)
        with connection.begin() as transaction:
            if engine.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE people IN SHARE ROW EXCLUSIVE MODE"))
            registered = _count(connection, select(users.c.id).where(_is_registered))
            erased = _drop_erased(connection, keys)
            restricted = _drop_restricted(connection)
            _keep_corrections(connection)
            returned, changed = _update(connection, now)
            added = _insert(connection, now)
            spread_requests(connection)
            taken = _count(connection, select(_staged.c.line).where(_is_good))
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


class _Refused:
    """Counts refusals and keeps the first."""

    def __init__(self, *, all_must_be_known: bool) -> None:
        self.count = 0
        self.first: list[Refusal] = []
        self._all_must_be_known = all_must_be_known

    def add(self, refusal: Refusal) -> None:
        if self._all_must_be_known and refusal.external_id is None:
            raise UnknownRowsError(refusal)
        self.count += 1
        if len(self.first) < REFUSALS_KEPT:
            self.first.append(refusal)


# --- the temporary table ---

_Staged = tuple[int, str, str | None, str | None, datetime | None, bytes | None]


def _stage(connection: Connection, rows: Iterable[Row | Refusal], refused: _Refused) -> None:
    _staged.create(connection)
    values = _staged_values(rows, refused)
    if connection.dialect.name == "postgresql":
        _copy(connection, values)
    else:
        _insert_staged(connection, values)
    connection.execute(text("CREATE INDEX import_rows_by_id ON import_rows (external_id, line)"))
    connection.execute(text("ANALYZE import_rows"))


def _copy(connection: Connection, values: Iterator[_Staged]) -> None:
    driver = cast("PsycopgConnection", connection.connection.dbapi_connection)
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for value in values:
            copy.write_row(value)


def _insert_staged(connection: Connection, values: Iterator[_Staged]) -> None:
    # By the driver: through SQLAlchemy's own insert this takes twice as long.
    written = Moment().dialect_impl(connection.dialect).bind_processor(connection.dialect)
    assert written is not None
    rows = ((*value[:4], written(value[4]), value[5]) for value in values)
    while chunk := list(islice(rows, CHUNK)):
        connection.exec_driver_sql(_INSERT, chunk)


def _staged_values(rows: Iterable[Row | Refusal], refused: _Refused) -> Iterator[_Staged]:
    for row in rows:
        if isinstance(row, Row):
            yield (*row, new_pseudonym_key())
        else:
            refused.add(row)
            if row.external_id is not None and is_external_id(row.external_id):
                yield (row.line, row.external_id, None, None, None, None)


def _drop_repeats(connection: Connection, refused: _Refused) -> int:
    """Of rows with one external id the first counts; those that say otherwise are refused."""
    first = _staged.alias()
    firsts = (
        select(_staged.c.external_id, func.min(_staged.c.line).label("line"))
        .group_by(_staged.c.external_id)
        .having(func.count() > 1)
        .subquery()
    )
    same = and_(
        *(
            _staged.c[name].is_not_distinct_from(first.c[name])
            for name in ("email", "language", "registered_at")
        )
    )
    later = (
        select(_staged.c.line, _staged.c.external_id, first.c.line.label("first_line"), same.label("same"))
        .join(firsts, firsts.c.external_id == _staged.c.external_id)
        .join(first, and_(first.c.external_id == firsts.c.external_id, first.c.line == firsts.c.line))
        .where(_staged.c.line > firsts.c.line, _is_good)
        .order_by(_staged.c.line)
    )
    repeated = 0
    for row in connection.execute(later, execution_options={"yield_per": CHUNK}):
        if row.same:
            repeated += 1
        else:
            reason = f"the external_id stands on line {row.first_line} already, with other values"
            refused.add(Refusal(row.line, reason, row.external_id))
    earlier = exists().where(first.c.external_id == _staged.c.external_id, first.c.line < _staged.c.line)
    connection.execute(delete(_staged).where(earlier))
    return repeated


# --- from there to the people ---


def _drop_erased(connection: Connection, keys: ErasureKeys) -> int:
    if not keys.check(connection):
        return 0
    new = select(_staged.c.external_id).outerjoin(users, _same_person).where(users.c.id.is_(None))
    found: list[str] = []
    for ids in connection.scalars(new, execution_options={"yield_per": CHUNK}).partitions():
        found += keys.erased(connection, ids)
    for start in range(0, len(found), CHUNK):
        chunk = found[start : start + CHUNK]
        connection.execute(delete(_staged).where(_staged.c.external_id.in_(chunk)))
    return len(found)


def _drop_restricted(connection: Connection) -> int:
    restricted = select(users.c.external_id).where(users.c.restricted_at.is_not(None))
    return connection.execute(delete(_staged).where(_is_good, _staged.c.external_id.in_(restricted))).rowcount


def _keep_corrections(connection: Connection) -> None:
    """Put what a person corrected into the rows that still say the old; what says something new ends it."""
    corrected = (
        select(
            corrections.c.user_id,
            corrections.c.field,
            corrections.c.superseded_digest,
            users.c.pseudonym_key,
            case((corrections.c.field == "email", users.c.email), else_=users.c.language).label("ours"),
            case((corrections.c.field == "email", _staged.c.email), else_=_staged.c.language).label("theirs"),
            _staged.c.line,
        )
        .join(users, users.c.id == corrections.c.user_id)
        .join(_staged, _same_person)
        .where(_is_good)
    )
    for row in connection.execute(corrected).all():
        if row.theirs is None or row.theirs == row.ours:
            continue
        if superseded_digest(row.pseudonym_key, row.theirs) == row.superseded_digest:
            connection.execute(
                update(_staged).where(_staged.c.line == row.line).values({row.field: row.ours})
            )
        else:
            connection.execute(
                delete(corrections).where(
                    corrections.c.user_id == row.user_id, corrections.c.field == row.field
                )
            )


def _update(connection: Connection, now: datetime) -> tuple[int, int]:
    """How many came back, and of how many others something changed."""
    back = (
        select(users.c.id, literal(UserAction.RETURNED.value), literal(now, Moment))
        .join(_staged, _same_person)
        .where(_is_good, users.c.left_at.is_not(None))
    )
    returned = _record(connection, back)
    new = {
        name: func.coalesce(_staged.c[name], users.c[name]) for name in ("email", "language", "registered_at")
    }
    same_address = users.c.email == _staged.c.email
    touched = connection.execute(
        update(users)
        .where(
            _same_person,
            _is_good,
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
        **dict(_staged.c.items()),
        "registered_at": func.coalesce(_staged.c.registered_at, literal(now, Moment)),
    }
    new = (
        select(*(values[name] for name in names))
        .outerjoin(users, _same_person)
        .where(users.c.id.is_(None), _is_good)
        .order_by(_staged.c.line)
    )
    return _inserted(connection, insert(users).from_select(names, new))


def _remove_missing(connection: Connection, now: datetime) -> int:
    """Mark who is not in the file as having left; a restricted entry is not touched."""
    missing = and_(
        _is_registered, users.c.restricted_at.is_(None), ~exists().where(_same_person).correlate(users)
    )
    _record(
        connection,
        select(users.c.id, literal(UserAction.LEFT.value), literal(now, Moment)).where(missing),
    )
    return connection.execute(update(users).where(missing).values(left_at=now)).rowcount


def _record(connection: Connection, entries: Select[tuple[int, str, datetime]]) -> int:
    columns = ("user_id", "action", "at")
    return _inserted(connection, insert(user_records).from_select(columns, entries))


def _inserted(connection: Connection, statement: Insert) -> int:
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def _count(connection: Connection, query: Select[tuple[int]]) -> int:
    return connection.scalar(select(func.count()).select_from(query.subquery())) or 0
