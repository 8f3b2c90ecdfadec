"""Whether a folder on disk is part of a repository, so that somebody else may have written its files."""

from __future__ import annotations

from pathlib import Path

from generator.errors import NoRepositoryError, UnreadableRepositoryError
from generator.git.commands import Commands
from generator.git.safe_git import locate
from generator.git.steps import path_text


def is_committed(folder: Path, *, beside: Path) -> bool:
    """Whether git's index holds a file in the folder, or a link or a submodule on the way to it.

    ``beside`` is a folder above it. The way from there may lead over a link into another repository, so both
    that repository and the one around ``beside`` are asked.
    """
    real = folder.resolve()
    nearest = next(above for above in (real, *real.parents) if above.is_dir())
    return _is_in_index(beside.resolve() / folder.relative_to(beside), beside) or _is_in_index(real, nearest)


def _is_in_index(folder: Path, start: Path) -> bool:
    try:
        located = locate(start, named=False)
    except (NoRepositoryError, UnreadableRepositoryError):
        return False
    if located.work_tree is None or not folder.is_relative_to(located.work_tree):
        return False
    inside = folder.relative_to(located.work_tree).as_posix()
    first = inside.split("/")[0]
    listed = Commands(located, place=start).run("ls-files", "-z", "--", f":(top,icase,literal){first}")
    names = [path_text(name).casefold() for name in listed.split(b"\0")[:-1]]
    wanted = f"{inside.casefold()}/"
    return any(f"{name}/".startswith(wanted) or wanted.startswith(f"{name}/") for name in names)
