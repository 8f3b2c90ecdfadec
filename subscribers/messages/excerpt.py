"""Cleans a redline for a message, and cuts it to the space that is left.

The site is untrusted here. Only the structure of the text, the marks of changes, and links to the hosts that
the operator has named are let through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, groupby

import nh3
from selectolax.lexbor import LexborHTMLParser

from subscribers.messages.links import LinkTargets, print_foreign_links

_BLOCKS = {
    "p",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "blockquote",
    "pre",
    "table",
    "caption",
    "td",
    "th",
    "div",
}
TAGS = _BLOCKS | {
    *("thead", "tbody", "tfoot", "tr", "ins", "del", "em", "strong", "code", "sup", "sub", "mark", "s", "u"),
    *("a", "br", "hr", "span", "bdi"),
}
_INLINE = {
    "-text",
    "ins",
    "del",
    "em",
    "strong",
    "code",
    "sup",
    "sub",
    "mark",
    "s",
    "u",
    "a",
    "br",
    "span",
    "bdi",
}
_ATTRIBUTES = {
    "a": {"href"},
    "ol": {"start"},
    "li": {"value"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
} | {tag: {"lang"} for tag in ("p", "span", "div", "blockquote")}
_MOST_BYTES = 2**20  # history.schema.json promises 60 kB
_DEEPEST = 100  # elements; policy-site rarely nests ten. HTML5 parsing takes time by the square of the depth
_TAG = re.compile(r"<(/?)[a-zA-Z][^>]*?(/?)>")
_VOID = re.compile(r"<(?:br|hr|img|wbr|col|input)[\s/>]", re.IGNORECASE)
_HEADING = re.compile(r"<h[1-6](?=[\s/>])", re.IGNORECASE)
_HEADING_END = re.compile(r"</h[1-6]\s*>", re.IGNORECASE)

_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=_ATTRIBUTES,
    allowed_classes={"p": {"clause"}},
    # Each block finds its own direction, so that Arabic or Hebrew clauses are right in any message.
    set_tag_attribute_values={tag: {"dir": "auto"} for tag in _BLOCKS},
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
    link_rel=None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A whole redline, or its beginning, as HTML and as text."""

    html: str
    text: str
    is_whole: bool


def clean(html: str, targets: LinkTargets) -> str:
    """``html`` reduced to text, its structure, its marks, and links to ``targets``.

    Headings become paragraphs of the class ``clause``, because the message has headings of its own.
    """
    html = _HEADING.sub('<p class="clause"', html)
    return print_foreign_links(_CLEANER.clean(_HEADING_END.sub("</p>", html)), targets)


def excerpt(html: str, text: str, *, limit_bytes: int, targets: LinkTargets) -> Excerpt:
    """As much of a redline's beginning as fits, with ``html`` cleaned.

    Each top-level block of ``html`` belongs to one paragraph of ``text``, so both are cut at the same point.
    If their numbers differ, the excerpt is the whole redline or nothing. Markup that is larger or deeper than
    any build makes is left out.
    """
    if len(html.encode()) > _MOST_BYTES or _depth(html) > _DEEPEST:
        return Excerpt(html="", text="", is_whole=False)
    cleaned, text = clean(html, targets).strip(), text.strip()
    if len(cleaned.encode()) <= limit_bytes:
        return Excerpt(html=cleaned, text=text, is_whole=True)
    blocks, paragraphs = [clean(block, targets) for block in _blocks(html)], re.split(r"\n{2,}", text)
    kept = _that_fit(blocks, limit_bytes) if len(blocks) == len(paragraphs) else 0
    return Excerpt(html="".join(blocks[:kept]).strip(), text="\n\n".join(paragraphs[:kept]), is_whole=False)


def _depth(html: str) -> int:
    """The depth to which the elements are nested, judged by their tags."""
    deepest = depth = 0
    for tag in _TAG.finditer(html):
        if tag[2] or _VOID.match(tag[0]):
            continue
        depth += -1 if tag[1] else 1
        deepest = max(deepest, depth)
    return deepest


def _blocks(html: str) -> list[str]:
    """The top-level blocks, unchanged. Words and marks between two blocks count as one block."""
    body = LexborHTMLParser(f"<body>{html}</body>").body
    nodes = list(body.iter(include_text=True)) if body else []
    blocks = []
    for is_inline, run in groupby(nodes, key=lambda node: node.tag in _INLINE):
        pieces = [node.html or "" for node in run]
        blocks += ["".join(pieces)] if is_inline else pieces
    return [block for block in blocks if block.strip()]


def _that_fit(blocks: list[str], limit_bytes: int) -> int:
    sizes = accumulate(len(block.encode()) for block in blocks)
    return sum(size <= limit_bytes for size in sizes)
