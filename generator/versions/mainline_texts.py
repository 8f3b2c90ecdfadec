"""Reads every text of a mainline, with the files of its commit that it shows or includes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from generator.git.files import Files
from generator.git.repository import Repository
from generator.git.steps import Step
from generator.markdown.renderer import Renderer
from generator.markdown.surroundings import Surroundings
from generator.versions.document import read_blob, with_pictures
from generator.versions.included_files import Timeline, follow_files, read_timeline
from generator.versions.lineage import DocumentState, Track, follow
from generator.versions.reading import Reading


def read_tracks(
    repository: Repository, *, head: str, folder: str, steps: Sequence[Step], renderer: Renderer
) -> tuple[list[Track], Callable[[DocumentState], Reading]]:
    """The documents of the mainline, and a function that returns what was read of each of their states.

    A step that changes a file which a document shows or includes adds a state to that document. Which files
    those are is only known after reading, so everything is read again until no new path turns up. A mainline
    whose texts show no other files is read once.
    """
    known: set[str] = set()
    plain: dict[str, Reading] = {}
    while True:
        timeline = read_timeline(repository, head=head, steps=steps, paths=known)
        reader = _Reader(repository, renderer, folder, timeline, plain)
        tracks = follow(timeline.steps)
        for file in [file for track in tracks for file in (track, *track.upcoming)]:
            follow_files(file, timeline, reader.asked_by)
        if reader.asked <= known:
            return tracks, reader.read
        known |= reader.asked


class _Reader:
    def __init__(
        self,
        repository: Repository,
        renderer: Renderer,
        folder: str,
        timeline: Timeline,
        plain: dict[str, Reading],
    ) -> None:
        self._repository = repository
        self._renderer = renderer
        self._folder = folder
        self._timeline = timeline
        self._plain = plain  # texts that include nothing, by blob
        self._readings: dict[tuple[str, str, int], Reading] = {}
        self.asked: set[str] = set()

    def asked_by(self, state: DocumentState) -> Sequence[str]:
        """The paths of the files on which the text depends in this state."""
        return self.read(state).asked

    def read(self, state: DocumentState) -> Reading:
        """The reading of the text in this state."""
        key = (state.blob, state.path, state.position)
        if key not in self._readings:
            files = self._timeline.at(state.position)
            reading = self._plain.get(state.blob)
            if reading is None:
                raw = partial(self._repository.read, state.blob)
                reading = read_blob(state.blob, raw, self._renderer, files)
                if not reading.asked:
                    self._plain[state.blob] = reading
            reading = with_pictures(reading, self._around(state, files))
            self.asked.update(reading.asked)
            self._readings[key] = reading
        return self._readings[key]

    def _around(self, state: DocumentState, files: Files) -> Surroundings:
        """Where the text was at the time; the paths in the state are those of today's folder."""
        here = f"{self._folder}/" if self._folder else ""
        there = f"{state.step.folder}/" if state.step.folder else ""
        return Surroundings(path=there + state.path.removeprefix(here), folder=state.step.folder, files=files)
