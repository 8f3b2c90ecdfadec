"""The state of the high-water mark, for reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from subscribers.high_water_mark.high_water_mark import HighWaterMark
from subscribers.high_water_mark.mark_store import MarkError


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMark:
    """How far the mark has got; ``problem`` is why nothing may be sent, None if all is well."""

    place: str
    requests: int = 0
    at: datetime | None = None  # None: there is no mark yet
    problem: str | None = None


def shown_mark(mark: HighWaterMark) -> ShownMark:
    """The mark as reports show it. Makes none."""
    place = mark.store.place
    try:
        found = mark.verify()
    except MarkError as error:
        return ShownMark(place=place, problem=str(error))
    if found is None:
        return ShownMark(place=place)
    return ShownMark(place=place, requests=found.position.number, at=found.at)
