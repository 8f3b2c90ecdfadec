"""From a repository's mainline to documents and their versions, as the rules R1 to R11 say.

Whatever a text looks like, it has its place in the history; what is odd about it becomes a warning.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import NamedTuple

from generator.errors import DocumentTextError
from generator.git.document_paths import normal_folder
from generator.git.files import KnownFiles
from generator.git.repository import Repository
from generator.git.steps import Step
from generator.markdown.renderer import Renderer
from generator.markdown.surroundings import Surroundings
from generator.versions.document import Document, read_document
from generator.versions.find_versions import PublishedAs, PublishedText, Remark, find_versions
from generator.versions.front_matter import Problem
from generator.versions.lineage import State, Track
from generator.versions.mainline import read_mainline
from generator.versions.mainline_texts import read_tracks
from generator.versions.moments import moment_of, problems_of_date
from generator.versions.reading import Reading
from generator.versions.version import Version

SUFFIX = re.compile(r"\.(md|markdown)$", re.IGNORECASE)
INDEX = re.compile(r"(^|/)(index|README)$")
LEFT_OUT = (
    "is left out, since no file can have this path on every system "
    "(an empty part, `.`, `..`, `.git` or a backslash); rename it"
)

LONGEST_NAME = 255
"""Bytes of a file's name on Linux, and most other disks (NAME_MAX)."""


class SavedText(NamedTuple):
    """A document's file after a commit that changed it; ``path`` is below the documents folder."""

    commit: str
    path: str
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentGap:
    """The commit that removed a document, and the one that brought it back (None: it is still away)."""

    removed: str
    removed_at: datetime
    restored: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """A file that holds a text of a document: its path, all that it held, and the problems of the last."""

    path: str
    texts: tuple[SavedText, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHistory:
    """One document with its versions, oldest first.

    ``former_ids`` are those that it would have if the history began where its folder was renamed. ``path`` is
    where it is, or was last, below the documents folder. ``name`` is the same, but for an ended
    document whose path another one took: then ``@`` and the first digits of the commit that removed it
    follow; ``slug`` is made unlike others in the same way. ``texts`` are all that its file held, oldest
    first; no version has the last where nothing visible changed since. ``problems`` are those of the last.
    ``upcoming`` is the file beside it that holds the upcoming text, ``upcoming_paths`` are all that such a
    file ever had.
    """

    id: str
    former_ids: tuple[str, ...]
    name: str
    slug: str
    path: str
    former_paths: tuple[str, ...]
    gaps: tuple[DocumentGap, ...]
    ended_at: datetime | None
    texts: tuple[SavedText, ...]
    problems: tuple[Problem, ...]
    upcoming: TextFile | None
    upcoming_paths: tuple[str, ...]
    versions: tuple[Version, ...]

    @property
    def files(self) -> tuple[TextFile, ...]:
        """The file of the current text, and that of the upcoming one if there is one."""
        current = TextFile(path=self.path, texts=self.texts, problems=self.problems)
        return (current, self.upcoming) if self.upcoming else (current,)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryWarning:
    """Something odd in a text of the past; ``commit`` is the first that had it.

    ``refused`` is what contradicts the history before it; ``key`` is what of the front matter does.
    """

    path: str
    line: int | None
    commit: str
    text: str
    key: str | None = None
    refused: bool = False

    def __str__(self) -> str:
        return f"{_where(self.path, self.line)}: {self.text} (since {self.commit[:12]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything below a folder that a mainline published, as of the commit ``head``.

    ``former_folders`` are the folders in which the documents were at the commits before it was renamed,
    ``committed_folder`` is the one in which they are while a draft renames it.
    """

    head: str
    folder: str
    former_folders: Mapping[str, str]
    committed_folder: str
    documents: tuple[DocumentHistory, ...]
    warnings: tuple[HistoryWarning, ...]


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
    """The documents below the folder with all their versions; each distinct text is rendered at most once.

    With ``draft_at`` the files of the work tree are one more step, then, as the commit ``UNCOMMITTED``.
    What was ``published``, by a build of the commit ``published_at``, stays with its label, whatever this
    renderer shows; a version up to that commit that it lacks was discovered since. A later one has the
    front matter of the last commit that left its text as it was. An upcoming text does not exist
    while the path of its file is ``excluded``.
    """
    folder = normal_folder(folder)
    head = repository.resolve(ref)
    steps = read_mainline(repository, head, folder=folder, draft_at=draft_at)
    draft = steps[-1] if draft_at is not None else None
    tracks, read = read_tracks(repository, head=head, folder=folder, steps=steps, renderer=renderer)
    names = _distinct(tracks, lambda track: _below(folder, track.path))
    slugs = _distinct(tracks, lambda track: slug_of(_below(folder, track.path)))

    order = repository.order(head) if published_at else {}
    last = order.get(published_at or "", -1)

    def is_past(state: State) -> bool:
        return order.get(state.step.commit, last + 1) <= last

    documents = []
    warnings: list[HistoryWarning] = []
    for track, name, slug in zip(tracks, names, slugs, strict=True):
        track.upcoming = [file for file in track.upcoming if not excluded(_below(folder, file.path))]
        document, *former_ids = _identities(track, folder=folder)
        found = find_versions(
            track,
            document=document,
            former_ids=former_ids,
            read=read,
            below_folder=partial(_below, folder),
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
    """A warning for each path in the repository that is none of a file."""
    for path, commit in repository.left_out.items():
        yield HistoryWarning(path=path, line=None, commit=commit, text=LEFT_OUT)


def read_version(version: Version, repository: Repository, renderer: Renderer) -> Document:
    """The text of a version, rendered."""
    around = Surroundings(files=KnownFiles(dict(version.included), repository.read))
    return read_document(repository.read(version.source_blob), renderer, around)


def refuse_problems(history: History) -> None:
    """Raise DocumentTextError if the newest text of a living document states what cannot be read."""
    problems = [
        f"{_where(in_repository(history.folder, file.path), problem.line)}: {problem.text}"
        for document in history.documents
        if document.ended_at is None
        for file in document.files
        for problem in file.problems
        if problem.refused
    ]
    if problems:
        raise DocumentTextError(problems)


def slug_of(path: str) -> str:
    """A path below the documents folder without suffix and last index or README; empty for the start page."""
    return INDEX.sub("", SUFFIX.sub("", path))


def fitting_name(name: str, *, ending: str) -> str:
    """The name of a file with an ending, shortened by a digest where no disk would take it whole."""
    raw = name.encode("utf-8", "surrogateescape")
    room = LONGEST_NAME - len(ending.encode())
    if len(raw) > room:
        digest = f"-{hashlib.sha256(raw).hexdigest()[:12]}"
        name = raw[: room - len(digest)].decode("utf-8", "ignore") + digest
    return name + ending


def in_repository(folder: str, path: str) -> str:
    """The repository's own path of a path below the documents folder."""
    return f"{folder}/{path}" if folder else path


def _document(
    track: Track,
    *,
    document: str,
    former_ids: tuple[str, ...],
    name: str,
    slug: str,
    folder: str,
    read: Callable[[State], Reading],
    versions: tuple[Version, ...],
) -> DocumentHistory:
    path = _below(folder, track.path)
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
            path=_below(folder, living[-1].path),
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
        SavedText(commit=state.step.commit, path=_below(folder, state.path), blob=state.blob)
        for state in track.states
    )


