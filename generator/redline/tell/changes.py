"""The list of changes in the merged text, each with its location and its anchor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from generator.redline.merge.lines import (
    DeletedLine,
    EditedLine,
    InsertedLine,
    KeptLine,
    Line,
    MergedElement,
    MovedAwayLine,
    MovedHereLine,
    shown_block,
    table_row,
)
from generator.redline.model import (
    AttributeChanged,
    Change,
    ColumnDeleted,
    ColumnInserted,
    Deleted,
    Edited,
    ImageChanged,
    Inserted,
    Merged,
    Moved,
    NumberChange,
    Renumbered,
    Retagged,
    Split,
    WordChange,
)
from generator.redline.tell.columns import find_columns, with_moved_columns
from generator.redline.tell.locations import find_locations
from generator.redline.tell.numbers import with_new_numbers, with_references
from generator.redline.tell.redline import ListedLine, OtherEnd
from generator.redline.tell.word_changes import CountedWords, formatting_changes, word_changes
from generator.rendered.attributes import counted_attributes
from generator.rendered.blocks import Block
from generator.rendered.elements import COUNTED_ATTRIBUTES, HEADINGS, KINDS_OF_BLOCK

SHAPES = KINDS_OF_BLOCK - {"tr", "caption"}
"""Elements that are listed when a block gains or loses them.

