"""Takes in one message to the return path: finds its delivery, and records what it reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from enum import StrEnum

from sqlalchemy import Engine

from subscribers.bounces.reading import MALFORMED, own_parts, parse, read_standard, read_unusual
from subscribers.bounces.report import OTHER, Kind, Report
from subscribers.database import reading, writing
from subscribers.delivery_id import DeliveryId
from subscribers.ledger import mail_reports
from subscribers.ledger.mail_reports import MailReport
from subscribers.model import Outcome, Unreachable
from subscribers.return_path import ReturnPath
from subscribers.transports.status_codes import Fault

LONGEST_MESSAGE = 2**20  # bytes; of a longer one, which returns a big attachment, only the beginning is read
OLDEST = timedelta(days=30)  # of a report that says when it was made; servers give up after five days
# The fields in which servers note the recipient of a message in its envelope.
ENVELOPE_FIELDS = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-RCPT-To", "To", "Cc")
OUTCOMES = {Kind.BOUNCED: Outcome.BOUNCED, Kind.COMPLAINED: Outcome.COMPLAINED}


class Taken(StrEnum):
    """The result of taking in a message from the mailbox."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REPEATED = "repeated"  # genuine, but known already, or of a message that was never accepted
    DELAYED = "delayed"  # genuine, and changes nothing
    UNMATCHED = "unmatched"  # a report without a valid signature of ours
    OTHER = "other"  # no report: an automatic reply, a letter, or unreadable

    @property
    def is_done(self) -> bool:
        """Whether the message has served its purpose, so that it can be removed."""
        return self in {Taken.BOUNCED, Taken.COMPLAINED, Taken.REPEATED, Taken.DELAYED}


def take_in(
    engine: Engine, path: ReturnPath, raw: bytes, *, recipient: str | None = None, now: datetime
) -> Taken:
    """Record what a message reports. ``recipient`` is that of its envelope, if the server has said so.

    When this returns, the database has kept it. A malformed message is ``OTHER``.
    """
    raw = raw[:LONGEST_MESSAGE]
    try:
        message = parse(raw)
        envelope, whole = _envelope(message, recipient), _texts(message, raw)
        delivery = _delivery(engine, path, envelope) or _delivery(engine, path, whole)
        report = read_standard(message)
        if report is None:  # the other formats take longer, so only messages that are ours are worth it
            report = read_unusual(raw) if delivery is not None else OTHER
    except MALFORMED:
        return Taken.OTHER
    if report.kind is Kind.OTHER:
        return Taken.OTHER
    if delivery is None:
        return Taken.UNMATCHED
    if report.kind is Kind.DELAYED:
        return Taken.DELAYED
    with writing(engine) as connection:
        counted = mail_reports.count(
            connection, delivery, _as_mail_report(report, _sent_at(message, now)), now=now
        )
    return Taken(report.kind.value) if counted else Taken.REPEATED


def _delivery(engine: Engine, path: ReturnPath, text: str) -> DeliveryId | None:
    """The one delivery that signed return paths in ``text`` name; None if they name several."""
    with reading(engine) as connection:
        found = {mail_reports.signed_delivery(connection, path, named) for named in path.read(text)}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _envelope(message: Message, recipient: str | None) -> str:
    fields = [str(value) for name in ENVELOPE_FIELDS for value in message.get_all(name, [])]
    return "\n".join([recipient or "", *fields])


def _texts(message: Message, raw: bytes) -> str:
    """All places where a return path may be: a report may quote it in any part, in any encoding."""
    decoded = (part.get_payload(decode=True) for part in own_parts(message))
    parts = [part for part in decoded if isinstance(part, bytes)]
    # A folded line may have been broken anywhere by quoted-printable, but nowhere else within an address.
    return b"\n".join([raw, raw.replace(b"=\r\n", b"").replace(b"=\n", b""), *parts]).decode("latin-1")


def _sent_at(message: Message, now: datetime) -> datetime:
    """When the report was made, as it says itself, if that can be."""
    try:
        said = parsedate_to_datetime(str(message.get("Date", "")))
    except (ValueError, TypeError, OverflowError):
        return now
    at = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
    return at if now - OLDEST <= at <= now else now


def _as_mail_report(report: Report, at: datetime) -> MailReport:
    unreachable = None
    if report.kind is Kind.COMPLAINED:
        unreachable = Unreachable.COMPLAINED
    elif report.fault is Fault.ADDRESS:
        unreachable = Unreachable.BOUNCED
    return MailReport(
        outcome=OUTCOMES[report.kind],
        unreachable=unreachable,
        # Complaints often hide the address, and they come from the mailbox that got the message.
        addresses=report.addresses if report.kind is Kind.BOUNCED else frozenset(),
        words=report.words,
        at=at,
    )
