"""A composed message, and the email that carries it to one recipient."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage

from subscribers.messages.headers import address_header, text_header
from subscribers.settings import Sender, ascii_address

# Ask for no holiday notes or other automatic answers. Bounces are wanted.
AUTOMATIC = {
    "Auto-Submitted": "auto-generated",  # RFC 3834, section 5
    "X-Auto-Response-Suppress": "OOF, AutoReply",  # Exchange: [MS-OXCMAIL], section 2.1.3.2.20
}
_SEVEN_BIT = policy.SMTP.clone(cte_type="7bit")  # not every server on the way accepts eight
_INTERNATIONAL = _SEVEN_BIT.clone(utf8=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that a message carries. ``media_type`` is as in ``application/pdf``; text is in UTF-8."""

    name: str
    media_type: str
    body: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file, in hexadecimal digits."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The same bytes for all recipients who read one language and know the same versions."""

    language: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


def to_email(
    message: Message, *, sender: Sender, recipient: str, message_id: str, sent_at: datetime
) -> EmailMessage:
    """The email that carries ``message`` to ``recipient``. Only To, Message-ID and Date differ."""
    # Only the form of RFC 6532 allows letters outside ASCII before the @.
    email = EmailMessage(policy=_SEVEN_BIT if recipient.isascii() else _INTERNATIONAL)
    email["From"] = address_header("From", sender.address.display_name, sender.address.addr_spec)
    email["Reply-To"] = address_header("Reply-To", sender.address.display_name, reply_address(sender))
    local_part, _, domain = recipient.rpartition("@")
    email["To"] = Address(username=local_part, domain=domain)
    email["Subject"] = text_header("Subject", message.subject)
    email["Date"] = sent_at
    email["Message-ID"] = message_id
    for name, value in AUTOMATIC.items():
        email[name] = value
    email.set_content(message.text, cte=_transfer_encoding(message.text))
    email.add_alternative(message.html, subtype="html", cte=_transfer_encoding(message.html))
    email["Content-Language"] = message.language  # last: set_content drops it
    # The default boundary is random, but all recipients should get the same bytes.
    boundary = hashlib.sha256(message.html.encode()).hexdigest()[:32]
    email.set_boundary(f"policy-{boundary}")
    if message.attachments:
        for attachment in message.attachments:
            _attach(email, attachment)
        email.set_boundary(f"files-{boundary}")
    return email


def _attach(email: EmailMessage, attachment: Attachment) -> None:
    main_type, _, subtype = attachment.media_type.partition("/")
    email.add_attachment(
        attachment.body,
        maintype=main_type,
        subtype=subtype,
        params={"charset": "utf-8"} if main_type == "text" else None,
        filename=attachment.name,
    )


def reply_address(sender: Sender) -> str:
    """The email address for answers (RFC 5322, section 3.6.2): the contact if it is one, else From."""
    try:
        return ascii_address(sender.contact)
    except ValueError:
        return sender.address.addr_spec


def _transfer_encoding(text: str) -> str:
    """The shorter encoding in seven bits. Python's ``email`` decides by the first ten lines (3.13)."""
    raw = text.encode()
    escaped = sum(byte > 126 for byte in raw)  # three bytes instead of one; base64 makes four of three
    return "base64" if 6 * escaped > len(raw) else "quoted-printable"
