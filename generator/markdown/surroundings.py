"""Where a text is in its repository, and which files around it its pictures name.

Pure: all paths are paths of the repository, so nothing outside it can be named.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from generator.git.files import NO_FILES, Files
from generator.git.paths import is_safe

INDEX_NAMES = frozenset(("index", "README"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The ``path`` of a text, its documents ``folder``, and the files of the same commit."""

    path: str = ""
    folder: str = ""
    files: Files = NO_FILES


class Picture(NamedTuple):
    """A picture that a text shows: its source as written, the path of the file, and the file's blob."""

    source: str
    path: str
    blob: str


def find_pictures(
    sources: Sequence[str], around: Surroundings
) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """The pictures that are files of the repository, and all paths that were tried."""
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
    """The paths that the source of a picture can name: beside the text, or else beside its page."""
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
    """The path, counted from a folder, as a path of the repository. None if it leads out of it."""
    joined = posixpath.normpath(posixpath.join(base, path))
    return joined if is_safe(joined) else None
