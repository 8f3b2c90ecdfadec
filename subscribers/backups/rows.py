"""One form for the rows of every table, whichever database they come from or go to, and a digest of a table.

An archive and a move use the same form, so a copy is right if the digests on both sides are equal. It knows
four kinds of values: whole numbers, texts, bytes and moments.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    text,
)
from sqlalchemy.types import TypeEngine

from subscribers.model import Moment

ROWS_AT_A_TIME = 1000
_MODULUS = 1 << 256
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Kind(StrEnum):
    """The kind of the values in a column."""

    INTEGER = "integer"
    TEXT = "text"
    BYTES = "bytes"
    MOMENT = "moment"


_TYPES: Mapping[Kind, type[TypeEngine[Any]]] = {
    Kind.INTEGER: Integer,
    Kind.TEXT: String,
    Kind.BYTES: LargeBinary,
    Kind.MOMENT: Moment,
}
_TO_JSON: Mapping[Kind, Callable[[Any], str]] = {
    Kind.MOMENT: datetime.isoformat,
    Kind.BYTES: lambda value: b64encode(value).decode(),
}
_FROM_JSON: Mapping[Kind, Callable[[str], datetime | bytes]] = {
    Kind.MOMENT: datetime.fromisoformat,
    Kind.BYTES: lambda value: b64decode(value, validate=True),
}
_IN_PYTHON = {Kind.INTEGER: int, Kind.TEXT: str, Kind.BYTES: str, Kind.MOMENT: str}  # as JSON holds them


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The name of a table, its columns with their kinds, and those of the primary key."""

    name: str
    columns: tuple[tuple[str, Kind], ...]
    key: tuple[str, ...]

    def table(self) -> Table:
        """A table for statements, which knows of no constraints."""
        columns = [
            Column(name, _TYPES[kind](), primary_key=name in self.key, autoincrement=False)
            for name, kind in self.columns
        ]
        return Table(self.name, MetaData(), *columns)


@dataclass(slots=True)
class Digest:
    """The number of rows and a sum of their SHA-256 digests, which is the same in every order of the rows."""

    rows: int = 0
    _sum: int = 0

    def add(self, line: str) -> None:
        """Count a row, as :class:`RowForm` writes it."""
        self.rows += 1
        self._sum += int.from_bytes(hashlib.sha256(line.encode()).digest())

    @property
    def sha256_sum(self) -> str:
        """The sum modulo 2^256, in hexadecimal digits."""
        return f"{self._sum % _MODULUS:064x}"


class RowForm:
    """Writes the rows of one table as lines of JSON, and reads them again."""

    def __init__(self, shape: Shape) -> None:
        kinds = [kind for _, kind in shape.columns]
        self.shape = shape
        self._writers = [(at, _TO_JSON[kind]) for at, kind in enumerate(kinds) if kind in _TO_JSON]
        self._readers = [(at, _FROM_JSON[kind]) for at, kind in enumerate(kinds) if kind in _FROM_JSON]
        self._types = [_IN_PYTHON[kind] for kind in kinds]

    def line(self, row: Sequence[Any]) -> str:
        """The row in its one form: a JSON array without blanks."""
        values = list(row)
        for at, write in self._writers:
            if values[at] is not None:
                values[at] = write(values[at])
        return _encode(values)

    def row(self, values: object) -> list[Any]:
        """The row of a parsed line. Raises ValueError if its values do not fit the columns."""
        if not isinstance(values, list) or len(values) != len(self._types):
            raise ValueError("a row does not fit its table")
        for value, type_ in zip(values, self._types, strict=True):
            if value is not None and type(value) is not type_:
                raise ValueError("a value does not fit its column")
        for at, read in self._readers:
            if values[at] is not None:
                values[at] = read(values[at])
        return values


def shapes(metadata: MetaData) -> tuple[Shape, ...]:
    """All tables, those first that others refer to."""
    return tuple(
        Shape(
            name=table.name,
            columns=tuple((column.name, _kind(column)) for column in table.columns),
            key=tuple(column.name for column in table.primary_key.columns),
        )
        for table in metadata.sorted_tables
    )


def read_rows(connection: Connection, shape: Shape) -> Iterator[Sequence[Any]]:
    """Every row of a table in the order of its key, a few at a time, so that memory does not grow."""
    table = shape.table()
    rows = connection.execute(
        table.select().order_by(*table.primary_key.columns),
        execution_options={"yield_per": ROWS_AT_A_TIME},
    )
    yield from rows


def digest_of(connection: Connection, shape: Shape) -> Digest:
    """The digest of a table as the database has it now."""
    form, digest = RowForm(shape), Digest()
    for row in read_rows(connection, shape):
        digest.add(form.line(row))
    return digest


def insert_rows(connection: Connection, shape: Shape, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows with their own keys."""
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name, _ in shape.columns)
    if connection.dialect.name == "postgresql":
        cursor: Any = connection.connection.cursor()
        # Single inserts take ten times as long as COPY.
        with cursor, cursor.copy(f'COPY "{shape.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(shape.columns))
        moments = [at for at, (_, kind) in enumerate(shape.columns) if kind is Kind.MOMENT]
        connection.exec_driver_sql(
            f'INSERT INTO "{shape.name}" ({names}) VALUES ({marks})',  # noqa: S608 - names of our own tables
            [_for_sqlite(row, moments) for row in rows],
        )


def is_empty(connection: Connection, shape: Shape) -> bool:
    """Whether a table has no row."""
    return connection.execute(shape.table().select().limit(1)).first() is None


def set_sequences(connection: Connection, all_shapes: Iterable[Shape]) -> None:
    """Let PostgreSQL number new rows after the ones that were inserted with their own keys."""
    if connection.dialect.name != "postgresql":
        return
    for shape in all_shapes:
        if len(shape.key) == 1 and (shape.key[0], Kind.INTEGER) in shape.columns:
            [column] = shape.key
            sequence = connection.scalar(
                text("SELECT pg_get_serial_sequence(:table, :column)"),
                {"table": shape.name, "column": column},
            )
            if sequence:
                newest = connection.scalar(text(f'SELECT max("{column}") FROM "{shape.name}"'))  # noqa: S608
                if newest is not None:
                    connection.execute(text("SELECT setval(:sequence, :newest)"), locals())


def _for_sqlite(row: Sequence[Any], moments: Sequence[int]) -> tuple[Any, ...]:
    """The row with each moment in the text that SQLAlchemy writes for :class:`~subscribers.model.Moment`."""
    values = list(row)
    for at in moments:
        if values[at] is not None:
            naive = values[at].astimezone(UTC).replace(tzinfo=None)
            values[at] = naive.isoformat(sep=" ", timespec="microseconds")
    return tuple(values)


def _kind(column: Column[Any]) -> Kind:
    if isinstance(column.type, Moment | DateTime):
        return Kind.MOMENT
    for kind, type_ in _TYPES.items():
        if isinstance(column.type, type_):
            return kind
    raise AssertionError(f"{column}: a kind of value that no archive can hold")
