"""How fast mails go out: an hourly pace for all workers together, which a new sender reaches day by day.

A batch is at most what a minute allows, and after each one nobody claims another until the pace allows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, exists, select, true

from subscribers.model import AttemptState, attempts

# SendGrid's schedule for a new address: 20 mails an hour on the first day, and 1.4 times as many on each
# further one; after 30 days without mail it begins anew ("Warming Up an IP Address").
GROWTH = 1.4
REMEMBERED = timedelta(days=30)

HOUR = timedelta(hours=1)
UNLIMITED = 10**9  # recipients in an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyLimit:
    """Recipients in an hour: at most ``hourly``, and ``first_day`` on a new sender's first day."""

    every_day: int | None = None
    first_day: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there is a pace to keep."""
        return self.every_day is not None or self.first_day is not None

    def on_day(self, days: int) -> int:
        """The recipients in an hour after so many days with mail."""
        hourly = UNLIMITED if self.every_day is None else self.every_day
        if self.first_day is None:
            return hourly
        return min(hourly, int(self.first_day * GROWTH ** min(days, REMEMBERED.days)))


NO_LIMIT = HourlyLimit()


def most_in_a_batch(hourly: int) -> int:
    """The recipients of one batch."""
    return max(1, hourly // 60)


def time_for(recipients: int, hourly: int) -> timedelta:
    """How long nobody claims another batch after one of so many recipients."""
    return HOUR * recipients / hourly


def days_with_mail(connection: Connection, transport: str, *, now: datetime) -> int:
    """On how many of the last days, today not counted, the provider has accepted mail; in UTC."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    days = (today - timedelta(days=number) for number in range(1, REMEMBERED.days + 1))
    return sum(
        connection.scalars(
            select(true()).where(
                exists().where(
                    attempts.c.transport == transport,
                    attempts.c.state == AttemptState.ACCEPTED.value,
                    attempts.c.claimed_at >= day,
                    attempts.c.claimed_at < day + timedelta(days=1),
                )
            )
        ).first()
        is not None
        for day in days
    )


def end_of(
    recipients: int, hourly_limit: HourlyLimit, *, days: int, now: datetime, at_most: float | None = None
) -> datetime:
    """When so many are told at this pace, and at ``at_most`` in an hour where the provider is slower."""
    moment, left = now, float(recipients)
    for day in range(days, days + 10_000):
        hourly = float(hourly_limit.on_day(day))
        if at_most is not None:
            hourly = min(hourly, at_most)
        tomorrow = datetime.combine(moment.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
        if moment + HOUR * (left / hourly) <= tomorrow or day >= days + REMEMBERED.days:
            return moment + HOUR * (left / hourly)
        left -= (tomorrow - moment) / HOUR * hourly
        moment = tomorrow
    return moment
