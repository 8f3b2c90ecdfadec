"""Follows a log from a moment on: what was written since then, and each time what was added."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import BinaryIO

from subscribers.smtp_logs.log_files import (
    LogUnreadableError,
    complete_lines,
    lines_of,
    offset_of,
    with_rotated,
    written_at,
)
from subscribers.smtp_logs.reading import LogReader, Span
from subscribers.smtp_logs.record import Record
from subscribers.smtp_logs.stamped_lines import read_stamp

CLOCKS_APART = timedelta(minutes=10)  # between this machine, the server, and the order of lines


class LogFollower:
    """Reads a log and the files that were rotated away from it, from some minutes before ``since`` on.

    ``read_on`` may be called again and again: it gives what was written since the last call, even if the log
    was rotated or emptied in the meantime.
    """

    def __init__(
        self,
        path: Path,
        *,
        since: datetime,
        wanted: Callable[[str], bool],
        zone: tzinfo | None = None,
    ) -> None:
        self._path = path
        self._since = since - CLOCKS_APART
        self._zone = zone
        self._reader = LogReader(wanted, zone=zone)
        self._files: list[_OpenLog] = []  # the newest last; the one before may still get its last lines

    @property
    def span(self) -> Span:
        """The time that was covered so far."""
        return self._reader.span

    def read_on(self) -> Iterator[Record]:
        """The records of the lines that were written since the last call. Raises LogUnreadableError."""
        if not self._files:
            yield from self._read_rotated()
            self._files.append(_OpenLog(self._path, self._first_offset))
        for file in self._files:
            yield from self._read(file)
        if self._files[-1].was_replaced():
            self._files = [self._files[-1], _OpenLog(self._path, lambda _file, _newest: 0)]
            yield from self._read(self._files[-1])

    def _read(self, file: _OpenLog) -> Iterator[Record]:
        newest = file.written_at()
        for line in file.added_lines():
            if (record := self._reader.read(line, newest=newest)) is not None:
                yield record

    def _read_rotated(self) -> Iterator[Record]:
        """Read the rotated files that were written since then, and the one before, so that no gap is left."""
        *rotated, _ = with_rotated(self._path)
        recent = [file for file in rotated if written_at(file) >= self._since]
        for file in [*rotated[: len(rotated) - len(recent)][-1:], *recent]:
            newest = written_at(file)
            for line in lines_of(file):
                if (record := self._reader.read(line, newest=newest)) is not None:
                    yield record

    def _first_offset(self, file: BinaryIO, newest: datetime) -> int:
        def is_before(line: str) -> bool:
            stamped = read_stamp(line, newest=newest, zone=self._zone)
            return stamped is not None and stamped.at < self._since

        return offset_of(file, is_before=is_before)


class _OpenLog:
    """A log that is being written, and the position up to which it was read."""

    def __init__(self, path: Path, first_offset: Callable[[BinaryIO, datetime], int]) -> None:
        self._path = path
        try:
            self._file = path.open("rb")
            self._offset = first_offset(self._file, self.written_at())
        except OSError as error:
            raise LogUnreadableError(path, error.strerror or str(error)) from error

    def written_at(self) -> datetime:
        """When it was last written."""
        return datetime.fromtimestamp(os.fstat(self._file.fileno()).st_mtime, UTC)

    def was_replaced(self) -> bool:
        """Whether there is another file with its name now."""
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._file.fileno()))
        except FileNotFoundError:
            return False  # it was renamed, and the next one is not there yet

    def added_lines(self) -> Iterator[str]:
        """The complete lines after the position, which moves on with them."""
        if os.fstat(self._file.fileno()).st_size < self._offset:
            self._offset = 0  # it was copied and emptied
        self._file.seek(self._offset)
        for line, taken in complete_lines(self._file):
            self._offset += taken
            yield line
