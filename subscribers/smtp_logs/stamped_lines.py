"""Reads the time at the beginning of a log's line, as syslog, journald, Postfix and Exim write it. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
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
        day, time, offset = iso[1], iso[2], iso[3] or ""
        try:
            at = datetime.fromisoformat(f"{day}T{_microseconds(time)}{offset}")
        except ValueError:
            return None
        return StampedLine(_in_utc(at, zone), iso["rest"])
    if (bsd := _BSD.fullmatch(line)) and bsd[1] in _MONTHS:
        month = _MONTHS.index(bsd[1]) + 1
        day_number, hour, minute, second = map(int, bsd.group(2, 3, 4, 5))
        for year in range(newest.year + 1, newest.year - 5, -1):  # four years back: 29 February
            try:
                at = _in_utc(datetime(year, month, day_number, hour, minute, second), zone)  # noqa: DTZ001 - it has none
            except (ValueError, OverflowError):
                continue
            if at <= newest + CLOCKS_APART:
                return StampedLine(at, bsd["rest"])
    return None


def _microseconds(time: str) -> str:
    """The time with as many digits as ``fromisoformat`` reads in every version of Python."""
    whole, dot, fraction = time.partition(".")
    return f"{whole}{dot}{fraction:0<6}" if dot else whole


def _in_utc(at: datetime, zone: tzinfo | None) -> datetime:
    if at.tzinfo is None and zone is not None:
        at = at.replace(tzinfo=zone)
    return at.astimezone(UTC)  # of a time without a zone: from this machine's
