"""The fate of each block: kept, divided among others, removed or added, in the order of both texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.redline.match.blocks import Matches
from generator.redline.match.moves import Move
from generator.redline.match.table_rows import Columns
from generator.redline.match.units import Unit
from generator.redline.match.words import ComparedWords, compare_words
from generator.redline.merge.splits import AddedBlock, Division, RemovedBlock, divide
from generator.rendered.blocks import Block


@dataclass(frozen=True, slots=True, eq=False)
class SameBlock:
    """A block of both texts; ``words`` is None if its words and their formatting are the same."""

    old: Block
    new: Block
    words: ComparedWords | None


Part = SameBlock | Division | RemovedBlock | AddedBlock


def find_parts(old: Sequence[Unit], new: Sequence[Unit], matches: Matches) -> list[Part]:
    """The fate of all blocks of both texts, whose units are matched."""
    moves = _numbered(old, new, matches.moves)
    columns = Columns(old)
    parts: list[Part] = []
    i = j = 0
    end = range(len(old), len(old)), range(len(new), len(new))
    for olds, news in [*matches.groups, end]:
        parts += _of_one_text(old[i : olds.start], new[j : news.start], moves)
        i, j = olds.stop, news.stop
        if olds:
            parts += _of_both_texts(old[olds.start : i], new[news.start : j], columns)
    return parts


def _numbered(
    old: Sequence[Unit], new: Sequence[Unit], moves: Sequence[Move]
) -> dict[Block, tuple[int, Block]]:
    """Each moved block of either text, with the number of its move and the same block of the other text."""
    return {
        one: (number, other)
        for number, pairs in enumerate(moves, 1)
        for i, j in pairs
        for blocks in zip(old[i].blocks, new[j].blocks, strict=True)
        for one, other in (blocks, blocks[::-1])
    }


def _of_one_text(
    old: Sequence[Unit], new: Sequence[Unit], moves: Mapping[Block, tuple[int, Block]]
) -> Iterator[Part]:
    """Blocks that only one of the texts has, or has in this location."""
    for block in _blocks(old):
        yield RemovedBlock(block, moves[block][0] if block in moves else 0)
    for block in _blocks(new):
        if block in moves:
            move, source = moves[block]
            yield AddedBlock(block, move, compare_words(source.words, block.words))
        else:
            yield AddedBlock(block)


def _of_both_texts(old: Sequence[Unit], new: Sequence[Unit], columns: Columns) -> Iterator[Part]:
    """Blocks of units that are the same; if they are several, they were merged or split."""
    if len(old) == len(new) == 1 and old[0].row and new[0].row:
        cells = columns.pair_cells(old[0], new[0])
        if cells is not None:
            for cell, new_cell in cells:
                yield from (_same(*pair) for pair in zip(cell, new_cell, strict=False))
                yield from map(RemovedBlock, cell[len(new_cell) :])
                yield from map(AddedBlock, new_cell[len(cell) :])
            return
    blocks, new_blocks = _blocks(old), _blocks(new)
    if len(blocks) == len(new_blocks) == 1:
        yield _same(blocks[0], new_blocks[0])
    elif division := divide(blocks, new_blocks):
        yield division
    else:
        yield from map(RemovedBlock, blocks)
        yield from map(AddedBlock, new_blocks)


def _same(old: Block, new: Block) -> SameBlock:
    return SameBlock(old, new, None if old.markup == new.markup else compare_words(old.words, new.words))


def _blocks(units: Sequence[Unit]) -> list[Block]:
    return [block for unit in units for block in unit.blocks]
