"""The files that texts show or include, as the repository had them at each step of its mainline.

The steps that change a document are known from the start. Which other files a text shows is only known after
reading it. So their paths are collected while texts are read, and the steps that change them are added.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from generator.git.repository import Repository
from generator.git.steps import UNCOMMITTED, Step
from generator.versions.lineage import DocumentState, Track


@dataclass(frozen=True, slots=True)
class FilesAt:
    """The files in the timeline as they are after one step."""

    timeline: Timeline
    position: int

    def blob(self, path: str) -> str | None:
        """The blob at the path, or None if there is no regular file or the path is not in the timeline."""
        changes = self.timeline.changes.get(path, ())
        before = bisect_right(changes, self.position, key=lambda change: change[0])
        return changes[before - 1][1] if before else None

    def read(self, blob: str) -> bytes:
        """The bytes of a blob."""
        return self.timeline.read(blob)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The steps, and for each path the positions of those that changed its file, each with the new blob."""

    steps: Sequence[Step]
    changes: Mapping[str, Sequence[tuple[int, str | None]]]
    read: Callable[[str], bytes]

    def at(self, position: int) -> FilesAt:
        """The files after the step at this position."""
        return FilesAt(self, position)

    def next_change(self, paths: Iterable[str], *, after: int) -> int | None:
        """The position of the next step that changes one of the files."""
        later = (
            changes[at][0]
            for path in paths
            if (changes := self.changes.get(path))
            and (at := bisect_right(changes, after, key=lambda change: change[0])) < len(changes)
        )
        return min(later, default=None)


def read_timeline(
    repository: Repository, *, head: str, steps: Sequence[Step], paths: Collection[str]
) -> Timeline:
    """The steps, together with those between them that change the files at the paths."""
    of_files: list[Step] = []
    merged = list(steps)
    if paths:
        of_files = repository.file_steps(head, paths)
        order = repository.order(head)
        if steps and steps[-1].commit == UNCOMMITTED:
            of_files.append(repository.uncommitted_step(head, paths, at=steps[-1].committed_at))
            order[UNCOMMITTED] = len(order)
        by_commit = {step.commit: replace(step, changes=()) for step in of_files}
        by_commit |= {step.commit: step for step in steps}
        merged = sorted(by_commit.values(), key=lambda step: order[step.commit])
    positions = {step.commit: at for at, step in enumerate(merged)}
    changes: dict[str, list[tuple[int, str | None]]] = {}
    for step in of_files:
        for change in step.changes:
            changes.setdefault(change.new_path, []).append((positions[step.commit], change.new_blob))
    return Timeline(merged, changes, repository.read)


def follow_files(track: Track, timeline: Timeline, asked: Callable[[DocumentState], Iterable[str]]) -> None:
    """Add to a track the states in which only a file that its text shows or includes changed."""
    ends = [gap.position for gap in track.gaps] + [state.position for state in track.states]
    states: list[DocumentState] = []
    for state in track.states:
        until = min((end for end in ends if end > state.position), default=len(timeline.steps))
        now = state
        while True:
            states.append(now)
            at = timeline.next_change(asked(now), after=now.position)
            if at is None or at >= until:
                break
            now = replace(now, step=replace(timeline.steps[at], folder=now.step.folder), position=at)
    track.states = states
