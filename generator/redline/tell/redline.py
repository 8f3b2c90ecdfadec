"""A redline: the list of changes between two versions, and both texts merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.redline.merge.lines import EditedLine, KeptLine, Line, changed_words
from generator.redline.model import Change, Location


@dataclass(frozen=True, slots=True)
class OtherEnd:
    """The other end of a move: its anchor, its location, and whether it is further down."""

    anchor: str
    location: Location
    is_below: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ListedLine:
    """A line of the merged text, with the changes in the list that are about it.

    ``anchors`` are the ids of the changes that begin here. The first line at each end of a move has the
    ``other_end``. ``is_only_renumbered``: nothing changed but numbers.
    """

    line: Line
    anchors: tuple[str, ...] = ()
    other_end: OtherEnd | None = None
    is_only_renumbered: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether any change in the list is about this line."""
        is_in_place = isinstance(self.line, KeptLine | EditedLine)
        return not is_in_place or bool(self.anchors) or bool(changed_words(self.line))

    @property
    def is_in_excerpts(self) -> bool:
        """Whether it is shown where only the changes are; new numbers have a sentence of their own there."""
        return self.is_changed and not self.is_only_renumbered


@dataclass(frozen=True, slots=True, kw_only=True)
class Redline:
    """The changes between two versions.

    ``counts`` are the changes by kind, then ``words_inserted`` and ``words_deleted``. ``lines`` are both
    texts merged; only this package reads them.
    """

    changes: Sequence[Change]
    counts: dict[str, int]
    lines: Sequence[ListedLine]
