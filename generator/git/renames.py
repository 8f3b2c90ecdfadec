"""Finds which files were renamed between two sets of files, by git's own rules."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from generator.git.blobs import Blobs
from generator.git.commands import Commands
from generator.git.steps import FileChange, parse_compared_trees, removals_and_additions


def find_changes(
    before: Mapping[str, str], after: Mapping[str, str], *, commands: Commands, blobs: Blobs
) -> tuple[FileChange, ...]:
    """The changes from one set of files to another, with the renames that git sees.

    Both sets map paths to blobs.
    """
    gone = {path: blob for path, blob in before.items() if path not in after}
    come = {path: blob for path, blob in after.items() if path not in before}
    changes = [
        FileChange(old_path=path, new_path=path, old_blob=blob, new_blob=after[path])
        for path, blob in before.items()
        if path in after and after[path] != blob
    ]
    if gone and come:
        changes += _with_renames(gone, come, commands=commands, blobs=blobs)
    else:
        changes += removals_and_additions(gone, come)
    return tuple(sorted(changes, key=lambda change: (change.old_path, change.new_path)))


def _with_renames(
    gone: Mapping[str, str], come: Mapping[str, str], *, commands: Commands, blobs: Blobs
) -> tuple[FileChange, ...]:
    """The changes that remove the files in ``gone`` and add those in ``come``, or rename one to another.

    Git compares two trees for this. They are in a temporary folder, so the repository does not change.
    """
    objects = commands.answer("rev-parse", "--path-format=absolute", "--git-path", "objects")
    with tempfile.TemporaryDirectory(prefix="policysite-") as scratch:
        info = Path(scratch, "objects", "info")
        info.mkdir(parents=True)
        info.joinpath("alternates").write_text(f"{objects}\n", "utf-8", "surrogateescape")
        scratch_objects = {"GIT_OBJECT_DIRECTORY": str(info.parent)}
        for blob in set(come.values()):
            raw = blobs.added(blob)
            if raw is not None:
                commands.run_with_input(raw, "hash-object", "-w", "--stdin", environment=scratch_objects)
        trees = []
        for name, files in (("gone", gone), ("come", come)):
            own_index = scratch_objects | {"GIT_INDEX_FILE": str(Path(scratch, name))}
            entries = "".join(f"100644 {blob}\t{path}\0" for path, blob in files.items())
            commands.run_with_input(
                entries.encode("utf-8", "surrogateescape"),
                "update-index", "-z", "--index-info", environment=own_index,
            )  # fmt: skip
            tree = commands.run_with_input(b"", "write-tree", environment=own_index)
            trees.append(tree.decode().strip())
        compared = commands.run_with_input(
            b"", "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "-M50%", "-l0", *trees,
            environment=scratch_objects,
        )  # fmt: skip
    return parse_compared_trees(compared)
