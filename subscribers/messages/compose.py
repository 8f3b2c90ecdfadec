"""Composes a message: subject, text and HTML that say the same; the HTML loads nothing from outside.

The same content, language and sender always give the same bytes.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from functools import lru_cache
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from subscribers.errors import NotifyError
from subscribers.messages.content import AnnouncedContent
from subscribers.messages.layout import Layout, Level, lay_out
from subscribers.messages.links import LinkTargets
from subscribers.messages.message import Message, to_email
from subscribers.settings import Sender
from subscribers.site.history_json import PublishedColours
from subscribers.words import Words, load_words

MESSAGE_LIMIT_BYTES = 100_000  # Gmail cuts a message off at 102 kB
# Tried in this order until the message fits.
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
_STYLE = (TEMPLATES / "message.css").read_text(encoding="utf8")


class MessageTooLargeError(NotifyError):
    """The message is larger than email clients show, even without redlines."""


def compose(content: AnnouncedContent, *, language: str, sender: Sender) -> Message:
    """The message about ``content`` in ``language``, else in English, no larger than the limit.

    The limit does not count attached files: email clients cut off what they show.
    """
    words = load_words(LANGUAGES, language)
    targets = LinkTargets.of(content.site_url, hosts=sender.link_hosts, contact=sender.contact)
    for level in _LEVELS:
        message = _render(lay_out(content, words, level, targets), words, sender)
        if _size_bytes(message, sender) <= MESSAGE_LIMIT_BYTES:
            files = (file.attachment for file in content.whole_texts if file.attachment)
            return replace(message, attachments=tuple(files))
    raise MessageTooLargeError(
        f"message about {len(content.documents)} documents: larger than {MESSAGE_LIMIT_BYTES:,} bytes "
        "even without redlines; shorten the summaries in the front matter, or publish fewer documents at once"
    )


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
    """Writes the style into each element, as email clients need it. Few of them know custom properties."""
    style = _STYLE.replace(PublishedColours().accent, accent)
    return css_inline.CSSInliner(extra_css=style, load_remote_stylesheets=False)


def _contact_url(contact: str) -> str | None:
    """The URL that a click on the contact opens: a web page, or a new email to the contact."""
    if contact.startswith(("https://", "http://")):
        return contact
    try:
        return f"mailto:{Address(addr_spec=contact).addr_spec}"
    except (HeaderParseError, ValueError, IndexError):
        return None


def _size_bytes(message: Message, sender: Sender) -> int:
    """The size of the whole email when sent to the longest possible email address."""
    email = to_email(
        message,
        sender=sender,
        recipient=f"{'r' * 64}@{'h' * 189}",  # RFC 5321, section 4.5.3.1.3: 254 and the brackets
        message_id=f"<{'0' * 64}@{'h' * 189}>",
        sent_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return len(bytes(email))
