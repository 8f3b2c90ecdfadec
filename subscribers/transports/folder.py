"""Writes emails as ``.eml`` files into a folder, for people to look at or another program to send.

Each file is named after its delivery and appears whole or not at all, so writing it again is harmless.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from subscribers.messages.message import to_email
from subscribers.transports import MisconfiguredError, OutgoingBatch, Recipient, UnclearRefusalError

FOR_OWNER = 0o600


class FolderTransport:
    """Writes into ``folder``, which is created if needed. Only its owner can read folder and files."""

    name = "folder"
    batch_limit = 1000
    repeatable = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self, batch: OutgoingBatch) -> _FolderRequest:
        return _FolderRequest(self._folder, batch)


class _FolderRequest:
    def __init__(self, folder: Path, batch: OutgoingBatch) -> None:
        self._folder = folder
        self._batch = batch
        # Over the parts of the emails: a thousand whole emails would not fit in memory.
        parts = (batch.sender, batch.message, batch.recipients)
        self.sha256 = hashlib.sha256(repr(parts).encode()).hexdigest()

    def send(self, *, may_write: Callable[[], bool]) -> None:  # noqa: ARG002 - a late file is the same file
        batch = self._batch
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for recipient in batch.recipients:
                self._write(self._folder / f"{recipient.delivery}.eml", self._made_for(recipient))
        except OSError as error:
            raise MisconfiguredError(f"{self._folder}: cannot be written ({error.strerror})") from error

    def _made_for(self, recipient: Recipient) -> bytes:
        try:
            return to_email(
                self._batch.message,
                sender=self._batch.sender,
                recipient=recipient.address,
                message_id=recipient.message_id,
                sent_at=self._batch.written_at,
            ).as_bytes()
        except Exception as error:  # one message that cannot be made must not stop the others
            raise UnclearRefusalError.not_made(error) from error

    def _write(self, file: Path, email: bytes) -> None:
        unfinished = file.with_suffix(".part")
        with open(unfinished, "wb", opener=_for_owner) as stream:
            os.fchmod(stream.fileno(), FOR_OWNER)  # an earlier version may have left other permissions
            stream.write(email)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, FOR_OWNER)
