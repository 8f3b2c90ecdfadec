"""The steps of a mainline: which files each commit changed, parsed from the output of ``git log``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

UNCOMMITTED = "0" * 40
"""Stands for a commit's name in the step that holds the changes of the work tree."""

REGULAR_MODES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """The change that one step made to the file at one path.

    A blob is None on a side where the path holds no regular file: nothing, a link or a submodule. ``retyped``
    means that the path held something on both sides, but of different kinds. Paths are relative to the
    repository's root; a byte in them that is not UTF-8 is kept as a lone surrogate (PEP 383).
    """

    old_path: str
    new_path: str
    old_blob: str | None
    new_blob: str | None
    retyped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One commit of the mainline, compared with its first parent.

    ``committed_at`` is in seconds since 1970, UTC. It is negative before 1970, and 0 if the commit has no
    date. ``folder`` is the documents folder at this commit. If the step renamed that folder, ``moved_from``
    is its former path.
    """

    commit: str
    committed_at: int
    changes: tuple[FileChange, ...]
    folder: str = ""
    moved_from: str | None = None


def parse_log(log: bytes) -> list[Step]:
    """The steps in the output of ``git log -z --raw --format='%H %ct'``, in the order of the output.

    For each commit, git prints a header and then, for each file, a line with its modes, blobs and the kind
    of change, followed by one path, or by two after a rename.
    """
    commits: list[tuple[str, list[FileChange]]] = []
    tokens = iter(log.split(b"\0"))
    for token in tokens:
        if token.startswith((b":", b"\n:")):
            old_mode, new_mode, old_blob, new_blob, kind = token.lstrip(b"\n:").decode().split()
            old_path = path_text(next(tokens))
            change = FileChange(
                old_path=old_path,
                new_path=path_text(next(tokens)) if kind.startswith("R") else old_path,
                old_blob=old_blob if old_mode in REGULAR_MODES else None,
                new_blob=new_blob if new_mode in REGULAR_MODES else None,
                retyped=kind == "T",
            )
            commits[-1][1].append(change)
        elif token:
            commits.append((token.decode(), []))
    return [
        Step(commit=commit, committed_at=int(time or 0), changes=tuple(changes))
        for header, changes in commits
        for commit, _, time in [header.partition(" ")]
    ]


def parse_compared_trees(output: bytes) -> tuple[FileChange, ...]:
    """The changes in the output of ``git diff-tree -z --raw``."""
    [step] = parse_log(b"compared 0\0" + output)
    return step.changes


def removals_and_additions(gone: Mapping[str, str], come: Mapping[str, str]) -> tuple[FileChange, ...]:
    """The changes that remove the files in ``gone`` and add those in ``come``, without any renames."""
    removed = [
        FileChange(old_path=path, new_path=path, old_blob=blob, new_blob=None) for path, blob in gone.items()
    ]
    added = [
        FileChange(old_path=path, new_path=path, old_blob=None, new_blob=blob) for path, blob in come.items()
    ]
    return (*removed, *added)


def path_text(path: bytes) -> str:
    """A path that git printed, as text."""
    return path.decode("utf-8", "surrogateescape")
