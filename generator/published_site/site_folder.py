"""Which folder a build may replace: an empty one, or one that a build made.

A build replaces the whole folder, so a folder with anything else in it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from generator.errors import PolicyError
from generator.site.output import MARKER
from generator.site.urls import HISTORY


class ForeignFolderError(PolicyError):
    """The folder for the site contains something that no build made."""

    def __init__(self, folder: Path, *, what: str) -> None:
        super().__init__(f"{folder}: {what}")
        self.folder = folder


def refuse_foreign_folder(folder: Path, *, kept: Iterable[Path], closed: Iterable[Path]) -> None:
    """Raise ForeignFolderError unless a build may replace the folder.

    It may not contain the user's home, the current folder or any of the paths ``kept``, and may not be one of
    the folders ``closed`` or inside one.
    """
    another = "choose another folder with --site-dir"
    if folder.is_file():
        raise ForeignFolderError(folder, what=f"this is a file; {another}")
    for path in (*kept, Path.cwd(), *_home()):
        if path.resolve().is_relative_to(folder):
            needed = "it needs this one" if path.resolve() == folder else f"{path.resolve()} is in this one"
            what = f"a build replaces the whole folder, and {needed}; {another}"
            raise ForeignFolderError(folder, what=what)
    for path in closed:
        if folder.is_relative_to(path.resolve()):
            raise ForeignFolderError(folder, what=f"a site cannot be built into {path}; {another}")
    if not folder.exists() or (folder / MARKER).is_file():
        return
    if (folder / HISTORY).is_file():
        what = (
            f"this looks like a site, but it lacks the file {MARKER} that every build writes; "
            f"if an older policy-site built it, delete the folder or put an empty {MARKER} in it; "
            f"otherwise {another}"
        )
        raise ForeignFolderError(folder, what=what)
    if any(folder.iterdir()):
        raise ForeignFolderError(
            folder, what=f"the folder contains files that no build made; empty it, or {another}"
        )


def _home() -> list[Path]:
    try:
        return [Path.home()]
    except RuntimeError:  # the user has no home
        return []