def _paths(folder: str, tracks: Iterable[Track]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_below(folder, state.path) for track in tracks for state in track.states))


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


def _distinct(tracks: Sequence[Track], wanted: Callable[[Track], str]) -> list[str]:
    """What is wanted for each document; where several want the same, the one that was there last has it.

    The ended others add the commit that removed them. Two living ones keep the same: the site refuses that.
    """
    holder: dict[str, Track] = {}
    for track in tracks:
        rival = holder.get(wanted(track))
        if rival is None or track.held_until > rival.held_until:
            holder[wanted(track)] = track
    return [
        wanted(track)
        if track.ended is None or holder[wanted(track)] is track
        else _beside(wanted(track), track.ended)
        for track in tracks
    ]


def _beside(path: str, ended: Step) -> str:
    """The path with a sign of its own, where another document has it."""
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{fitting_name(name, ending=f'@{ended.commit[:12]}')}"


def _warnings(track: Track, *, read: Callable[[State], Reading]) -> list[HistoryWarning]:
    """The problems of a document's texts, each where it begins."""
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


def _identities(track: Track, *, folder: str) -> list[str]:
    """The id of a document; then those that it has where its history is read from a renamed folder on."""
    moved = [state for state in track.states[1:] if state.step.moved_from is not None]
    return [_identity(state, folder=folder) for state in (track.states[0], *moved)]


def _identity(state: State, *, folder: str) -> str:
    """The id of a document that begins with this state."""
    true_path = in_repository(state.step.folder, _below(folder, state.path))
    identity = f"{state.step.commit}\0{true_path}"
    return hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _below(folder: str, path: str) -> str:
    return path[len(folder) + 1 :] if folder else path


def _where(path: str, line: int | None) -> str:
    return path if line is None else f"{path}:{line}"
