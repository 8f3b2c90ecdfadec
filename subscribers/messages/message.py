"""Makes the message that people get: subject, text and HTML of equal content; nothing loaded from outside.

Pure: the same content, language and sender give the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from subscribers.errors import NotifyError
from subscribers.messages.content import AnnouncedContent
from subscribers.messages.headers import address_header, text_header
from subscribers.messages.layout import Layout, Level, lay_out
from subscribers.messages.links import LinkTargets
from subscribers.settings import Sender, ascii_address
from subscribers.site.history_json import PublishedColours
from subscribers.words import Words, load_words

MAIL_LIMIT_BYTES = 100_000  # Gmail cuts a message off at 102 kB
# Tried in this order until the mail fits.
_LEVELS = (
    *(Level(room, versions=5, changes=10) for room in range(60_000, -1, -5_000)),
    Level(),
    Level(brief=True),
)

LANGUAGES = Path(__file__).parent / "languages"
TEMPLATES = Path(__file__).parent / "templates"
_TEMPLATES = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
# No holiday notes and other automatic answers in return; bounces are wanted.
AUTOMATIC = {
    "Auto-Submitted": "auto-generated",  # RFC 3834, section 5
    "X-Auto-Response-Suppress": "OOF, AutoReply",  # Exchange: [MS-OXCMAIL], section 2.1.3.2.20
}
_SEVEN_BIT = policy.SMTP.clone(cte_type="7bit")  # not every server on the way takes eight
_INTERNATIONAL = _SEVEN_BIT.clone(utf8=True)
_STYLE = (TEMPLATES / "message.css").read_text(encoding="utf8")


class MailTooLargeError(NotifyError):
    """Even without any redline the mail is larger than mail clients show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What everybody of one language who knows the same versions gets, byte for byte."""

    language: str
    subject: str
    text: str
    html: str


def compose(content: AnnouncedContent, *, language: str, sender: Sender) -> Message:
    """The message that tells ``content`` in the words of ``language`` (else English), within the limit."""
    words = load_words(LANGUAGES, language)
    targets = LinkTargets.of(content.site_url, hosts=sender.link_hosts, contact=sender.contact)
    for level in _LEVELS:
        message = _render(lay_out(content, words, level, targets), words, sender)
        if _size_bytes(message, sender) <= MAIL_LIMIT_BYTES:
            return message
    raise MailTooLargeError(
        f"mail on {len(content.documents)} documents: over {MAIL_LIMIT_BYTES:,} bytes without any redline; "
        "shorten the summaries in the front matter, or publish fewer documents at once"
    )


def to_email(
    message: Message, *, sender: Sender, recipient: str, message_id: str, sent_at: datetime
) -> EmailMessage:
    """``message`` addressed to one person; only To, Message-ID and Date differ between people."""
    # Letters outside ASCII before the @ can be written in no other form than RFC 6532's.
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
    # The default boundary is random, and the bytes should be the same for everybody.
    email.set_boundary(f"policy-{hashlib.sha256(message.html.encode()).hexdigest()[:32]}")
    return email


def reply_address(sender: Sender) -> str:
    """Where answers go (Reply-To, RFC 5322, section 3.6.2): the contact, where it is an email address."""
    try:
        return ascii_address(sender.contact)
    except ValueError:
        return sender.address.addr_spec


def _render(layout: Layout, words: Words, sender: Sender) -> Message:
    values = {
        "message": layout,
        "words": words,
        "sender": sender,
        "contact_url": _contact_url(sender.contact),
    }
    html = _TEMPLATES.get_template("message.html").render(values)
    return Message(
        language=words.language,
        subject=layout.subject,
        text=re.sub(r"\n{3,}", "\n\n", _TEMPLATES.get_template("message.txt").render(values)),
        html=_inliner(layout.colours.accent).inline(html),
    )


@lru_cache(maxsize=8)
def _inliner(accent: str) -> css_inline.CSSInliner:
    """Puts the style into each element, as email clients need it; few of them know custom properties."""
    style = _STYLE.replace(PublishedColours().accent, accent)
    return css_inline.CSSInliner(extra_css=style, load_remote_stylesheets=False)


def _transfer_encoding(text: str) -> str:
    """The shorter way to write the text in seven bits: left alone, ``email`` judges by ten lines (3.13)."""
    raw = text.encode()
    escaped = sum(byte > 126 for byte in raw)  # three bytes instead of one; base64 makes four of three
    return "base64" if 6 * escaped > len(raw) else "quoted-printable"


def _contact_url(contact: str) -> str | None:
    """What a click on the contact opens: its address on the web, or a mail to it."""
    if contact.startswith(("https://", "http://")):
        return contact
    try:
        return f"mailto:{Address(addr_spec=contact).addr_spec}"
    except (HeaderParseError, ValueError, IndexError):
        return None


def _size_bytes(message: Message, sender: Sender) -> int:
    """The bytes of the whole mail on its way, to a recipient with the longest address there is."""
    email = to_email(
        message,
        sender=sender,
        recipient=f"{'r' * 64}@{'h' * 189}",  # RFC 5321, section 4.5.3.1.3: 254 and the brackets
        message_id=f"<{'0' * 64}@{'h' * 189}>",
        sent_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return len(bytes(email))
