"""A mailbox in the format Maildir, as Postfix, Exim and Dovecot write it.

A message is a file in ``new``, or in ``cur`` with its flags in its name (https://cr.yp.to/proto/maildir.html).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from subscribers.bounces.intake import LONGEST_MESSAGE
from subscribers.bounces.mailbox import MailboxError

HEADER_BYTES = 2**16  # enough for the fields that name the recipient
FLAGS = ":2,"
SEEN = "S"

_T = TypeVar("_T")


class Maildir:
    """The messages in one Maildir; other programs may use it at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("new", "cur"):
            if not (folder / name).is_dir():
                raise MailboxError(
                    f"{folder}: is no Maildir, since it has no folder {name}; name another folder"
                )

    def unread(self) -> Iterator[tuple[str, bytes]]:
        """The messages without the flag S, oldest first as far as their names say."""
        for file in self._files():
            if SEEN not in _flags(file):
                yield from self._read(file, LONGEST_MESSAGE)

    def remove(self, key: str) -> None:
        """Remove the file."""
        with suppress(FileNotFoundError):
            self._do(Path(key), Path.unlink)

    def mark_as_read(self, key: str) -> None:
        """Give the file the flag S."""
        file = Path(key)
        flags = "".join(sorted({*_flags(file), SEEN}))
        target = self._folder / "cur" / f"{file.name.partition(FLAGS)[0]}{FLAGS}{flags}"
        with suppress(FileNotFoundError):
            self._do(file, lambda source: source.rename(target))

    def remove_old(self, *, before: datetime, is_ours: Callable[[bytes], bool]) -> int:
        """Remove read messages whose file was written before then."""
        removed = 0
        for file in self._files():
            with suppress(FileNotFoundError):
                written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                if SEEN not in _flags(file) or written_at >= before:
                    continue
                if any(is_ours(_header(raw)) for _, raw in self._read(file, HEADER_BYTES)):
                    self.remove(str(file))
                    removed += 1
        return removed

    def _files(self) -> list[Path]:
        try:
            entries = [file for name in ("new", "cur") for file in (self._folder / name).iterdir()]
        except OSError as error:
            raise MailboxError(
                f"{self._folder}: cannot be listed ({error.strerror}); let this user read it"
            ) from error
        return sorted((file for file in entries if _is_message(file)), key=lambda file: file.name)

    def _read(self, file: Path, size: int) -> Iterator[tuple[str, bytes]]:
        """The beginning of a message; nothing if another program has taken it in the meantime."""
        with suppress(FileNotFoundError):

            def read(source: Path) -> bytes:
                with source.open("rb") as stream:
                    return stream.read(size)

            yield str(file), self._do(file, read)

    def _do(self, file: Path, what: Callable[[Path], _T]) -> _T:
        try:
            return what(file)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise MailboxError(
                f"{file}: {error.strerror}; let this user read and write the Maildir, then run this again"
            ) from error


def _is_message(file: Path) -> bool:
    return not file.name.startswith(".") and file.is_file() and not file.is_symlink()


def _flags(file: Path) -> str:
    return file.name.partition(FLAGS)[2] if file.parent.name == "cur" else ""


def _header(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
