"""Checks the values of one user in an import file."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from subscribers.users.email_addresses import read_address
from subscribers.users.import_dates import DateFormat

LONGEST_EXTERNAL_ID = 255
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_GUARD = re.compile(r"'[=+\-@\t\r]")
_AS_TEXT = re.compile(r'="([^"]*)"')
_ZERO_DATE = "0000-00-00"  # MySQL, and so WordPress, writes this for an unknown time


class Row(NamedTuple):
    """A user as the shop describes them. None means that the shop does not say, so the old value stays."""

    line: int
    external_id: str
    email: str
    language: str | None
    registered_at: datetime | None


def read_row(
    line: int,
    external_id: str,
    email: str,
    language: str | None,
    registered_at: str | None,
    *,
    latest: datetime,
    date_format: DateFormat | None = None,
) -> Row:
    """The values of one row as they are stored. Raises ``ValueError`` that says which value is wrong."""
    try:
        address = read_address(email.strip())
    except ValueError as error:
        raise ValueError(f"email: {error}") from error
    return Row(
        line,
        read_external_id(external_id),
        address,
        read_language(language) if language else None,
        read_moment(registered_at, latest=latest, date_format=date_format) if registered_at else None,
    )


def without_guard(field: str) -> str:
    """A field of CSV without the characters that stop a spreadsheet from reading it as a formula or number.

    Exports put an apostrophe before a character that begins a formula (OWASP, "CSV Injection"; WooCommerce in
    ``WC_CSV_Exporter::escape_data``), or write ``="0012"`` so that no zero is lost.
    """
    if guarded := _AS_TEXT.fullmatch(field.strip()):
        return guarded[1]
    return field[1:] if _GUARD.match(field) else field


def read_external_id(text: str) -> str:
    """The shop's id of a user, without white space around it."""
    key = text.strip()
    if not key:
        raise ValueError("external_id is empty")
    if len(key) > LONGEST_EXTERNAL_ID:
        raise ValueError(f"external_id is longer than {LONGEST_EXTERNAL_ID} characters")
    if not key.isprintable() and any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in key):
        raise ValueError("external_id contains a control character")
    return key


def is_external_id(text: str) -> bool:
    """Whether ``text`` could be a stored external id."""
    try:
        return read_external_id(text) == text
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def read_language(text: str) -> str | None:
    """A language tag (RFC 5646) from ``ru``, ``ru-RU`` or ``ru_RU``; None from white space."""
    tag = text.strip().replace("_", "-")
    if not tag:
        return None
    if len(tag) > 35 or not _LANGUAGE.fullmatch(tag):
        raise ValueError("language is not a language code; write one such as en or pt-BR")
    primary, *rest = tag.split("-")
    return "-".join([primary.lower(), *(_subtag(part) for part in rest)])


def _subtag(part: str) -> str:
    # The usual spelling, RFC 5646, section 2.1.1: de-AT, zh-Hant, sl-rozaj
    if part.isalpha() and len(part) == 2:
        return part.upper()
    return part.title() if part.isalpha() and len(part) == 4 else part.lower()


def read_moment(text: str, *, latest: datetime, date_format: DateFormat | None = None) -> datetime | None:
    """A time in UTC, from ``date_format``, ISO 8601 (UTC if it has no zone), or (milli)seconds since 1970."""
    written = text.strip()
    if not written or written.startswith(_ZERO_DATE):
        return None
    try:
        moment = (date_format.read(written) if date_format else None) or _moment(written)
    except (ValueError, OverflowError, OSError) as error:
        other = f"as {date_format.order}" if date_format else "name its format: --date-format DD.MM.YYYY"
        problem = f"registered_at is not a time; write it as 2024-03-05T09:30:00Z, or {other}"
        raise ValueError(problem) from error
    if moment > latest:
        raise ValueError("registered_at is in the future")
    return moment


def _moment(written: str) -> datetime:
    if written.isascii() and written.isdigit() and len(written) in range(9, 14):
        seconds = int(written)
        return datetime.fromtimestamp(seconds if len(written) < 12 else seconds / 1000, UTC)
    moment = datetime.fromisoformat(written)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
