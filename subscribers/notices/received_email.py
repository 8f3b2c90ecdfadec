"""Reads an email as somebody received it, strictly: what two programs may show differently is a fault.

An email is untrusted. A part that a program might show, a second header of the same name, or an encoding that
programs read differently could hide other words than those that are checked here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.generator import BytesGenerator
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from io import BytesIO
from pathlib import Path

from subscribers.errors import NotifyError
from subscribers.long_headers import has_long_header
from subscribers.notices.canonical_form import canonical, digest
from subscribers.site.notices_json import NoticedAttachment

LIMIT_BYTES = 50 * 2**20  # no provider accepts a larger email
SINGLE = ("From", "Sender", "Reply-To", "To", "Subject", "Date", "Message-ID")  # RFC 5322, section 3.6
SINGLE_IN_PARTS = ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition")
# Email programs offer to open or to answer these, and no message of ours has them.
UNSENT = ("List-Unsubscribe", "List-Unsubscribe-Post", "Disposition-Notification-To", "Return-Receipt-To")
# Every program reads these alike; RFC 2045, section 6, and the encodings that mail servers change text to.
CHARSETS = frozenset({"us-ascii", "utf-8", "koi8-r", "windows-1251", "windows-1252"}) | {
    f"iso-8859-{number}" for number in (1, 2, 5, 15)
}
TRANSFER_ENCODINGS = frozenset({"7bit", "8bit", "binary", "quoted-printable", "base64"})


SAVE_IT = "save the email as a file (.eml), or forward it as an attachment and save that"


class NotAnEmailError(NotifyError):
    """The file cannot be checked as an email."""

    def __init__(self, file: Path, what: str, remedy: str = SAVE_IT) -> None:
        super().__init__(f"{file}: {what}; {remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedEmail:
    """The content of an email. ``faults`` are its differences from the form in which all our emails are sent.

    ``raw`` is the email itself. ``is_attached``: it was attached to another one, which is not checked.
    """

    raw: bytes
    is_attached: bool
    faults: tuple[str, ...]
    sender_name: str
    sender_address: str
    reply_to: str
    subject: str
    date: datetime | None
    message_id: str
    text_sha256: str | None
    html_sha256: str | None
    attachments: tuple[NoticedAttachment, ...]


class _FaultyError(Exception):
    """A part cannot be read as every email program would read it."""


def read_email(file: Path) -> ReceivedEmail:
    """The email in ``file``, or the one that was forwarded with it as an attachment."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise NotAnEmailError(
            file, f"cannot be read ({error.strerror})", "name the file that holds the email"
        ) from error
    if len(raw) > LIMIT_BYTES:
        raise NotAnEmailError(file, f"is larger than {LIMIT_BYTES // 2**20} MB")
    if has_long_header(raw):
        raise NotAnEmailError(file, "has a header that is longer than any mail server writes")
    try:
        message = message_from_bytes(raw)
        attached = [part for part in message.walk() if part.get_content_type() == "message/rfc822"]
        if len(attached) > 1:
            raise NotAnEmailError(
                file, f"has {len(attached)} emails attached, so it is not clear which to check"
            )
        if attached:
            message = attached[0].get_payload(0)  # type: ignore[assignment] # a message inside a message
            raw = _bytes_of(message)
        if message["From"] is None:
            raise NotAnEmailError(file, "is not an email: it has no From")
        return _read(message, raw, is_attached=bool(attached))
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotAnEmailError(file, f"is not a readable email ({type(error).__name__})") from error


