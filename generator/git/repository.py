"""One git repository: the commits of its mainline and the files at each of them. Reads only.

``git log`` says what each commit changed. The contents of files come from one git process that stays open.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rapidfuzz import process

from generator.errors import (
    EmptyHistoryError,
    FolderOutsideRepositoryError,
    ForeignBaseError,
    NoRepositoryError,
    ShallowHistoryError,
    UnknownRefError,
    UnreadableRepositoryError,
)
from generator.git.blobs import Blobs
from generator.git.commands import Commands
from generator.git.document_paths import document_pathspecs, is_document_path, normal_folder
from generator.git.files import Files
from generator.git.paths import is_safe
from generator.git.renames import find_changes
from generator.git.safe_git import Located, locate, unpack
from generator.git.steps import REGULAR_MODES, UNCOMMITTED, FileChange, Step, parse_log, path_text
from generator.git.work_tree import WorkTree

PATHS_AT_ONCE = 500  # as arguments of one git process; Linux allows 2 MB of them
MOST_SUGGESTIONS = 3
LEAST_LIKENESS = 60
"""Of 100, as RapidFuzz counts: ``man`` is near ``main``, ``nowhere`` is near nothing."""
BUNDLE_HEADER = b"# v"
COMMITTED_AT = re.compile(rb"^committer .*> *([-+]?[0-9]+) [-+][0-9]+$", re.MULTILINE)


class Repository:
    """One repository. Close it after use, or get it from ``open_repository``, which closes it.

    ``place`` is where the user said that the repository is. ``root`` is the folder of its work tree, None if
    it is bare. ``left_out`` collects the paths that no file can have on every system, such as
    ``policy//etc/x``, each with a commit that has it.
    """

    def __init__(self, located: Located, *, place: Path) -> None:
        self._git = Commands(located, place=place)
        self._blobs = Blobs(self._git)
        self.place = place
        self.git_dir = located.git_dir
        self.root = located.work_tree
        self.left_out: dict[str, str] = {}
        self._work_tree = (
            None if self.root is None else WorkTree(self.root, commands=self._git, blobs=self._blobs)
        )

    @property
    def texts_read(self) -> int:
        """How many files were read from git so far."""
        return self._blobs.texts_read

    @property
    def work_tree(self) -> WorkTree:
        """The files as they are now. Raises NoRepositoryError if the repository is bare."""
        if self._work_tree is None:
            raise NoRepositoryError(self.place)
        return self._work_tree

    def resolve(self, ref: str | None = None, *, option: str | None = "--ref") -> str:
        """The commit that ``ref`` names. Without ``ref``, the commit of HEAD, or else of the only branch.

        ``option`` is the command-line option that gave the name, for the error message.
        """
        commit = self._git.commit(ref if ref is not None else "HEAD")
        if commit is not None:
            return commit
        branches = self._refs("refs/heads")
        if ref is None and len(branches) == 1 and (commit := self._git.commit(branches[0])) is not None:
            return commit
        if ref is None and not branches:
            raise EmptyHistoryError(self.place)
        if ref is not None:
            others = self._refs("refs/remotes", "refs/tags")
            near = process.extract(
                ref, [*branches, *others], limit=MOST_SUGGESTIONS, score_cutoff=LEAST_LIKENESS
            )
            branches = list(dict.fromkeys([*(name for name, _, _ in near), *branches]))
        raise UnknownRefError(self.place, ref=ref or "HEAD", known=branches, option=option)

    def branched_from(self, base: str) -> str:
        """The newest commit that HEAD shares with ``base``, which the user gave with --base."""
        other = self.resolve(base, option="--base")
        try:
            return self._git.answer("merge-base", other, self.resolve())
        except UnreadableRepositoryError:
            raise ForeignBaseError(self.place, base=base) from None

    def folder_of(self, directory: Path) -> str:
        """The directory as a path in the repository; empty for its root."""
        if self.root is None or not directory.resolve().is_relative_to(self.root):
            raise FolderOutsideRepositoryError(str(directory), repository=self.place)
        return normal_folder(directory.resolve().relative_to(self.root).as_posix())

    def path_of(self, path: Path) -> str | None:
        """A file or folder of the work tree as a path in the repository, or None if it is outside."""
        if self.root is None or not path.resolve().is_relative_to(self.root):
            return None
        inside = path.resolve().relative_to(self.root).as_posix()
        return "" if inside == "." else inside

    def mainline(self, commit: str, *, folder: str) -> list[Step]:
        """The steps up to ``commit`` that changed a document file below the folder, oldest first."""
        if self._git.answer("rev-parse", "--is-shallow-repository") == "true":
            raise ShallowHistoryError(self.place)
        log = self._git.run(
            "log", "-z", "--first-parent", "--diff-merges=first-parent", "--root", "--raw", "--no-abbrev",
            "-M50%", "-l0", "--no-relative", "--ignore-submodules=none", "--no-show-signature",
            "--encoding=UTF-8", "--format=%H %ct", commit, "--", *document_pathspecs(folder),
        )  # fmt: skip
        return [
            replace(step, committed_at=step.committed_at or self.committed_at(step.commit), folder=folder)
            for step in map(self._without_unsafe_paths, parse_log(log)[::-1])
        ]

    def order(self, commit: str) -> dict[str, int]:
        """The position of every commit on the mainline up to ``commit``; the oldest has 0."""
        commits = self._git.answer("rev-list", "--first-parent", commit).split()
        return {name: position for position, name in enumerate(reversed(commits))}

    def file_steps(self, commit: str, paths: Collection[str]) -> list[Step]:
        """The steps up to ``commit`` that changed any of these files, oldest first. Follows no renames."""
        steps: dict[str, Step] = {}
        wanted = sorted(paths)
        for start in range(0, len(wanted), PATHS_AT_ONCE):
            log = self._git.run(
                "log", "-z", "--first-parent", "--diff-merges=first-parent", "--root", "--raw", "--no-abbrev",
                "--no-renames", "--no-relative", "--ignore-submodules=none", "--no-show-signature",
                "--encoding=UTF-8", "--format=%H %ct", commit, "--",
                *(f":(top,literal){path}" for path in wanted[start : start + PATHS_AT_ONCE]),
            )  # fmt: skip
            for step in parse_log(log)[::-1]:
                before = steps[step.commit].changes if step.commit in steps else ()
                only = tuple(change for change in step.changes if change.new_path in paths)
                steps[step.commit] = replace(step, changes=(*before, *only))
        order = self.order(commit) if len(wanted) > PATHS_AT_ONCE else {}
        dated = [
            step if step.committed_at else replace(step, committed_at=self.committed_at(step.commit))
            for step in steps.values()
        ]
        return sorted(dated, key=lambda step: order.get(step.commit, 0))

    def uncommitted_step(self, commit: str, paths: Collection[str], *, at: int) -> Step:
        """The changes of the work tree in the files at these paths, as one more step after ``commit``."""
        return self.work_tree.step(self.files(commit, folder=""), paths, at=at)

    def parent(self, commit: str) -> str | None:
        """The first parent of the commit, or None if it has none."""
        return next(
            iter(self._git.answer("rev-list", "--parents", "--max-count=1", commit).split()[1:]), None
        )

    def changes(self, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FileChange, ...]:
        """The changes from one set of document files to another, with the renames that git sees."""
        return find_changes(before, after, commands=self._git, blobs=self._blobs)

    def documents(self, commit: str, *, folder: str) -> dict[str, str]:
        """The blobs of the document files below the folder, by path."""
        files = self.files(commit, folder=folder)
        return {path: blob for path, blob in files.items() if is_document_path(path, folder=folder)}

    def file(self, commit: str, path: str) -> bytes | None:
        """The contents of the regular file at the path, or None if there is none."""
        entry = self._git.run("ls-tree", "-z", "--full-tree", commit, "--", f":(top,literal){path}")
        mode, _, blob = (entry.partition(b"\t")[0].decode().split() or ["", "", ""])[:3]
        return self.read(blob) if mode in REGULAR_MODES else None

    def files(self, commit: str, *, folder: str) -> dict[str, str]:
        """The blobs of the regular files below the folder, by path."""
        files = {}
        for entry in self._git.run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            attributes, _, name = entry.partition(b"\t")
            mode, _, blob = attributes.decode().split()
            path = path_text(name)
            if mode not in REGULAR_MODES or (folder and not path.startswith(f"{folder}/")):
                continue
            if is_safe(path):
                files[path] = blob
            else:
                self.left_out.setdefault(path, commit)
        return files

    def files_at(self, commit: str) -> Files:
        """The files of a commit, or of the work tree if ``commit`` is ``UNCOMMITTED``."""
        if commit == UNCOMMITTED:
            return self.work_tree
        return CommittedFiles(self, commit)

    def has_edits(self, *, folder: str) -> bool:
        """Whether the work tree has a new or changed file below the folder. A bare repository has none."""
        if self._work_tree is None:
            return False
        return self._work_tree.has_edits(self.files(self.resolve(), folder=folder), folder=folder)

    def committed_at(self, commit: str) -> int:
        """When the commit was made, in seconds since 1970, UTC. Git log prints none before 1970 (2.47)."""
        header = self._git.run("cat-file", "commit", commit).partition(b"\n\n")[0]
        found = COMMITTED_AT.search(header)
        return int(found[1]) if found else 0

    def read(self, blob: str) -> bytes:
        """The contents of a blob."""
        return self._blobs.read(blob)

    def close(self) -> None:
        """End the git process that reads files."""
        self._blobs.close()

    def _refs(self, *below: str) -> list[str]:
        return self._git.answer("for-each-ref", "--format=%(refname:lstrip=2)", *below).splitlines()

    def _without_unsafe_paths(self, step: Step) -> Step:
        """The step without its changes at paths that no file can have on every system."""
        changes = []
        for change in step.changes:
            before, after = is_safe(change.old_path), is_safe(change.new_path)
            for path in {change.old_path, change.new_path}:
                if not is_safe(path):
                    self.left_out.setdefault(path, step.commit)
            if before and after:
                changes.append(change)
            elif before:
                changes.append(replace(change, new_path=change.old_path, new_blob=None))
            elif after:
                changes.append(replace(change, old_path=change.new_path, old_blob=None))
        return step if len(changes) == len(step.changes) else replace(step, changes=tuple(changes))


class CommittedFiles:
    """The regular files of a commit. They are listed when the first one is asked for."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self._commit = commit
        self._blobs: Mapping[str, str] | None = None

    def blob(self, path: str) -> str | None:
        """The blob of the regular file at the path, or None if there is none."""
        if self._blobs is None:
            self._blobs = self._repository.files(self._commit, folder="")
        return self._blobs.get(path)

    def read(self, blob: str) -> bytes:
        """The contents of a blob."""
        return self._repository.read(blob)


@contextmanager
def open_repository(place: Path, *, named: bool = False) -> Iterator[Repository]:
    """The repository at ``place``: a work tree or a folder in one, a bare clone, or a bundle.

    ``named`` means that the user named this very folder, so it may be a bare repository even if the user's
    ``safe.bareRepository`` setting trusts none that git finds by itself.
    """
    with tempfile.TemporaryDirectory(prefix="policysite-") as unpacked:
        folder = place
        if _is_bundle(place):
            folder = Path(unpacked)
            unpack(place, into=folder)
        try:
            located = locate(folder, named=named or folder != place)
        except NoRepositoryError:
            raise NoRepositoryError(place) from None
        repository = Repository(located, place=place)
        try:
            yield repository
        finally:
            repository.close()


def _is_bundle(place: Path) -> bool:
    if not place.is_file():
        return False
    with place.open("rb") as file:
        return file.read(len(BUNDLE_HEADER)) == BUNDLE_HEADER
