"""Reads what logs of Postfix or Exim say about our messages; both formats may be in one file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

from subscribers.smtp_logs.exim import EximLog
from subscribers.smtp_logs.log_files import lines_of, with_rotated, written_at
from subscribers.smtp_logs.postfix import PostfixLog
from subscribers.smtp_logs.record import STRENGTH, Fate, Record
from subscribers.smtp_logs.stamped_lines import read_stamp

# rsyslog and journald drop lines of a program that writes too many, and say so.
_DROPPED = re.compile(
    r"\S+ (?:rsyslogd|systemd-journald)(?:\[\d+\])?: .*"
    r"(?:\d+ messages lost due to rate-limiting|begin to drop messages|Suppressed \d+ messages)"
)


@dataclass
class Span:
    """The time that the lines read so far cover, as far as they say."""

    begins_at: datetime | None = None
    ends_at: datetime | None = None
    dropped_at: list[datetime] = field(default_factory=list)  # when lines were lost, as the system's log says

    def cover(self, at: datetime) -> None:
        """Note a line of this time."""
        self.begins_at = at if self.begins_at is None else min(self.begins_at, at)
        self.ends_at = at if self.ends_at is None else max(self.ends_at, at)


class LogReader:
    """Reads lines in their order; remembers the messages that are under way, and the time it has covered."""

    def __init__(self, wanted: Callable[[str], bool], *, zone: tzinfo | None = None) -> None:
        self.span = Span()
        self._zone = zone
        self._formats = (PostfixLog(wanted), EximLog(wanted))

    def read(self, line: str, *, newest: datetime) -> Record | None:
        """The line's record of a wanted message; ``newest`` is when its file was last written."""
        stamped = read_stamp(line, newest=newest, zone=self._zone)
        if stamped is None:
            return None
        self.span.cover(stamped.at)
        for log in self._formats:
            if (record := log.read(stamped)) is not None:
                return record
        if _DROPPED.match(stamped.text):
            self.span.dropped_at.append(stamped.at)
        return None


def read_records(
    paths: Sequence[Path], *, wanted: Callable[[str], bool], zone: tzinfo | None = None
) -> Iterator[Record]:
    """The records of the messages whose Message-ID is ``wanted``, one log after another.

    The files that were rotated away from a log are read before it. ``zone`` is that of times without a zone;
    by default it is this machine's. Raises LogUnreadableError.
    """
    for path in paths:
        reader = LogReader(wanted, zone=zone)
        for file in with_rotated(path):
            newest = written_at(file)
            for line in lines_of(file):
                if (record := reader.read(line, newest=newest)) is not None:
                    yield record


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The fate of one message, from all that the logs say of it."""

    message_id: str
    queue_id: str
    fate: Fate  # the strongest
    at: datetime  # of the line that says so
    senders: frozenset[str]  # the envelope senders, in small letters
    recipients: frozenset[str]  # the email addresses that the lines name, in small letters
    status: str | None  # the enhanced status code
    words: str

    def fits(self, address: str, *, sender: str | None = None) -> bool:
        """Whether the message went to this email address and, if given, from this envelope sender.

        Anybody who sends a message through the server chooses its Message-ID, so one that does not fit is no
        evidence. Until the server has tried to deliver a message, Postfix names no recipient.
        """
        return address.casefold() in self.recipients and (sender is None or sender.casefold() in self.senders)


class Outcomes:
    """The outcomes of messages by Message-ID, which grow with each record. All are held in memory.

    A Message-ID has several if the message was sent again after a refusal, if a filter handed it back to the
    server, or if a stranger has used our Message-ID: they are kept apart by the server's queue id.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._found: dict[str, dict[str, Outcome]] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Add what one line says."""
        by_queue_id = self._found.setdefault(record.message_id, {})
        by_queue_id[record.queue_id] = _folded(by_queue_id.get(record.queue_id), record)

    @property
    def message_ids(self) -> Sequence[str]:
        """All Message-IDs that the records name."""
        return list(self._found)

    def of(self, message_id: str) -> tuple[Outcome, ...]:
        """The outcomes of the messages with this Message-ID; none if the logs do not name it."""
        return tuple(self._found.get(message_id, {}).values())


def outcomes(records: Iterable[Record]) -> dict[str, tuple[Outcome, ...]]:
    """The outcomes of the messages with each Message-ID, as in ``Outcomes``."""
    result = Outcomes(records)
    return {message_id: result.of(message_id) for message_id in result.message_ids}


def strongest(outcomes: Iterable[Outcome]) -> Outcome | None:
    """The outcome that says most; None if there is none."""
    return max(outcomes, key=lambda outcome: STRENGTH.index(outcome.fate), default=None)


def _folded(known: Outcome | None, record: Record) -> Outcome:
    addresses = {name.casefold() for name in (record.recipient, record.original_recipient) if name}
    senders = {record.sender.casefold()} if record.sender else set()
    is_weaker = known is not None and STRENGTH.index(known.fate) > STRENGTH.index(record.fate)
    said: Outcome | Record = known if known is not None and is_weaker else record
    return Outcome(
        message_id=record.message_id,
        queue_id=record.queue_id,
        fate=said.fate,
        at=said.at,
        senders=frozenset(senders | (known.senders if known else set())),
        recipients=frozenset(addresses | (known.recipients if known else set())),
        status=said.status,
        words=said.words,
    )