def _read(message: Message, raw: bytes, *, is_attached: bool) -> ReceivedEmail:
    faults = [*_header_faults(message)]
    if re.search(rb"\r(?!\n)|\0", re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]):
        faults.append("a header has a sign in it that ends the line in some programs only")
    texts: dict[str, str] = {}
    attachments: list[NoticedAttachment] = []
    for part in message.walk():
        if part.is_multipart():
            faults += _part_faults(part)
            continue
        kind = part.get_content_type()
        is_file = part.get_content_disposition() == "attachment" or part.get_filename() is not None
        try:
            if kind in ("text/plain", "text/html") and not is_file:
                if kind in texts:
                    raise _FaultyError(f"it has a second {kind} part")
                texts[kind] = _text(part)
            else:
                attachments.append(_attachment(part))
        except _FaultyError as fault:
            faults.append(str(fault))
        faults += _part_faults(part)  # only now is it known whether its encoding is damaged
    name, address = parseaddr(_words(message, "From"))
    return ReceivedEmail(
        raw=raw,
        is_attached=is_attached,
        faults=tuple(dict.fromkeys(faults)),
        sender_name=canonical(name),
        sender_address=address,
        reply_to=parseaddr(_words(message, "Reply-To"))[1],
        subject=canonical(_words(message, "Subject")),
        date=_date(message),
        message_id=canonical(str(message.get("Message-ID", ""))),
        text_sha256=digest(texts["text/plain"]) if "text/plain" in texts else None,
        html_sha256=digest(texts["text/html"]) if "text/html" in texts else None,
        attachments=tuple(attachments),
    )


def _bytes_of(message: Message) -> bytes:
    """The email with its header lines as they were, so that a signature still fits."""
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False, maxheaderlen=0).flatten(message)
    return written.getvalue()


def _header_faults(message: Message) -> Iterator[str]:
    for name in SINGLE:
        if len(message.get_all(name, [])) > 1:
            yield f"it has several {name} headers"
    for name in UNSENT:
        if name in message:
            yield f"it has the header {name}, which we do not send"
    for name in ("From", "Reply-To"):
        if _words(message, name).count("@") > 1:
            yield f"{name} names more than one email address"
    sender = parseaddr(_words(message, "Sender"))[1]
    if sender and sender.casefold() != parseaddr(_words(message, "From"))[1].casefold():
        yield "its Sender is not the one in From"


def _part_faults(part: Message) -> Iterator[str]:
    for name in SINGLE_IN_PARTS:
        if len(part.get_all(name, [])) > 1:
            yield f"a part has several {name} headers"
    stated = str(part.get("Content-Type", "")).lower()
    for name in ("boundary", "charset"):
        if len(re.findall(rf"\b{name}\s*(?:\*\d*\*?)?\s*=", stated)) > 1:
            yield f"a part names its {name} twice"
    for defect in part.defects:
        yield f"its parts are damaged ({type(defect).__name__})"
    if part.is_multipart() and part.get_content_type() not in ("multipart/alternative", "multipart/mixed"):
        yield f"it has parts of the kind {part.get_content_type()}"


def _text(part: Message) -> str:
    charset = (part.get_content_charset() or "us-ascii").lower()
    if charset not in CHARSETS:
        raise _FaultyError(f"a part is in the character set {charset}, which we do not use")
    try:
        return _payload(part).decode(charset)
    except UnicodeDecodeError as error:
        raise _FaultyError(f"a part is not in the character set that it names ({charset})") from error


def _attachment(part: Message) -> NoticedAttachment:
    return NoticedAttachment(
        name=part.get_filename() or "",
        media_type=part.get_content_type(),
        sha256=hashlib.sha256(_payload(part)).hexdigest(),
    )


def _payload(part: Message) -> bytes:
    encoding = str(part.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    if encoding not in TRANSFER_ENCODINGS:
        raise _FaultyError("a part has an unknown transfer encoding")
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        raise _FaultyError("a part has no content")
    return payload


def _words(message: Message, name: str) -> str:
    """A header in words, without line breaks."""
    for given, raw in message.raw_items():
        if given.lower() == name.lower():
            value = str(raw).encode("utf-8", "surrogateescape").decode()  # RFC 6532 allows UTF-8 as it is
            return canonical(str(make_header(decode_header(value))))
    return ""


def _date(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(str(message["Date"]))
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found.tzinfo else None
