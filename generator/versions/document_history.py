"""Records of the history of each document: its versions, its files, its gaps and its warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from generator.versions.front_matter import Problem
from generator.versions.version import Version


class SavedText(NamedTuple):
    """A document's file after a commit that changed it; ``path`` is below the documents folder."""

    commit: str
    path: str
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentGap:
    """The commit that removed a document, and the one that restored it, None if none did."""

    removed: str
    removed_at: datetime
    restored: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """A file of a document: its path, every text that it held, and the problems of the last one."""

    path: str
    texts: tuple[SavedText, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentHistory:
    """One document with its versions, oldest first.

    ``former_ids`` are the ids it would have if its history began where its folder was renamed. ``path`` is
    where it is, or was last, below the documents folder. ``name`` equals the path, unless the document ended
    and another one took its path: then ``@`` and the first digits of the commit that removed it follow. The
    ``slug`` is kept unique in the same way. ``texts`` is every text that its file held, oldest first; the
    last one belongs to no version if it changed nothing visible. ``problems`` are those of the last text.
    ``upcoming`` is the file that holds the upcoming text, ``upcoming_paths`` are all paths that such a file
    ever had.
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
    """Something odd in a text of the past. ``commit`` is the first commit that has it.

    It is ``refused`` by a check if it contradicts the history before it; ``key`` is then the front matter's
    key that does, None if it is the whole text.
    """

    path: str
    line: int | None
    commit: str
    text: str
    key: str | None = None
    refused: bool = False

    def __str__(self) -> str:
        return f"{location(self.path, self.line)}: {self.text} (since {self.commit[:12]})"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything below a folder that a mainline published, as of the commit ``head``.

    ``former_folders`` maps each commit before the folder was renamed to the folder's path then.
    ``committed_folder`` is the folder in the last commit, which differs while a draft renames it.
    """

    head: str
    folder: str
    former_folders: Mapping[str, str]
    committed_folder: str
    documents: tuple[DocumentHistory, ...]
    warnings: tuple[HistoryWarning, ...]


def location(path: str, line: int | None) -> str:
    """A path with a line, if there is one, as error messages begin."""
    return path if line is None else f"{path}:{line}"
