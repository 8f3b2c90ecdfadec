"""The day on which a version takes effect, as docs/explanation/versions.md explains."""

from __future__ import annotations

from datetime import date

from generator.versions.front_matter import FrontMatter
from generator.versions.version import Version


def decide_effective_date(front: FrontMatter, *, published_on: date, base: Version | None) -> date:
    """The latest of the publication, the stated day and the day of the pending version that it builds on.

    ``base`` is the version that it builds on. A later edit of a withdrawn document keeps the day of its end.
    """
    if base and base.front.withdrawn and base.front.withdrawn == front.withdrawn:
        return base.effective_on
    own = earliest_day(front, published_on=published_on)
    return max(own, base.effective_on) if base and base.is_pending(published_on) else own


def earliest_day(front: FrontMatter, *, published_on: date) -> date:
    """The day on which the version would take effect if it built on no pending one."""
    return max(published_on, front.withdrawn or front.effective or published_on)
