"""The location of each line of the merged text, in a reader's terms."""

from __future__ import annotations

from collections.abc import Sequence

from generator.redline.merge.lines import EditedLine, Line, new_block, old_block, shown_block
from generator.redline.model import Location, Part
from generator.rendered.blocks import Block, Element
from generator.rendered.elements import HEADINGS

PARTS: dict[str, Part] = {
    "li": "item", "tr": "row", "pre": "code", "dt": "term", "dd": "term",
    "caption": "caption", "figcaption": "caption", "summary": "heading", "hr": "rule",
}  # fmt: skip


def find_locations(lines: Sequence[Line]) -> list[Location]:
    """The location of each line: in the new text, or in the old one where the new one has no such line."""
    old_counter, new_counter = _Counter(), _Counter()
    locations: list[Location] = []
    for line in lines:
        old, new = old_block(line), new_block(line)
        is_counted = isinstance(line, EditedLine) and line.is_split_off  # with the line where it began
        found = None
        if old is not None and not is_counted:
            found = old_counter.locate(old, shown=shown_block(line))
        if new is not None:
            found = new_counter.locate(new, shown=new)
        assert found is not None  # a line without an old block has a new one
        locations.append(found)
    return locations


class _Counter:
    """Counts the parts below each heading of one text."""

    def __init__(self) -> None:
        self.headings: list[tuple[int, str]] = []
        self.counts: dict[Part, int] = {}
        self.counted: Element | Block | None = None

    def locate(self, block: Block, *, shown: Block) -> Location:
        """The location of the next block; a heading is called as in the ``shown`` text."""
        if block.tag in HEADINGS:
            level = HEADINGS.index(block.tag) + 1
            while self.headings and self.headings[-1][0] >= level:
                self.headings.pop()
            above = self.headings[-1][1] if self.headings else ""
            title = shown.words.text()
            self.headings.append((level, title))
            self.counts = {}
            return Location(heading=above, part="heading", number=1, title=title)
        part, counted = _part(block)
        if counted is not self.counted:
            self.counted = counted
            is_definition = isinstance(counted, Element) and counted.tag == "dd"  # counts with its term
            self.counts[part] = self.counts.get(part, 0) + (not is_definition)
        heading = self.headings[-1][1] if self.headings else ""
        return Location(heading=heading, part=part, number=max(1, self.counts.get(part, 1)))


def _part(block: Block) -> tuple[Part, Element | Block]:
    """The name of a block for a reader, and the element or block that counts as one such part."""
    is_note = any(element.attributes.get("class") == "footnote" for element in block.path)
    for element in reversed(block.path):
        if element.tag == "li" and is_note:
            return "note", element
        if element.tag in PARTS:
            return PARTS[element.tag], element
    return "paragraph", block