The cells of a row speak for it. A text that only became a caption is listed as a change of layout.
"""


def list_changes(merged: Sequence[Line]) -> tuple[list[Change], dict[str, int], list[ListedLine]]:
    """The changes in the order of the text, how many words were inserted and deleted, and the lines."""
    lister = _Lister(with_references(with_new_numbers(merged)))
    lister.read()
    counts = {"words_inserted": lister.inserted, "words_deleted": lister.deleted}
    return with_moved_columns(lister.changes), counts, lister.listed_lines()


class _Lister:
    """Reads the merged text once; ``changes`` and ``anchors`` grow together."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.locations = find_locations(lines)
        self.changes: list[Change] = []
        self.inserted = 0
        self.deleted = 0
        self.anchors: list[tuple[str, ...]] = [()] * len(lines)
        self.other_ends: dict[int, OtherEnd] = {}
        self.only_renumbered: set[int] = set()
        self.renumbered: int | None = None  # the position of the one change that lists all new numbers
        self.retagged: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
        """Changed kinds of the blocks just before, and the positions of the changes that list them."""

        self.seen: set[MergedElement] = set()

    def listed_lines(self) -> list[ListedLine]:
        """The lines with what the changes say about them."""
        return [
            ListedLine(
                line=line,
                anchors=self.anchors[at],
                other_end=self.other_ends.get(at),
                is_only_renumbered=at in self.only_renumbered,
            )
            for at, line in enumerate(self.lines)
        ]

    def read(self) -> None:
        """List the changes of all lines."""
        columns = find_columns(self.lines)
        sources: dict[int, list[int]] = {}
        for at, line in enumerate(self.lines):
            if isinstance(line, MovedAwayLine):
                sources.setdefault(line.move, []).append(at)
        keys = _run_keys(self.lines)
        for _, run in groupby(range(len(self.lines)), key=keys.__getitem__):
            numbers = list(run)
            match self.lines[numbers[0]]:
                case KeptLine() | EditedLine():
                    for at in numbers:
                        self._read_line_in_place(at)
                case MovedHereLine(move=move):
                    self._read_move(numbers, sources[move])
                case MovedAwayLine():
                    pass  # its change is listed at the new location
                case InsertedLine():
                    self.inserted += self._count(numbers)
                    self._add_blocks(numbers, columns, Inserted, ColumnInserted)
                case DeletedLine():
                    self.deleted += self._count(numbers)
                    self._add_blocks(numbers, columns, Deleted, ColumnDeleted)

    def _add(self, at: int, change: Change) -> int:
        """Give the change its location and anchor; returns its position among the changes."""
        anchor = f"change-{len(self.changes) + 1}"
        self.anchors[at] += (anchor,)
        self.changes.append(replace(change, location=change.location or self.locations[at], anchor=anchor))
        return len(self.changes) - 1

    def _count(self, numbers: Sequence[int]) -> int:
        return sum(shown_block(self.lines[at]).words.count() for at in numbers)

    def _add_blocks(
        self,
        numbers: Sequence[int],
        columns: Mapping[int, int],
        kind: type[Inserted | Deleted],
        column_kind: type[ColumnInserted | ColumnDeleted],
    ) -> None:
        """Add one change for neighbouring blocks of one text, and one for each column among them."""
        blocks = [at for at in numbers if at not in columns]
        if blocks:
            self._add(blocks[0], kind(texts=self._texts(blocks)))
        for at in numbers:
            if columns.get(at) == at:
                self._add(at, column_kind(header=shown_block(self.lines[at]).words.text()))

    def _texts(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """The texts of lines of one text, those of a table row as one."""
        return tuple(
            " | ".join(shown_block(self.lines[at]).words.text() for at in row)
            for _, row in groupby(numbers, key=lambda at: table_row(self.lines[at]) or at)
        )

    def _read_move(self, numbers: Sequence[int], sources: Sequence[int]) -> None:
        words = [change for at in numbers for change in self._read_words(at)]
        source, target = sources[0], numbers[0]
        anchor = f"change-{len(self.changes) + 1}"
        source_anchor = f"{anchor}-from"
        self.anchors[source] += (source_anchor,)
        is_below = source < target
        self.other_ends[source] = OtherEnd(anchor, self.locations[target], is_below=is_below)
        self.other_ends[target] = OtherEnd(source_anchor, self.locations[source], is_below=not is_below)
        self._add(
            target,
            Moved(
                texts=self._texts(numbers),
                words=tuple(words),
                source=self.locations[source],
                source_anchor=source_anchor,
            ),
        )

    def _read_line_in_place(self, at: int) -> None:
        line = self.lines[at]
        assert isinstance(line, KeptLine | EditedLine)
        for element in line.path:
            if element not in self.seen:
                self.seen.add(element)
                self._read_attributes(at, element)
        if not isinstance(line, EditedLine):
            self._read_shape(at, line.old, line.new)
            return
        if not line.is_split_off:
            self._read_shape(at, line.old, line.new)
        elif not self.retagged:
            self._add(at, Split(text=line.new.words.text()))
        if not self.retagged:
            for _ in line.merged:
                self._add(at, Merged())
        before = len(self.anchors[at])
        listed_numbers = self.renumbered is not None
        if words := self._read_words(at):
            self._add(at, Edited(words=tuple(words)))
        for change in formatting_changes(line):
            self._add(at, change)
        added_numbers = self.renumbered is not None and not listed_numbers
        if (
            before == 0
            and len(self.anchors[at]) == added_numbers
            and any(c.renumbered for c in line.words.changes)
        ):
            self.only_renumbered.add(at)

    def _read_words(self, at: int) -> list[WordChange]:
        """The changed words of a line; new numbers and images are listed as changes of their own."""
        line = self.lines[at]
        if not isinstance(line, EditedLine | MovedHereLine):
            return []
        changes: list[WordChange] = []
        for found in word_changes(line):
            match found:
                case CountedWords():
                    self.deleted += line.words.old.count(found.span.old)
                    self.inserted += line.words.new.count(found.span.new)
                    changes.append(found.change)
                case WordChange():
                    changes.append(found)
                case NumberChange():
                    self._add_number(at, found)
                case ImageChanged():
                    self._add(at, found)
        return changes

    def _add_number(self, at: int, change: NumberChange) -> None:
        if self.renumbered is None:
            self.renumbered = self._add(at, Renumbered(labels=(change,)))
            return
        listed = self.changes[self.renumbered]
        assert isinstance(listed, Renumbered)
        self.changes[self.renumbered] = replace(listed, labels=(*listed.labels, change))

    def _read_shape(self, at: int, old: Block, new: Block) -> None:
        """List that the block became another element, together with neighbours that became the same."""
        became = _shape(old), _shape(new)
        if became[0] == became[1]:
            self.retagged = {}
        elif became in self.retagged:
            position = self.retagged[became]
            listed = self.changes[position]
            assert isinstance(listed, Retagged)
            self.changes[position] = replace(listed, count=listed.count + 1)
        else:
            self.retagged[became] = self._add(at, Retagged(old=became[0], new=became[1], count=1))

    def _read_attributes(self, at: int, element: MergedElement) -> None:
        if element.old is None or element.new is None:
            return
        old, new = element.old, element.new
        counted, new_counted = (counted_attributes(side.tag, side.attributes) for side in (old, new))
        for name in COUNTED_ATTRIBUTES:
            if counted.get(name) != new_counted.get(name):
                values = old.attributes.get(name), new.attributes.get(name)
                self._add(at, AttributeChanged(name=name, old=values[0], new=values[1]))


def _shape(block: Block) -> tuple[str, ...]:
    """The elements around a block that a reader notices."""
    return tuple(element.tag for element in block.path if element.tag in SHAPES)


def _run_keys(lines: Sequence[Line]) -> list[tuple[str, int]]:
    """Equal for neighbouring lines that share a change, and for lines in place."""
    keys: list[tuple[str, int]] = []
    section = 0
    for line in lines:
        match line:
            case KeptLine() | EditedLine():
                keys.append(("in place", 0))
            case MovedHereLine(move=move):
                keys.append(("moved here", move))
            case MovedAwayLine(move=move):
                keys.append(("moved away", move))
            case InsertedLine() | DeletedLine():
                section += shown_block(line).tag in HEADINGS
                keys.append((type(line).__name__, section))
    return keys
