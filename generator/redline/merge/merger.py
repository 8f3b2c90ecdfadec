"""Puts the blocks of both texts in an order, and in elements, that suit both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from generator.redline.match.table_rows import (
    align_columns,
    cells_of,
    cells_were_cut,
    columns_that_stay,
    columns_were_moved,
    pair_cells,
)
from generator.redline.match.units import Unit
from generator.redline.match.words import Stretch, compare_words
from generator.redline.merge.lines import Line, Woven
from generator.redline.merge.nesting import (
    MAY_REPEAT,
    Joined,
    is_whole,
    join_innermost,
    join_paths,
    may_hold,
    shared_depth,
)
from generator.redline.merge.splits import cut_stretches, without_whole_blocks
from generator.rendered.blocks import Block, Element
from generator.rendered.words import Vocabulary, Words


@dataclass
class Weaver:
    vocabulary: Vocabulary
    items_stay: bool  # paragraphs that became list items, or were some, are kept
    repeats: bool = False  # whether some of those were not kept
    lines: list[Line] = field(default_factory=list)
    deleted: list[Block] = field(default_factory=list)
    inserted: list[Block] = field(default_factory=list)
    path: tuple[Woven, ...] = ()  # of the last kept line
    shared: dict[tuple[Element | None, Element | None], Woven] = field(default_factory=dict)
    alone: dict[Element, Woven] = field(default_factory=dict)
    partner: dict[Element, Element | None] = field(default_factory=dict)
    old: Sequence[Unit] = ()
    first: set[Block] = field(default_factory=set)  # in their item, row or definition
    moved: dict[Block, tuple[int, Block]] = field(default_factory=dict)
    columns: dict[tuple[Element, int, Element, int], list[tuple[int, int]]] = field(default_factory=dict)

    def note_first_blocks(self, *sides: Sequence[Unit]) -> None:
        """Note which blocks begin an item, a row or a definition."""
        for side in sides:
            blocks = [block for unit in side for block in unit.blocks]
            self.first |= {
                block
                for before, block in zip([None, *blocks], blocks, strict=False)
                if before is None or before.holder is not block.holder
            }

    def move(
        self, old: Sequence[Unit], new: Sequence[Unit], moves: Sequence[Sequence[tuple[int, int]]]
    ) -> None:
        """Number the moves, and remember where their blocks went."""
        for number, pairs in enumerate(moves, 1):
            for i, j in pairs:
                for block, other in zip(old[i].blocks, new[j].blocks, strict=True):
                    self.moved[block] = number, other
                    self.moved[other] = number, block

    def keep(self, old: Sequence[Unit], new: Sequence[Unit]) -> None:
        """Add units that are the same; several blocks on a side were merged or split."""
        blocks, new_blocks = ([block for unit in side for block in unit.blocks] for side in (old, new))
        if len(old) == len(new) == 1 and old[0].row and new[0].row and not cells_were_cut(old[0], new[0]):
            for cell, new_cell in pair_cells(old[0], new[0], self._columns_of(old[0], new[0])):
                self._keep_blocks(cell, new_cell)
        elif len(blocks) == len(new_blocks) == 1:
            self._keep_block(blocks[0], new_blocks[0])
        else:
            self._keep_merged(blocks, new_blocks)

    def _columns_of(self, old: Unit, new: Unit) -> list[tuple[int, int]]:
        """Which columns are the same: as the first rows of these tables show it."""
        shape = [(unit.blocks[0].path[0], len(cells_of(unit))) for unit in (old, new)]
        key = (*shape[0], *shape[1])
        if key not in self.columns:
            if columns_were_moved(old, new):
                table = [unit for unit in self.old if unit.row and unit.blocks[0].path[0] is shape[0][0]]
                self.columns[key] = columns_that_stay(old, new, table)
            else:
                self.columns[key] = align_columns(old, new)
        return self.columns[key]

    def _keep_blocks(self, old: Sequence[Block], new: Sequence[Block]) -> None:
        for block, new_block in zip(old, new, strict=False):
            self._keep_block(block, new_block)
        self.deleted += old[len(new) :]
        self.inserted += new[len(old) :]

    def _keep_block(self, old: Block, new: Block) -> None:
        joined = self._joined(old, new)
        if joined is None:
            self.deleted.append(old)
            self.inserted.append(new)
            return
        line = Line(old, new, self._woven(joined), joints={0: joined.old_tag} if joined.old_tag else {})
        if old.markup != new.markup:
            line.old_words, line.new_words = old.words(self.vocabulary), new.words(self.vocabulary)
            line.stretches = compare_words(line.old_words, line.new_words)
        self._add(line)

    def _add(self, line: Line) -> None:
        self.place_gap(line.path)
        self.lines.append(line)
        self.path = line.path

    def _joined(self, old: Block, new: Block) -> Joined | None:
        """The elements around both; None if HTML does not allow them, or if one is cut that must not be."""
        became_item = (old.holder is None) != (new.holder is None)
        if became_item and not self.items_stay:
            self.repeats = True
            return None
        if not (old.path and new.path):
            joined = join_paths(old.path, new.path)
            return joined if joined.is_allowed() else None
        choices = [join_paths(old.path, new.path)]
        if self.items_stay or (old in self.first) == (new in self.first):
            choices.append(join_innermost(old.path, new.path))
        for joined in choices:
            if joined.is_allowed() and all(
                one is None or not is_whole(one, other) or self.partner.get(one, other) is other
                for pair in joined.pairs
                for one, other in (pair, pair[::-1])
            ):
                return joined
        self.repeats = True
        return None

    def _woven(self, joined: Joined) -> tuple[Woven, ...]:
        for pair in joined.pairs:
            for one, other in (pair, pair[::-1]):
                if one is not None and is_whole(one, other):
                    self.partner[one] = other
        return tuple(self.shared.setdefault(pair, Woven(*pair, holds_kept=True)) for pair in joined.pairs)

    def _keep_merged(self, old: Sequence[Block], new: Sequence[Block]) -> None:
        """Add lines for the new blocks, each with those words of the old blocks that went there.

        Blocks without words, such as an empty item, have no part in it: they begin where others do.
        """
        worded = [[block for block in side if len(block.words(self.vocabulary))] for side in (old, new)]
        if not worded[0] or not worded[1]:
            self.deleted += old
            self.inserted += new
            return
        old_words, new_words = (
            Words.joined([block.words(self.vocabulary) for block in side]) for side in worded
        )
        begins = _begins(worded[0], self.vocabulary)
        ends = [*list(_begins(worded[1], self.vocabulary))[1:], len(new_words)]
        parts = cut_stretches(compare_words(old_words, new_words), ends, begins, old_words)
        starts = [
            (block, begins[part[0].old_start])
            for block, part in zip(worded[1], parts, strict=True)
            if part and part[0].old_start in begins and part[-1].old_end > part[0].old_start
        ]
        if not all(self._joined(other, block) for block, other in starts):
            self.deleted += old
            self.inserted += new
            return
        first = old.index(worded[0][0])
        self.deleted += old[:first]
        remaining = iter(parts)
        for block in new:
            if block not in worded[1]:
                self.inserted.append(block)
                continue
            gone, mine, gone_after = without_whole_blocks(next(remaining), begins, len(old_words))
            self.deleted += gone
            if not mine or mine[0].old_start == mine[-1].old_end:
                self.inserted.append(block)
            else:
                self._keep_part(block, mine, (old_words, new_words), begins)
            self.deleted += gone_after
        self.deleted += [block for block in old[first:] if block not in worded[0]]

    def _keep_part(
        self, block: Block, mine: list[Stretch], words: tuple[Words, Words], begins: dict[int, Block]
    ) -> None:
        start, end = mine[0].old_start, mine[-1].old_end
        line = Line(None, block, stretches=mine, old_words=words[0], new_words=words[1])
        line.joints = {at: other.tag for at, other in begins.items() if start < at < end}
        if start in begins:
            line.old = begins[start]
            joined = join_paths(line.old.path, block.path)
            line.path = self._woven(joined)
            if joined.old_tag:
                line.joints[start] = joined.old_tag
        else:
            line.split = True
            line.old = begins[max(at for at in begins if at < start)]
            depth = 0
            while depth < min(len(self.path), len(block.path)) and self.path[depth].new is block.path[depth]:
                depth += 1
            line.path = self._extend(self.path[:depth], block.path, 1, depth)
        self._add(line)

    def place_gap(self, after: tuple[Woven, ...]) -> None:
        """Put what was deleted and inserted since the last kept line where both sides find it."""
        before = self.path
        common = 0
        while common < min(len(before), len(after)) and before[common] is after[common]:
            common += 1
        waiting: list[tuple[int, int, int, Line]] = []
        for side, blocks in enumerate((self.deleted, self.inserted)):
            phase = 0
            for block in blocks:
                ends = shared_depth(block.path, before, common, side)
                starts = shared_depth(block.path, after, common, side)
                mine = 0 if ends > common else 2 if starts > common else 1
                phase = max(phase, mine)
                depth = (-ends, 0, starts)[phase]
                line = Line(block, None) if side == 0 else Line(None, block)
                if block in self.moved:
                    self._note_move(line, block)
                base = (before[:ends], before[:common], after[:starts])[phase]
                line.path = self._extend(base, block.path, side, common)
                waiting.append((phase, depth, side, line))
        waiting.sort(key=lambda entry: entry[:3])
        self.lines += [line for *_, line in waiting]
        self.deleted, self.inserted = [], []

    def _note_move(self, line: Line, block: Block) -> None:
        line.move, other = self.moved[block]
        if line.new is not None:
            line.old_words, line.new_words = other.words(self.vocabulary), block.words(self.vocabulary)
            line.stretches = compare_words(line.old_words, line.new_words)

    def _extend(
        self, base: tuple[Woven, ...], path: tuple[Element, ...], side: int, common: int
    ) -> tuple[Woven, ...]:
        """The place of a block that one side only has: as deep in ``base`` as HTML allows."""
        while True:
            of_side = [woven for woven in base if (woven.new if side else woven.old) is not None]
            rest = path[len(of_side) :]
            if not base or not rest or may_hold(base[-1].tag, rest[0].tag):
                break
            if len(base) <= common and base[-1].tag not in MAY_REPEAT:
                break
            base = base[:-1]
        return base + tuple(
            self.alone.setdefault(element, Woven(None, element) if side else Woven(element, None))
            for element in rest
        )


def _begins(blocks: Sequence[Block], vocabulary: Vocabulary) -> dict[int, Block]:
    """At which of the words of all blocks together each block begins."""
    begins: dict[int, Block] = {}
    at = 0
    for block in blocks:
        begins[at] = block
        at += len(block.words(vocabulary))
    return begins
