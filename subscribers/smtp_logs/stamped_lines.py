"""Reads the time at the beginning of a log's line, as syslog, journald, Postfix and Exim write it. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# RFC 3339, as rsyslog and `journalctl -o short-iso` write it. Exim has a blank for the T; no zone is needed.
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?: ?(Z|[+-]\d\d:?\d\d))? (?P<rest>.*)", re.DOTALL
)
# RFC 3164: without year and zone.
_BSD = re.compile(r"([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d)(?:\.\d{1,6})? (?P<rest>.*)", re.DOTALL)
CLOCKS_APART = timedelta(days=1)  # a line may be this much newer than its file, if a clock was set back


class StampedLine(NamedTuple):
    """A line of a log: its time, and the text after it."""

    at: datetime
    text: str


def read_stamp(line: str, *, newest: datetime, zone: tzinfo | None = None) -> StampedLine | None:
    """The line's time and text; None if the line does not begin with a time.

    ``newest`` is when the file was last written: it decides the year if the line names none. ``zone`` is that
    of times without a zone; by default it is this machine's.
    """
    if iso := _ISO.fullmatch(line):
        at = _of_iso(iso[1], iso[2], iso[3] or "", zone)
        return StampedLine(at, iso["rest"]) if at else None
    if (bsd := _BSD.fullmatch(line)) and bsd[1] in _MONTHS:
        at = _of_bsd(bsd[1], *map(int, bsd.group(2, 3, 4, 5)), newest=newest, zone=zone)
        return StampedLine(at, bsd["rest"]) if at else None
    return None


@lru_cache(maxsize=64)  # many lines in a row have the same second
def _of_iso(day: str, time: str, offset: str, zone: tzinfo | None) -> datetime | None:
    try:
        return _in_utc(datetime.fromisoformat(f"{day}T{_microseconds(time)}{offset}"), zone)
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _of_bsd(
    month: str, day: int, hour: int, minute: int, second: int, *, newest: datetime, zone: tzinfo | None
) -> datetime | None:
    for year in range(newest.year + 1, newest.year - 5, -1):  # four years back: 29 February
        try:
            local = datetime(year, _MONTHS.index(month) + 1, day, hour, minute, second)  # noqa: DTZ001
            at = _in_utc(local, zone)
        except (ValueError, OverflowError):
            continue
        if at <= newest + CLOCKS_APART:
            return at
    return None


def _microseconds(time: str) -> str:
    """The time with as many digits as ``fromisoformat`` reads in every version of Python."""
    whole, dot, fraction = time.partition(".")
    return f"{whole}{dot}{fraction:0<6}" if dot else whole


def _in_utc(at: datetime, zone: tzinfo | None) -> datetime:
    if at.tzinfo is None and zone is not None:
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)  # of a time without a zone: from this machine's
