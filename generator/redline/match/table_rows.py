"""The cells of two table rows that are the same row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rapidfuzz.distance import Indel

from generator.redline.match.common_words import heaviest_chain
from generator.redline.match.units import Unit
from generator.rendered.blocks import Block


def align_columns(old: Unit, new: Unit) -> list[tuple[int, int]]:
    """Which cells of two rows stand below each other, as places of cells in order."""
    codes = [
        ["\0".join(block.words(old.vocabulary).code for block in cell) for cell in cells_of(unit)]
        for unit in (old, new)
    ]
    if len(codes[0]) == len(codes[1]):
        return [(at, at) for at in range(len(codes[0]))]
    points = [
        (i, j, 0.1 + Indel.normalized_similarity(code, other))
        for i, code in enumerate(codes[0])
        for j, other in enumerate(codes[1])
    ]
    return [points[n][:2] for n in heaviest_chain(points)]


def columns_were_moved(old: Unit, new: Unit) -> bool:
    """Whether two rows have the same cells in another order, each once."""
    codes = [
        ["\0".join(block.words(unit.vocabulary).code for block in cell) for cell in cells_of(unit)]
        for unit in (old, new)
    ]
    are_same = sorted(codes[0]) == sorted(codes[1]) and len(set(codes[0])) == len(codes[0])
    return are_same and codes[0] != codes[1]


def columns_that_stay(old: Unit, new: Unit, table: Sequence[Unit]) -> list[tuple[int, int]]:
    """Of columns in another order: those with most words that need not be moved; ``table`` is the old one."""
    words = [0] * len(cells_of(old))
    for row in table:
        for at, cell in enumerate(cells_of(row)[: len(words)]):
            words[at] += 1 + sum(len(block.words(row.vocabulary)) for block in cell)
    codes = [
        ["\0".join(block.words(unit.vocabulary).code for block in cell) for cell in cells_of(unit)]
        for unit in (old, new)
    ]
    points = [(i, codes[1].index(code), float(words[i])) for i, code in enumerate(codes[0])]
    return [points[n][:2] for n in heaviest_chain(points)]


def cells_were_cut(old: Unit, new: Unit) -> bool:
    """Whether a row has the same words in another number of cells."""
    codes = [
        ["".join(block.words(unit.vocabulary).code for block in cell) for cell in cells_of(unit)]
        for unit in (old, new)
    ]
    return (
        len(codes[0]) != len(codes[1])
        and "".join(codes[0]) == "".join(codes[1])
        and any(code and code not in codes[1] for code in codes[0])
    )


def pair_cells(
    old: Unit, new: Unit, columns: Iterable[tuple[int, int]]
) -> list[tuple[list[Block], list[Block]]]:
    """The cells of two rows side by side; one of a pair is empty where a cell came or went."""
    cells = cells_of(old), cells_of(new)
    pairs: list[tuple[list[Block], list[Block]]] = []
    i = j = 0
    for i_next, j_next in [*columns, (len(cells[0]), len(cells[1]))]:
        pairs += [(cell, []) for cell in cells[0][i:i_next]]
        pairs += [([], cell) for cell in cells[1][j:j_next]]
        if i_next < len(cells[0]):
            pairs.append((cells[0][i_next], cells[1][j_next]))
        i, j = i_next + 1, j_next + 1
    return pairs


def cells_of(unit: Unit) -> list[list[Block]]:
    """The blocks of each cell of a row."""

    def cell_of(block: Block) -> int:
        at = next(n for n, element in enumerate(block.path) if element is unit.row)
        return id(block.path[at + 1]) if at + 1 < len(block.path) else 0

    return [list(group) for _, group in groupby(unit.blocks, key=cell_of)]
