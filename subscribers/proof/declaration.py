"""The declaration: what a bundle shows, in words for counsel; the same words as text and as a page."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from subscribers.proof.bundle_format import Head
from subscribers.words import load_words

LANGUAGES = Path(__file__).parent / "languages"
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def as_text(head: Head) -> str:
    """The declaration as text, in the site's language if it has words here, else in English."""
    return _rendered("declaration.txt", head)


def as_html(head: Head) -> str:
    """The declaration as a page that loads nothing, for the screen and for paper."""
    return _rendered("declaration.html", head)


def _rendered(template: str, head: Head) -> str:
    return _TEMPLATES.get_template(template).render(head=head, words=load_words(LANGUAGES, head.language))
