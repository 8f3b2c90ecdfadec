"""Which HTML elements and attributes a reader sees. Versions and redlines both use these lists.

A difference in what is listed here makes a new version of a document, and its redline marks it. Published
texts are cleaned, so a version never holds what the cleaner removes. ``redline_markdown`` compares texts that
were not cleaned; the last part of this file lists what can be in those in addition.
"""

from __future__ import annotations

from collections.abc import Mapping

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")

KINDS_OF_BLOCK = frozenset({
    *HEADINGS, "ul", "ol", "li", "blockquote", "dl", "dt", "dd", "table", "caption", "tr", "th", "td",
    "pre", "details", "summary",
})  # fmt: skip
"""Blocks that look different from a paragraph, so it counts when a block becomes one of them."""

PLAIN_BLOCKS = frozenset({
    "address", "article", "aside", "center", "dir", "div", "fieldset", "figcaption", "figure", "footer",
    "form", "header", "hgroup", "legend", "main", "menu", "nav", "p", "search", "section", "tbody",
    "tfoot", "thead",
})  # fmt: skip
"""Blocks that only separate their text from the text around them. Which of them it is does not count."""

RULE = "hr"

PUBLISHED_BLOCKS = KINDS_OF_BLOCK | PLAIN_BLOCKS | {RULE, "body"}
"""All blocks of a published text, and the page's body around them."""

SHOWN_WHEN_EMPTY = frozenset({"li", "th", "td"})
"""Blocks that a reader sees without any text: the bullet of a list item, the frame of a table cell."""

ROW = "tr"
"""An empty table row counts for versions, because a cell above it may reach into it.

A redline has nowhere to put a mark in it, so it reports the difference as a change of layout.
"""

FORMATTING: Mapping[str, str] = {
    "em": "em", "i": "em",
    "strong": "strong", "b": "strong",
    "code": "code", "tt": "code", "kbd": "code", "samp": "code",
    "del": "del", "s": "del", "strike": "del",
    "ins": "ins", "u": "ins",
    "sup": "sup", "sub": "sub", "mark": "mark",
}  # fmt: skip
"""Inline elements whose formatting a reader sees, each with the element that stands for its meaning."""

IMAGE = "img"
"""Counts as one word, with its source and its text."""

COUNTED_NUMBERS: Mapping[str, Mapping[str, int | None]] = {
    "ol": {"start": 1},
    "li": {"value": None},
    "td": {"colspan": 1, "rowspan": 1},
    "th": {"colspan": 1, "rowspan": 1},
}
"""Attributes with a number that a reader sees, by element, each with its default."""

COUNTED_LIST_TYPES = frozenset("aAiI")
"""Values of ``type`` that number a list with letters or Roman numerals; all others mean digits."""

COUNTED_ATTRIBUTES = ("start", "type", "reversed", "value", "colspan", "rowspan")
"""All attributes that a reader sees: those numbers, and how an ordered list is numbered."""

MADE_BY_RENDERER = ("footnote-ref", "footnote-backref")
"""Classes of links whose target the renderer makes up. The link counts, its target does not."""

NEVER_SHOWN = frozenset({"script", "style", "template", "iframe", "object", "embed", "svg", "math"})
"""Elements that the cleaner removes with everything in them, because they act or draw."""

# Only in texts that were not cleaned:

NO_TEXT = frozenset({"script", "style", "template"})
"""Elements whose content a browser never shows. The content of the others in ``NEVER_SHOWN`` is compared."""

UNCLEANED_BLOCKS = frozenset({"dialog"})
"""The cleaner removes the tag and keeps the text, so for versions it is no block."""

BLOCKS = (PUBLISHED_BLOCKS | UNCLEANED_BLOCKS) - {"body"}

UNCLEANED_WORDS = frozenset({"input", "video", "audio", "canvas", "meter", "progress", "embed"})
"""Elements that count as one word, like an image.

In published texts ``generator.markdown.in_words`` writes controls as words, and the cleaner removes the rest.
"""
