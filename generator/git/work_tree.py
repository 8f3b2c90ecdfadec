"""The work tree of a repository: files as they are now, whether committed or not."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from generator.git.blobs import SHA1_LENGTH, SHA256_LENGTH, Blobs, blob_id
from generator.git.commands import Commands
from generator.git.document_paths import is_document_path
from generator.git.paths import is_safe
from generator.git.steps import UNCOMMITTED, FileChange, Step, path_text

UNSET_ATTRIBUTES = frozenset({b"unspecified", b"unset"})
CONVERTING_ATTRIBUTES = ("filter", "working-tree-encoding", "ident")


class WorkTree:
    """The files below ``root``. The contents of the blobs that it names can be read with ``read``."""

    def __init__(self, root: Path, *, commands: Commands, blobs: Blobs) -> None:
        self.root = root
        self._commands = commands
        self._blobs = blobs

    def documents(self, *, folder: str) -> dict[str, str]:
        """The blobs of all document files below the folder, by path. Git need not know the files."""
        files = {}
        for directory, subfolders, names in os.walk(self.root / folder):
            subfolders[:] = [name for name in subfolders if not name.startswith(".")]
            for name in names:
                file = Path(directory, name)
                path = file.relative_to(self.root).as_posix()
                if (
                    is_safe(path)
                    and is_document_path(path, folder=folder)
                    and stat.S_ISREG(file.lstat().st_mode)
                ):
                    files[path] = self._blobs.add(file.read_bytes(), id_length=self._id_length)
        return files

    def files(self, *, folder: str) -> dict[str, str]:
        """The blob ids of the files below the folder that are committed or not ignored, by path."""
        listed = self._commands.run(
            "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f":(top,literal){folder}"
        )
        files = {}
        for path in sorted({path_text(name) for name in listed.split(b"\0")[:-1]}):
            file = self.root / path
            if is_safe(path) and file.is_file() and not file.is_symlink():
                files[path] = blob_id(file.read_bytes(), length=self._id_length)
        return files

    def blob(self, path: str) -> str | None:
        """The blob of the regular file at the path. None if there is none, or if a link leads to it."""
        file = self.root / path
        try:
            is_real = file.resolve() == file and stat.S_ISREG(file.lstat().st_mode)
            raw = file.read_bytes() if is_real else None
        except OSError:
            return None
        return None if raw is None else self._blobs.add(raw, id_length=self._id_length)

    def read(self, blob: str) -> bytes:
        """The contents of a blob."""
        return self._blobs.read(blob)

    def step(self, committed: Mapping[str, str], paths: Collection[str], *, at: int) -> Step:
        """The differences from the ``committed`` blobs in the files at the paths, as one more step."""
        before = {path: committed[path] for path in paths if path in committed}
        after = {path: self.blob(path) for path in paths}
        changes = tuple(
            FileChange(old_path=path, new_path=path, old_blob=before.get(path), new_blob=after[path])
            for path in sorted(paths)
            if before.get(path) != after[path]
        )
        return Step(commit=UNCOMMITTED, committed_at=at, changes=changes)

    def has_edits(self, committed: Mapping[str, str], *, folder: str) -> bool:
        """Whether a file below the folder differs from its ``committed`` blob, or is new.

        The bytes are compared, because ``git status`` would run the filters that the repository names.
        """
        edited = [path for path, blob in committed.items() if not self._holds(path, blob)]
        if edited and not self._are_converted(edited):
            return True
        new = self._commands.run(
            "ls-files", "-z", "--others", "--exclude-standard", "--", f":(top,literal){folder}"
        )
        return bool(new)

    @cached_property
    def _id_length(self) -> int:
        """The length of the ids that this repository gives to blobs."""
        algorithm = self._commands.answer("rev-parse", "--show-object-format")
        return SHA256_LENGTH if algorithm == "sha256" else SHA1_LENGTH

    def _holds(self, path: str, blob: str) -> bool:
        """Whether the file has the contents of the blob, with any kind of line ends."""
        file = self.root / path
        try:
            raw = file.read_bytes() if stat.S_ISREG(file.lstat().st_mode) else None
        except OSError:
            return False
        return raw is not None and blob in {
            blob_id(form, length=len(blob)) for form in (raw, raw.replace(b"\r\n", b"\n"))
        }

    def _are_converted(self, paths: Sequence[str]) -> bool:
        """Whether git converts each of these files when it stores it, as Git LFS does."""
        answers = self._commands.run("check-attr", "-z", *CONVERTING_ATTRIBUTES, "--", *paths)
        parts = answers.split(b"\0")[:-1]
        converted = {
            path for path, value in zip(parts[::3], parts[2::3], strict=True) if value not in UNSET_ATTRIBUTES
        }
        return len(converted) == len(paths)
