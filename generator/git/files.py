"""The regular files of a repository at one commit or in its work tree, looked up by path.

Paths are relative to the repository's root. Symbolic links, submodules and folders are not files here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


class Files(Protocol):
    """The regular files of a repository as they are at one commit, or in its work tree."""

    def blob(self, path: str) -> str | None:
        """Return the blob of the regular file at the path, or None if there is none."""

    def read(self, blob: str) -> bytes:
        """Return the bytes of a blob."""


class NoFiles:
    """Files of a text that has none around it."""

    def blob(self, path: str) -> None:
        """Return None: there is no file."""

    def read(self, blob: str) -> bytes:
        """Raise KeyError: there is no file to read."""
        raise KeyError(blob)


NO_FILES = NoFiles()


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """The files whose paths and blobs are given in ``blobs``, and no others."""

    blobs: Mapping[str, str]
    reader: Callable[[str], bytes]

    def blob(self, path: str) -> str | None:
        """Return the blob at the path, or None if it is not one of the given paths."""
        return self.blobs.get(path)

    def read(self, blob: str) -> bytes:
        """Return the bytes of a blob."""
        return self.reader(blob)
