"""The hourly pace that the settings give."""

from __future__ import annotations

from subscribers.ledger.pace import Pace
from subscribers.settings import Settings


def configured_pace(settings: Settings) -> Pace:
    """How many may be told in an hour; unlimited where the settings say nothing."""
    return Pace(hourly=settings.hourly_pace, first_day=settings.warm_up)
