"""What git has to say of a repository: a mainline's steps and the bytes of its files; changes nothing."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rapidfuzz import process

from generator.errors import (
    EmptyHistoryError,
    FolderOutsideRepositoryError,
    ForeignBaseError,
    NoRepositoryError,
    PartialCloneError,
    ShallowHistoryError,
    UnknownRefError,
    UnreadableRepositoryError,
)
from generator.git.files import Files
from generator.git.paths import is_safe
from generator.git.safe_git import GIT, GitError, Located, Process, explained, git_in, locate, unpack

PATHS_AT_ONCE = 500  # as arguments of one git process, of which Linux takes 2 MB
UNCOMMITTED = "0" * 40
MOST_NEAR = 3
PARTIAL = r"^(extensions\.partialclone|remote\..*\.promisor)$"
UNSET = frozenset({b"unspecified", b"unset"})
LEAST_LIKENESS = 60
"""Of 100, as RapidFuzz counts: ``man`` is near ``main``, ``nowhere`` is near nothing."""
REGULAR = frozenset({"100644", "100755"})
BUNDLE_HEADER = b"# v"
COMMITTED_AT = re.compile(rb"^committer .*> *([-+]?[0-9]+) [-+][0-9]+$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """What one step did to one path.

    A side that is no regular file (absent, link, submodule) has no blob; ``retyped`` where there is such a
    thing at the path. Paths are relative to the repository's root; a byte in them that is not UTF-8 is a
    lone surrogate (PEP 383).
    """

    old_path: str
    new_path: str
    old_blob: str | None
    new_blob: str | None
    retyped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One commit of the mainline, against its first parent.

    ``committed_at`` is seconds since 1970 in UTC, below 0 before; 0 where the commit has no date. ``folder``
    is the documents folder then; ``moved_from`` is the one before, if the step renamed it.
    """

    commit: str
    committed_at: int
    changes: tuple[FileChange, ...]
    folder: str = ""
    moved_from: str | None = None


