"""The report of a mail server about one of our messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from subscribers.transports.status_codes import Fault


class Kind(StrEnum):
    """The kinds of reports."""

    BOUNCED = "bounced"  # the server has given up
    DELAYED = "delayed"  # the server will try again
    COMPLAINED = "complained"  # the recipient reported the message as spam, or wants none
    OTHER = "other"  # an automatic reply, a letter, or a report that decides nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report. ``addresses`` are the recipients it names, in small letters; it may name none.

    ``fault`` is the cause of a bounce by its status code, ``UNCLEAR`` without one.
    """

    kind: Kind
    addresses: frozenset[str] = frozenset()
    fault: Fault = Fault.UNCLEAR
    words: str | None = None  # the server's own


OTHER = Report(kind=Kind.OTHER)
