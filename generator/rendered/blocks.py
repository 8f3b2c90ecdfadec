"""Rendered HTML as a sequence of blocks: each running text with the elements around it.

It is read as a browser reads it (HTML5). Only what no reader sees is left out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generator.rendered.attributes import leading_number
from generator.rendered.elements import BLOCKS, HEADINGS, IMAGE, NO_TEXT, SHOWN_WHEN_EMPTY, UNCLEANED_WORDS
from generator.rendered.heading_links import HEADING_LINK, PERMALINK, is_permalink, leads_to_its_heading
from generator.rendered.words import RULE, Vocabulary, Words

ROLES = {
    "ul": "list", "ol": "list", "menu": "list", "dir": "list",
    "td": "cell", "th": "cell",
    "thead": "rows", "tbody": "rows", "tfoot": "rows",
}  # fmt: skip
"""Elements of the same role may become one another without being marked as removed and added."""

SHAPE = frozenset({"ul", "ol", "li", "blockquote", "pre", "tr", "td", "th", "dl", "dt", "dd"})
HOLDERS = frozenset({"li", "tr", "dt", "dd"})
DEEPEST = 500
"""Block elements around a text; deeper ones are ignored (browsers stop at 512)."""

LINKS_OF_HEADINGS = ", ".join([f"{tag} a[href^='#']" for tag in HEADINGS] + [f"a.{PERMALINK}"])
BLOCK_INSIDE = re.compile(rf"<(?:{'|'.join(sorted(BLOCKS))})[\s/>]")
TAG_OR_COMMENT = re.compile(r"<!--.*?-->|<[^>\"]*(?:\"[^\"]*\"[^>\"]*)*>", re.DOTALL)
SHOWN_WITHOUT_TEXT = re.compile(rf"<(?:{'|'.join(sorted({IMAGE, *UNCLEANED_WORDS}))})[\s/>]")
OUR_OWN = re.compile(r"data-(?:change|move|old-)|class=\"?[^\">]*\brl\b")


class Element:
    """A block element of one document; two elements are the same only if they are one."""

    __slots__ = ("attributes", "number", "parent", "role", "tag")

    def __init__(self, tag: str, attributes: Mapping[str, str | None], parent: Element | None) -> None:
        self.tag = tag
        self.role = ROLES.get(tag, tag)
        self.attributes = attributes
        self.parent = parent
        self.number = 0
        """The number that a browser shows at an item of an ordered list; 0 for every other element."""


class Block:
    """A running text and the block elements around it, outermost first.

    ``markup`` is its inline HTML as the parser writes it; it is "" only for an empty item or cell.
    """

    __slots__ = ("_vocabulary", "_words", "begins_holder", "markup", "path")

    def __init__(self, path: tuple[Element, ...], markup: str, vocabulary: Vocabulary) -> None:
        self.path = path
        self.markup = markup
        self._vocabulary = vocabulary
        self._words: Words | None = None
        self.begins_holder = False
        """Whether the block before it has another ``holder``; the first block has none before it."""

    @property
    def holder(self) -> Element | None:
        """The innermost list item, table row or definition around it."""
        return next((element for element in reversed(self.path) if element.tag in HOLDERS), None)

    @property
    def containers(self) -> tuple[Element, ...]:
        """The lists, rows, cells, quotations and definitions around it, outermost first."""
        return tuple(element for element in self.path if element.tag in SHAPE)

    @property
    def words(self) -> Words:
        """Its words; they are split when they are first asked for, because most blocks never change."""
        if self._words is None:
            self._words = Words(self.markup, self._vocabulary, is_heading=self.tag in HEADINGS)
        return self._words

    @property
    def tag(self) -> str:
        return self.path[-1].tag if self.path else "body"


def read_blocks(fragment: str, vocabulary: Vocabulary | None = None) -> list[Block]:
    """The blocks of an HTML fragment in the order of reading.

    Blocks that will be compared with each other need the same ``vocabulary``.
    """
    parser = LexborHTMLParser("<!doctype html><body>" + fragment)
    if any("<" + tag in fragment for tag in NO_TEXT):
        parser.strip_tags(list(NO_TEXT))
    if OUR_OWN.search(fragment):
        _remove_our_own_signs(parser)
    if 'href="#' in fragment or PERMALINK in fragment:
        _remove_links_of_headings(parser)
    if parser.body is None:
        return []
    return _Reader(Vocabulary() if vocabulary is None else vocabulary).read(parser.body)


@dataclass(slots=True)
class _Cursor:
    """Where the reader is: the next node, the elements around it, and the text before it in the same block.

    ``inline`` are the inline elements that hold blocks. ``number`` is the number of the next item of an
    ordered list.
    """

    node: LexborNode | None
    path: tuple[Element, ...]
    inline: tuple[LexborNode, ...]
    number: int | None
    pieces: list[str] = field(default_factory=list)


class _Reader:
    """Reads without recursion, because nothing limits how deeply a text nests."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.blocks: list[Block] = []
        self.cursors: list[_Cursor] = []
        self.unplaced = ""  # empty anchors without a text so far

    def read(self, body: LexborNode) -> list[Block]:
        """The blocks of a document."""
        self.cursors = [_Cursor(body.child, (), (), None)]
        while self.cursors:
            cursor = self.cursors[-1]
            node = cursor.node
            if node is None:
                self.add(cursor)
                self.cursors.pop()
            else:
                cursor.node = node.next
                self.read_node(node, node.tag or "", cursor)
        before: Block | None = None
        for block in self.blocks:
            block.begins_holder = before is None or before.holder is not block.holder
            before = block
        return self.blocks

    def read_node(self, node: LexborNode, tag: str, cursor: _Cursor) -> None:
        if tag == "-text":
            cursor.pieces.append(node.html or "")
        elif tag in BLOCKS:
            self.add(cursor)
            if len(cursor.path) == DEEPEST and tag != "hr":
                self.cursors.append(_Cursor(node.child, cursor.path, cursor.inline, None))
                return
            element = Element(tag, node.attributes, cursor.path[-1] if cursor.path else None)
            if tag == "li" and cursor.number is not None:
                element.number = whole_number(element.attributes.get("value"), cursor.number)
                cursor.number = element.number + 1
            self.read_block(node, _Cursor(node.child, (*cursor.path, element), cursor.inline, None))
        elif not tag.startswith(("-", "_", "!")):
            markup = node.html or ""
            if BLOCK_INSIDE.search(markup):
                self.add(cursor)
                self.cursors.append(_Cursor(node.child, cursor.path, (*cursor.inline, node), None))
            else:
                cursor.pieces.append(markup)

    def read_block(self, node: LexborNode, cursor: _Cursor) -> None:
        element = cursor.path[-1]
        if element.tag == "hr":
            self.blocks.append(Block(cursor.path, RULE, self.vocabulary))
            return
        markup = None if _begins_with_block(node) else node.inner_html or ""
        if markup is None or BLOCK_INSIDE.search(markup):
            if element.tag == "ol":
                cursor.number = whole_number(element.attributes.get("start"), 1)
            self.cursors.append(cursor)
            return
        before = len(self.blocks)
        cursor.pieces.append(markup)
        self.add(cursor)
        if len(self.blocks) == before and element.tag in SHOWN_WHEN_EMPTY:
            self.blocks.append(Block(cursor.path, "", self.vocabulary))

    def add(self, cursor: _Cursor) -> None:
        """Make a block of the text so far, if a reader sees any of it."""
        if not cursor.pieces:
            return
        markup = "".join(cursor.pieces)
        cursor.pieces.clear()
        bare = markup
        if "<" in markup:
            bare = markup if SHOWN_WITHOUT_TEXT.search(markup) else TAG_OR_COMMENT.sub("", markup)
        if not bare.replace("&nbsp;", "").strip():
            if "id=" in markup or "name=" in markup:
                self.unplaced += markup.strip()
            return
        for node in reversed(cursor.inline):
            markup = f"{start_tag(node.tag or '', node.attributes)}{markup}</{node.tag}>"
        self.blocks.append(Block(cursor.path, self.unplaced + markup, self.vocabulary))
        self.unplaced = ""


