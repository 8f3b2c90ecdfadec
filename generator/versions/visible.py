"""What a reader sees of a rendered text, folded so that equal sights are equal values.

Two renderings with the same ``Sight`` differ in nothing that makes a version: white space, heading ids,
classes, comments and the way the source is written are gone, words, blocks, emphasis, link targets and
images remain. It judges; it never makes what is shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generator.rendered.characters import clean

INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad]")
UNSEEN = frozenset({"script", "style", "template", "iframe", "object", "embed", "svg", "math"})
BLOCKS = frozenset({
    "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "dl", "dt", "dd",
    "table", "caption", "tr", "th", "td", "pre", "details", "summary",
})  # fmt: skip
HEADINGS = ("<h1>", "<h2>", "<h3>", "<h4>", "<h5>", "<h6>")
HEADING_TAGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
SEEN_WHEN_EMPTY = frozenset({"li", "tr", "th", "td"})
BOUNDARIES = frozenset({
    "address", "article", "aside", "body", "center", "dir", "div", "fieldset", "figcaption", "figure",
    "footer", "form", "header", "hgroup", "legend", "main", "menu", "nav", "p", "search", "section",
    "tbody", "tfoot", "thead",
})  # fmt: skip
MARKS = {
    "em": "em", "i": "em",
    "strong": "strong", "b": "strong",
    "code": "code", "tt": "code", "kbd": "code", "samp": "code",
    "del": "del", "s": "del", "strike": "del",
    "ins": "ins", "u": "ins",
    "sup": "sup", "sub": "sub", "mark": "mark",
}  # fmt: skip
MADE_BY_RENDERER = frozenset(("footnote-ref", "footnote-backref"))
MADE_TARGET = "#"
PERMALINK = "headerlink"
TABLE_OF_CONTENTS = "toc"
NUMBERS: Mapping[str, Mapping[str, int | None]] = {
    "ol": {"start": 1},
    "li": {"value": None},
    "td": {"colspan": 1, "rowspan": 1},
    "th": {"colspan": 1, "rowspan": 1},
}
OTHER_NUMERALS = frozenset("aAiI")
LEADING_NUMBER = re.compile(r"[ \t\n\f\r]*([-+]?[0-9]{1,9})")
LINK_SCHEMES = frozenset(("http", "https", "mailto", "tel"))
IMAGE_SCHEMES = frozenset(("http", "https", "data"))
SCHEME = re.compile(r"[\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.\-]*):")
LINE_BREAKING = str.maketrans("", "", "\t\n\r")  # browsers drop them anywhere in an address


class Style(NamedTuple):
    """What marks a character that is not white space."""

    marks: tuple[str, ...]
    target: str | None


class Image(NamedTuple):
    """An image stands in its text like one word."""

    source: str | None
    text: str
    target: str | None


Piece = tuple[Style, str] | Image
Line = tuple[Piece, ...]
Token = str | Line
PLAIN = Style((), None)


@dataclass(frozen=True, slots=True)
class Sight:
    """A rendered text as a reader sees it: opened and closed blocks, and lines of marked words."""

    tokens: tuple[Token, ...]

    @property
    def heading(self) -> str | None:
        """The words of the first heading that has any, whatever its level."""
        for start, token in enumerate(self.tokens):
            if token in HEADINGS:
                end = self.tokens.index(f"</{token[1:]}", start)
                lines = (_words(line) for line in self.tokens[start:end] if not isinstance(line, str))
                if words := " ".join(filter(None, lines)):
                    return words
        return None

    @property
    def images(self) -> tuple[str, ...]:
        """The sources of the images that no other host has, in order, each once."""
        pieces = (piece for line in self.tokens if not isinstance(line, str) for piece in line)
        sources = (piece.source for piece in pieces if isinstance(piece, Image))
        return tuple(dict.fromkeys(source for source in sources if source and not SCHEME.match(source)))


def see(markup: str) -> Sight:
    """What a reader sees of an HTML fragment."""
    body = LexborHTMLParser(f"<!doctype html><body>{markup}").body
    eye = _Eye()
    if body is not None:
        eye.look(body)
    return Sight(tuple(eye.tokens))


def fold(text: str) -> str:
    """Text as it is compared: NFC, nothing invisible, white space folded and none at the ends."""
    return " ".join(_composed(text).split())


def link_target(written: str | None) -> str | None:
    """Where a link leads, as written; None where a reader cannot follow it."""
    return _address(written, schemes=LINK_SCHEMES)


def image_source(written: str | None) -> str | None:
    """Where an image comes from, as written; None where a browser would not load it."""
    return _address(written, schemes=IMAGE_SCHEMES)


class _Eye:
    """Collects tokens; walks without recursion, because authors' nesting has no limit."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self._line: list[Piece] = []
        self._marks: list[str] = []
        self._targets: list[str | None] = []
        self._opened: list[int] = []
        self._tables_of_contents = 0

    def look(self, top: LexborNode) -> None:
        """Read everything below ``top``."""
        waiting = [(top, True)]
        while waiting:
            node, entering = waiting.pop()
            if not entering:
                self._leave(node)
            elif node.is_text_node:
                self._line.append((self._style(), node.text_content or ""))
            elif node.is_element_node and not _is_unseen(node):
                self._enter(node)
                waiting.append((node, False))
                waiting.extend((child, True) for child in reversed(list(node.iter(include_text=True))))
        self._end_line()

    def _enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in BLOCKS:
            self._open(tag, node)
        elif tag in BOUNDARIES:
            self._end_line()
            self._tables_of_contents += _is_table_of_contents(node)
        elif tag == "hr":
            self._end_line()
            self.tokens.append("<hr>")
        elif tag == "br":
            self._line.append((PLAIN, " "))
        elif tag == "img":
            self._line.append(self._image(node))
        elif tag == "a":
            self._targets.append(self._target(node))
        elif tag in MARKS:
            self._marks.append(MARKS[tag])
        elif tag == "abbr":
            self._marks.append(f"abbr {fold(_written(node, 'title') or '')}".strip())

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag in BLOCKS:
            self._close(tag)
        elif tag in BOUNDARIES:
            self._end_line()
            self._tables_of_contents -= _is_table_of_contents(node)
        elif tag == "a":
            self._targets.pop()
        elif tag in MARKS or tag == "abbr":
            self._marks.pop()

    def _open(self, tag: str, node: LexborNode) -> None:
        self._end_line()
        if tag == "ul" and self.tokens and self.tokens[-1] == "</ul>":
            self.tokens.pop()
            self._opened.append(-1)
            return
        self._opened.append(len(self.tokens))
        self.tokens.append(f"<{tag}{_counting_attributes(tag, node)}>")

    def _close(self, tag: str) -> None:
        self._end_line()
        opened = self._opened.pop()
        if opened == len(self.tokens) - 1 and tag not in SEEN_WHEN_EMPTY:
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
            tuple(sorted({mark for mark in self._marks if mark != "abbr"})),
            self._targets[-1] if self._targets else None,
        )

    def _target(self, node: LexborNode) -> str | None:
        target = link_target(_written(node, "href"))
        made = self._tables_of_contents or MADE_BY_RENDERER & _classes(node) or leads_to_its_heading(node)
        return MADE_TARGET if made and target else target

    def _image(self, node: LexborNode) -> Image:
        source = image_source(_written(node, "src"))
        return Image(source, fold(_written(node, "alt") or ""), self._style().target)


