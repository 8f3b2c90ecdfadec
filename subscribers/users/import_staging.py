"""The temporary table that the rows of an import file go to first.

So memory does not grow with the file, and SQLite's only writer waits for nothing but the last step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    select,
    text,
    update,
)

from subscribers.errors import NotifyError
from subscribers.model import Moment
from subscribers.users.accounts import new_pseudonym_key
from subscribers.users.import_file import RefusedRow
from subscribers.users.import_values import Row, is_external_id

if TYPE_CHECKING:
    from psycopg import Connection as PsycopgConnection  # not installed where SQLite is enough

CHUNK_ROWS = 5_000  # about 2 MB; at this size the cost of a statement no longer matters
REFUSALS_KEPT = 1_000  # enough to correct a file by; the count is always exact

staged = Table(
    "import_rows",
    MetaData(),
    Column("line", Integer, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("email", Text),  # None: the row was refused, but its user has not left
    Column("language", Text),
    Column("registered_at", Moment),
    Column("pseudonym_key", LargeBinary),
    prefixes=["TEMPORARY"],
)
is_good = staged.c.email.is_not(None)
_INSERT = "INSERT INTO import_rows VALUES (?, ?, ?, ?, ?, ?)"
_COPY = f"COPY {staged.name} ({', '.join(staged.c.keys())}) FROM STDIN"


class UnknownRowsError(NotifyError):
    """A row of a full synchronisation does not name its user, so the missing users are unknown."""

    def __init__(self, refusal: RefusedRow) -> None:
        super().__init__(
            f"line {refusal.line}: {refusal.reason}, so it is unknown which users are missing; nothing was "
            "imported; correct the line, or import without --replace"
        )
        self.line = refusal.line


class Refusals:
    """Counts refused rows and keeps the first of them."""

    def __init__(self, *, all_must_be_known: bool) -> None:
        self.count = 0
        self.first: list[RefusedRow] = []
        self._all_must_be_known = all_must_be_known

    def add(self, refusal: RefusedRow) -> None:
        """Count one more; refuse the whole file if it must name every user and this row does not."""
        if self._all_must_be_known and refusal.external_id is None:
            raise UnknownRowsError(refusal)
        self.count += 1
        if len(self.first) < REFUSALS_KEPT:
            self.first.append(refusal)


_StagedRow = tuple[int, str, str | None, str | None, datetime | None, bytes | None]


def stage(connection: Connection, rows: Iterable[Row | RefusedRow], refused: Refusals) -> None:
    """Create the temporary table and fill it with ``rows``."""
    staged.create(connection)
    values = _values(rows, refused)
    if connection.dialect.name == "postgresql":
        _copy(connection, values)
    else:
        _insert(connection, values)
    connection.execute(text("CREATE INDEX import_rows_by_id ON import_rows (external_id, line)"))
    connection.execute(text("ANALYZE import_rows"))


def _copy(connection: Connection, values: Iterator[_StagedRow]) -> None:
    driver = cast("PsycopgConnection", connection.connection.dbapi_connection)
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for value in values:
            copy.write_row(value)


def _insert(connection: Connection, values: Iterator[_StagedRow]) -> None:
    # By the driver itself: SQLAlchemy's insert takes twice as long.
    written = Moment().dialect_impl(connection.dialect).bind_processor(connection.dialect)
    assert written is not None
    rows = ((*value[:4], written(value[4]), value[5]) for value in values)
    while chunk := list(islice(rows, CHUNK_ROWS)):
        connection.exec_driver_sql(_INSERT, chunk)


def _values(rows: Iterable[Row | RefusedRow], refused: Refusals) -> Iterator[_StagedRow]:
    for row in rows:
        if isinstance(row, Row):
            yield (*row, new_pseudonym_key())
        else:
            refused.add(row)
            if row.external_id is not None and is_external_id(row.external_id):
                yield (row.line, row.external_id, None, None, None, None)


def drop_repeats(connection: Connection, refused: Refusals) -> int:
    """Keep the first row of each external id, and return how many rows repeat it. Refuse rows that differ."""
    first = staged.alias()
    firsts = (
        select(staged.c.external_id, func.min(staged.c.line).label("line"))
        .group_by(staged.c.external_id)
        .having(func.count() > 1)
        .subquery()
    )
    same = and_(
        *(
            staged.c[name].is_not_distinct_from(first.c[name])
            for name in ("email", "language", "registered_at")
        )
    )
    later = (
        select(staged.c.line, staged.c.external_id, first.c.line.label("first_line"), same.label("same"))
        .join(firsts, firsts.c.external_id == staged.c.external_id)
        .join(first, and_(first.c.external_id == firsts.c.external_id, first.c.line == firsts.c.line))
        .where(staged.c.line > firsts.c.line, is_good)
        .order_by(staged.c.line)
    )
    repeated = 0
    for row in connection.execute(later, execution_options={"yield_per": CHUNK_ROWS}):
        if row.same:
            repeated += 1
        else:
            reason = f"the external_id is already on line {row.first_line}, with other values"
            refused.add(RefusedRow(row.line, reason, row.external_id))
    earlier = exists().where(first.c.external_id == staged.c.external_id, first.c.line < staged.c.line)
    drop_rows(connection, earlier)
    return repeated


def drop_rows(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    """Remove the rows that fulfil all ``conditions`` from the temporary table. Returns their number."""
    return connection.execute(delete(staged).where(*conditions)).rowcount


def replace_value(connection: Connection, line: int, *, field: str, value: str | None) -> None:
    """Change one field of the row from this line."""
    connection.execute(update(staged).where(staged.c.line == line).values({field: value}))
