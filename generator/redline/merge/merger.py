"""Puts the blocks of both texts in an order, and in elements, that suit both."""

from __future__ import annotations

from collections.abc import Sequence

from generator.redline.match.blocks import Matches
from generator.redline.match.moves import Move
from generator.redline.match.table_rows import Columns
from generator.redline.match.units import Unit
from generator.redline.match.words import compare_words
from generator.redline.merge.lines import (
    DeletedLine,
    EditedLine,
    InsertedLine,
    KeptLine,
    Line,
    MovedAwayLine,
    MovedHereLine,
    Path,
)
from generator.redline.merge.nesting import Nesting, join_paths, shared_depth
from generator.redline.merge.splits import AddedBlock, KeptPart, RemovedBlock, divide
from generator.rendered.blocks import Block


class Merger:
    """Merges two texts whose units are matched; the answer is in ``lines``.

    Blocks of one text wait in ``deleted`` and ``inserted`` until the next line that both texts have, since
    their order and their elements depend on the lines on both sides of them.
    """

    def __init__(self, old: Sequence[Unit], new: Sequence[Unit], *, items_stay: bool) -> None:
        self.old, self.new = old, new
        blocks = [[block for unit in side for block in unit.blocks] for side in (old, new)]
        self.nesting = Nesting(*blocks, items_stay=items_stay)
        self.columns = Columns(old)
        self.lines: list[Line] = []
        self.path: Path = ()  # of the last line that both texts have
        self.deleted: list[Block] = []
        self.inserted: list[Block] = []
        self.moved: dict[Block, tuple[int, Block]] = {}

    def merge(self, matches: Matches) -> None:
        """Add the lines of both texts."""
        self._number_moves(matches.moves)
        i = j = 0
        for olds, news in matches.groups:
            self.deleted += _blocks(self.old[i : olds.start])
            self.inserted += _blocks(self.new[j : news.start])
            i, j = olds.stop, news.stop
            self._keep(self.old[olds.start : i], self.new[news.start : j])
        self.deleted += _blocks(self.old[i:])
        self.inserted += _blocks(self.new[j:])
        self._place_waiting(())

    def _number_moves(self, moves: Sequence[Move]) -> None:
        for number, pairs in enumerate(moves, 1):
            for i, j in pairs:
                for block, other in zip(self.old[i].blocks, self.new[j].blocks, strict=True):
                    self.moved[block] = number, other
                    self.moved[other] = number, block

    def _keep(self, old: Sequence[Unit], new: Sequence[Unit]) -> None:
        """Add units that are the same; if they are several, they were merged or split."""
        if len(old) == len(new) == 1 and old[0].row and new[0].row:
            cells = self.columns.pair_cells(old[0], new[0])
            if cells is not None:
                for cell, new_cell in cells:
                    self._keep_cell(cell, new_cell)
                return
        blocks, new_blocks = _blocks(old), _blocks(new)
        if len(blocks) == len(new_blocks) == 1:
            self._keep_block(blocks[0], new_blocks[0])
        else:
            self._keep_divided(blocks, new_blocks)

    def _keep_cell(self, old: Sequence[Block], new: Sequence[Block]) -> None:
        for block, new_block in zip(old, new, strict=False):
            self._keep_block(block, new_block)
        self.deleted += old[len(new) :]
        self.inserted += new[len(old) :]

    def _keep_block(self, old: Block, new: Block) -> None:
        joined = self.nesting.join(old, new)
        if joined is None:
            self.deleted.append(old)
            self.inserted.append(new)
            return
        path = self.nesting.path_of(joined)
        if old.markup == new.markup:
            self._add(KeptLine(path=path, old=old, new=new, old_tag=joined.old_tag))
        else:
            words = compare_words(old.words, new.words)
            self._add(EditedLine(path=path, old=old, new=new, words=words, old_tag=joined.old_tag))

    def _keep_divided(self, old: Sequence[Block], new: Sequence[Block]) -> None:
        """Add blocks that were split or merged."""
        division = divide(old, new)
        if division is None or not all(self.nesting.join(*blocks) for blocks in division.starts):
            self.deleted += old
            self.inserted += new
            return
        for part in division.parts:
            match part:
                case RemovedBlock(block):
                    self.deleted.append(block)
                case AddedBlock(block):
                    self.inserted.append(block)
                case KeptPart():
                    self._keep_part(part)

    def _keep_part(self, part: KeptPart) -> None:
        old_tag = ""
        if part.is_split_off:
            depth = 0
            path = part.new.path
            while depth < min(len(self.path), len(path)) and self.path[depth].new is path[depth]:
                depth += 1
            elements = self.nesting.path_inside(self.path[:depth], path, is_new=True, common=depth)
        else:
            joined = join_paths(part.old.path, part.new.path)
            elements, old_tag = self.nesting.path_of(joined), joined.old_tag
        self._add(
            EditedLine(
                path=elements,
                old=part.old,
                new=part.new,
                words=part.words,
                old_tag=old_tag,
                merged=part.merged,
                is_split_off=part.is_split_off,
            )
        )

    def _add(self, line: KeptLine | EditedLine) -> None:
        self._place_waiting(line.path)
        self.lines.append(line)
        self.path = line.path

    def _place_waiting(self, after: Path) -> None:
        """Add the waiting blocks between the line before and one with the elements ``after``.

        Each is as deep in the elements of one of these lines as it is in its own text.
        """
        before = self.path
        common = 0
        while common < min(len(before), len(after)) and before[common] is after[common]:
            common += 1
        placed: list[tuple[int, int, bool, Line]] = []
        for is_new, blocks in ((False, self.deleted), (True, self.inserted)):
            position = 0  # with the line before; 1: between the lines; 2: with the line after
            for block in blocks:
                ends = shared_depth(block.path, before, common, is_new=is_new)
                starts = shared_depth(block.path, after, common, is_new=is_new)
                position = max(position, 0 if ends > common else 2 if starts > common else 1)
                depth = (-ends, 0, starts)[position]
                base = (before[:ends], before[:common], after[:starts])[position]
                path = self.nesting.path_inside(base, block.path, is_new=is_new, common=common)
                line = self._line_of_one_text(block, path, is_new=is_new)
                placed.append((position, depth, is_new, line))
        placed.sort(key=lambda entry: entry[:3])
        self.lines += [line for *_, line in placed]
        self.deleted, self.inserted = [], []

    def _line_of_one_text(self, block: Block, path: Path, *, is_new: bool) -> Line:
        if block not in self.moved:
            return InsertedLine(path=path, new=block) if is_new else DeletedLine(path=path, old=block)
        move, other = self.moved[block]
        if not is_new:
            return MovedAwayLine(path=path, old=block, move=move)
        return MovedHereLine(path=path, new=block, move=move, words=compare_words(other.words, block.words))


def _blocks(units: Sequence[Unit]) -> list[Block]:
    return [block for unit in units for block in unit.blocks]
