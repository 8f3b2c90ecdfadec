"""How a version stands on a day: upcoming, in force, superseded, withdrawn, or never in force; pure.

A version that withdraws the document itself is its end: from its day on, nothing is in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from generator.versions.version import Version, in_order


class State(Enum):
    """What a reader has to know first about a version."""

    UPCOMING = "upcoming"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    NEVER_IN_FORCE = "never_in_force"
    WITHDRAWN = "withdrawn"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStatus:
    """A version's state, and the first day on which it applies no more (None: no such day is known).

    ``withdrawn_by`` is the version which says that this one will not take effect.
    """

    state: State
    until: date | None
    withdrawn_by: Version | None = None


def version_statuses(
    versions: Sequence[Version], *, day: date, withdrawn_on: date | None = None
) -> dict[int, VersionStatus]:
    """How each version stands, by its number; none is in force once its document is withdrawn.

    In force is the last version in order that is effective on or before the day, so a version ends on the
    first effective day of any later one, and never took effect where that day is not after its own.
    """
    status = {
        number: VersionStatus(state=State.WITHDRAWN, until=None, withdrawn_by=version)
        for version in versions
        for number in version.withdraws
    }
    until = withdrawn_on
    for version in reversed(in_order(versions)):
        status[version.number] = VersionStatus(state=_state(version, until=until, day=day), until=until)
        until = min(until, version.effective_on) if until else version.effective_on
    return status


def _state(version: Version, *, until: date | None, day: date) -> State:
    if until is not None and until <= version.effective_on:
        return State.NEVER_IN_FORCE
    if version.effective_on > day:
        return State.UPCOMING
    if version.withdrawn_on is not None:
        return State.END
    return State.IN_FORCE if until is None or until > day else State.SUPERSEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days on which a version was in force: from ``since`` until the day before ``until`` (None: no end)."""

    since: date
    until: date | None
    version: Version


def periods(versions: Sequence[Version], *, withdrawn_on: date | None = None) -> list[Period]:
    """What was, is and will be in force when, newest first, as far as it is known."""
    found: list[Period] = []
    until = withdrawn_on
    for version in reversed(in_order(versions)):
        if until is None or version.effective_on < until:
            if version.withdrawn_on is None:
                found.append(Period(since=version.effective_on, until=until, version=version))
            until = version.effective_on
    return found
