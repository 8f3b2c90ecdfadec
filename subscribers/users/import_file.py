"""Reads a file of users row by row, CSV or JSON Lines, once and without holding it in memory.

A row that cannot be used becomes a :class:`RefusedRow`. A file that cannot be read at all raises
:class:`ImportFileError`. Nothing here knows the database.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from subscribers.users.import_dates import DateFormat
from subscribers.users.import_lines import ImportFileError, Lines
from subscribers.users.import_values import Row, read_row, without_guard

FIELDS = ("external_id", "email", "language", "registered_at")
REQUIRED = ("external_id", "email")
LONGEST_FIELD = 131_072  # characters; the csv module's own limit, at which an unclosed quote is noticed
MOST_NAMES = 20  # of columns, in messages about a file
# Excel's own first line, which names the character between fields.
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE | re.DOTALL)
CLOCK_SKEW = timedelta(days=1)  # a shop's clock and time zone may be this far ahead of ours


class RefusedRow(NamedTuple):
    """A row that was refused. ``reason`` does not quote the email address or other data of the user."""

    line: int
    reason: str
    external_id: str | None


class ImportFile:
    """The rows of one file.

    ``columns``: the file's own column name for each field that has another one.
    ``language``: for rows that name none.
    ``now``: no user can have registered later, apart from small differences between clocks.
    ``delimiter``: the character between fields of CSV; None means the one that splits the header best.
    ``date_format``: how ``registered_at`` is written, if not as ISO 8601.
    """

    def __init__(
        self,
        path: Path,
        *,
        columns: Mapping[str, str] | None = None,
        language: str | None,
        now: datetime,
        delimiter: str | None = None,
        date_format: DateFormat | None = None,
    ) -> None:
        self.path = path
        self.ignored: tuple[str, ...] = ()
        self._columns = {field: (columns or {}).get(field, field) for field in FIELDS}
        self._language = language
        self._delimiter = delimiter
        self._date_format = date_format
        self._latest = now + CLOCK_SKEW
        self._lines: Lines | None = None

    @property
    def consumed_bytes(self) -> int:
        """The number of bytes read so far."""
        return self._lines.consumed_bytes if self._lines else 0

    def __iter__(self) -> Iterator[Row | RefusedRow]:
        """Good and refused rows in the file's order. ``ignored`` and ``consumed_bytes`` grow meanwhile."""
        try:
            with self.path.open("rb") as file:
                self._lines = Lines(self.path, file)
                lines = iter(self._lines)
                blank_lines, first = 0, next(lines, None)
                while first is not None and not first.strip():
                    blank_lines, first = blank_lines + 1, next(lines, None)
                if first is None:
                    raise ImportFileError(
                        self.path, "is empty; write a header line, then a row for each user"
                    )
                if first.lstrip().startswith("["):
                    raise ImportFileError(
                        self.path, "is a JSON array; write one object on each line (jq -c '.[]')", line=1
                    )
                read = self._json_rows if first.lstrip().startswith("{") else self._csv_rows
                yield from read(chain([first], lines), blank_lines)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ImportFileError(
                self.path, f"cannot be read ({reason}); name a file that can be read"
            ) from error

    # --- CSV ---

    def _csv_rows(self, lines: Iterator[str], lines_before: int) -> Iterator[Row | RefusedRow]:
        header_line, delimiter = next(lines), self._delimiter
        if named := SEPARATOR_LINE.fullmatch(header_line):
            delimiter = delimiter or named[1]
            header_line, lines_before = next(lines, ""), lines_before + 1
        delimiter = delimiter or self._best_delimiter(header_line)
        reader = csv.reader(chain([header_line], lines), delimiter=delimiter, strict=True)
        header = [without_guard(name).strip() for name in self._csv_header(reader)]
        indexes = self._indexes(header)
        wanted = set(indexes.values())
        others = [name for index, name in enumerate(header) if index not in wanted]
        self.ignored = tuple(_shown(name) for name in others[:MOST_NAMES])
        external_id, email, language, registered_at = (indexes.get(field) for field in FIELDS)
        assert external_id is not None
        assert email is not None
        while True:
            line = lines_before + reader.line_num + 1
            try:
                row = next(reader, None)
            except csv.Error as error:
                yield self._broken_row(error, first=line, last=lines_before + reader.line_num)
                continue
            if row is None:
                return
            if not row:
                continue
            if len(row) != len(header):
                yield RefusedRow(
                    line, f"number of fields: {len(row)} in the row, {len(header)} in the header", None
                )
                continue
            yield self._row(
                line,
                without_guard(row[external_id]),
                without_guard(row[email]),
                None if language is None else without_guard(row[language]),
                None if registered_at is None else without_guard(row[registered_at]),
            )

    def _best_delimiter(self, header: str) -> str:
        """Comma, semicolon or tab: the one that splits the header into the most columns."""
        try:
            return max(",;\t", key=lambda sign: len(next(csv.reader([header], delimiter=sign))))
        except csv.Error as error:
            raise ImportFileError(self.path, f"the header is not CSV ({error})", line=1) from error

    def _csv_header(self, reader: Iterator[list[str]]) -> list[str]:
        try:
            return next(reader, [])
        except csv.Error as error:
            raise ImportFileError(self.path, f"the header is not CSV ({error})", line=1) from error

    def _indexes(self, header: Sequence[str]) -> dict[str, int]:
        """The position of each field in a row. An error names all missing and ambiguous columns at once."""
        problems = []
        indexes = {}
        for field, column in self._columns.items():
            found = header.count(column)
            if found == 1:
                indexes[field] = header.index(column)
            elif found > 1:
                problems.append(f"has {found} columns named {column}: keep one of them")
            elif field in REQUIRED or column != field:
                problems.append(f"has no column {column}: name it with --columns {field}=…")
        if problems:
            names = ", ".join(_shown(name) for name in header[:MOST_NAMES])
            if len(header) == 1:
                problems.append("has one column: name the character between columns, such as --delimiter ';'")
            raise ImportFileError(self.path, f"{'; '.join(problems)} (it has: {names})", line=1)
        return indexes

    def _broken_row(self, error: csv.Error, *, first: int, last: int) -> RefusedRow:
        if "field limit" in str(error):
            raise ImportFileError(
                self.path,
                f"a quoted field is longer than {LONGEST_FIELD:,} characters; a quote is probably not closed",
                line=first,
            ) from error
        extent = f"lines {first} to {last} are not a CSV row" if last > first else "is not a CSV row"
        return RefusedRow(first, f"{extent} ({error})", None)

    # --- JSON Lines ---

    def _json_rows(self, lines: Iterator[str], lines_before: int) -> Iterator[Row | RefusedRow]:
        wanted = set(self._columns.values())
        ignored: dict[str, str] = {}
        for line, text in enumerate(lines, start=lines_before + 1):
            if not text.strip():
                continue
            external_id = None
            try:
                user = _json_object(text)
                external_id = _json_text(user, self._columns["external_id"], numbers=True) or ""
                email = _json_text(user, self._columns["email"]) or ""
                language = _json_text(user, self._columns["language"])
                registered_at = _json_text(user, self._columns["registered_at"], numbers=True)
            except ValueError as error:
                yield RefusedRow(line, str(error), external_id or None)
                continue
            new = [name for name in user if name not in wanted and name not in ignored]
            if new and len(ignored) < MOST_NAMES:
                ignored.update((name, _shown(name)) for name in new)
                self.ignored = tuple(ignored.values())
            yield self._row(line, external_id, email, language, registered_at)

    def _row(
        self, line: int, external_id: str, email: str, language: str | None, registered_at: str | None
    ) -> Row | RefusedRow:
        try:
            return read_row(
                line,
                external_id,
                email,
                language or self._language,
                registered_at,
                latest=self._latest,
                date_format=self._date_format,
            )
        except ValueError as error:
            return RefusedRow(line, str(error), external_id.strip() or None)


