"""A document's track step by step: what each step did to the current and the upcoming text. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from generator.git.steps import Step
from generator.versions.front_matter import Problem
from generator.versions.lineage import DocumentState, Track

FIRST_SECOND = -62_135_510_400
LAST_SECOND = 253_402_214_400
"""0001-01-02 and 9999-12-31 in UTC: a day less than Python's calendar has, for any time zone."""

COMMON_DATES = range(1, 253_402_300_800)
"""Seconds from 1970 to 9999; git itself writes no other dates. Tools that know no date write 0."""


@dataclass(slots=True, kw_only=True)
class Moment:
    """The changes that one step made to a document that still exists after it.

    ``removed`` means that it removed an upcoming file. If it did not change the current text as well,
    ``unchanged`` is that text, because readers may see it again.
    """

    current: DocumentState | None = None
    unchanged: DocumentState | None = None
    upcoming: list[DocumentState] = field(default_factory=list)
    removed: bool = False

    @property
    def states(self) -> list[DocumentState]:
        """Every state that could be a version, in the order in which they count."""
        return [*filter(None, (self.current, self.unchanged)), *self.upcoming]


def moments_of(track: Track) -> Iterator[Moment]:
    """The steps that changed a text of the document, oldest first."""
    moments: defaultdict[int, Moment] = defaultdict(Moment)
    for state in track.states:
        moments[state.position].current = state
    for file in track.upcoming:
        for state in file.states:
            moments[state.position].upcoming.append(state)
        for gap in file.gaps:
            here = _text_after(track, gap.position)
            if here is not None:
                moment = moments[gap.position]
                moment.removed = True
                if moment.current is None:
                    moment.unchanged = DocumentState(gap.removed, gap.position, here.path, here.blob)
    return (moments[position] for position in sorted(moments))


def _text_after(track: Track, position: int) -> DocumentState | None:
    """The document's text after the step at the position, or None if the document is removed then."""
    before = [state for state in track.states if state.position <= position]
    away = any(before[-1].position < gap.position <= position for gap in track.gaps) if before else True
    return None if away else before[-1]


def moment_of(step: Step) -> datetime:
    """When the step was published, in UTC."""
    return datetime.fromtimestamp(min(max(step.committed_at, FIRST_SECOND), LAST_SECOND), UTC)


def problems_of_date(step: Step) -> tuple[Problem, ...]:
    """The problems of the date of the step's commit."""
    if step.committed_at in COMMON_DATES or step.committed_at == 0:
        return ()
    shown = moment_of(step).date().isoformat()
    return (Problem(line=None, text=f"its commit is dated before 1970 or after 9999; {shown} is shown"),)
