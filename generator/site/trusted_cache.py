"""The cache of a site, unless it came with the repository: what was rendered elsewhere is not believed."""

from __future__ import annotations

from pathlib import Path

from generator.cache import Cache
from generator.git.committed_folder import is_committed


def open_cache(folder: Path) -> tuple[Cache, str | None]:
    """The cache in ``.cache/policysite`` of a site, or an empty one that is kept nowhere, with the reason."""
    if is_committed(folder, beside=folder.parents[1]):
        return Cache(None), (
            f"{folder}: is in git, so this cache is not used: it could hold any page; "
            f"take it out (git rm -r --force {folder}) and ignore it (.gitignore)"
        )
    return Cache(folder), None
