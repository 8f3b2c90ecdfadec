"""Reads one message from a mail server: a bounce, a delay, a complaint or something else. Pure.

Standard reports are read here: delivery status notifications (RFC 3464, RFC 6533) and feedback reports
(RFC 5965, also of RFC 9477). The many formats without a standard are the work of ``flufl.bounce``.
"""

from __future__ import annotations

import base64
import binascii
import logging
import quopri
import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.message import Message
from email.parser import HeaderParser

from subscribers.bounces.report import OTHER, Kind, Report
from subscribers.long_headers import has_long_header
from subscribers.transports.status_codes import Fault, Stage, meaning

LONGEST_WORDS = 500  # characters; a delivery keeps them
LONGEST_UNUSUAL = 2**16  # bytes; the words and the first lines of the returned message have a few thousand
# Python's email package raises these for some malformed messages.
MALFORMED = (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError)
# RFC 5965, section 7.3: "abuse" and "fraud" are a recipient's own verdict; "opt-out" is of earlier drafts.
# "virus", "other", "not-spam" (RFC 6430) and "auth-failure" (RFC 6591) are no complaints.
COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list"}
STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
FEEDBACK_TYPE = "message/feedback-report"
# opensmtpd writes "error", others put a comment behind the action.
FAILED, DELAYED = ("fail", "error"), ("delayed",)

_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)[ -]+(?:#|\()*(?=(?:([45]\.\d{1,3}\.\d{1,3})(?![\d.]))?)")
_QMAIL = re.compile(r"\(#([45]\.\d{1,3}\.\d{1,3})\)")
_SERVER = re.compile(r"(?i)mailer-daemon|postmaster|\b\w+ delivery\b|delivery subsystem")
# The answered command: in the words of Postfix, Exim and sendmail.
_AT_RCPT = re.compile(
    r"(?i)in reply to RCPT TO|after (?:pipelined )?RCPT TO|>>> RCPT To:[^\n]*\n(?:\s*<<< [^\n]*\n)*\s*<<< 5"
)
_AT_DATA = re.compile(
    r"(?i)in reply to (?:end of )?DATA|after (?:end of data|(?:pipelined )?DATA|sending data)"
)


def parse(raw: bytes) -> Message:
    """The message. Raises one of ``MALFORMED`` if it cannot be read, or is made to take long."""
    if has_long_header(raw):
        raise ValueError("a header is longer than any mail server writes")
    return message_from_bytes(raw)


def read_report(raw: bytes) -> Report:
    """The report that the message is. It may be malformed in any way."""
    try:
        return read_standard(parse(raw)) or read_unusual(raw)
    except MALFORMED:
        return OTHER


def read_standard(message: Message) -> Report | None:
    """The report in a standard format; ``OTHER`` if it decides nothing, None if the format is another one."""
    parts = list(own_parts(message))
    for part in parts:
        if part.get_content_type() == FEEDBACK_TYPE:
            return _feedback(part)
    text = _words(parts)
    blocks = [block for part in parts if part.get_content_type() in STATUS_TYPES for block in _blocks(part)]
    for kind, actions in ((Kind.BOUNCED, FAILED), (Kind.DELAYED, DELAYED)):
        if those := [block for block in blocks if _field(block, "Action").lower().startswith(actions)]:
            return _status_report(kind, those, text)
    is_other = any(_field(block, "Action") for block in blocks) or _is_automatic_reply(message)
    return OTHER if is_other else None


def read_unusual(raw: bytes) -> Report:
    """The report in one of the formats without a standard, in which the reason comes first.

    This takes long for a message that is made to take long, so only its beginning is read.
    """
    message = parse(raw[:LONGEST_UNUSUAL])
    parts = list(own_parts(message))
    own = {id(part) for part in parts}
    returned = (part.get_content_type() in STATUS_TYPES and id(part) not in own for part in message.walk())
    if any(returned) and not _SERVER.search(_field(message, "From")):
        return OTHER  # somebody forwards a bounce; the library would read it as one of this message
    from flufl.bounce import all_failures  # noqa: PLC0415 - only needed here

    # It would log each exception, with a traceback.
    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)
    try:
        temporary, permanent = all_failures(message)
    except Exception:  # the library meets arbitrary input; a message that it cannot read is no report
        return OTHER
    found = permanent or temporary
    if not found:
        return OTHER
    text = _words(parts)
    return Report(
        kind=Kind.BOUNCED if permanent else Kind.DELAYED,
        addresses=frozenset(address.decode("ascii", "replace").lower() for address in found),
        fault=_fault(None, text, stage=_stage(text)) if permanent else Fault.LATER,
        words=_clean(_reason(text)) or None,
    )


def own_parts(message: Message) -> Iterator[Message]:
    """The parts of a message, but not those of a message that it returns or forwards."""
    if message.get_content_maintype() == "multipart" and isinstance(payload := message.get_payload(), list):
        for part in payload:
            if isinstance(part, Message):
                yield from own_parts(part)
    else:
        yield message


