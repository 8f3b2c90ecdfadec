"""Reads the steps of a mainline, through every folder in which the documents were.

If the documents folder was renamed, its documents are followed to the new one. A rename is seen where the
folder first gets documents: they come from the folder that ``mkdocs.yml`` named until then, or several come
at once from a folder that is empty afterwards. A single file that moves in is a new document.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from generator.git.document_paths import below_folder, in_repository, is_document_path, normal_folder
from generator.git.repository import Repository
from generator.git.steps import UNCOMMITTED, FileChange, Step

CONFIG_NAMES = ("mkdocs.yml", "mkdocs.yaml")
DOCS_DIR = re.compile(
    r"^docs_dir:[ \t]*(?P<quote>[\"']?)(?P<folder>.+?)(?P=quote)[ \t]*(?:#.*)?$", re.MULTILINE
)
SEVERAL = 2  # documents that move together, where no mkdocs.yml says that they were the site's
USUAL_DOCS_DIR = "docs"  # where mkdocs.yml names none


def read_mainline(
    repository: Repository, head: str, *, folder: str, draft_at: datetime | None = None
) -> list[Step]:
    """The steps that changed documents, oldest first, and with ``draft_at`` the work tree as one more.

    All paths are given as if the documents had always been in ``folder``. Each step says where they were.
    """
    if draft_at is None:
        return _committed(repository, head, folder=folder)
    before = repository.documents(head, folder=folder)
    after = repository.work_tree.documents(folder=folder)
    former = None
    if after and not before:
        former = _former_folder(repository, head, None, folder=folder)
    draft = Step(
        commit=UNCOMMITTED,
        committed_at=int(draft_at.timestamp()),
        changes=(),
        folder=folder,
        moved_from=former,
    )
    if former is None:
        return [
            *_committed(repository, head, folder=folder),
            replace(draft, changes=repository.changes(before, after)),
        ]
    before = _moved(repository.documents(head, folder=former), former, folder)
    earlier = _committed(repository, head, folder=former)
    changes = _with_unchanged(repository.changes(before, after), before, after)
    return [*(_step_in(folder, step, of=former) for step in earlier), replace(draft, changes=changes)]


def _committed(repository: Repository, head: str, *, folder: str) -> list[Step]:
    steps = repository.mainline(head, folder=folder)
    for position in reversed(_beginnings(steps)):
        step = steps[position]
        parent = repository.parent(step.commit)
        former = _former_folder(repository, parent, step.commit, folder=folder) if parent else None
        if parent and former is not None:
            before = _moved(repository.documents(parent, folder=former), former, folder)
            after = repository.documents(step.commit, folder=folder)
            changes = _with_unchanged(repository.changes(before, after), before, after)
            earlier = _committed(repository, parent, folder=former)
            return [
                *(_step_in(folder, one, of=former) for one in earlier),
                replace(step, changes=changes, moved_from=former),
                *steps[position + 1 :],
            ]
    return steps


def _beginnings(steps: Sequence[Step]) -> list[int]:
    """The positions at which a folder without documents gets some."""
    found = []
    living: set[str] = set()
    for position, step in enumerate(steps):
        was_empty = not living
        living -= {change.old_path for change in step.changes if change.old_blob}
        living |= {change.new_path for change in step.changes if change.new_blob}
        if was_empty and living:
            found.append(position)
    return found


def _former_folder(repository: Repository, parent: str, commit: str | None, *, folder: str) -> str | None:
    """The folder from which a commit, or the work tree if it is None, moved the documents into this one."""
    before = repository.documents(parent, folder="")
    after = repository.documents(commit, folder="") if commit else _present(repository)
    named = _named_folder(repository, parent, folder=folder)
    if named not in {None, folder} and _shares_a_name(before, after, former=named or "", folder=folder):
        return named
    gone = {path: blob for path, blob in before.items() if path not in after}
    come = {
        path: blob
        for path, blob in after.items()
        if path not in before and is_document_path(path, folder=folder)
    }
    if not gone or not come:
        return None
    sources = Counter(
        source
        for change in repository.changes(gone, come)
        if change.old_path != change.new_path
        for source in [_source(change, folder=folder)]
        if source is not None
    )
    for source, count in sources.most_common():
        left = [
            path
            for path in after
            if is_document_path(path, folder=source) and not is_document_path(path, folder=folder)
        ]
        if source == named or (source != folder and not left and count >= SEVERAL):
            return source
    return None


def _present(repository: Repository) -> dict[str, str]:
    """The document files of the work tree that are committed or would be."""
    files = repository.work_tree.files(folder="")
    return {path: blob for path, blob in files.items() if is_document_path(path, folder="")}


def _named_folder(repository: Repository, commit: str, *, folder: str) -> str | None:
    """The documents folder named in the nearest ``mkdocs.yml`` above ``folder``, or None if there is none."""
    above = posixpath.dirname(folder)
    while True:
        for name in CONFIG_NAMES:
            text = repository.file(commit, posixpath.join(above, name))
            if text is not None:
                stated = DOCS_DIR.search(text.decode("utf-8", "replace"))
                docs_dir = stated["folder"].strip() if stated else USUAL_DOCS_DIR
                named = posixpath.normpath(posixpath.join(above, docs_dir))
                return None if named.startswith(("/", "..")) else normal_folder(named)
        if not above:
            return None
        above = posixpath.dirname(above)


def _shares_a_name(before: Iterable[str], after: Iterable[str], *, former: str, folder: str) -> bool:
    """Whether a document of the former folder is in the new one under the same name."""
    names = {below_folder(former, path) for path in before if is_document_path(path, folder=former)}
    return not names.isdisjoint(
        below_folder(folder, path) for path in after if is_document_path(path, folder=folder)
    )


def _source(change: FileChange, *, folder: str) -> str | None:
    """The folder that was renamed, if this file has the same path below it as before."""
    old, new = posixpath.dirname(change.old_path), posixpath.dirname(below_folder(folder, change.new_path))
    if not new:
        return old
    if old == new:
        return ""
    return old.removesuffix(f"/{new}") if old.endswith(f"/{new}") else None


def _with_unchanged(
    changes: tuple[FileChange, ...], before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[FileChange, ...]:
    """The changes, and one for each document that only moved with its folder."""
    return (
        *changes,
        *(
            FileChange(old_path=path, new_path=path, old_blob=blob, new_blob=blob)
            for path, blob in before.items()
            if after.get(path) == blob
        ),
    )


def _step_in(folder: str, step: Step, *, of: str) -> Step:
    """The step with its paths below the folder instead of the former one."""
    return replace(
        step,
        changes=tuple(
            replace(
                change,
                old_path=in_repository(folder, below_folder(of, change.old_path)),
                new_path=in_repository(folder, below_folder(of, change.new_path)),
            )
            for change in step.changes
        ),
    )


def _moved(files: Mapping[str, str], former: str, folder: str) -> dict[str, str]:
    return {in_repository(folder, below_folder(former, path)): blob for path, blob in files.items()}
