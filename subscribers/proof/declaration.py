"""The declaration: what a bundle shows, in words for counsel; the same as a text and as a page."""

from __future__ import annotations

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from subscribers.messages.language import load_language
from subscribers.messages.message import TEMPLATES
from subscribers.proof.form import Head

_TEMPLATES = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def as_text(head: Head) -> str:
    """The declaration as a text, in the site's language where it has words, else in English."""
    return _rendered("declaration.txt", head)


def as_html(head: Head) -> str:
    """The declaration as a page that loads nothing, for the screen and for paper."""
    return _rendered("declaration.html", head)


def _rendered(template: str, head: Head) -> str:
    return _TEMPLATES.get_template(template).render(head=head, words=load_language(head.language))
