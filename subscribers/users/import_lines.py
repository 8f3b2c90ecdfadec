"""Splits a file of users into lines with any kind of line end. Refuses bytes that are not UTF-8 text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from subscribers.errors import NotifyError

LONGEST_LINE = 1_000_000  # bytes; a line of a WooCommerce export with all columns has about 2,000
CHUNK_BYTES = 65_536


class ImportFileError(NotifyError):
    """The file cannot be read as a list of users. Nothing was imported."""

    def __init__(self, path: Path, problem: str, *, line: int | None = None) -> None:
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {problem}; nothing was imported")
        self.path = path
        self.line = line


class Lines:
    """The lines of a file with their line ends, read once. ``consumed_bytes`` grows meanwhile."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.consumed_bytes = 0
        self._path = path
        self._file = file

    def __iter__(self) -> Iterator[str]:
        for number, raw in enumerate(self._raw(), start=1):
            self.consumed_bytes += len(raw)
            if number == 1 and raw.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise ImportFileError(self._path, "is UTF-16; save it as UTF-8", line=1)
            if len(raw) > LONGEST_LINE:
                problem = f"the line is longer than {LONGEST_LINE:,} bytes; split it"
                raise ImportFileError(self._path, problem, line=number)
            if b"\0" in raw:
                problem = "holds a NUL byte; export it as plain text"
                raise ImportFileError(self._path, problem, line=number)
            try:
                yield (raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw).decode("utf-8")
            except UnicodeDecodeError as error:
                problem = f"is not UTF-8 at byte {error.start + 1}; save the file as UTF-8"
                raise ImportFileError(self._path, problem, line=number) from error

    def _raw(self) -> Iterator[bytes]:
        first = self._file.readline(LONGEST_LINE + 1)
        if b"\r" not in first.removesuffix(b"\n").removesuffix(b"\r"):
            yield from _from(first, self._file)
        elif first.endswith(b"\n"):
            problem = "some lines end with CR, others with LF; save the file with one kind of line end"
            raise ImportFileError(self._path, problem, line=1)
        else:
            yield from _ending_with_cr(first, self._file)


def _from(first: bytes, file: BinaryIO) -> Iterator[bytes]:
    while first:
        yield first
        first = file.readline(LONGEST_LINE + 1)


def _ending_with_cr(rest: bytes, file: BinaryIO) -> Iterator[bytes]:
    """Lines that end with CR, as Excel for Mac writes them."""
    chunk = rest
    while chunk:
        *whole, rest = rest.split(b"\r")
        yield from (line + b"\r" for line in whole)
        if len(rest) > LONGEST_LINE:
            break
        chunk = file.read(CHUNK_BYTES)
        rest += chunk
    if rest:
        yield rest
