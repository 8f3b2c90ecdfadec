"""Reads dates as people and spreadsheets write them, once the order of day, month and year is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_PARTS = {"DD": r"(?P<day>\d{1,2})", "MM": r"(?P<month>\d{1,2})", "YYYY": r"(?P<year>\d{4})"}
_FORMAT = re.compile(r"(DD|MM|YYYY)([./-])(DD|MM|YYYY)\2(DD|MM|YYYY)")
_TIME = r"(?:[ ,T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?(?: ?(?P<half>[AP])\.?M\.?)?)?"


@dataclass(frozen=True, slots=True)
class DateFormat:
    """The order of day, month and year, such as ``DD.MM.YYYY``."""

    order: str
    pattern: re.Pattern[str]

    def read(self, written: str) -> datetime | None:
        """The time in UTC, or None if ``written`` has another form. ``ValueError``: an impossible day.

        A time of day may follow the date, also with AM or PM.
        """
        found = self.pattern.fullmatch(written)
        return None if found is None else _moment(found)


def read_date_format(text: str) -> DateFormat:
    """The format named by ``text``. Raises ``ValueError`` if it names none."""
    order = text.strip().upper()
    parts = _FORMAT.fullmatch(order)
    if parts is None or len({parts[1], parts[3], parts[4]}) < 3:
        raise ValueError("write the order of day, month and year, such as DD.MM.YYYY or MM/DD/YYYY")
    pattern = re.escape(parts[2]).join(_PARTS[parts[number]] for number in (1, 3, 4))
    return DateFormat(order, re.compile(pattern + _TIME, re.IGNORECASE))


def _moment(found: re.Match[str]) -> datetime:
    hour = int(found["hour"] or 0)
    if found["half"]:
        if hour not in range(1, 13):
            raise ValueError("the hour does not fit AM or PM")
        hour = hour % 12 + (12 if found["half"].upper() == "P" else 0)
    day, month, year = (int(found[name]) for name in ("day", "month", "year"))
    return datetime(year, month, day, hour, int(found["minute"] or 0), int(found["second"] or 0), tzinfo=UTC)
