"""Reads the documents of a repository with all their versions, by the rules in docs/explanation/versions.md.

No text of the past stops it. Anything odd about one becomes a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import partial

from generator.errors import DocumentTextError
from generator.git.document_paths import below_folder, in_repository, normal_folder
from generator.git.files import KnownFiles
from generator.git.repository import Repository
from generator.markdown.renderer import Renderer
from generator.markdown.surroundings import Surroundings
from generator.versions.document import Document, read_document
from generator.versions.document_history import (
    DocumentGap,
    DocumentHistory,
    History,
    HistoryWarning,
    SavedText,
    TextFile,
    location,
)
from generator.versions.document_ids import document_ids
from generator.versions.find_versions import PublishedAs, PublishedText, Remark, find_versions
from generator.versions.lineage import DocumentState, Track
from generator.versions.mainline import read_mainline
from generator.versions.mainline_texts import read_tracks
from generator.versions.reading import Reading
from generator.versions.slugs import distinct_names, slug_of
from generator.versions.track_steps import moment_of, problems_of_date
from generator.versions.version import Version

LEFT_OUT = (
    "is left out, because its path is not valid on every system "
    "(an empty part, `.`, `..`, `.git` or a backslash); rename it"
)


def read_history(
    repository: Repository,
    *,
    folder: str,
    ref: str | None,
    renderer: Renderer,
    time_zone: tzinfo = UTC,
    draft_at: datetime | None = None,
    published: Mapping[PublishedText, PublishedAs] | None = None,
    published_at: str | None = None,
    excluded: Callable[[str], bool] = lambda _: False,
) -> History:
    """The documents below the folder with all their versions. Each distinct text is rendered at most once.

    With ``draft_at``, the files of the work tree count as one more step at that time, whose commit is
    ``UNCOMMITTED``. The versions in ``published`` come from an earlier build of the commit ``published_at``.
    They keep their labels, even if this renderer shows them differently. Any other version up to that commit
    was discovered by this renderer. A later version takes its front matter from the last commit that did not
    change its text. A file with an upcoming text is ignored if its path is ``excluded``.
    """
    folder = normal_folder(folder)
    head = repository.resolve(ref)
    steps = read_mainline(repository, head, folder=folder, draft_at=draft_at)
    draft = steps[-1] if draft_at is not None else None
    tracks, read = read_tracks(repository, head=head, folder=folder, steps=steps, renderer=renderer)
    names = distinct_names(tracks, lambda track: below_folder(folder, track.path))
    slugs = distinct_names(tracks, lambda track: slug_of(below_folder(folder, track.path)))

    order = repository.order(head) if published_at else {}
    last = order.get(published_at or "", -1)

    def is_past(state: DocumentState) -> bool:
        return order.get(state.step.commit, last + 1) <= last

    documents = []
    warnings: list[HistoryWarning] = []
    for track, name, slug in zip(tracks, names, slugs, strict=True):
        track.upcoming = [file for file in track.upcoming if not excluded(below_folder(folder, file.path))]
        document, *former_ids = document_ids(track, folder=folder)
        found = find_versions(
            track,
            document=document,
            former_ids=former_ids,
            read=read,
            below_folder=partial(below_folder, folder),
            time_zone=time_zone,
            published=published,
            is_past=is_past,
        )
        documents.append(
            _document(
                track,
                document=document,
                former_ids=tuple(former_ids),
                name=name,
                slug=slug,
                folder=folder,
                read=read,
                versions=found.versions,
            )
        )
        warnings += _warnings(track, read=read)
        warnings += [warning for file in track.upcoming for warning in _warnings(file, read=read)]
        warnings += map(_contradiction, found.remarks)
    return History(
        head=head,
        folder=folder,
        former_folders={step.commit: step.folder for step in steps if step.folder != folder},
        committed_folder=draft.moved_from if draft and draft.moved_from is not None else folder,
        documents=tuple(sorted(documents, key=lambda document: document.name)),
        warnings=(*left_out(repository), *warnings),
    )


def left_out(repository: Repository) -> Iterator[HistoryWarning]:
    """A warning for each path in the repository that no file can have on every system."""
    for path, commit in repository.left_out.items():
        yield HistoryWarning(path=path, line=None, commit=commit, text=LEFT_OUT)


def read_version(version: Version, repository: Repository, renderer: Renderer) -> Document:
    """The text of a version, rendered with the files of its commit."""
    around = Surroundings(files=KnownFiles(dict(version.included), repository.read))
    return read_document(repository.read(version.source_blob), renderer, around)


def refuse_problems(history: History) -> None:
    """Raise DocumentTextError if the newest text of a living document has a problem that is refused."""
    problems = [
        f"{location(in_repository(history.folder, file.path), problem.line)}: {problem.text}"
        for document in history.documents
        if document.ended_at is None
        for file in document.files
        for problem in file.problems
        if problem.refused
    ]
    if problems:
        raise DocumentTextError(problems)


def _document(
    track: Track,
    *,
    document: str,
    former_ids: tuple[str, ...],
    name: str,
    slug: str,
    folder: str,
    read: Callable[[DocumentState], Reading],
    versions: tuple[Version, ...],
) -> DocumentHistory:
    path = below_folder(folder, track.path)
    living = [file for file in track.upcoming if file.ended is None]
    return DocumentHistory(
        id=document,
        former_ids=former_ids,
        name=name,
        slug=slug,
        path=path,
        former_paths=tuple(former for former in _paths(folder, [track]) if former != path),
        gaps=tuple(
            DocumentGap(
                removed=gap.removed.commit,
                removed_at=moment_of(gap.removed),
                restored=gap.restored.commit if gap.restored else None,
            )
            for gap in track.gaps
        ),
        ended_at=moment_of(track.ended) if track.ended else None,
        texts=_texts(folder, track),
        problems=read(track.states[-1]).problems,
        upcoming=TextFile(
            path=below_folder(folder, living[-1].path),
            texts=_texts(folder, living[-1]),
            problems=read(living[-1].states[-1]).problems,
        )
        if living
        else None,
        upcoming_paths=_paths(folder, track.upcoming),
        versions=versions,
    )


def _texts(folder: str, track: Track) -> tuple[SavedText, ...]:
    return tuple(
        SavedText(commit=state.step.commit, path=below_folder(folder, state.path), blob=state.blob)
        for state in track.states
    )


def _paths(folder: str, tracks: Iterable[Track]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(below_folder(folder, state.path) for track in tracks for state in track.states)
    )


def _contradiction(remark: Remark) -> HistoryWarning:
    state = remark.state
    return HistoryWarning(
        path=state.path,
        line=None,
        commit=state.step.commit,
        text=remark.contradiction.text,
        key=remark.contradiction.key,
        refused=True,
    )


def _warnings(track: Track, *, read: Callable[[DocumentState], Reading]) -> list[HistoryWarning]:
    """The problems of a document's texts, each at the first commit that has it."""
    warnings = []
    known: set[str] = set()
    for state in track.states:
        problems = (*read(state).problems, *problems_of_date(state.step))
        warnings += [
            HistoryWarning(path=state.path, line=problem.line, commit=state.step.commit, text=problem.text)
            for problem in problems
            if problem.text not in known
        ]
        known = {problem.text for problem in problems}
    return warnings
