"""The woven text as values: its lines, and the elements that they stand in."""

from __future__ import annotations

from dataclasses import dataclass, field

from generator.redline.match.words import Stretch
from generator.redline.model import Place
from generator.rendered.blocks import Block, Element
from generator.rendered.words import Vocabulary, Words


@dataclass(eq=False, slots=True)
class Woven:
    """An element of the woven text: of both sides, or of one.

    ``holds_kept``: there is text of both sides in it, though only one side has the element.
    """

    old: Element | None
    new: Element | None
    holds_kept: bool = False

    @property
    def tag(self) -> str:
        """The tag in the woven text; an element that kept text has left is a plain division."""
        if self.new is not None:
            return self.new.tag
        return self.old.tag if self.old is not None and not self.holds_kept else "div"


@dataclass(frozen=True, slots=True)
class OtherEnd:
    """Where the other end of a move is: its id, its place, and whether that is further down."""

    anchor: str
    place: Place
    is_below: bool


@dataclass(eq=False, slots=True)
class Line:
    """A block of the woven text.

    ``stretches`` is None where the words are the same; else it speaks of ``old_words`` and ``new_words``,
    which may be parts of what several blocks hold. ``joints``: at which old words another old block began,
    and its tag. ``split``: whether the old block began in a line before. ``move``: a number that the line
    where a block was has in common with the line where it is; 0 if it stayed. ``anchors``: ids of changes.
    ``other_end``: of the first line of a move at either end. ``references``: old words that name a part of
    the text by its number, where both are others now. ``is_only_renumbered``: nothing but numbers changed.
    """

    old: Block | None
    new: Block | None
    path: tuple[Woven, ...] = ()
    stretches: list[Stretch] | None = None
    old_words: Words | None = None
    new_words: Words | None = None
    joints: dict[int, str] = field(default_factory=dict)
    split: bool = False
    move: int = 0
    anchors: tuple[str, ...] = ()
    other_end: OtherEnd | None = None
    references: frozenset[int] = frozenset()
    is_only_renumbered: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether anything in it is told as a change."""
        one_sided = self.old is None or self.new is None
        return one_sided or bool(self.anchors) or any(not part.kept for part in self.stretches or ())

    @property
    def is_to_be_quoted(self) -> bool:
        """Whether it is shown where only changes are; new numbers have one sentence of their own."""
        return self.is_changed and not self.is_only_renumbered

    def count_marked(self, vocabulary: Vocabulary) -> int:
        """How many words are marked in it, punctuation included."""
        if self.stretches is not None:
            return sum(part.size for part in self.stretches if not part.kept)
        if self.old is not None and self.new is not None:
            return 0
        block = self.new or self.old
        return len(block.words(vocabulary)) if block is not None else 0

    def keeps_text(self) -> bool:
        """Whether some of the words are on both sides."""
        if self.old is None or self.new is None:
            return False
        if self.stretches is None or self.new_words is None:
            return any(map(str.isalnum, self.new.markup))
        return any(
            part.kept and any(map(str.isalnum, "".join(self.new_words.words[part.new_start : part.new_end])))
            for part in self.stretches
        )
