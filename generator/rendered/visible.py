"""The visible part of rendered HTML, in a form in which texts that look the same are equal.

Two texts with the same ``VisibleText`` differ in nothing that makes a version: white space, the ids of
headings, classes, comments and the way the source is written are left out. Words, blocks, emphasis, link
targets and images are kept. The form is only compared; it is never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generator.rendered.attributes import classes_of, counted_attributes, written_attribute
from generator.rendered.characters import composed, folded
from generator.rendered.elements import (
    FORMATTING,
    HEADINGS,
    IMAGE,
    KINDS_OF_BLOCK,
    MADE_BY_RENDERER,
    NEVER_SHOWN,
    PUBLISHED_BLOCKS,
    ROW,
    RULE,
    SHOWN_WHEN_EMPTY,
)
from generator.rendered.heading_links import is_permalink, leads_to_its_heading
from generator.rendered.urls import image_source, is_relative, link_target

HEADING_STARTS = frozenset(f"<{tag}>" for tag in HEADINGS)
TABLE_OF_CONTENTS = "toc"
MADE_TARGET = "#"
"""Stands for every link target that the renderer makes up."""


class Style(NamedTuple):
    """The formatting of a stretch of characters, and where it leads if it is a link."""

    formatting: tuple[str, ...]
    target: str | None


class Image(NamedTuple):
    """An image; it takes the place of a word in its line."""

    source: str | None
    text: str
    target: str | None


Piece = tuple[Style, str] | Image
Line = tuple[Piece, ...]
Token = str | Line
PLAIN = Style((), None)


@dataclass(frozen=True, slots=True)
class VisibleText:
    """Everything that a reader sees, in order: the starts and ends of blocks, and lines of styled words."""

    tokens: tuple[Token, ...]

    @property
    def heading(self) -> str | None:
        """The words of the first heading that has any, at any level."""
        for start, token in enumerate(self.tokens):
            if token in HEADING_STARTS:
                end = self.tokens.index(f"</{token[1:]}", start)
                lines = (_words(line) for line in self.tokens[start:end] if not isinstance(line, str))
                if words := " ".join(filter(None, lines)):
                    return words
        return None

    @property
    def images(self) -> tuple[str, ...]:
        """The sources of the images that may be files of the repository, in order and without repetition."""
        pieces = (piece for line in self.tokens if not isinstance(line, str) for piece in line)
        sources = (piece.source for piece in pieces if isinstance(piece, Image))
        return tuple(dict.fromkeys(source for source in sources if source and is_relative(source)))


def visible_text(html: str) -> VisibleText:
    """Everything that a reader sees of an HTML fragment."""
    body = LexborHTMLParser(f"<!doctype html><body>{html}").body
    reader = _Reader()
    if body is not None:
        reader.read(body)
    return VisibleText(tuple(reader.tokens))


class _Reader:
    """Collects the tokens. It does not recurse, because authors may nest elements as deep as they like."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self._line: list[Piece] = []
        self._formatting: list[str] = []
        self._targets: list[str | None] = []
        self._opened: list[int] = []
        self._tables_of_contents = 0

    def read(self, top: LexborNode) -> None:
        """Read everything below ``top``."""
        waiting = [(top, True)]
        while waiting:
            node, entering = waiting.pop()
            if not entering:
                self._leave(node)
            elif node.is_text_node:
                self._line.append((self._style(), node.text_content or ""))
            elif node.is_element_node and not _is_left_out(node):
                self._enter(node)
                waiting.append((node, False))
                waiting.extend((child, True) for child in reversed(list(node.iter(include_text=True))))
        self._end_line()

    def _enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in KINDS_OF_BLOCK:
            self._open(tag, node)
        elif tag == RULE:
            self._end_line()
            self.tokens.append("<hr>")
        elif tag in PUBLISHED_BLOCKS:
            self._end_line()
            self._tables_of_contents += _is_table_of_contents(node)
        elif tag == "br":
            self._line.append((PLAIN, " "))
        elif tag == IMAGE:
            self._line.append(self._image(node))
        elif tag == "a":
            self._targets.append(self._target(node))
        elif tag in FORMATTING:
            self._formatting.append(FORMATTING[tag])
        elif tag == "abbr":
            self._formatting.append(f"abbr {folded(written_attribute(node, 'title') or '')}".strip())

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in KINDS_OF_BLOCK:
            self._close(tag)
        elif tag in PUBLISHED_BLOCKS and tag != RULE:
            self._end_line()
            self._tables_of_contents -= _is_table_of_contents(node)
        elif tag == "a":
            self._targets.pop()
        elif tag in FORMATTING or tag == "abbr":
            self._formatting.pop()

    def _open(self, tag: str, node: LexborNode) -> None:
        self._end_line()
        if tag == "ul" and self.tokens and self.tokens[-1] == "</ul>":
            self.tokens.pop()  # two bulleted lists in a row look like one
            self._opened.append(-1)
            return
        self._opened.append(len(self.tokens))
        self.tokens.append(_start_token(tag, node.attributes))

    def _close(self, tag: str) -> None:
        self._end_line()
        opened = self._opened.pop()
        if opened == len(self.tokens) - 1 and tag not in SHOWN_WHEN_EMPTY and tag != ROW:
            self.tokens.pop()
        else:
            self.tokens.append(f"</{tag}>")

    def _end_line(self) -> None:
        line = _folded_line(self._line)
        self._line = []
        if line:
            self.tokens.append(line)

    def _style(self) -> Style:
        return Style(
            tuple(sorted({name for name in self._formatting if name != "abbr"})),
            self._targets[-1] if self._targets else None,
        )

    def _target(self, node: LexborNode) -> str | None:
        target = link_target(written_attribute(node, "href"))
        is_made = (
            self._tables_of_contents
            or not classes_of(node).isdisjoint(MADE_BY_RENDERER)
            or leads_to_its_heading(node)
        )
        return MADE_TARGET if is_made and target else target

    def _image(self, node: LexborNode) -> Image:
        source = image_source(written_attribute(node, "src"))
        return Image(source, folded(written_attribute(node, "alt") or ""), self._style().target)


