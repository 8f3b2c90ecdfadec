"""From a repository's mainline to documents and their versions, as the rules R1 to R11 say.

Whatever a text looks like, it has its place in the history; what is odd about it becomes a warning.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from typing import NamedTuple

from generator.errors import DocumentTextError
from generator.versions.document import Document, Reading, Renderer, read_blob, read_document
from generator.versions.front_matter import FrontMatter, Problem
from generator.versions.lineage import Track, follow
from generator.versions.repository import Repository, Step, normal_folder

SUFFIX = re.compile(r"\.(md|markdown)$", re.IGNORECASE)
INDEX = re.compile(r"(^|/)(index|README)$")
FIRST_SECOND = -62_135_510_400
LEFT_OUT = (
    "is left out, since no file can have this path on every system "
    "(an empty part, `.`, `..`, `.git` or a backslash); rename it"
)
LAST_SECOND = 253_402_214_400
"""0001-01-02 and 9999-12-31 in UTC: a day less than Python's calendar has, for any time zone."""

LONGEST_NAME = 255
"""Bytes of a file's name on Linux, and most other disks (NAME_MAX)."""

COMMON_DATES = range(1, 253_402_300_800)
"""Seconds from 1970 to 9999 (git itself writes no other dates); 0 is what a tool writes that knows none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a document that readers saw, and from when.

    ``published_at`` is the committer time in UTC of the mainline commit that brought it, not the author's:
    a change counts from its arrival on the branch. ``effective_on`` is the stated day, else that of the
    publication in the site's time zone. ``path`` is below the documents folder. Of two versions of any
    documents the one with the lower ``position`` was published first, or both with one commit.
    """

    document: str
    number: int
    label: str
    commit: str
    position: int
    path: str
    source_blob: str
    published_at: datetime
    effective_on: date
    returns_to: int | None
    content_sha256: str
    front: FrontMatter
    title: str


class SavedText(NamedTuple):
    """A document's file after a commit that changed it; ``path`` is below the documents folder."""

    commit: str
    path: str
    blob: str


class PublishedText(NamedTuple):
    """A document's id with the commit and the source blob of a version that an earlier build published."""

    document: str
    commit: str
    source_blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentGap:
    """The commit that removed a document, and the one that brought it back (None: it is still away)."""

    removed: str
    removed_at: datetime
    restored: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHistory:
    """One document with its versions, oldest first.

    ``path`` is where it is, or was last, below the documents folder. ``name`` is the same, but for an ended
    document whose path another one took: then ``@`` and the first digits of the commit that removed it
    follow; ``slug`` is made unlike others in the same way. ``texts`` are all that its file held, oldest
    first; no version has the last where nothing visible changed since. ``problems`` are those of the last.
    """

    id: str
    name: str
    slug: str
    path: str
    former_paths: tuple[str, ...]
    gaps: tuple[DocumentGap, ...]
    ended_at: datetime | None
    texts: tuple[SavedText, ...]
    problems: tuple[Problem, ...]
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryWarning:
    """Something odd in a text of the past; ``commit`` is the first that had it."""

    path: str
    line: int | None
    commit: str
    text: str

    def __str__(self) -> str:
        return f"{_where(self.path, self.line)}: {self.text} (since {self.commit[:12]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything below a folder that a mainline published, as of the commit ``head``."""

    head: str
    folder: str
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
    published: Set[PublishedText] = frozenset(),
) -> History:
    """The documents below the folder with all their versions; each distinct text is rendered at most once.

    With ``draft_at`` the files of the work tree are one more step, then, as the commit ``UNCOMMITTED``.
    Up to the last one ``published`` of a document, its versions are those published, whatever this renderer
    shows: readers saw these, and labels and numbers stay.
    """
    folder = normal_folder(folder)
    head = repository.resolve(ref)
    steps = repository.mainline(head, folder=folder)
    if draft_at is not None:
        steps.append(repository.uncommitted(head, folder=folder, at=draft_at))
    tracks = follow(steps)
    names = _distinct(tracks, lambda track: _below(folder, track.path))
    slugs = _distinct(tracks, lambda track: slug_of(_below(folder, track.path)))

    @cache
    def read(blob: str) -> Reading:
        return read_blob(blob, lambda: repository.read(blob), renderer)

    documents = [
        _document(
            track,
            name=name,
            slug=slug,
            folder=folder,
            read=read,
            time_zone=time_zone,
            published=published,
        )
        for track, name, slug in zip(tracks, names, slugs, strict=True)
    ]
    return History(
        head=head,
        folder=folder,
        documents=tuple(sorted(documents, key=lambda document: document.name)),
        warnings=(
            *left_out(repository),
            *(warning for track in tracks for warning in _warnings(track, read=read)),
        ),
    )


def left_out(repository: Repository) -> Iterator[HistoryWarning]:
    """A warning for each path in the repository that is none of a file."""
    for path, commit in repository.left_out.items():
        yield HistoryWarning(path=path, line=None, commit=commit, text=LEFT_OUT)


