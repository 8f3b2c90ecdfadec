"""The hourly pace that the settings give."""

from __future__ import annotations

from subscribers.ledger.hourly_limit import HourlyLimit
from subscribers.settings import Settings


def configured_hourly_limit(settings: Settings) -> HourlyLimit:
    """How many may be told in an hour; unlimited where the settings say nothing."""
    return HourlyLimit(every_day=settings.hourly_pace, first_day=settings.warm_up)
