"""Which version is in force on a day, and which are upcoming, superseded or withdrawn; pure.

A version that withdraws the whole document is its end: from its effective date on, nothing is in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from generator.versions.version import Version, in_order


class VersionState(Enum):
    """The first thing that a reader needs to know about a version."""

    UPCOMING = "upcoming"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    NEVER_IN_FORCE = "never_in_force"
    WITHDRAWN = "withdrawn"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStatus:
    """A version's state, and the first day on which it no longer applies (None if no such day is known).

    ``withdrawn_by`` is the version that keeps this one from taking effect.
    """

    state: VersionState
    until: date | None
    withdrawn_by: Version | None = None


def version_statuses(
    versions: Sequence[Version], *, day: date, withdrawn_on: date | None = None
) -> dict[int, VersionStatus]:
    """The status of each version, by its number. No version is in force once the document is withdrawn.

    The last version in order whose effective date is on or before the day is in force. So a version ends on
    the first effective date of any later version. If that date is not after its own, it never took effect.
    """
    found = {
        number: VersionStatus(state=VersionState.WITHDRAWN, until=None, withdrawn_by=version)
        for version in versions
        for number in version.withdraws
    }
    until = withdrawn_on
    for version in reversed(in_order(versions)):
        found[version.number] = VersionStatus(state=_state(version, until=until, day=day), until=until)
        until = min(until, version.effective_on) if until else version.effective_on
    return found


def _state(version: Version, *, until: date | None, day: date) -> VersionState:
    if until is not None and until <= version.effective_on:
        return VersionState.NEVER_IN_FORCE
    if version.effective_on > day:
        return VersionState.UPCOMING
    if version.withdrawn_on is not None:
        return VersionState.END
    return VersionState.IN_FORCE if until is None or until > day else VersionState.SUPERSEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The days on which a version is in force: from ``since`` to the day before ``until`` (None: no end)."""

    since: date
    until: date | None
    version: Version


def periods(versions: Sequence[Version], *, withdrawn_on: date | None = None) -> list[Period]:
    """When each version was, is or will be in force, newest first, as far as it is known."""
    found: list[Period] = []
    until = withdrawn_on
    for version in reversed(in_order(versions)):
        if until is None or version.effective_on < until:
            if version.withdrawn_on is None:
                found.append(Period(since=version.effective_on, until=until, version=version))
            until = version.effective_on
    return found
