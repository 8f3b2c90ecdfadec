"""Rendered HTML as a flat row of blocks: each stretch of running text with the elements around it.

It reads what a browser would read (HTML5) and judges nothing; what it drops is what no reader sees.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generator.redline.words import RULE, Words

BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "dialog", "dir",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4",
    "h5", "h6", "header", "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol", "p", "pre",
    "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
SHAPE = frozenset({"ul", "ol", "li", "blockquote", "pre", "tr", "td", "th", "dl", "dt", "dd"})
HOLDERS = frozenset({"li", "tr", "dt", "dd"})
SEEN_WHEN_EMPTY = frozenset(("li", "td", "th"))
UNSEEN = ("script", "style", "template")
BLOCK_INSIDE = re.compile(rf"<(?:{'|'.join(sorted(BLOCKS))})[\s/>]")
TAG_OR_COMMENT = re.compile(r"<!--.*?-->|<[^>\"]*(?:\"[^\"]*\"[^>\"]*)*>", re.DOTALL)
SEEN_WITHOUT_TEXT = re.compile(r"<(?:img|input|video|audio|canvas|meter|progress)[\s/>]")
OUR_OWN = re.compile(r"data-(?:change|move|old-)|class=\"?[^\">]*\brl\b")


class Element:
    """A block element of one document; two elements are the same only if they are one."""

    __slots__ = ("attributes", "number", "parent", "tag")

    def __init__(self, tag: str, attributes: Mapping[str, str | None], parent: Element | None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.number = 0
        """Of a list item in an ordered list: the number that a browser shows; else 0."""


class Block:
    """A stretch of running text; its last element holds it directly.

    ``markup`` is the inline HTML as the parser writes it; only an empty item or cell has none.
    """

    __slots__ = ("_words", "markup", "path")

    def __init__(self, path: tuple[Element, ...], markup: str) -> None:
        self.path = path
        self.markup = markup
        self._words: Words | None = None

    @property
    def holder(self) -> Element | None:
        """The list item, row or definition that it stands in."""
        return next((element for element in reversed(self.path) if element.tag in HOLDERS), None)

    @property
    def place(self) -> tuple[Element, ...]:
        """The elements that it shares with the blocks beside it."""
        return tuple(element for element in self.path if element.tag in SHAPE)

    def words(self, vocabulary: dict[str, str]) -> Words:
        """Its words; ``vocabulary`` is the one of the whole comparison."""
        if self._words is None:
            self._words = Words(self.markup, vocabulary)
        return self._words

    @property
    def tag(self) -> str:
        return self.path[-1].tag if self.path else "body"


def read_blocks(fragment: str) -> list[Block]:
    """The blocks of an HTML fragment in the order of reading."""
    parser = LexborHTMLParser("<!doctype html><body>" + fragment)
    if any("<" + tag in fragment for tag in UNSEEN):
        parser.strip_tags(list(UNSEEN))
    if OUR_OWN.search(fragment):
        _remove_our_own_signs(parser)
    if parser.body is None:
        return []
    reader = _Reader()
    reader.read(parser.body, (), [])
    return reader.blocks


class _Reader:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.unplaced = ""  # empty anchors that no text was with yet

    def read(self, parent: LexborNode, path: tuple[Element, ...], inline: list[LexborNode]) -> None:
        """Read the children of ``parent``; ``inline`` are the inline elements that hold blocks."""
        pieces: list[str] = []
        number = _first_number(parent)
        for node in _children(parent):
            tag = node.tag or ""
            if tag == "-text":
                pieces.append(node.html or "")
            elif tag in BLOCKS:
                self.add(pieces, path, inline)
                element = Element(tag, node.attributes, path[-1] if path else None)
                if tag == "li" and number is not None:
                    number = element.number = whole_number(element.attributes.get("value"), number)
                    number += 1
                self.read_block(node, (*path, element), inline)
            elif not tag.startswith(("-", "_", "!")):
                markup = node.html or ""
                if BLOCK_INSIDE.search(markup):
                    self.add(pieces, path, inline)
                    self.read(node, path, [*inline, node])
                else:
                    pieces.append(markup)
        self.add(pieces, path, inline)

    def read_block(self, node: LexborNode, path: tuple[Element, ...], inline: list[LexborNode]) -> None:
        if path[-1].tag == "hr":
            self.blocks.append(Block(path, RULE))
            return
        markup = node.inner_html or ""
        if BLOCK_INSIDE.search(markup):
            self.read(node, path, inline)
            return
        before = len(self.blocks)
        self.add([markup], path, inline)
        if len(self.blocks) == before and path[-1].tag in SEEN_WHEN_EMPTY:
            self.blocks.append(Block(path, ""))

    def add(self, pieces: list[str], path: tuple[Element, ...], inline: list[LexborNode]) -> None:
        markup = "".join(pieces)
        pieces.clear()
        bare = markup
        if "<" in markup:
            bare = markup if SEEN_WITHOUT_TEXT.search(markup) else TAG_OR_COMMENT.sub("", markup)
        if not bare.replace("&nbsp;", "").strip():
            if "id=" in markup or "name=" in markup:
                self.unplaced += markup.strip()
            return
        for node in reversed(inline):
            markup = f"{start_tag(node.tag or '', node.attributes)}{markup}</{node.tag}>"
        self.blocks.append(Block(path, self.unplaced + markup))
        self.unplaced = ""


def start_tag(tag: str, attributes: Mapping[str, str | None]) -> str:
    """The tag as HTML, its attributes in the order given."""
    written = "".join(f' {name}="{html.escape(value or "")}"' for name, value in attributes.items())
    return f"<{tag}{written}>"


def _children(parent: LexborNode) -> Iterator[LexborNode]:
    node = parent.child
    while node is not None:
        yield node
        node = node.next


def _first_number(parent: LexborNode) -> int | None:
    return whole_number(parent.attributes.get("start"), 1) if parent.tag == "ol" else None


def whole_number(text: str | None, default: int) -> int:
    """The number that an attribute's value begins with."""
    found = re.match(r"\s*([-+]?\d{1,9})", text or "")
    return int(found[1]) if found else default


def _remove_our_own_signs(parser: LexborHTMLParser) -> None:
    """A policy's own HTML cannot pass for a mark of the redline."""
    for node in parser.css("[data-change], [data-move], [data-old-tag], [data-old-href], ins.rl, del.rl"):
        for name in list(node.attributes):
            if name.startswith("data-") or (name == "class" and node.tag in ("ins", "del")):
                del node.attrs[name]
