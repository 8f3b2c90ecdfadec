"""Which block of the new text is which block of the old one.

Blocks are taken one by one, but for table rows, which are taken whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from rapidfuzz.distance import Indel

from generator.redline.blocks import Block, Element
from generator.redline.words import common_runs, heaviest_chain

ALIKE = 0.5
MOST_COMPARISONS = 40_000


class Unit:
    """A block, or all blocks of a table row."""

    __slots__ = ("_code", "blocks", "key", "row", "vocabulary")

    def __init__(self, blocks: list[Block], row: Element | None, vocabulary: dict[str, str]) -> None:
        self.blocks = blocks
        self.row = row
        self.vocabulary = vocabulary
        self.key = "\0".join(
            [" ".join(element.tag for element in blocks[0].path)]
            + [" ".join(block.markup.split()) for block in blocks]
        )
        self._code: str | None = None

    @property
    def code(self) -> str:
        """One character for each word, number label left out."""
        if self._code is None:
            self._code = "\0".join(
                words.code[words.label :] for words in (block.words(self.vocabulary) for block in self.blocks)
            )
        return self._code


def read_units(blocks: Iterable[Block], vocabulary: dict[str, str]) -> list[Unit]:
    """The blocks, those of one table row together."""
    units: list[Unit] = []
    for row, group in groupby(blocks, key=_row_of):
        if row is None:
            units += [Unit([block], None, vocabulary) for block in group]
        else:
            units.append(Unit(list(group), row, vocabulary))
    return units


def _row_of(block: Block) -> Element | None:
    return next((element for element in block.path if element.tag == "tr"), None)


def align(old: Sequence[Unit], new: Sequence[Unit]) -> list[tuple[int, int]]:
    """Pairs of units that are the same, in order and never crossing."""
    start = 0
    while start < min(len(old), len(new)) and old[start].key == new[start].key:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end].key == new[-1 - end].key:
        end += 1
    pairs = [(at, at) for at in range(start)]
    pairs += _align_middle(old, new, range(start, len(old) - end), range(start, len(new) - end))
    pairs += [(len(old) - at, len(new) - at) for at in range(end, 0, -1)]
    return pairs


def _align_middle(
    old: Sequence[Unit], new: Sequence[Unit], places: range, new_places: range
) -> list[tuple[int, int]]:
    if not places or not new_places:
        return []
    candidates: list[tuple[int, int, float]] = []
    left, right = list(places), list(new_places)
    for name in ("key", "code"):
        found = _unique_pairs(
            {i: getattr(old[i], name) for i in left}, {j: getattr(new[j], name) for j in right}
        )
        candidates += [(i, j, 1.0 + len(old[i].code)) for i, j in found]
        left = [i for i in left if i not in {i for i, _ in found}]
        right = [j for j in right if j not in {j for _, j in found}]
    candidates += _alike_pairs(old, new, left, right)
    chain = [candidates[n][:2] for n in heaviest_chain(candidates)]
    pairs: list[tuple[int, int]] = []
    i = places.start
    j = new_places.start
    for i_next, j_next in [*chain, (places.stop, new_places.stop)]:
        pairs += _fill_gap(old, new, range(i, i_next), range(j, j_next))
        pairs.append((i_next, j_next))
        i, j = i_next + 1, j_next + 1
    return pairs[:-1]


def _unique_pairs(old: dict[int, str], new: dict[int, str]) -> list[tuple[int, int]]:
    places: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, values in enumerate((old, new)):
        for at, value in values.items():
            places[value][side].append(at)
    return [(a[0], b[0]) for a, b in places.values() if len(a) == len(b) == 1]


def _alike_pairs(
    old: Sequence[Unit], new: Sequence[Unit], left: list[int], right: list[int]
) -> list[tuple[int, int, float]]:
    if len(left) * len(right) > MOST_COMPARISONS:
        return []
    return [
        (i, j, alike * alike * min(len(old[i].code), len(new[j].code)))
        for i in left
        for j in right
        if (alike := Indel.normalized_similarity(old[i].code, new[j].code, score_cutoff=ALIKE)) > 0
    ]


def _fill_gap(old: Sequence[Unit], new: Sequence[Unit], left: range, right: range) -> list[tuple[int, int]]:
    """Pairs of units that read the same between two pairs that are already found."""
    if not left or not right:
        return []
    names: dict[str, str] = {}
    codes = [
        "".join(names.setdefault(units[at].key, chr(len(names) + 1)) for at in places)
        for units, places in ((old, left), (new, right))
    ]
    runs = common_runs(*codes)
    return [(left[i + n], right[j + n]) for i, j, length in runs for n in range(length)]


def align_cells(old: Unit, new: Unit) -> list[tuple[list[Block], list[Block]]]:
    """The cells of two rows side by side; one of a pair is empty where a cell came or went."""
    cells = [_cells(unit) for unit in (old, new)]
    codes = [
        ["\0".join(block.words(old.vocabulary).code for block in cell) for cell in side] for side in cells
    ]
    if len(cells[0]) == len(cells[1]):
        return list(zip(*cells, strict=True))
    points = [
        (i, j, 0.1 + Indel.normalized_similarity(code, other))
        for i, code in enumerate(codes[0])
        for j, other in enumerate(codes[1])
    ]
    rows: list[tuple[list[Block], list[Block]]] = []
    i = j = 0
    chain = [points[n][:2] for n in heaviest_chain(points)]
    for i_next, j_next in [*chain, (len(cells[0]), len(cells[1]))]:
        rows += [(cell, []) for cell in cells[0][i:i_next]]
        rows += [([], cell) for cell in cells[1][j:j_next]]
        if i_next < len(cells[0]):
            rows.append((cells[0][i_next], cells[1][j_next]))
        i, j = i_next + 1, j_next + 1
    return rows


def _cells(unit: Unit) -> list[list[Block]]:
    def cell_of(block: Block) -> int:
        at = next(n for n, element in enumerate(block.path) if element is unit.row)
        return id(block.path[at + 1]) if at + 1 < len(block.path) else 0

    return [list(group) for _, group in groupby(unit.blocks, key=cell_of)]