def _begins_with_block(node: LexborNode) -> bool:
    """Whether the first element in it is a block; decided without its markup, which is long in deep texts."""
    child = node.child
    if child is not None and child.tag == "-text":
        child = child.next
    return child is not None and child.tag in BLOCKS


def start_tag(tag: str, attributes: Mapping[str, str | None]) -> str:
    """The tag as HTML, its attributes in the order given."""
    written = "".join(f' {name}="{html.escape(value or "")}"' for name, value in attributes.items())
    return f"<{tag}{written}>"


def whole_number(text: str | None, default: int) -> int:
    """The number with which an attribute's value begins, or the default if it begins with none."""
    number = leading_number(text)
    return default if number is None else number


def _remove_links_of_headings(parser: LexborHTMLParser) -> None:
    """Remove the link signs beside headings, and give headings that link to themselves a class."""
    for node in parser.css(LINKS_OF_HEADINGS):
        if is_permalink(node):
            node.decompose()
        elif leads_to_its_heading(node):
            node.attrs["class"] = HEADING_LINK


def _remove_our_own_signs(parser: LexborHTMLParser) -> None:
    """Remove what would make a policy's own HTML look like a mark of the redline."""
    for node in parser.css("[data-change], [data-move], [data-old-tag], [data-old-href], ins.rl, del.rl"):
        for name in list(node.attributes):
            if name.startswith("data-") or (name == "class" and node.tag in ("ins", "del")):
                del node.attrs[name]
