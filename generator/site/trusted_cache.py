"""Opens the cache of a site, unless it is committed: nobody can check what was rendered elsewhere."""

from __future__ import annotations

from pathlib import Path

from generator.cache import Cache
from generator.git.committed_folder import is_committed


def open_cache(folder: Path) -> tuple[Cache, str | None]:
    """The cache of a site. If it is committed, an empty cache that is not saved, and a warning."""
    if is_committed(folder, beside=folder.parents[1]):
        return Cache(None), (
            f"{folder}: is in git, so this cache is not used: it could hold any page; "
            f"take it out (git rm -r --force {folder}) and ignore it (.gitignore)"
        )
    return Cache(folder), None
