"""What a text shows of other files of its repository: where it is, and what stands around it at one commit.

Pure: paths are the repository's own. Nothing outside the repository has a path here.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from generator.versions.paths import is_safe

INDEX_NAMES = frozenset(("index", "README"))


class Files(Protocol):
    """The regular files of a repository as they are at one commit, or in its work tree."""

    def blob(self, path: str) -> str | None:
        """The blob at the path; None where no regular file is."""

    def read(self, blob: str) -> bytes:
        """The bytes of a blob."""


class NoFiles:
    """There is nothing around the text."""

    def blob(self, path: str) -> None:
        """None."""

    def read(self, blob: str) -> bytes:
        """Never asked for."""
        raise KeyError(blob)


NO_FILES = NoFiles()


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """The files of these paths and blobs, and no other."""

    blobs: Mapping[str, str]
    reader: Callable[[str], bytes]

    def blob(self, path: str) -> str | None:
        """The blob at the path, if it is known."""
        return self.blobs.get(path)

    def read(self, blob: str) -> bytes:
        """The bytes of a blob."""
        return self.reader(blob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a text is: its ``path``, the documents ``folder``, and the files of the same commit."""

    path: str = ""
    folder: str = ""
    files: Files = NO_FILES


class Picture(NamedTuple):
    """A picture that a text shows: its source as written, the file that it names, and the file's blob."""

    source: str
    path: str
    blob: str


def find_pictures(
    sources: Sequence[str], around: Surroundings
) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """The pictures whose source is a file of the repository, and all paths that were asked for."""
    pictures: list[Picture] = []
    asked: list[str] = []
    for source in sources:
        for path in picture_paths(source, path=around.path, folder=around.folder):
            asked.append(path)
            if blob := around.files.blob(path):
                pictures.append(Picture(source, path, blob))
                break
    return tuple(pictures), tuple(asked)


def picture_paths(source: str, *, path: str, folder: str) -> list[str]:
    """What the source of a picture can name: a file beside the text, else one beside its page."""
    try:
        parts = urlsplit(source)
    except ValueError:
        return []
    if parts.scheme or parts.netloc or not parts.path:
        return []
    written = unquote(parts.path, errors="surrogateescape")
    if written.startswith("/"):
        bases = [folder]
    else:
        stem = posixpath.splitext(path)[0]
        page = posixpath.dirname(stem) if posixpath.basename(stem) in INDEX_NAMES else stem
        bases = [posixpath.dirname(path), page]
    found = (inside(base, written.lstrip("/")) for base in bases)
    return list(dict.fromkeys(one for one in found if one))


def inside(base: str, path: str) -> str | None:
    """A path from a folder of the repository, without dots; None where it leads out of the repository."""
    joined = posixpath.normpath(posixpath.join(base, path))
    return joined if is_safe(joined) else None