def _folded_line(raw: list[Piece]) -> Line:
    """The words and images in order. White space becomes one space, styled like the text before it."""
    line: list[Piece] = []
    spaced = False
    for piece in _joined(raw):
        if isinstance(piece, Image):
            if spaced and line:
                _append(line, PLAIN, " ")
            line.append(piece)
            spaced = False
            continue
        style, text = piece
        words = " ".join(text.split())
        spaced = spaced or text[:1].isspace()
        if words:
            if spaced and line:
                _append(line, PLAIN if isinstance(line[-1], Image) else line[-1][0], " ")
            _append(line, style, words)
            spaced = text[-1:].isspace()
    return tuple(line)


def _words(line: Line) -> str:
    return "".join(piece[1] for piece in line if not isinstance(piece, Image)).strip()


def _append(line: list[Piece], style: Style, text: str) -> None:
    last = line[-1] if line else None
    if last is not None and not isinstance(last, Image) and last[0] == style:
        line[-1] = (style, last[1] + text)
    else:
        line.append((style, text))


def _joined(raw: list[Piece]) -> list[Piece]:
    """Neighbours of the same style as one piece, so that letters and accents compose across them."""
    joined: list[Piece] = []
    for piece in raw:
        if isinstance(piece, Image):
            joined.append(piece)
        else:
            _append(joined, *piece)
    return [piece if isinstance(piece, Image) else (piece[0], composed(piece[1])) for piece in joined]


def _is_left_out(node: LexborNode) -> bool:
    return node.tag in NEVER_SHOWN or is_permalink(node)


def _is_table_of_contents(node: LexborNode) -> bool:
    return node.tag == "div" and TABLE_OF_CONTENTS in classes_of(node)


def _start_token(tag: str, attributes: Mapping[str, str | None]) -> str:
    counted = counted_attributes(tag, attributes).items()
    return f"<{tag}{''.join(f' {name}={value}' if value else f' {name}' for name, value in counted)}>"
