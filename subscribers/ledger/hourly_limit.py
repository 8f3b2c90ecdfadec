"""The hourly limit: how many recipients all workers together may send to in an hour.

For a new sender it grows from day to day. A batch holds at most the recipients that one minute allows, and
after each batch no worker claims another until the limit allows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, exists, select, true

from subscribers.model import AttemptState, attempts

# SendGrid's schedule for a new IP address: 20 emails an hour on the first day, and 1.4 times as many on each
# further day; after 30 days without email it starts again ("Warming Up an IP Address").
GROWTH = 1.4
REMEMBERED = timedelta(days=30)

HOUR = timedelta(hours=1)
UNLIMITED = 10**9  # recipients in an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyLimit:
    """Recipients in an hour: ``every_day`` at most, and ``first_day`` on a new sender's first day."""

    every_day: int | None = None
    first_day: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether there is a limit at all."""
        return self.every_day is not None or self.first_day is not None

    def on_day(self, days: int) -> int:
        """The recipients allowed in an hour, after so many days on which messages were accepted."""
        hourly = UNLIMITED if self.every_day is None else self.every_day
        if self.first_day is None:
            return hourly
        return min(hourly, int(self.first_day * GROWTH ** min(days, REMEMBERED.days)))


NO_LIMIT = HourlyLimit()


def most_in_a_batch(hourly: int) -> int:
    """The largest number of recipients that a batch may have."""
    return max(1, hourly // 60)


def time_for(recipients: int, hourly: int) -> timedelta:
    """How long no worker may claim another batch after one with so many recipients."""
    return HOUR * recipients / hourly


def days_with_mail(connection: Connection, transport: str, *, now: datetime) -> int:
    """On how many of the last days, in UTC and without today, the provider has accepted a message."""
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
    """When so many recipients will be notified, with ``at_most`` in an hour if the provider is slower."""
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
