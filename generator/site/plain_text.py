"""The plain text of a version, for its copy as a ``.txt`` file; pure."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from generator.rendered.blocks import Block, Element, read_blocks
from generator.rendered.elements import HEADINGS
from generator.rendered.tags import attributes_of, tag_name
from generator.rendered.words import SHOWN_RULE

WIDTH = 80
UNDERLINES = {"h1": "=", "h2": "-"}
TIGHT = re.compile(r" *(?:\*|\d+\.|\|) ")
SPACES = re.compile(r"\s+")


def plain_text(markup: str) -> str:
    """The rendered text in lines of at most 80 characters, with the targets of its links."""
    blocks = read_blocks(markup)
    shown: set[Element] = set()
    parts = [_part(list(group), shown) for _, group in groupby(blocks, key=_row_or_block)]
    pieces: list[str] = []
    for part, following in pairwise([*parts, ""]):
        is_tight = TIGHT.match(part) and TIGHT.match(following) and "\n\n" not in part
        pieces.append(part + ("\n" if is_tight else "\n\n"))
    return "".join(pieces).rstrip("\n") + "\n"


def _row_or_block(block: Block) -> object:
    return next((element for element in block.path if element.tag == "tr"), block)


def _part(blocks: Sequence[Block], shown: set[Element]) -> str:
    """One block, or the cells of one table row."""
    block = blocks[0]
    if any(element.tag == "tr" for element in block.path):
        return "| " + " | ".join(_text(cell) for cell in blocks)
    if block.tag == "hr":
        return SHOWN_RULE
    if block.tag == "pre":
        code = html.unescape(re.sub(r"<[^>]*>", "", block.markup)).strip("\n")
        return textwrap.indent(code, "    ")
    text = _text(block)
    if block.tag in HEADINGS:
        line = UNDERLINES.get(block.tag)
        return f"{text}\n{line * min(len(text), WIDTH)}" if line else f"{'#' * int(block.tag[1])} {text}"
    first, rest = _indents(block, shown)
    if len(first) + len(text) <= WIDTH:
        return first + text
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _indents(block: Block, shown: set[Element]) -> tuple[str, str]:
    """The indents of a block's first line and of its other lines."""
    first = rest = ""
    for element in block.path:
        if element.tag == "blockquote":
            first, rest = f"{first}> ", f"{rest}> "
        elif element.tag == "dd":
            first, rest = f"{first}    ", f"{rest}    "
        elif element.tag == "li":
            sign = f"{element.number}. " if element.number else "* "
            blank = " " * len(sign)
            first = rest + (blank if element in shown else sign)
            rest += blank
            shown.add(element)
    return first, rest


def _text(block: Block) -> str:
    if "<" not in block.markup:
        return SPACES.sub(" ", html.unescape(block.markup)).strip()
    words = block.words
    pieces: list[str] = []
    for target, group in groupby(range(len(words)), key=lambda at: _target(words.forms[at])):
        positions = list(group)
        text = words.text(range(positions[0], positions[-1] + 1))
        pieces.append(" " * (positions[0] > 0 and words.spaced(positions[0])) + text)
        if target and target != text:
            pieces.append(f" <{html.unescape(target)}>")
    return SPACES.sub(" ", "".join(pieces)).strip()


def _target(form: Sequence[str]) -> str:
    """The target of the link around a word; empty if there is none, or if it leads within the text."""
    links: Iterator[str] = (attributes_of(tag).get("href", "") for tag in form if tag_name(tag) == "a")
    target = next(links, "")
    return "" if target.startswith("#") else target
