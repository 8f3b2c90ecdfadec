"""Mails as ``.eml`` files in a folder, to be looked at or picked up by another program.

Each file is named by its delivery and appears whole or not at all, so writing it again is harmless.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from subscribers.messages.message import to_email
from subscribers.transports import Mailing, MisconfiguredError, Recipient, UnclearRefusalError

FOR_OWNER = 0o600


class FolderTransport:
    """Writes into ``folder``, which is made when needed; only its owner can read folder and files."""

    name = "folder"
    batch_limit = 1000
    repeatable = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def prepare(self, mailing: Mailing) -> _FolderRequest:
        return _FolderRequest(self._folder, mailing)


class _FolderRequest:
    def __init__(self, folder: Path, mailing: Mailing) -> None:
        self._folder = folder
        self._mailing = mailing
        # Over what the mails are made of: a thousand whole mails would not fit in memory.
        parts = (mailing.sender, mailing.message, mailing.recipients)
        self.sha256 = hashlib.sha256(repr(parts).encode()).hexdigest()

    def send(self, *, may_write: Callable[[], bool]) -> None:  # noqa: ARG002 - a late file is the same file
        mailing = self._mailing
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for recipient in mailing.recipients:
                self._write(self._folder / f"{recipient.delivery}.eml", self._made_for(recipient))
        except OSError as error:
            raise MisconfiguredError(f"{self._folder}: cannot be written ({error.strerror})") from error

    def _made_for(self, recipient: Recipient) -> bytes:
        try:
            return to_email(
                self._mailing.message,
                sender=self._mailing.sender,
                recipient=recipient.address,
                message_id=recipient.message_id,
                sent_at=self._mailing.written_at,
            ).as_bytes()
        except Exception as error:  # one message that cannot be made must not stop the others
            raise UnclearRefusalError.not_made(error) from error

    def _write(self, file: Path, mail: bytes) -> None:
        unfinished = file.with_suffix(".part")
        with open(unfinished, "wb", opener=_for_owner) as stream:
            os.fchmod(stream.fileno(), FOR_OWNER)  # where an earlier version has left it
            stream.write(mail)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(file)


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, FOR_OWNER)