def _folded_line(raw: list[Piece]) -> Line:
    """Words and images in order; white space has no marks: one space, with what is before it."""
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
    """Neighbours of one style as one piece, so that letters compose across them."""
    joined: list[Piece] = []
    for piece in raw:
        if isinstance(piece, Image):
            joined.append(piece)
        else:
            _append(joined, *piece)
    return [piece if isinstance(piece, Image) else (piece[0], _composed(piece[1])) for piece in joined]


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", INVISIBLE.sub("", clean(text)))


def _address(written: str | None, *, schemes: frozenset[str]) -> str | None:
    if written is None:
        return None
    scheme = SCHEME.match(written.translate(LINE_BREAKING))
    if scheme and scheme[1].lower() not in schemes:
        return None
    return unicodedata.normalize("NFC", clean(written))


def _written(node: LexborNode, attribute: str) -> str | None:
    """The attribute's value; empty where only its name is written, None where it is absent."""
    attributes = node.attributes
    return (attributes[attribute] or "") if attribute in attributes else None


def _classes(node: LexborNode) -> frozenset[str]:
    return frozenset((_written(node, "class") or "").split())


def is_permalink(node: LexborNode) -> bool:
    """Whether a link is only the sign beside a heading that leads to it, whatever its class and its sign."""
    heading, target = _heading_of(node), _written(node, "href") or ""
    if heading is None or not target.startswith("#"):
        return False
    if PERMALINK in _classes(node):
        return True
    has_words = any(map(str.isalnum, node.text())) or node.css_first("img") is not None
    return target == f"#{_written(heading, 'id')}" and not has_words


def leads_to_its_heading(node: LexborNode) -> bool:
    """Whether a link stands in a heading and leads there: its target follows from the heading's words."""
    heading = _heading_of(node)
    return heading is not None and _written(node, "href") == f"#{_written(heading, 'id')}"


def _heading_of(node: LexborNode) -> LexborNode | None:
    """The heading around a link."""
    above = node.parent if node.tag == "a" else None
    while above is not None and above.tag not in HEADING_TAGS:
        above = None if above.tag in BLOCKS or above.tag in BOUNDARIES else above.parent
    return above


def _is_unseen(node: LexborNode) -> bool:
    return node.tag in UNSEEN or is_permalink(node)


def _is_table_of_contents(node: LexborNode) -> bool:
    return node.tag == "div" and TABLE_OF_CONTENTS in _classes(node)


def _counting_attributes(tag: str, node: LexborNode) -> str:
    """The attributes that a reader sees, where they differ from their default."""
    seen = [
        f" {name}={number}"
        for name, default in NUMBERS.get(tag, {}).items()
        if (number := leading_number(_written(node, name))) not in {None, default}
    ]
    if tag == "ol":
        if (kind := _written(node, "type")) in OTHER_NUMERALS:
            seen.append(f" type={kind}")
        if _written(node, "reversed") is not None:
            seen.append(" reversed")
    return "".join(seen)


def leading_number(written: str | None) -> int | None:
    """The number that an attribute's value begins with, as browsers read it."""
    found = LEADING_NUMBER.match(written or "")
    return int(found[1]) if found else None
