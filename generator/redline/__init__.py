"""Redlines: what changed between two versions of a policy, for people."""

from __future__ import annotations

from functools import cache

from generator.language import Language
from generator.markdown.python_markdown import Converter, UnrenderableError, as_source
from generator.redline.compare import (
    RenderedVersion,
    StatedDates,
    compare,
    garbage_collection_paused,
    merge_html,
)
from generator.redline.show.excerpt import Excerpt, excerpt_html
from generator.redline.show.html import write_html
from generator.redline.show.plain_text import excerpt_text, plain_text, text_marks
from generator.redline.show.side_by_side import side_by_side_html
from generator.redline.tell.numbers import with_new_numbers
from generator.redline.tell.redline import ListedLine, Redline
from generator.redline.tell.sentences import ListedChange, in_sentences

__all__ = [
    "Excerpt", "ListedChange", "Redline", "RenderedVersion", "StatedDates", "compare", "excerpt_html",
    "excerpt_text", "html", "list_changes", "plain_text", "redline_markdown", "side_by_side_html",
    "text_marks",
]  # fmt: skip


def html(redline: Redline, language: Language | None = None) -> str:
    """The whole new text with its changes marked, as an HTML fragment.

    With a language, hidden words announce the marks, and both ends of a move link to each other.
    """
    return write_html(redline.lines, language)


def list_changes(redline: Redline, language: Language) -> list[ListedChange]:
    """All changes as sentences, in the order of the text; changes of the title and the days come first."""
    return in_sentences(redline.changes, language)


def redline_markdown(old: str, new: str) -> str:
    """The redline of two Markdown texts without front matter, as an HTML fragment.

    HTML in the texts is kept; policysite cleans it before it compares what it publishes. The texts are
    rendered as Python-Markdown renders them by itself, so that the redline can be compared with its output.
    """
    with garbage_collection_paused():
        lines = with_new_numbers(merge_html(_rendered(old), _rendered(new)))
        return write_html([ListedLine(line=line) for line in lines])


def _rendered(text: str) -> str:
    try:
        return _converter().convert(text)
    except UnrenderableError:
        return as_source(text)


@cache
def _converter() -> Converter:
    return Converter(["toc", "tables", "fenced_code"], keeps_every_cell=False)
