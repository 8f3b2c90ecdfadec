"""Which paths of a repository's trees may be paths of files: git itself stores any bytes but ``/`` as a name.

A tree can be made by hand: a name that begins with a slash would write outside the site, ``.git`` into a
repository, a backslash would lead elsewhere on Windows. What git's own checkout refuses is left out here.
"""

from __future__ import annotations

import re
import unicodedata

IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
"""What a disk of a Mac does not see in a name (git's utf8.c, next_hfs_char)."""
GIT_ON_NTFS = re.compile(r"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE)
"""What Windows takes for ``.git`` (git's path.c, is_ntfs_dotgit)."""


def is_safe(path: str) -> bool:
    """Whether the path leads to a file below the folder from which it counts, on any system."""
    return "\\" not in path and "\0" not in path and all(map(_is_name, path.split("/")))


def _is_name(part: str) -> bool:
    seen = IGNORED_BY_HFS.sub("", unicodedata.normalize("NFC", part))
    return part not in {"", ".", ".."} and seen not in {"", ".", ".."} and not GIT_ON_NTFS.fullmatch(seen)