class Repository:
    """One repository; files are read through one git process that stays open until ``close``."""

    def __init__(self, located: Located, *, place: Path) -> None:
        self._git = git_in(located)
        self._files: Process | None = None
        self._uncommitted: dict[str, bytes] = {}
        self.place = place
        self.git_dir = located.git_dir
        self.work_tree = located.work_tree
        self.left_out: dict[str, str] = {}
        """Paths that are no paths of files, such as ``policy//etc/x``, with a commit that has each."""
        self.texts_read = 0

    def resolve(self, ref: str | None = None, *, option: str | None = "--ref") -> str:
        """The commit that ``ref`` names; without one that of HEAD, else of the only branch.

        ``option`` is where the person named it, for the refusal.
        """
        commit = self._commit(ref if ref is not None else "HEAD")
        if commit is not None:
            return commit
        branches = self._refs("refs/heads")
        if ref is None and len(branches) == 1 and (commit := self._commit(branches[0])) is not None:
            return commit
        if ref is None and not branches:
            raise EmptyHistoryError(self.place)
        if ref is not None:
            others = self._refs("refs/remotes", "refs/tags")
            near = process.extract(ref, [*branches, *others], limit=MOST_NEAR, score_cutoff=LEAST_LIKENESS)
            branches = list(dict.fromkeys([*(name for name, _, _ in near), *branches]))
        raise UnknownRefError(self.place, ref=ref or "HEAD", known=branches, option=option)

    def branched_from(self, base: str) -> str:
        """The newest commit that HEAD shares with ``base``, as the person who named it with --base means."""
        other = self.resolve(base, option="--base")
        try:
            return self._answer("merge-base", other, self.resolve())
        except UnreadableRepositoryError:
            raise ForeignBaseError(self.place, base=base) from None

    def folder_of(self, directory: Path) -> str:
        """The directory as a path in the repository; empty for its root."""
        if self.work_tree is None or not directory.resolve().is_relative_to(self.work_tree):
            raise FolderOutsideRepositoryError(str(directory), repository=self.place)
        return normal_folder(directory.resolve().relative_to(self.work_tree).as_posix())

    def path_of(self, path: Path) -> str | None:
        """A file or folder of the work tree as a path in the repository; None where it is outside."""
        if self.work_tree is None or not path.resolve().is_relative_to(self.work_tree):
            return None
        inside = path.resolve().relative_to(self.work_tree).as_posix()
        return "" if inside == "." else inside

    def mainline(self, commit: str, *, folder: str) -> list[Step]:
        """The steps that changed a document file below the folder, oldest first."""
        if self._answer("rev-parse", "--is-shallow-repository") == "true":
            raise ShallowHistoryError(self.place)
        log = self._run(
            "log", "-z", "--first-parent", "--diff-merges=first-parent", "--root", "--raw", "--no-abbrev",
            "-M50%", "-l0", "--no-relative", "--ignore-submodules=none", "--no-show-signature",
            "--encoding=UTF-8", "--format=%H %ct", commit, "--", *_pathspecs(folder),
        )  # fmt: skip
        return [
            replace(step, committed_at=step.committed_at or self.committed_at(step.commit), folder=folder)
            for step in map(self._without_unsafe, _steps(log)[::-1])
        ]

    def order(self, commit: str) -> dict[str, int]:
        """The position of every commit of the mainline, the oldest at 0."""
        commits = self._answer("rev-list", "--first-parent", commit).split()
        return {name: position for position, name in enumerate(reversed(commits))}

    def file_steps(self, commit: str, paths: Collection[str]) -> list[Step]:
        """The steps that changed any of these files, oldest first; no file is followed anywhere."""
        steps: dict[str, Step] = {}
        wanted = sorted(paths)
        for start in range(0, len(wanted), PATHS_AT_ONCE):
            log = self._run(
                "log", "-z", "--first-parent", "--diff-merges=first-parent", "--root", "--raw", "--no-abbrev",
                "--no-renames", "--no-relative", "--ignore-submodules=none", "--no-show-signature",
                "--encoding=UTF-8", "--format=%H %ct", commit, "--",
                *(f":(top,literal){path}" for path in wanted[start : start + PATHS_AT_ONCE]),
            )  # fmt: skip
            for step in _steps(log)[::-1]:
                before = steps[step.commit].changes if step.commit in steps else ()
                only = tuple(change for change in step.changes if change.new_path in paths)
                steps[step.commit] = replace(step, changes=(*before, *only))
        order = self.order(commit) if len(wanted) > PATHS_AT_ONCE else {}
        dated = [
            step if step.committed_at else replace(step, committed_at=self.committed_at(step.commit))
            for step in steps.values()
        ]
        return sorted(dated, key=lambda step: order.get(step.commit, 0))

    def uncommitted_files(self, commit: str, paths: Collection[str], *, at: int) -> Step:
        """The same files of the work tree, as a step after ``commit``."""
        committed = self.files(commit, folder="")
        before = {path: committed[path] for path in paths if path in committed}
        after = {path: self.working_blob(path, id_length=len(commit)) for path in paths}
        changes = tuple(
            FileChange(old_path=path, new_path=path, old_blob=before.get(path), new_blob=after[path])
            for path in sorted(paths)
            if before.get(path) != after[path]
        )
        return Step(commit=UNCOMMITTED, committed_at=at, changes=changes)

    def parent(self, commit: str) -> str | None:
        """The first parent of the commit."""
        return next(iter(self._answer("rev-list", "--parents", "--max-count=1", commit).split()[1:]), None)

    def changes(self, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FileChange, ...]:
        """What leads from one set of document files to the other, with the renames that git sees."""
        gone = {path: blob for path, blob in before.items() if path not in after}
        come = {path: blob for path, blob in after.items() if path not in before}
        changes = [
            FileChange(old_path=path, new_path=path, old_blob=blob, new_blob=after[path])
            for path, blob in before.items()
            if path in after and after[path] != blob
        ]
        changes += self._moved(gone, come)
        return tuple(sorted(changes, key=lambda change: (change.old_path, change.new_path)))

    def documents(self, commit: str, *, folder: str) -> dict[str, str]:
        """The blobs of the document files below the folder, by their paths in the repository."""
        files = self.files(commit, folder=folder)
        return {path: blob for path, blob in files.items() if is_document_path(path, folder=folder)}

    def working_documents(self, *, folder: str) -> dict[str, str]:
        """The same of the work tree; their bytes can be read."""
        if self.work_tree is None:
            raise NoRepositoryError(self.place)
        id_length = len(self.resolve())
        files = {}
        for directory, subfolders, names in os.walk(self.work_tree / folder):
            subfolders[:] = [name for name in subfolders if not name.startswith(".")]
            for name in names:
                file = Path(directory, name)
                path = file.relative_to(self.work_tree).as_posix()
                if (
                    is_safe(path)
                    and is_document_path(path, folder=folder)
                    and stat.S_ISREG(file.lstat().st_mode)
                ):
                    raw = file.read_bytes()
                    files[path] = _blob_id(raw, length=id_length)
                    self._uncommitted[files[path]] = raw
        return files

    def file(self, commit: str, path: str) -> bytes | None:
        """The bytes of the regular file at the path; None if there is none."""
        entry = self._run("ls-tree", "-z", "--full-tree", commit, "--", f":(top,literal){path}")
        mode, _, blob = (entry.partition(b"\t")[0].decode().split() or ["", "", ""])[:3]
        return self.read(blob) if mode in REGULAR else None

    def files(self, commit: str, *, folder: str) -> dict[str, str]:
        """The blobs of the regular files below the folder, by their paths in the repository."""
        files = {}
        for entry in self._run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            attributes, _, name = entry.partition(b"\t")
            mode, _, blob = attributes.decode().split()
            path = _as_text(name)
            if mode not in REGULAR or (folder and not path.startswith(f"{folder}/")):
                continue
            if is_safe(path):
                files[path] = blob
            else:
                self.left_out.setdefault(path, commit)
        return files

    def working_files(self, *, folder: str) -> dict[str, str]:
        """The same of the work tree: what is committed or would be, as it is now."""
        listed = self._run(
            "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f":(top,literal){folder}"
        )
        if self.work_tree is None:
            raise NoRepositoryError(self.place)
        id_length = len(self.resolve())
        files = {}
        for path in sorted({_as_text(name) for name in listed.split(b"\0")[:-1]}):
            file = self.work_tree / path
            if is_safe(path) and file.is_file() and not file.is_symlink():
                files[path] = _blob_id(file.read_bytes(), length=id_length)
        return files

    def committed_at(self, commit: str) -> int:
        """When the commit was made, in seconds since 1970, UTC; git itself prints none before (2.47)."""
        header = self._run("cat-file", "commit", commit).partition(b"\n\n")[0]
        found = COMMITTED_AT.search(header)
        return int(found[1]) if found else 0

    def has_edits(self, *, folder: str) -> bool:
        """Whether a file below the folder of the work tree differs from the last commit, or is new.

        Compared by their bytes, since ``git status`` would run the filters that the repository names.
        """
        if self.work_tree is None:
            return False
        committed = self.files(self.resolve(), folder=folder)
        edited = [path for path, blob in committed.items() if not self._is_in_work_tree(path, blob)]
        if edited and not self._stored_otherwise(edited):
            return True
        new = self._run("ls-files", "-z", "--others", "--exclude-standard", "--", f":(top,literal){folder}")
        return bool(new)

    def read(self, blob: str) -> bytes:
        """The bytes of a file."""
        if blob in self._uncommitted:
            return self._uncommitted[blob]
        with explained(self.place):
            self._files = self._files or self._git.execute(
                [*GIT, "cat-file", "--batch"], istream=subprocess.PIPE, as_process=True
            )
        requests, answers = self._files.stdin, self._files.stdout
        with suppress(BrokenPipeError):  # git has ended over another one
            requests.write(f"{blob}\n".encode())
            requests.flush()
        header = answers.readline().split()
        if len(header) != 3:
            if self._is_partial():
                raise PartialCloneError(self.place)
            raise UnreadableRepositoryError(self.place, reason=f"the file {blob} is missing or damaged")
        self.texts_read += 1
        raw: bytes = answers.read(int(header[2]))
        answers.read(1)
        return raw

    def close(self) -> None:
        """End the git process."""
        if self._files is not None:
            with suppress(BrokenPipeError, GitError):  # it has ended before, and that was said
                self._files.stdin.close()
                self._files.wait()
            self._files = None

    def _moved(self, gone: Mapping[str, str], come: Mapping[str, str]) -> tuple[FileChange, ...]:
        """The change from the files ``gone`` to those that have ``come``, with renames as in ``mainline``.

        Git compares two trees for it, which are in a folder of their own, so the repository stays as it is.
        """
        if not gone or not come:
            return _plain_changes(gone, come)
        objects = self._answer("rev-parse", "--path-format=absolute", "--git-path", "objects")
        with tempfile.TemporaryDirectory(prefix="policysite-") as scratch:
            info = Path(scratch, "objects", "info")
            info.mkdir(parents=True)
            info.joinpath("alternates").write_text(f"{objects}\n", "utf-8", "surrogateescape")
            apart = {"GIT_OBJECT_DIRECTORY": str(info.parent)}
            for blob in {blob for blob in come.values() if blob in self._uncommitted}:
                self._run_on(self._uncommitted[blob], "hash-object", "-w", "--stdin", environment=apart)
            trees = []
            for name, files in (("gone", gone), ("come", come)):
                own_index = apart | {"GIT_INDEX_FILE": str(Path(scratch, name))}
                entries = "".join(f"100644 {blob}\t{path}\0" for path, blob in files.items())
                self._run_on(
                    entries.encode("utf-8", "surrogateescape"),
                    "update-index", "-z", "--index-info", environment=own_index,
                )  # fmt: skip
                trees.append(self._run_on(b"", "write-tree", environment=own_index).decode().strip())
            compared = self._run_on(
                b"", "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "-M50%", "-l0", *trees,
                environment=apart,
            )  # fmt: skip
        [step] = _steps(b"compared 0\0" + compared)
        return step.changes

    def _without_unsafe(self, step: Step) -> Step:
        """The step without what it does at paths that no file may have."""
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

    def _is_in_work_tree(self, path: str, blob: str) -> bool:
        """Whether the file there has these bytes, whatever its line ends."""
        assert self.work_tree is not None
        file = self.work_tree / path
        try:
            raw = file.read_bytes() if stat.S_ISREG(file.lstat().st_mode) else None
        except OSError:
            return False
        return raw is not None and blob in {
            _blob_id(form, length=len(blob)) for form in (raw, raw.replace(b"\r\n", b"\n"))
        }

    def _stored_otherwise(self, paths: Sequence[str]) -> bool:
        """Whether git changes each of these files when it stores it, as Git LFS does."""
        asked = ("filter", "working-tree-encoding", "ident")
        answers = self._run("check-attr", "-z", *asked, "--", *paths).split(b"\0")[:-1]
        changed = {
            path for path, value in zip(answers[::3], answers[2::3], strict=True) if value not in UNSET
        }
        return len(changed) == len(paths)

    def _commit(self, ref: str) -> str | None:
        try:
            return self._answer("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        except UnreadableRepositoryError:
            return None

    def _refs(self, *below: str) -> list[str]:
        return self._answer("for-each-ref", "--format=%(refname:lstrip=2)", *below).splitlines()

    def _is_partial(self) -> bool:
        try:
            return bool(self._answer("config", "--get-regexp", PARTIAL))
        except UnreadableRepositoryError:
            return False

    def files_at(self, commit: str) -> Files:
        """The files of a commit, or of the work tree at ``UNCOMMITTED``, by the repository's own paths."""
        if commit == UNCOMMITTED:
            return WorkTreeFiles(self)
        return CommittedFiles(self, commit)

    def working_blob(self, path: str, *, id_length: int = 40) -> str | None:
        """A name for the content of a regular file of the work tree, by which it can be read."""
        raw = self._working_file(path)
        if raw is None:
            return None
        blob = _blob_id(raw, length=id_length)
        self._uncommitted[blob] = raw
        return blob

    def _working_file(self, path: str) -> bytes | None:
        """The bytes of a regular file of the work tree that no link leads to."""
        if self.work_tree is None:
            return None
        file = self.work_tree / path
        try:
            real = file.resolve() == file and stat.S_ISREG(file.lstat().st_mode)
            return file.read_bytes() if real else None
        except OSError:
            return None

    def _answer(self, *command: str) -> str:
        return _as_text(self._run(*command)).strip()

    def _run(self, *command: str) -> bytes:
        with explained(self.place):
            output = self._git.execute(
                [*GIT, *command], stdout_as_string=False, strip_newline_in_stdout=False
            )
        assert isinstance(output, bytes)
        return output

    def _run_on(self, given: bytes, *command: str, environment: Mapping[str, str]) -> bytes:
        """What git prints when it is given these bytes."""
        with tempfile.TemporaryFile() as file, explained(self.place):
            file.write(given)
            file.seek(0)
            output = self._git.execute(
                [*GIT, *command],
                istream=file,
                env=dict(environment),
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        assert isinstance(output, bytes)
        return output


class CommittedFiles:
    """The regular files of a commit, listed when the first of them is asked for."""

    def __init__(self, repository: Repository, commit: str) -> None:
        self._repository = repository
        self._commit = commit
        self._blobs: Mapping[str, str] | None = None

    def blob(self, path: str) -> str | None:
        """The blob at the path; None where no regular file is."""
        if self._blobs is None:
            self._blobs = self._repository.files(self._commit, folder="")
        return self._blobs.get(path)

    def read(self, blob: str) -> bytes:
        """The bytes of a blob."""
        return self._repository.read(blob)


@dataclass(frozen=True, slots=True)
class WorkTreeFiles:
    """The regular files of a work tree; nothing outside it is read, and no link is followed."""

    repository: Repository

    def blob(self, path: str) -> str | None:
        """A name for the content of the file at the path."""
        return self.repository.working_blob(path)

    def read(self, blob: str) -> bytes:
        """The bytes of a file that was named so."""
        return self.repository.read(blob)


@contextmanager
def open_repository(place: Path, *, named: bool = False) -> Iterator[Repository]:
    """The repository in, around or bundled in ``place``: a work tree, a bare clone or a bundle.

    ``named``: the reader meant this very folder, and did not only happen to be in it.
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


def is_committed(folder: Path, *, beside: Path) -> bool:
    """Whether git's index holds a file in the folder, or a link or a submodule on the way to it.

    ``beside`` is a folder above it from which the way may lead over a link into another repository.
    """
    real = folder.resolve()
    nearest = next(above for above in (real, *real.parents) if above.is_dir())
    return _is_committed(beside.resolve() / folder.relative_to(beside), beside) or _is_committed(
        real, nearest
    )


def _is_committed(folder: Path, start: Path) -> bool:
    try:
        located = locate(start, named=False)
    except (NoRepositoryError, UnreadableRepositoryError):
        return False
    if located.work_tree is None or not folder.is_relative_to(located.work_tree):
        return False
    inside = folder.relative_to(located.work_tree).as_posix()
    first = inside.split("/")[0]
    with explained(start):
        listed = git_in(located).execute(
            [*GIT, "ls-files", "-z", "--", f":(top,icase,literal){first}"],
            stdout_as_string=False, strip_newline_in_stdout=False,
        )  # fmt: skip
    assert isinstance(listed, bytes)
    names = [_as_text(name).casefold() for name in listed.split(b"\0")[:-1]]
    wanted = f"{inside.casefold()}/"
    return any(f"{name}/".startswith(wanted) or wanted.startswith(f"{name}/") for name in names)


def normal_folder(folder: str) -> str:
    """The folder's path without dots and slashes that mean nothing; empty for the root."""
    normal = os.path.normpath(folder) if folder else "."
    if normal.startswith(("/", "../")) or normal == "..":
        raise FolderOutsideRepositoryError(folder, repository=Path())
    return "" if normal == "." else normal


def is_document_path(path: str, *, folder: str) -> bool:
    """Whether a regular file at this path is a document: Markdown below the folder, nothing hidden."""
    if folder and not path.startswith(f"{folder}/"):
        return False
    below = path[len(folder) + 1 :] if folder else path
    hidden = any(part.startswith(".") for part in below.split("/"))
    return not hidden and below.lower().endswith((".md", ".markdown"))


def _pathspecs(folder: str) -> list[str]:
    """What ``is_document_path`` says, for git, so that it looks for renames among documents alone."""
    escaped = "".join(f"\\{sign}" if sign in "*?[\\" else sign for sign in folder)
    below = f"{escaped}/**" if folder else "**"
    suffixes = ("[mM][dD]", "[mM][aA][rR][kK][dD][oO][wW][nN]")
    wanted = [f":(top,glob){below}/*.{suffix}" for suffix in suffixes]
    return [*wanted, f":(top,exclude,glob){below}/.*", f":(top,exclude,glob){below}/.*/**"]


def _steps(log: bytes) -> list[Step]:
    """Parse ``git log -z --raw --format='%H %ct'``: a commit, then modes, blobs, kind and paths per file."""
    commits: list[tuple[str, list[FileChange]]] = []
    tokens = iter(log.split(b"\0"))
    for token in tokens:
        if token.startswith((b":", b"\n:")):
            old_mode, new_mode, old_blob, new_blob, kind = token.lstrip(b"\n:").decode().split()
            old_path = _as_text(next(tokens))
            change = FileChange(
                old_path=old_path,
                new_path=_as_text(next(tokens)) if kind.startswith("R") else old_path,
                old_blob=old_blob if old_mode in REGULAR else None,
                new_blob=new_blob if new_mode in REGULAR else None,
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


def _plain_changes(gone: Mapping[str, str], come: Mapping[str, str]) -> tuple[FileChange, ...]:
    return (
        *(
            FileChange(old_path=path, new_path=path, old_blob=blob, new_blob=None)
            for path, blob in gone.items()
        ),
        *(
            FileChange(old_path=path, new_path=path, old_blob=None, new_blob=blob)
            for path, blob in come.items()
        ),
    )


def _blob_id(raw: bytes, *, length: int) -> str:
    """The id that git gives a file: SHA-1, or SHA-256 in a repository made with that."""
    algorithm = hashlib.sha1 if length == 40 else hashlib.sha256
    return algorithm(b"blob %d\0" % len(raw) + raw).hexdigest()


def _is_bundle(place: Path) -> bool:
    if not place.is_file():
        return False
    with place.open("rb") as file:
        return file.read(len(BUNDLE_HEADER)) == BUNDLE_HEADER


def _as_text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
