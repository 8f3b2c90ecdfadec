"""Which paths in a repository can be paths of files on every system. Git stores any name without ``/``.

A commit can be made by hand. A name that begins with a slash would be written outside the site, ``.git`` into
a repository, and a backslash would lead elsewhere on Windows. Paths that git's own checkout refuses are left
out here.
"""

from __future__ import annotations

import re
import unicodedata

IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""Characters that a disk of a Mac ignores in a name (git's utf8.c, next_hfs_char)."""
GIT_ON_NTFS = re.compile(r"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE)
"""Names that Windows takes for ``.git`` (git's path.c, is_ntfs_dotgit)."""


def is_safe(path: str) -> bool:
    """Whether the path leads to a file below the folder from which it counts, on any system."""
    return "\\" not in path and "\0" not in path and all(map(_is_name, path.split("/")))


def _is_name(part: str) -> bool:
    seen = IGNORED_BY_HFS.sub("", unicodedata.normalize("NFC", part))
    return part not in {"", ".", ".."} and seen not in {"", ".", ".."} and not GIT_ON_NTFS.fullmatch(seen)
