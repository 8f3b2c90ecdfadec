"""Decides which states of a document's files are versions, on which line each is, and when it takes effect.

A line is a series of versions that follow one another: the current text is one, and each upcoming file that
has not replaced it is another. Pure: takes a document's track and what was read of each text. Where a text
contradicts the history, the rules decide and a remark is made; ``policy-site check`` refuses new ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from itertools import chain, count
from typing import NamedTuple

from generator.rendered.characters import clean
from generator.versions import contradictions
from generator.versions.contradictions import Contradiction
from generator.versions.corrected_front_matter import with_corrected_front_matter
from generator.versions.effective_date import decide_effective_date, earliest_day
from generator.versions.front_matter import FrontMatter
from generator.versions.lineage import DocumentState, Track
from generator.versions.reading import Reading
from generator.versions.track_steps import Moment, moment_of, moments_of
from generator.versions.version import Version


class PublishedText(NamedTuple):
    """A version that an earlier build published: its document's id, its commit and its source blob."""

    document: str
    commit: str
    source_blob: str


class PublishedAs(NamedTuple):
    """The label that such a version keeps for ever, and whether a newer renderer had discovered it."""

    label: str
    discovered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A state of a file that contradicts the history before it."""

    state: DocumentState
    contradiction: Contradiction


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The versions of a document, oldest first, and the remarks on its states."""

    versions: tuple[Version, ...]
    remarks: tuple[Remark, ...]


def find_versions(
    track: Track,
    *,
    document: str,
    former_ids: Sequence[str] = (),
    read: Callable[[DocumentState], Reading],
    below_folder: Callable[[str], str],
    time_zone: tzinfo,
    published: Mapping[PublishedText, PublishedAs] | None = None,
    is_past: Callable[[DocumentState], bool] = lambda _: False,
) -> Found:
    """The versions in the track of the document with the id ``document``.

    Its versions in ``published``, also under one of its ``former_ids``, stay and keep their labels. Any other
    version that ``is_past`` was discovered by this renderer, because an earlier build read its commit and did
    not see it. Later versions take over corrections of their front matter. If ``published`` is None, nothing
    is known of earlier builds, and every version is as its commit has it.
    """
    ids = (document, *former_ids)
    of_document: defaultdict[str, set[str]] = defaultdict(set)
    for text in published or ():
        if text.document in ids:
            of_document[text.commit].add(text.source_blob)
    if published is not None:
        track = with_corrected_front_matter(track, read=read, published=of_document)
    moments = list(moments_of(track))
    known = {
        (text.commit, text.source_blob): known_as
        for text, known_as in (published or {}).items()
        if text.document in ids
    }
    published_states = [
        state.position
        for moment in moments
        for state in moment.states
        if (state.step.commit, state.blob) in known
    ]
    last = max(published_states, default=-1)
    lines = _Lines(
        document=document,
        read=read,
        below_folder=below_folder,
        time_zone=time_zone,
        published=known,
        is_past=lambda state: state.position <= last or (bool(known) and is_past(state)),
        labels={known_as.label for known_as in known.values()},
    )
    for moment in moments:
        lines.take(moment)
    return Found(versions=tuple(lines.versions), remarks=tuple(lines.remarks))


