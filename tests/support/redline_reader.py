"""Gets both texts back out of a redline, by the rules that its markup states and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from selectolax.lexbor import LexborHTMLParser, LexborNode

BLOCKS = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "pre", "blockquote", "dt", "dd", "dl",
    "div", "ul", "ol", "table", "tr", "thead", "tbody", "tfoot", "caption", "section", "article",
    "details", "summary", "figure", "figcaption", "hr",
})  # fmt: skip
INLINE = {
    "b": "strong",
    "i": "em",
    "strong": "strong",
    "em": "em",
    "code": "code",
    "del": "del",
    "ins": "ins",
}
RULE = "\ufffcrule"
"""How a redline writes a horizontal rule among words, where the blocks around it were merged."""

Side = Literal["old", "new"]
Shown = list[tuple[str, str, list[tuple[int, tuple[str, ...]]]]]
"""Blocks: the tag, the text, and the inline elements around it, each with the number of its characters."""


def read(html: str, side: Side = "new") -> Shown:
    """The blocks of a document, or those of one side of a redline."""
    reader = _Reader(side)
    body = LexborHTMLParser("<!doctype html><body>" + html).body
    assert body is not None
    reader.walk(body, "body", (), hidden=False)
    reader.end_block()
    return reader.blocks


def is_marked(html: str) -> bool:
    """Whether a redline shows any change."""
    return 'class="rl"' in html or "data-change" in html


class _Reader:
    def __init__(self, side: Side) -> None:
        self.side = side
        self.blocks: Shown = []
        self.tag = ""
        self.text: list[tuple[str, tuple[str, ...]]] = []
        self.forms: list[tuple[int, tuple[str, ...]]] = []
        self.joining: str | None = None  # what the next block of the old side goes on with in the one before

    def walk(self, parent: LexborNode, tag: str, form: tuple[str, ...], *, hidden: bool) -> None:
        node = parent.child
        while node is not None:
            name = node.tag or ""
            if name == "-text":
                self.add(node.text_content or "", tag, form, hidden=hidden)
            elif not name.startswith(("-", "_")):
                self.element(node, name, tag, form, hidden=hidden)
            node = node.next

    def element(self, node: LexborNode, name: str, tag: str, form: tuple[str, ...], *, hidden: bool) -> None:
        attributes = node.attributes
        if "rl-said" in (attributes.get("class") or "") or "rl-moved" in (attributes.get("class") or ""):
            return
        change = attributes.get("data-change")
        if change in ("split", "merge"):
            self.sign(change, attributes, tag)
            return
        if name in ("ins", "del") and "rl" in (attributes.get("class") or "").split():
            gone = (name == "ins") == (self.side == "old")
            self.walk(node, tag, form, hidden=hidden or gone)
            return
        shown = (attributes.get("data-old-tag") or name) if self.side == "old" else name
        if name == "img":
            self.add(f"[{attributes.get('src')}]", tag, form, hidden=hidden)
        elif name == "br":
            self.add(" ", tag, form, hidden=hidden)
        elif name in BLOCKS:
            self.end_block()
            if name == "hr":
                self.add(RULE, "hr", form, hidden=hidden)
            self.walk(node, shown, form, hidden=hidden)
            self.end_block()
        else:
            target = attributes.get("href") or ""
            if self.side == "old":
                target = attributes.get("data-old-href") or target
            kind = f"a:{target}" if shown == "a" else INLINE.get(shown)
            inside = tuple(sorted({*form, kind})) if kind else form
            self.walk(node, tag, inside, hidden=hidden)

    def sign(self, change: str, attributes: Mapping[str, str | None], tag: str) -> None:
        if self.side == "new":
            return
        if change == "merge":
            self.end_block()
            self.tag = attributes.get("data-old-tag") or tag
        else:
            self.joining = "" if "data-unspaced" in attributes else " "

    def add(self, text: str, tag: str, form: tuple[str, ...], *, hidden: bool) -> None:
        if hidden or not text:
            return
        if self.joining is not None and text.strip():
            self.tag, before, forms = self.blocks.pop()
            self.text = [(before, ("joined",)), (self.joining, ())]
            self.joining = None
            self.forms = forms
        self.tag = self.tag or tag
        self.text.append((text, form))

    def end_block(self) -> None:
        text = re.sub(r"\s+", " ", "".join(piece for piece, _ in self.text)).strip()
        forms, self.forms = self.forms, []
        for piece, form in self.text:
            length = len("".join(piece.split()))
            if length and form != ("joined",):
                if forms and forms[-1][1] == form:
                    forms[-1] = (forms[-1][0] + length, form)
                else:
                    forms.append((length, form))
        if text:
            self.blocks.append((self.tag, text, forms))
        self.text, self.tag = [], ""
