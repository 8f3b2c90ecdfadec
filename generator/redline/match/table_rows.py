"""Which cells of an old table row are which cells of the new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from rapidfuzz.distance import Indel

from generator.redline.match.common_words import heaviest_chain
from generator.redline.match.units import Unit
from generator.rendered.blocks import Block, Element

CellPair = tuple[list[Block], list[Block]]
"""The blocks of an old cell and of a new one; one is empty where a cell was added or removed."""


@dataclass
class Columns:
    """Pairs the cells of rows, in each row of a table as in its first one; ``old`` is the whole old text."""

    old: Sequence[Unit]
    _columns: dict[tuple[Element, int, Element, int], list[tuple[int, int]]] = field(default_factory=dict)

    def pair_cells(self, old: Unit, new: Unit) -> list[CellPair] | None:
        """The cells of two rows; None if the new row has the same words divided into other cells."""
        cells = _cells_of(old), _cells_of(new)
        if _were_divided(_codes(cells[0], ""), _codes(cells[1], "")):
            return None
        key = (old.blocks[0].path[0], len(cells[0]), new.blocks[0].path[0], len(cells[1]))
        if key not in self._columns:
            self._columns[key] = self._columns_of(old, _codes(cells[0]), _codes(cells[1]))
        pairs: list[CellPair] = []
        i = j = 0
        for i_next, j_next in [*self._columns[key], (len(cells[0]), len(cells[1]))]:
            pairs += [(cell, []) for cell in cells[0][i:i_next]]
            pairs += [([], cell) for cell in cells[1][j:j_next]]
            if i_next < len(cells[0]):
                pairs.append((cells[0][i_next], cells[1][j_next]))
            i, j = i_next + 1, j_next + 1
        return pairs

    def _columns_of(self, row: Unit, old: list[str], new: list[str]) -> list[tuple[int, int]]:
        """Which columns of the row's table are the same, as the codes of its cells show it."""
        if old != new and sorted(old) == sorted(new) and len(set(old)) == len(old):
            words = self._words_by_column(row, len(old))
            points = [(i, new.index(code), float(words[i])) for i, code in enumerate(old)]
        elif len(old) == len(new):
            return [(at, at) for at in range(len(old))]
        else:
            points = [
                (i, j, 0.1 + Indel.normalized_similarity(code, other))
                for i, code in enumerate(old)
                for j, other in enumerate(new)
            ]
        return [points[n][:2] for n in heaviest_chain(points)]

    def _words_by_column(self, row: Unit, columns: int) -> list[int]:
        """How many words each column has; if columns changed their order, the shorter ones moved."""
        words = [0] * columns
        for unit in self.old:
            if unit.row and unit.blocks[0].path[0] is row.blocks[0].path[0]:
                for at, cell in enumerate(_cells_of(unit)[:columns]):
                    words[at] += 1 + sum(len(block.words) for block in cell)
        return words


def _cells_of(row: Unit) -> list[list[Block]]:
    """The blocks of each cell of a row."""

    def cell_of(block: Block) -> int:
        at = next(n for n, element in enumerate(block.path) if element is row.row)
        return id(block.path[at + 1]) if at + 1 < len(block.path) else 0

    return [list(group) for _, group in groupby(row.blocks, key=cell_of)]


def _codes(cells: Sequence[Sequence[Block]], between: str = "\0") -> list[str]:
    return [between.join(block.words.code for block in cell) for cell in cells]


def _were_divided(old: list[str], new: list[str]) -> bool:
    """Whether a row has the same words in another number of cells."""
    return (
        len(old) != len(new)
        and "".join(old) == "".join(new)
        and any(code and code not in new for code in old)
    )
