"""Reads the contents of files by the ids that git gives them (blobs)."""

from __future__ import annotations

import hashlib
from contextlib import suppress

from generator.errors import PartialCloneError, UnreadableRepositoryError
from generator.git.commands import Commands
from generator.git.safe_git import GitError, Process

SHA1_LENGTH = 40
SHA256_LENGTH = 64


class Blobs:
    """The blobs of one repository, and the contents of the work tree that were added to them.

    They are read through one git process, which stays open until ``close``. ``texts_read`` counts the blobs
    that were read from git so far.
    """

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._process: Process | None = None
        self._added: dict[str, bytes] = {}
        self.texts_read = 0

    def add(self, raw: bytes, *, id_length: int) -> str:
        """Make contents that are not in git readable; returns the id that git would give them."""
        blob = blob_id(raw, length=id_length)
        self._added[blob] = raw
        return blob

    def added(self, blob: str) -> bytes | None:
        """The contents that were added under this id, or None."""
        return self._added.get(blob)

    def read(self, blob: str) -> bytes:
        """The contents of a blob."""
        if blob in self._added:
            return self._added[blob]
        self._process = self._process or self._commands.start("cat-file", "--batch")
        requests, answers = self._process.stdin, self._process.stdout
        with suppress(BrokenPipeError):  # git ended because of an earlier blob; the header below is empty
            requests.write(f"{blob}\n".encode())
            requests.flush()
        header = answers.readline().split()
        if len(header) != 3:
            if self._commands.is_partial_clone():
                raise PartialCloneError(self._commands.place)
            raise UnreadableRepositoryError(
                self._commands.place, reason=f"the file {blob} is missing or damaged"
            )
        self.texts_read += 1
        raw: bytes = answers.read(int(header[2]))
        answers.read(1)
        return raw

    def close(self) -> None:
        """End the git process."""
        if self._process is not None:
            with suppress(BrokenPipeError, GitError):  # it ended earlier, and that was reported then
                self._process.stdin.close()
                self._process.wait()
            self._process = None


def blob_id(raw: bytes, *, length: int) -> str:
    """The id that git gives to these contents: SHA-1, or SHA-256 in a repository that uses it."""
    algorithm = hashlib.sha1 if length == SHA1_LENGTH else hashlib.sha256
    return algorithm(b"blob %d\0" % len(raw) + raw).hexdigest()