def read_columns(text: str) -> dict[str, str]:
    """The file's column name for each field, from text such as ``external_id=ID,email=user_email``."""
    columns: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        field, _, column = (side.strip() for side in part.partition("="))
        if field not in FIELDS or not column:
            raise ValueError(f"{part.strip()!r} is not FIELD=NAME, where FIELD is one of {', '.join(FIELDS)}")
        if field in columns:
            raise ValueError(f"{field} is named twice")
        columns[field] = column
    return columns


def _shown(name: str) -> str:
    """A column's name, shortened and without characters that would control a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in name[:60])


def _json_object(line: str) -> dict[str, object]:
    try:
        value = json.loads(line, object_pairs_hook=_without_repeats)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"is not a JSON object on one line{where}") from error
    if not isinstance(value, dict):
        raise ValueError("is not a JSON object")
    return value


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("has the same key twice")
    return value


def _json_text(user: Mapping[str, object], key: str, *, numbers: bool = False) -> str | None:
    value = user.get(key)
    if value is None or isinstance(value, str):
        return value
    if numbers and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{key} is {_JSON_KINDS.get(type(value), 'a number')}; write text in quotation marks")


_JSON_KINDS: Mapping[type, str] = {dict: "an object", list: "a list", bool: "true or false"}


DELIMITERS = {"tab": "\t", "\\t": "\t"}


def read_delimiter(text: str) -> str:
    """The character between fields, from ``;`` or ``tab``."""
    sign = DELIMITERS.get(text.lower(), text)
    if len(sign) != 1 or sign in '"\r\n' or sign.isalnum():
        raise ValueError("write the one character between fields, such as ';' or tab")
    return sign
