"""Both texts merged into one sequence of lines, each in elements of the merged text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.redline.match.words import ChangedWords, ComparedWords
from generator.rendered.blocks import Block, Element


@dataclass(eq=False, slots=True)
class MergedElement:
    """An element of the merged text, which both texts have, or one of them.

    ``holds_kept``: it holds words of both texts, although only one of them may have the element.
    """

    old: Element | None
    new: Element | None
    holds_kept: bool = False

    @property
    def tag(self) -> str:
        """Its tag in the merged text; around kept words, an element of only the old text is a division."""
        if self.new is not None:
            return self.new.tag
        return self.old.tag if self.old is not None and not self.holds_kept else "div"


Path = tuple[MergedElement, ...]
"""The elements around a line, outermost first."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KeptLine:
    """A block that is the same in both texts, as far as words and formatting go.

    ``old_tag`` is the tag of the old block if no element of ``path`` says it, else "".
    """

    path: Path
    old: Block
    new: Block
    old_tag: str = ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class EditedLine:
    """A block of both texts whose words or formatting changed, or which was split or merged.

    ``merged`` has the tags of further old blocks that became part of it, by the old word at which each began.
    ``is_split_off``: the old block began in an earlier line, and goes on in this one.
    """

    path: Path
    old: Block
    new: Block
    words: ComparedWords
    old_tag: str = ""
    merged: Mapping[int, str] = field(default_factory=dict)
    is_split_off: bool = False


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class InsertedLine:
    """A block that only the new text has."""

    path: Path
    new: Block


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DeletedLine:
    """A block that only the old text has."""

    path: Path
    old: Block


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MovedHereLine:
    """A moved block in its new location, with the changes made to its words; ``move`` numbers the move."""

    path: Path
    new: Block
    move: int
    words: ComparedWords


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MovedAwayLine:
    """A moved block in its old location; the lines of its new location have the same number ``move``."""

    path: Path
    old: Block
    move: int


Line = KeptLine | EditedLine | InsertedLine | DeletedLine | MovedHereLine | MovedAwayLine


def new_block(line: Line) -> Block | None:
    """The line's block in the new text."""
    return None if isinstance(line, DeletedLine | MovedAwayLine) else line.new


def old_block(line: Line) -> Block | None:
    """The line's block in the old text."""
    return None if isinstance(line, InsertedLine | MovedHereLine) else line.old


def shown_block(line: Line) -> Block:
    """The line's block in the new text, or in the old one where the new one does not have it."""
    return line.old if isinstance(line, DeletedLine | MovedAwayLine) else line.new


def table_row(line: Line) -> MergedElement | None:
    """The table row that the line is in."""
    return next((element for element in line.path if element.tag == "tr"), None)


def changed_words(line: Line) -> list[ChangedWords]:
    """The changed words of a line whose words were compared; none of any other line."""
    return line.words.changes if isinstance(line, EditedLine | MovedHereLine) else []