@dataclass(slots=True)
class _Line:
    """One line: its versions that were not withdrawn, oldest first."""

    number: int
    versions: list[Version] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Lines:
    """The lines of one document while its history is read.

    ``current`` is the line of the current file. ``ahead`` are the lines that the upcoming file began and that
    the current file has not reached yet; each takes effect before the next.
    """

    document: str
    read: Callable[[DocumentState], Reading]
    below_folder: Callable[[str], str]
    time_zone: tzinfo
    published: Mapping[tuple[str, str], PublishedAs]
    is_past: Callable[[DocumentState], bool]
    labels: set[str]
    versions: list[Version] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    current: _Line = field(default_factory=lambda: _Line(0))
    ahead: list[_Line] = field(default_factory=list)
    first_with: dict[str, int] = field(default_factory=dict)

    def take(self, moment: Moment) -> None:
        """Add what one step did to the document."""
        state = moment.current or moment.unchanged
        if state is not None:
            self._take_current(state, moment)
        for state in moment.upcoming:
            self._take_upcoming(state)

    def _take_current(self, state: DocumentState, moment: Moment) -> None:
        reading, day = self.read(state), self._day(state)
        dropped: list[Version] = []
        caught_up = self._caught_up(reading)
        if not caught_up and moment.removed:
            dropped = [one for line in self.ahead for one in line.versions if one.is_pending(day)]
            applying = [line for line in self.ahead if line.versions[0] not in dropped]
            if applying:
                self.current = applying[-1]
                if moment.unchanged and not dropped:
                    self._remark(state, contradictions.removed_late(self.current.versions[-1]))
        if moment.removed:
            self.ahead = []
        elif not caught_up and reading.front.withdrawn:
            dropped = self._ended_before(max(day, reading.front.withdrawn), day)
        if moment.unchanged and not dropped:
            return
        if moment.unchanged:
            reading = _without_words(reading)
        self._decide(state, reading, self.current, dropped=dropped, moved=caught_up)

    def _caught_up(self, reading: Reading) -> bool:
        """Continue the upcoming line whose text the current file now holds. Returns whether there is one."""
        for position, line in reversed(list(enumerate(self.ahead))):
            if line.versions[-1].text_sha256 == reading.text_sha256:
                self.current, self.ahead = line, self.ahead[position + 1 :]
                return True
        return False

    def _ended_before(self, end: date, day: date) -> list[Version]:
        """The upcoming versions, if the document ends before any of them takes effect; else none."""
        upcoming = [one for line in self.ahead for one in line.versions]
        return upcoming if all(one.is_pending(day) and one.effective_on >= end for one in upcoming) else []

    def _take_upcoming(self, state: DocumentState) -> None:
        reading = self.read(state)
        if not self.ahead and self.current.versions:
            if reading.text_sha256 == self.current.versions[-1].text_sha256:
                return  # a copy of the current text, not yet edited
            if reading.front.effective is None:
                self._remark(state, contradictions.NO_DAY)
                return
        applying = self.ahead[-1].versions[-1] if self.ahead else None
        if not self._decide(state, reading, self.ahead[-1] if self.ahead else None):
            return
        if applying is not None and not applying.is_pending(self._day(state)):
            self._remark(state, contradictions.not_moved_over(applying))

    def _decide(
        self,
        state: DocumentState,
        reading: Reading,
        line: _Line | None,
        *,
        dropped: list[Version] | None = None,
        moved: bool = False,
    ) -> bool:
        """Add the state to the line if it is a version; to a new line ahead if ``line`` is None.

        Returns whether it is a version.
        """
        day, front = self._day(state), reading.front
        before = line.versions[-1] if line and line.versions else None
        dropped = dropped or []
        withdrawn = [*dropped, *(one for one in self._withdrawn(front, day) if one not in dropped)]
        is_version = (
            self._published_as(state) is not None
            or before is None
            or bool(withdrawn)
            or _differs(reading, before, day=day, moved=moved)
        )
        if not is_version:
            return False
        self._remark_on_withdrawal(state, front, before, withdrawn, dropped=dropped)
        of_current = line is self.current
        self._withdraw(withdrawn)
        version = self._version(state, reading, of_current=of_current, withdrawn=withdrawn)
        self.versions.append(version)
        self.first_with.setdefault(version.content_sha256, version.number)
        if of_current:
            self.current.versions.append(version)
            late = contradictions.overtaken(version, self.ahead[0].versions[0]) if self.ahead else None
            if late is not None:
                self._remark(state, late)
        elif self.ahead and self.ahead[-1].number == version.line:
            self.ahead[-1].versions.append(version)
        else:
            self.ahead.append(_Line(version.line, [version]))
        return True

    def _version(
        self, state: DocumentState, reading: Reading, *, of_current: bool, withdrawn: list[Version]
    ) -> Version:
        day, stated = self._day(state), reading.front.withdrawn or reading.front.effective
        line = self.current if of_current or not self.ahead else self.ahead[-1]
        base = line.versions[-1] if line.versions else None
        effective_on = decide_effective_date(reading.front, published_on=day, base=base)
        if stated and base and earliest_day(reading.front, published_on=day) < effective_on:
            key = "withdrawn" if reading.front.withdrawn else "effective"
            self._remark(state, contradictions.before_pending(stated, base, key=key))
        is_ahead = not of_current and (line is self.current or _is_next(effective_on, base, day))
        known_as = self._published_as(state)
        return Version(
            document=self.document,
            number=len(self.versions) + 1,
            label=known_as.label if known_as else self._new_label(day),
            commit=state.step.commit,
            position=state.position,
            path=self.below_folder(state.path),
            source_blob=state.blob,
            published_at=moment_of(state.step),
            published_on=day,
            effective_on=effective_on,
            line=line.number + is_ahead,
            follows=max((one.number for one in withdrawn), default=base.number if base else None),
            withdraws=tuple(one.number for one in withdrawn),
            returns_to=self.first_with.get(reading.content_sha256),
            content_sha256=reading.content_sha256,
            text_sha256=reading.text_sha256,
            front=reading.front,
            title=reading.title or clean(self.below_folder(state.path)),
            included=reading.included,
            pictures=reading.pictures,
            discovered=known_as.discovered if known_as else self.is_past(state),
        )

    def _published_as(self, state: DocumentState) -> PublishedAs | None:
        return self.published.get((state.step.commit, state.blob))

    def _new_label(self, day: date) -> str:
        """The day as a label, with a number if another version already has it."""
        numbered = (f"{day.isoformat()}-{number}" for number in count(2))
        label = next(label for label in chain([day.isoformat()], numbered) if label not in self.labels)
        self.labels.add(label)
        return label

    def _withdrawn(self, front: FrontMatter, day: date) -> list[Version]:
        """The pending versions that the front matter withdraws: the named one, and all that build on it."""
        for lines in ([self.current], self.ahead):
            for position, line in enumerate(lines):
                for named in line.versions:
                    if named.label == front.withdraws and named.is_pending(day):
                        return [
                            one
                            for built_on in lines[position:]
                            for one in built_on.versions
                            if one.is_pending(day) and one.effective_on >= named.effective_on
                        ]
        return []

    def _withdraw(self, withdrawn: list[Version]) -> None:
        for line in (self.current, *self.ahead):
            line.versions = [one for one in line.versions if one not in withdrawn]
        self.ahead = [line for line in self.ahead if line.versions]

    def _remark_on_withdrawal(
        self,
        state: DocumentState,
        front: FrontMatter,
        before: Version | None,
        withdrawn: list[Version],
        *,
        dropped: list[Version],
    ) -> None:
        stated = front.withdraws
        if dropped and stated not in {one.label for one in dropped}:
            remark = contradictions.ended_early if front.withdrawn else contradictions.removed_early
            self._remark(state, remark(dropped[-1]))
        elif stated and not withdrawn and stated != (before and before.front.withdraws):
            versions = [one for line in (self.current, *self.ahead) for one in line.versions]
            pending = [one for one in versions if one.is_pending(self._day(state))]
            self._remark(state, contradictions.unknown_label(stated, pending))

    def _remark(self, state: DocumentState, contradiction: Contradiction) -> None:
        self.remarks.append(Remark(state=state, contradiction=contradiction))

    def _day(self, state: DocumentState) -> date:
        return moment_of(state.step).astimezone(self.time_zone).date()


def _differs(reading: Reading, before: Version, *, day: date, moved: bool) -> bool:
    """Whether readers would see another text or another effective date than in the version before.

    The same text without a date is no new version if it was moved over from the upcoming file, or if the
    version before is still pending, because it then inherits that version's date.
    """
    if reading.content_sha256 == before.content_sha256:
        return False
    same_text = reading.text_sha256 == before.text_sha256
    states_none = reading.front.effective is None and reading.front.effective_text is None
    return not (same_text and states_none and (moved or before.is_pending(day)))


def _is_next(effective_on: date, base: Version | None, day: date) -> bool:
    """Whether an upcoming text takes effect later than the one that it builds on, so that both will apply."""
    return base is not None and effective_on > max(day, base.effective_on)


def _without_words(reading: Reading) -> Reading:
    """The reading of a text that became current again by itself, without words about another change."""
    return replace(reading, front=FrontMatter(title=reading.front.title), problems=())
