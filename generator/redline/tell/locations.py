"""Where each line of the woven text stands, in a reader's terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.redline.merge.lines import Line
from generator.redline.model import Part, Place
from generator.rendered.blocks import Block, Element
from generator.rendered.elements import HEADINGS
from generator.rendered.words import Vocabulary

PARTS: dict[str, Part] = {
    "li": "item", "tr": "row", "pre": "code", "dt": "term", "dd": "term",
    "caption": "caption", "figcaption": "caption", "summary": "heading", "hr": "rule",
}  # fmt: skip


def find_places(lines: Sequence[Line], vocabulary: Vocabulary) -> list[Place]:
    """The place of each line: on the new side, or on the old one where the new one has no such line."""
    sides = _Side(vocabulary), _Side(vocabulary)
    return list(_places(lines, sides))


def _places(lines: Sequence[Line], sides: tuple[_Side, _Side]) -> Iterator[Place]:
    for line in lines:
        place: Place | None = None
        for side, block in zip(sides, (line.old, line.new), strict=True):
            if block is not None and not (line.split and side is sides[0]):
                place = side.place(block, line.new or block)
        assert place is not None
        yield place


class _Side:
    """Counts the parts below each heading of one side."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.headings: list[tuple[int, str]] = []
        self.counts: dict[Part, int] = {}
        self.owner: Element | Block | None = None

    def place(self, block: Block, shown: Block) -> Place:
        """The place of the next block; a heading counts by what is ``shown``."""
        if block.tag in HEADINGS:
            level = HEADINGS.index(block.tag) + 1
            while self.headings and self.headings[-1][0] >= level:
                self.headings.pop()
            above = self.headings[-1][1] if self.headings else ""
            words = shown.words(self.vocabulary)
            title = words.text(0, len(words))
            self.headings.append((level, title))
            self.counts = {}
            return Place(heading=above, part="heading", number=1, title=title)
        part, owner = _part(block)
        if owner is not self.owner:
            self.owner = owner
            is_definition = isinstance(owner, Element) and owner.tag == "dd"  # counts with its term
            self.counts[part] = self.counts.get(part, 0) + (not is_definition)
        heading = self.headings[-1][1] if self.headings else ""
        return Place(heading=heading, part=part, number=max(1, self.counts.get(part, 1)))


def _part(block: Block) -> tuple[Part, Element | Block]:
    """What a block is to a reader, and the element or block that counts as one such part."""
    is_note = any(element.attributes.get("class") == "footnote" for element in block.path)
    for element in reversed(block.path):
        if element.tag == "li" and is_note:
            return "note", element
        if element.tag in PARTS:
            return PARTS[element.tag], element
    return "paragraph", block
