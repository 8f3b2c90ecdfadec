"""The content of an archive: a head, every table with its rows, and an end, in lines of JSON, with gzip.

``age --decrypt -i KEY FILE | gunzip`` shows it without this program. The lines are

1. the head: the schema, whose database it is, when it was made and when it expires
2. for each table a line with its name and columns, a line for each row, and a line with the count and digest
3. the end, with the number of all rows

The reader gets the content in pieces, as the decryption hands them out, and hands rows to a :class:`Taker`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from subscribers.backups.rows import ROWS_AT_A_TIME, Digest, Kind, RowForm, Shape, read_rows

FORMAT = "policysite backup"
VERSION = 1
PIECE_BYTES = 1 << 16
NAME = re.compile(
    r"(?!alembic|procrastinate|sqlite|pg_)[a-z][a-z0-9_]{0,62}"
)  # of our own tables and columns
GZIP = 31  # zlib's number for a gzip stream with the largest window
FAST = 1  # the digests and keys hardly compress, and the messages do at any level


class ArchiveError(Exception):
    """The content is not that of an archive; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line of an archive.

    ``identity`` is that of the database, ``counter`` the number of its newest attempt and ``chain_head`` the
    head of its chain. ``archive_id`` is random: the journal knows the backup by it.
    """

    archive_id: str
    identity: str
    counter: int
    chain_head: str
    schema: str
    made_at: datetime
    expires_at: datetime
    made_with: str


class Taker(Protocol):
    """Takes what an archive holds, in its order."""

    def head(self, head: Head, shapes: Sequence[Shape]) -> None:
        """The head, before anything else, with the tables that will follow."""

    def rows(self, shape: Shape, rows: Sequence[Sequence[Any]]) -> None:
        """Some rows of a table."""

    def end_of_table(self, shape: Shape, digest: Digest) -> None:
        """All rows of a table were handed over, and their digest is right."""


def write_archive(connection: Connection, head: Head, shapes: Sequence[Shape]) -> Iterator[bytes]:
    """The content of an archive of everything that ``connection`` sees, in pieces."""
    squeezer = zlib.compressobj(FAST, zlib.DEFLATED, GZIP)
    for line in _lines(connection, head, shapes):
        if piece := squeezer.compress(line.encode() + b"\n"):
            yield piece
    yield squeezer.flush()


def _lines(connection: Connection, head: Head, shapes: Sequence[Shape]) -> Iterator[str]:
    tables = [{"table": shape.name, "columns": shape.columns, "key": shape.key} for shape in shapes]
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(head).items()
    }
    yield json.dumps({"format": FORMAT, "version": VERSION, **values, "tables": tables})
    total = 0
    for shape in shapes:
        yield json.dumps({"table": shape.name})
        form, digest = RowForm(shape), Digest()
        for row in read_rows(connection, shape):
            line = form.line(row)
            digest.add(line)
            yield line
        yield json.dumps({"rows": digest.rows, "sha256_sum": digest.sha256_sum})
        total += digest.rows
    yield json.dumps({"end": True, "rows": total})


@dataclass(slots=True)
class _Table:
    """The table whose rows are being read."""

    form: RowForm
    digest: Digest = field(default_factory=Digest)
    waiting: list[Sequence[Any]] = field(default_factory=list)


class ArchiveReader:
    """Reads the content of an archive in pieces of any length. Raises ArchiveError if it is wrong."""

    def __init__(self, taker: Taker) -> None:
        self._taker = taker
        self._gzip = zlib.decompressobj(GZIP)
        self._line = bytearray()
        self._to_come: list[Shape] | None = None  # none before the head
        self._table: _Table | None = None
        self._rows = 0
        self._ended = False

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the content."""
        while piece:
            try:
                content = self._gzip.decompress(piece, PIECE_BYTES)
            except zlib.error as error:
                raise ArchiveError("it is not compressed as a backup is") from error
            self._take_lines(content)
            if self._gzip.eof and self._gzip.unused_data:
                raise ArchiveError("something follows its end")
            piece = self._gzip.unconsumed_tail

    def close(self) -> None:
        """Note that nothing more will follow. Raises ArchiveError if something is missing."""
        self._take_lines(self._gzip.flush())
        if not self._ended or not self._gzip.eof or self._line:
            raise ArchiveError("its end is missing")

    def _take_lines(self, content: bytes) -> None:
        *lines, rest = content.split(b"\n")
        for line in lines:
            self._line += line
            complete, self._line = bytes(self._line), bytearray()
            try:
                self._take_line(complete)
            except (ValueError, KeyError, TypeError) as error:  # UnicodeDecodeError is a ValueError too
                raise ArchiveError(f"a line of it makes no sense: {error}") from error
        self._line += rest

    def _take_line(self, encoded: bytes) -> None:
        line = encoded.decode()
        value = json.loads(line)
        if self._ended:
            raise ArchiveError("something follows its end")
        if self._to_come is None:
            self._take_head(value)
        elif self._table is None:
            self._begin_table(value)
        elif isinstance(value, list):
            self._take_row(self._table, line, value)
        else:
            self._end_table(self._table, value)

    def _take_head(self, value: dict[str, Any]) -> None:
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise ArchiveError("it is not a backup of policy-notify")
        if value["version"] != VERSION:
            raise ArchiveError("it was made by a newer version; upgrade policysite")
        head = Head(
            **{
                name: value[name]
                for name in Head.__dataclass_fields__
                if name not in {"made_at", "expires_at"}
            },
            made_at=datetime.fromisoformat(value["made_at"]),
            expires_at=datetime.fromisoformat(value["expires_at"]),
        )
        self._to_come = [
            Shape(
                name=table["table"],
                columns=tuple((name, Kind(kind)) for name, kind in table["columns"]),
                key=tuple(table["key"]),
            )
            for table in value["tables"]
        ]
        for shape in self._to_come:
            _check_names(shape)
        self._taker.head(head, tuple(self._to_come))

    def _begin_table(self, value: dict[str, Any]) -> None:
        assert self._to_come is not None
        if self._to_come:
            shape = self._to_come.pop(0)
            if value["table"] != shape.name:
                raise ArchiveError(f"the table {shape.name} is missing")
            self._table = _Table(RowForm(shape))
            return
        if value.get("end") is not True or value["rows"] != self._rows:
            raise ArchiveError("the number of its rows is wrong")
        self._ended = True

    def _take_row(self, table: _Table, line: str, value: list[Any]) -> None:
        table.digest.add(line)
        table.waiting.append(table.form.row(value))
        if len(table.waiting) == ROWS_AT_A_TIME:
            self._hand_over(table)

    def _hand_over(self, table: _Table) -> None:
        if table.waiting:
            self._taker.rows(table.form.shape, table.waiting)
            table.waiting = []

    def _end_table(self, table: _Table, value: dict[str, Any]) -> None:
        shape = table.form.shape
        if (value["rows"], value["sha256_sum"]) != (table.digest.rows, table.digest.sha256_sum):
            raise ArchiveError(f"the rows of the table {shape.name} do not fit their digest")
        self._hand_over(table)
        self._taker.end_of_table(shape, table.digest)
        self._rows += table.digest.rows
        self._table = None


def _check_names(shape: Shape) -> None:
    """Refuse names that could be more than names: anybody with the public key can make a file that opens."""
    names = [shape.name, *(name for name, _ in shape.columns), *shape.key]
    if not shape.key or not all(NAME.fullmatch(name) for name in names):
        raise ArchiveError("it names a table that no backup has")
