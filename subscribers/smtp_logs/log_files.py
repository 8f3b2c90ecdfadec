"""Reads the lines of log files: the newest, and those that were rotated away, compressed or not.

A line without its end is still being written and is left for the next time. A line that is too long for a log
is cut, and bytes that are not UTF-8 are replaced.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, cast

from subscribers.errors import NotifyError

LONGEST_LINE = 16_384  # bytes; Postfix cuts at 2,000 in a syslog, Exim at 8,192
# As logrotate and savelog name them: mail.log.0, mail.log.2.gz, mail.log-20261128, mail.log-20261128.gz.
_ROTATED = re.compile(r"(?:\.\d{1,4}|[-.]\d{8}(?:[-.]?\d{1,6}|T\d{6})?)(?:\.(?:gz|bz2|xz))?")
OPENERS: dict[str, Callable[[Path], object]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)


class LogUnreadableError(NotifyError):
    """A log file cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: the mail server's log cannot be read ({reason}). Name a file that this user can read; "
            "on Debian, members of the group adm can read /var/log/mail.log"
        )
        self.path = path


def with_rotated(path: Path) -> tuple[Path, ...]:
    """The log and the files that were rotated away from it, oldest first."""
    try:
        beside = [
            other
            for other in path.parent.iterdir()
            if other.name.startswith(path.name) and _ROTATED.fullmatch(other.name, len(path.name))
        ]
        beside.sort(key=lambda other: (other.stat().st_mtime, other.name))
    except OSError as error:
        raise LogUnreadableError(path, error.strerror or str(error)) from error
    return (*beside, path)


def written_at(path: Path) -> datetime:
    """When the file was last written."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError as error:
        raise LogUnreadableError(path, error.strerror or str(error)) from error


def lines_of(path: Path) -> Iterator[str]:
    """The file's lines without their ends, decompressed if its name says so."""
    try:
        with cast(BinaryIO, OPENERS.get(path.suffix, Path.open)(path, "rb")) as file:  # type: ignore[call-arg]
            for line, _ in complete_lines(file):
                yield line
    except DAMAGED as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise LogUnreadableError(path, reason or str(error) or type(error).__name__) from error


def complete_lines(file: BinaryIO) -> Iterator[tuple[str, int]]:
    """The lines that have an end, each with the number of bytes that it takes in the file."""
    while line := file.readline(LONGEST_LINE):
        taken = len(line)
        while not line.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE)
            if not rest:
                return
            taken += len(rest)
            line = line[:LONGEST_LINE] + rest[-1:]
        yield line.rstrip(b"\r\n").decode("utf-8", "replace"), taken


def offset_of(file: BinaryIO, *, is_before: Callable[[str], bool]) -> int:
    """The position of a line in an uncompressed log, near the last of those that are before a moment.

    ``is_before`` says so of a line. Lines that are out of order move the result by as much. Only a few lines
    are read, however long the log is.
    """
    low, high = 0, file.seek(0, SEEK_END)
    while high - low > LONGEST_LINE:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline()  # the rest of the line in the middle
        begin = file.tell()
        line = file.readline(LONGEST_LINE)
        if (
            line.endswith(b"\n")
            and begin < high
            and is_before(line.rstrip(b"\r\n").decode("utf-8", "replace"))
        ):
            low = begin
        else:
            high = middle
    return low