def _feedback(part: Message) -> Report:
    [fields, *_] = _blocks(part) or [Message()]
    kind = _field(fields, "Feedback-Type").partition(";")[0].strip().lower()
    if kind not in COMPLAINTS:
        return OTHER
    addresses = _addresses(fields, "Original-Rcpt-To", "Removal-Recipient")
    return Report(kind=Kind.COMPLAINED, addresses=addresses, words=f"feedback report: {kind}")


def _status_report(kind: Kind, blocks: list[Message], text: str) -> Report:
    [first, *_] = blocks
    words = _field(first, "Diagnostic-Code").partition(";")[2].strip() or _field(first, "Diagnostic-Code")
    found = _STATUS.match(_field(first, "Status"))
    status = found[1] if found else None
    return Report(
        kind=kind,
        addresses=frozenset().union(
            *(
                _addresses(block, "Original-Recipient") or _addresses(block, "Final-Recipient")
                for block in blocks
            )
        ),
        fault=_fault(status, words, stage=_stage(text)) if kind is Kind.BOUNCED else Fault.LATER,
        words=_clean(f"{status} {words}" if status and not words.startswith(status) else words) or None,
    )


def _fault(status: str | None, words: str, *, stage: Stage) -> Fault:
    """The cause by the status code, or by the server's reply where that says more."""
    fault = Fault.UNCLEAR
    if status is not None and not status.endswith(".0.0"):
        if status[0] != "5":
            return Fault.LATER  # given up after days of delay: the address may be right
        fault = meaning(550, status, stage=stage).fault
    if fault is Fault.UNCLEAR and (reply := _REPLY.search(words)):
        code, rest = int(reply[1]), reply[2] or words[reply.end() :]
        fault = meaning(code, rest, stage=stage).fault
    elif fault is Fault.UNCLEAR and (named := _QMAIL.search(words)):
        fault = meaning(int(named[1][0]) * 100 + 50, named[1], stage=stage).fault
    return fault


def _stage(text: str) -> Stage:
    """The command that the server refused, as far as the report says; else the message itself."""
    return "RCPT" if _AT_RCPT.search(text) and not _AT_DATA.search(text) else "DATA"


def _is_automatic_reply(message: Message) -> bool:
    """Whether it is an absence note or the like. Some servers mark their bounces in the same way."""
    if message.get("X-Failed-Recipients") is not None or _SERVER.search(_field(message, "From")):
        return False
    marks = {
        "Auto-Submitted": ("auto-replied",),  # RFC 3834, section 5
        "Precedence": ("auto_reply", "auto-reply"),
        "X-Auto-Response-Suppress": ("",),  # Exchange: in absence notes, but not in its bounces
        "X-Autoreply": ("",),
        "X-Autorespond": ("",),
    }
    return any(
        message.get(name) is not None and _field(message, name).lower().startswith(values)
        for name, values in marks.items()
    )


def _reason(text: str) -> str:
    """The line with the server's reply, if there is one."""
    lines = (line for line in text.splitlines() if _REPLY.search(line) or _QMAIL.search(line))
    return next(lines, "")


def _blocks(part: Message) -> list[Message]:
    """The groups of fields in a part of a report."""
    groups = re.split(r"\n[ \t]*\n", _decoded(part, _written(part).replace("\r\n", "\n")))
    parser = HeaderParser()
    return [parser.parsestr(group.strip()) for group in groups if group.strip()]


def _written(part: Message) -> str:
    """The text of a part. Python takes those of the types ``message/…`` apart, each in its own way."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return str(payload)
    groups = []
    for block in payload:
        if isinstance(block, Message):
            fields = "\n".join(f"{name}: {value}" for name, value in block.items())
            groups.append(f"{fields}\n\n{_written(block)}")
    return "\n\n".join(groups)


def _decoded(part: Message, text: str) -> str:
    try:
        match _field(part, "Content-Transfer-Encoding").lower():
            case "base64":
                return base64.b64decode("".join(text.split())).decode("utf-8", "replace")
            case "quoted-printable":
                return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        pass
    return text


def _addresses(fields: Message, *names: str) -> frozenset[str]:
    """The email addresses in these fields, such as ``rfc822;anna@example.com``."""
    found = set()
    for name in names:
        for value in fields.get_all(name, []):
            address = " ".join(str(value).split()).rpartition(";")[2].strip().strip("<>").lower()
            if "@" in address:
                found.add(address)
    return frozenset(found)


def _field(fields: Message, name: str) -> str:
    """The value of a field on one line; empty if it is absent."""
    return " ".join(str(fields.get(name, "")).split())


def _words(parts: Iterable[Message]) -> str:
    """The words for people."""
    return "\n".join(_text(part) for part in parts if part.get_content_maintype() == "text")


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        return payload.decode(part.get_content_charset("utf-8"), "replace").replace("\r\n", "\n")
    except LookupError:
        return payload.decode("latin-1").replace("\r\n", "\n")


def _clean(text: str) -> str:
    """``text`` in a form that a database can store, not longer than a few lines."""
    one_line = " ".join(text.replace("\0", "").split())[:LONGEST_WORDS]
    return one_line.encode("utf-8", "replace").decode("utf-8")
