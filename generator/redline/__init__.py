"""Redlines: what changed between two versions of a policy, for people."""

from __future__ import annotations

from functools import cache

from generator.language import Language
from generator.markdown.python_markdown import Converter, UnrenderableError, as_source
from generator.redline.compare import Side, compare, uncollected, weave_html
from generator.redline.show.excerpt import Mail, mail_html, mail_text, plain_text, text_marks
from generator.redline.show.html import write_html
from generator.redline.show.side_by_side import side_by_side_html
from generator.redline.tell.redline import Redline
from generator.redline.tell.sentences import Told, tell

__all__ = [
    "Mail", "Redline", "Side", "Told", "compare", "html", "mail_html", "mail_text",
    "plain_text", "plain_words", "redline_markdown",
    "side_by_side_html", "text_marks",
]  # fmt: skip


def html(redline: Redline, language: Language | None = None) -> str:
    """The whole new text with what changed marked in it, as an HTML fragment.

    With a language, marks are announced in hidden words, and both ends of a move lead to each other.
    """
    return write_html(redline.lines, language)


def plain_words(redline: Redline, language: Language) -> list[Told]:
    """All changes in words of the language, in the order of the text, the title and the date before it."""
    return tell(redline.changes, language)


def redline_markdown(old: str, new: str) -> str:
    """The redline of two Markdown texts without front matter, as an HTML fragment.

    It keeps whatever HTML is in the texts; what is published is cleaned before it is compared. The texts are
    rendered as Python-Markdown does by itself, so that the redline can be held against its rendering.
    """
    with uncollected():
        lines, _ = weave_html(_rendered(old), _rendered(new))
        return write_html(lines)


def _rendered(text: str) -> str:
    try:
        return _converter().convert(text)
    except UnrenderableError:
        return as_source(text)


@cache
def _converter() -> Converter:
    return Converter(["toc", "tables", "fenced_code"], keeps_every_cell=False)
