"""Decides which files of a mainline are one document, through renames, removals and returns.

Pure: takes steps and returns one ``Track`` per document, with the tracks of its upcoming texts. It looks at
paths and blobs, never at a text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from generator.git.steps import FileChange, Step

UPCOMING = re.compile(r"\.upcoming(?=\.(?:md|markdown)$)", re.IGNORECASE)
"""Marks the file of an upcoming text: ``privacy.upcoming.md`` belongs to ``privacy.md``."""
SUFFIX = re.compile(r"\.(?:md|markdown)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DocumentState:
    """A document's file after a step that changed it."""

    step: Step
    position: int
    path: str
    blob: str


@dataclass(slots=True)
class Gap:
    """The time without the document: the step that removed it, and the one that restored it, if any."""

    removed: Step
    position: int
    restored: Step | None = None


@dataclass(slots=True)
class Track:
    """One document through its history, oldest state first."""

    states: list[DocumentState]
    gaps: list[Gap] = field(default_factory=list)
    left_at: dict[str, int] = field(default_factory=dict)
    """The position of the step that last took the document away from a path."""
    held_until: float = math.inf
    """The position of the step that removed it; infinity while it is there."""
    upcoming: list[Track] = field(default_factory=list)
    """The files of its upcoming texts, one after the other. The track of such a file has none itself."""

    @property
    def path(self) -> str:
        """Where it is, or was last."""
        return self.states[-1].path

    @property
    def ended(self) -> Step | None:
        """The step that removed it, if it has not returned."""
        return self.gaps[-1].removed if self.gaps and self.gaps[-1].restored is None else None


def current_path(path: str) -> str | None:
    """The path of the current text to which an upcoming text at this path belongs; None for other names."""
    current = UPCOMING.sub("", path)
    return current if current != path else None


def follow(steps: Iterable[Step]) -> list[Track]:
    """The documents of a mainline, in the order in which they began.

    A file with the name of an upcoming text is one if the current text exists when the file gets this name.
    It then stays one. Otherwise it is a document like any other.
    """
    lineage = _Lineage()
    for position, step in enumerate(steps):
        lineage.take(step, position)
    return lineage.tracks


class _Lineage:
    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self._living: dict[str, Track] = {}
        self._belongs_to: dict[int, Track] = {}
        self._ended: dict[str, list[Track]] = {}

    def take(self, step: Step, position: int) -> None:
        """Apply one step: first to all paths that lose their document, then to all paths that get one."""
        changed = [change for change in step.changes if change.old_path == change.new_path]
        gone = {change.old_path: change for change in step.changes if _loses(change)}
        come = {change.new_path: change for change in step.changes if _gains(change)}
        pairs = self._pairs(step, gone, come)
        leaving = {path: self._living.pop(path) for path in sorted(gone)}
        for old_path, new_path in pairs.items():
            leaving[old_path].left_at[old_path] = position
            self._continue(leaving.pop(old_path), step, position, come.pop(new_path))
        for path, track in leaving.items():
            track.gaps.append(Gap(step, position))
            track.held_until = position
            self._ended.setdefault(path, []).append(track)
        for path in sorted(come, key=lambda path: (current_path(path) is not None, path)):
            self._continue(self._returning(path, step), step, position, come[path])
        for change in changed:
            if change.old_blob and change.new_blob:
                self._continue(self._living[change.new_path], step, position, change)

    def _pairs(self, step: Step, gone: dict[str, FileChange], come: dict[str, FileChange]) -> dict[str, str]:
        """Old path to new path of every document that moved, by the three rules in their order."""
        pairs: dict[str, str] = {}

        after = (self._living.keys() - gone.keys()) | come.keys()

        def pair(old_path: str, new_path: str) -> None:
            free = old_path not in pairs and new_path not in pairs.values()
            is_upcoming = id(self._living[old_path]) in self._belongs_to
            if free and is_upcoming == (current_path(new_path) in after):
                pairs[old_path] = new_path

        spelled_otherwise = {
            _folded(path): path for path in sorted(come, reverse=True) if not come[path].retyped
        }
        for old_path in sorted(gone):
            if not gone[old_path].retyped and _folded(old_path) in spelled_otherwise:
                pair(old_path, spelled_otherwise[_folded(old_path)])
        for change in step.changes:
            if change.old_path != change.new_path and change.old_blob and change.new_blob:
                pair(change.old_path, change.new_path)
                for old_path, new_path in self._moved_together(change.old_path, change.new_path):
                    if old_path in gone and new_path in come:  # git may have confused the two texts
                        pair(old_path, new_path)
        returns = [
            (self._living[old_path].left_at[new_path], old_path, new_path)
            for old_path in sorted(gone)
            for new_path in sorted(come)
            if new_path in self._living[old_path].left_at
        ]
        for _, old_path, new_path in sorted(returns, key=lambda found: found[0], reverse=True):
            pair(old_path, new_path)
        return pairs

    def _moved_together(self, old_path: str, new_path: str) -> list[tuple[str, str]]:
        """The moves of the current and the upcoming text that belong together with this move."""
        current = self._belongs_to.get(id(self._living[old_path]), self._living[old_path])
        to = current_path(new_path) or new_path
        upcoming = [(track.path, SUFFIX.sub(r".upcoming\g<0>", to)) for track in current.upcoming]
        return [(current.path, to), *upcoming] if upcoming else []

    def _returning(self, path: str, step: Step) -> Track:
        """The document removed last at this path, or a new one."""
        if self._ended.get(path):
            track = self._ended[path].pop()
            track.gaps[-1].restored = step
            track.held_until = math.inf
            return track
        track = Track(states=[])
        current = self._living.get(current_path(path) or "")
        if current is None:
            self.tracks.append(track)
        else:
            current.upcoming.append(track)
            self._belongs_to[id(track)] = current
        return track

    def _continue(self, track: Track, step: Step, position: int, change: FileChange) -> None:
        assert change.new_blob is not None
        track.states.append(
            DocumentState(step=step, position=position, path=change.new_path, blob=change.new_blob)
        )
        self._living[change.new_path] = track


def _loses(change: FileChange) -> bool:
    return change.old_blob is not None and (change.new_blob is None or change.old_path != change.new_path)


def _gains(change: FileChange) -> bool:
    return change.new_blob is not None and (change.old_blob is None or change.old_path != change.new_path)


def _folded(path: str) -> str:
    """Equal for paths that differ in letter case or in how accents are composed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
