"""A redline as HTML: the whole new text with its changes marked."""

from __future__ import annotations

from collections.abc import Sequence

from generator.language import Language
from generator.redline.merge.lines import DeletedLine, MergedElement, MovedAwayLine
from generator.redline.merge.nesting import may_hold
from generator.redline.show.line_html import LISTS, Announcements, line_html, tag_at
from generator.redline.tell.redline import ListedLine
from generator.rendered.blocks import Element, start_tag, whole_number
from generator.rendered.words import RULE, SHOWN_RULE


def write_html(
    lines: Sequence[ListedLine], language: Language | None = None, *, anchored: bool = True
) -> str:
    """The lines as one HTML fragment.

    With a language, hidden words (class ``rl-said``) announce the marks, and the ends of a move link to each
    other; a program that wants either text back has to drop those. ``anchored``: each change has its id.
    """
    writer = _Writer(language, anchored=anchored, to_open=_details(lines, all_of_them=not anchored))
    for line in lines:
        writer.write(line)
    markup = writer.close()
    return markup.replace(RULE, SHOWN_RULE) if language is not None else markup


def _details(lines: Sequence[ListedLine], *, all_of_them: bool) -> set[MergedElement]:
    """The blocks that a reader may close (``details``) and that hold changes, at any depth."""
    return {
        element
        for listed in lines
        if all_of_them or listed.is_changed
        for element in listed.line.path
        if element.tag == "details"
    }


class _Writer:
    """Writes one line after the other, and opens and closes the elements around them."""

    def __init__(self, language: Language | None, *, anchored: bool, to_open: set[MergedElement]) -> None:
        self.announcements = Announcements(language, anchored)
        self.anchored = anchored
        self.to_open = to_open
        self.pieces: list[str] = []
        self.opened: list[MergedElement] = []
        self.items: set[Element] = set()
        self.numbers: dict[MergedElement, int] = {}  # what a browser shows at the last item of each list

    def write(self, listed: ListedLine) -> None:
        line = listed.line
        path = [element for element in line.path if element.tag != "hr"]
        is_old = isinstance(line, DeletedLine | MovedAwayLine)
        if is_old and path and path[-1].tag in LISTS and may_hold(tag_at(path, -2), "div"):
            path.pop()  # text straight in a list: it cannot be marked there
        depth = 0
        while depth < min(len(self.opened), len(path)) and self.opened[depth] is path[depth]:
            depth += 1
        self.close_to(depth)
        for element in path[depth:]:
            self.pieces.append(start_tag(element.tag, self.attributes(element)))
            self.opened.append(element)
        if self.anchored:
            self.pieces += [f'<span class="rl-change" id="{anchor}"></span>' for anchor in listed.anchors]
        self.pieces.append(line_html(listed, self.announcements))

    def close_to(self, depth: int) -> None:
        while len(self.opened) > depth:
            element = self.opened.pop()
            self.pieces.append(f"</{element.tag}>\n")
            self.numbers.pop(element, None)

    def close(self) -> str:
        self.close_to(0)
        return "".join(self.pieces)

    def attributes(self, element: MergedElement) -> dict[str, str | None]:
        """The attributes of the start tag: those of the newer text, and what the element was."""
        source = _source(element)
        attributes = dict(source.attributes)
        if element.new is None or not self.anchored:
            attributes.pop("id", None)
        if element in self.to_open:
            attributes["open"] = ""
        if element.tag == "li":
            self.number(source, attributes)
            if element.new in self.items:  # the rest of an item that was cut has no bullet of its own
                attributes["style"] = "list-style: none"
            if element.new is not None:
                self.items.add(element.new)
        old_tag = element.tag
        if element.old is not None:
            old_tag = element.old.tag
        elif element.holds_kept and element.tag not in ("p", "div"):
            old_tag = "div"
        if old_tag != element.tag:
            attributes |= {"data-change": "retag", "data-old-tag": old_tag}
        return attributes

    def number(self, item: Element, attributes: dict[str, str | None]) -> None:
        """Let an item of a numbered list keep its number, even after items that were deleted or cut."""
        if not item.number or not self.opened:
            return
        parent = self.opened[-1]
        list_attributes = _source(parent).attributes
        if "reversed" in list_attributes:
            return
        expected = self.numbers.get(parent, whole_number(list_attributes.get("start"), 1) - 1) + 1
        self.numbers[parent] = item.number
        if item.number != expected:
            attributes["value"] = str(item.number)


def _source(element: MergedElement) -> Element:
    """The element of the newer text that has it."""
    source = element.new or element.old
    assert source is not None  # a merged element comes from one text at least
    return source