def read_version(version: Version, repository: Repository, renderer: Renderer) -> Document:
    """The text of a version, rendered."""
    return read_document(repository.read(version.source_blob), renderer)


def refuse_problems(history: History) -> None:
    """Raise DocumentTextError if the newest text of a living document states what cannot be read."""
    problems = [
        f"{_where(in_repository(history.folder, document.path), problem.line)}: {problem.text}"
        for document in history.documents
        if document.ended_at is None
        for problem in document.problems
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


def in_force(versions: Sequence[Version], *, day: date) -> Version | None:
    """The highest-numbered version that is effective on the day; None where none is yet."""
    return next((version for version in reversed(versions) if version.effective_on <= day), None)


def upcoming(versions: Sequence[Version], *, day: date) -> list[Version]:
    """The versions that will come into force after the day, next first; not those overtaken before theirs."""
    coming: list[Version] = []
    for version in reversed(versions):
        if version.effective_on > day and all(version.effective_on < later.effective_on for later in coming):
            coming.append(version)
        elif version.effective_on <= day:
            break
    return coming[::-1]


def _document(
    track: Track,
    *,
    name: str,
    slug: str,
    folder: str,
    read: Callable[[str], Reading],
    time_zone: tzinfo,
    published: Set[PublishedText],
) -> DocumentHistory:
    identity = f"{track.states[0].step.commit}\0{track.states[0].path}".encode("utf-8", "surrogateescape")
    document = hashlib.sha256(identity).hexdigest()[:16]
    paths = list(dict.fromkeys(_below(folder, state.path) for state in track.states))
    path = _below(folder, track.path)
    newest = read(track.states[-1].blob)
    return DocumentHistory(
        id=document,
        name=name,
        slug=slug,
        path=path,
        former_paths=tuple(former for former in paths if former != path),
        gaps=tuple(
            DocumentGap(
                removed=gap.removed.commit,
                removed_at=_moment(gap.removed),
                restored=gap.restored.commit if gap.restored else None,
            )
            for gap in track.gaps
        ),
        ended_at=_moment(track.ended) if track.ended else None,
        texts=tuple(
            SavedText(commit=state.step.commit, path=_below(folder, state.path), blob=state.blob)
            for state in track.states
        ),
        problems=newest.problems,
        versions=_versions(
            track, document=document, folder=folder, read=read, time_zone=time_zone, published=published
        ),
    )


def _versions(
    track: Track,
    *,
    document: str,
    folder: str,
    read: Callable[[str], Reading],
    time_zone: tzinfo,
    published: Set[PublishedText],
) -> tuple[Version, ...]:
    was_published = [
        PublishedText(document, state.step.commit, state.blob) in published for state in track.states
    ]
    decided = len(was_published) - was_published[::-1].index(True) if any(was_published) else 0
    versions: list[Version] = []
    first_with: dict[str, int] = {}
    published_on: Counter[date] = Counter()
    for position, state in enumerate(track.states):
        reading = read(state.blob)
        looks_new = not versions or versions[-1].content_sha256 != reading.content_sha256
        if not (was_published[position] if position < decided else looks_new):
            continue
        published_at = _moment(state.step)
        day = published_at.astimezone(time_zone).date()
        published_on[day] += 1
        later = f"-{published_on[day]}" if published_on[day] > 1 else ""
        versions.append(
            Version(
                document=document,
                number=len(versions) + 1,
                label=f"{day.isoformat()}{later}",
                commit=state.step.commit,
                position=state.position,
                path=_below(folder, state.path),
                source_blob=state.blob,
                published_at=published_at,
                effective_on=reading.front.effective or day,
                returns_to=first_with.get(reading.content_sha256),
                content_sha256=reading.content_sha256,
                front=reading.front,
                title=reading.title or _below(folder, state.path),
            )
        )
        first_with.setdefault(reading.content_sha256, len(versions))
    return tuple(versions)


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


def _warnings(track: Track, *, read: Callable[[str], Reading]) -> list[HistoryWarning]:
    """The problems of a document's texts, each where it begins."""
    warnings = []
    known: set[str] = set()
    for state in track.states:
        problems = (*read(state.blob).problems, *_problems_of_date(state.step))
        warnings += [
            HistoryWarning(path=state.path, line=problem.line, commit=state.step.commit, text=problem.text)
            for problem in problems
            if problem.text not in known
        ]
        known = {problem.text for problem in problems}
    return warnings


def _problems_of_date(step: Step) -> tuple[Problem, ...]:
    if step.committed_at in COMMON_DATES or step.committed_at == 0:
        return ()
    shown = _moment(step).date().isoformat()
    return (Problem(line=None, text=f"its commit is dated before 1970 or after 9999; {shown} is shown"),)


def _moment(step: Step) -> datetime:
    return datetime.fromtimestamp(min(max(step.committed_at, FIRST_SECOND), LAST_SECOND), UTC)


def _below(folder: str, path: str) -> str:
    return path[len(folder) + 1 :] if folder else path


def _where(path: str, line: int | None) -> str:
    return path if line is None else f"{path}:{line}"
