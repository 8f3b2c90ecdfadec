"""Which blocks of the new text are which blocks of the old one.

Blocks are taken one by one, but for table rows, which are taken whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from rapidfuzz.distance import Indel

from generator.redline.blocks import Block, Element
from generator.redline.codes import alike, common_runs, contained, heaviest_chain

ALIKE = 0.45
"""Of two blocks in place: twice the common words to all words of both."""

CONTAINED = 0.75
"""Of a block that was split off or merged: its words that the other has, too."""

FEWEST_CONTAINED = 4
"""Words that a block needs to be looked for inside another one; fewer occur in any text."""

HALF = 0.5
"""Of a unit's words: as many have to be found in the group that it is merged or split with."""

LINKED = 0.25
"""Of the shorter of two units: as many words make them parts of one."""

MOST_COMPARISONS = 40_000
SHINGLE = 3
COMMON_SHINGLE = 6
"""A phrase of so many words that more blocks than these have says nothing about either."""


class Unit:
    """A block, or all blocks of a table row.

    ``key`` is equal for units that read and look the same.
    """

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

    @property
    def is_picture(self) -> bool:
        """Whether it is one image and nothing else."""
        words = self.blocks[0].words(self.vocabulary).words
        return len(self.blocks) == len(words) == 1 and words[0].startswith("<img")

    @property
    def place(self) -> tuple[Element, ...]:
        """What it shares with units that it can be merged with."""
        return self.blocks[0].place


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


def align(old: Sequence[Unit], new: Sequence[Unit]) -> list[tuple[list[int], list[int]]]:
    """Old and new units that are the same, in order and never crossing; mostly one and one.

    Where one side has more units than one, they were merged or split.
    """
    start = 0
    while start < min(len(old), len(new)) and old[start].key == new[start].key:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end].key == new[-1 - end].key:
        end += 1
    groups = [([at], [at]) for at in range(start)]
    groups += _align_middle(old, new, range(start, len(old) - end), range(start, len(new) - end))
    groups += [([len(old) - at], [len(new) - at]) for at in range(end, 0, -1)]
    return groups


def _align_middle(
    old: Sequence[Unit], new: Sequence[Unit], old_places: range, new_places: range
) -> list[tuple[list[int], list[int]]]:
    if not old_places or not new_places:
        return []
    points: list[tuple[int, int, float]] = []
    left, right = list(old_places), list(new_places)
    for name in ("key", "code"):
        found = unique_pairs(
            {i: getattr(old[i], name) for i in left}, {j: getattr(new[j], name) for j in right}
        )
        points += [(i, j, 1.0 + len(old[i].code)) for i, j in found]
        taken = {i for i, _ in found}, {j for _, j in found}
        left = [i for i in left if i not in taken[0]]
        right = [j for j in right if j not in taken[1]]
    points += _alike_pairs(old, new, left, right)
    chain = [points[n][:2] for n in heaviest_chain(points, touching=True)]
    groups: list[tuple[list[int], list[int]]] = []
    i, j = old_places.start, new_places.start
    settled = [group for olds, news in _groups(chain) for group in _settled(old, new, olds, news)]
    for olds, news in [*settled, ([old_places.stop], [new_places.stop])]:
        groups += _fill_gap(old, new, range(i, olds[0]), range(j, news[0]))
        groups.append((olds, news))
        i, j = olds[-1] + 1, news[-1] + 1
    return groups[:-1]


def _groups(chain: Iterable[tuple[int, int]]) -> list[tuple[list[int], list[int]]]:
    """Pairs that share a unit, together."""
    groups: list[tuple[list[int], list[int]]] = []
    for i, j in chain:
        if groups and (groups[-1][0][-1] == i or groups[-1][1][-1] == j):
            olds, news = groups[-1]
            olds += [i] * (olds[-1] != i)
            news += [j] * (news[-1] != j)
        else:
            groups.append(([i], [j]))
    return groups


def _settled(
    old: Sequence[Unit], new: Sequence[Unit], olds: list[int], news: list[int]
) -> list[tuple[list[int], list[int]]]:
    """The group without units that have little in it, and cut where hardly a word crosses the cut."""
    while len(olds) + len(news) > 2:
        shared = _shared_words([old[i] for i in olds], [new[j] for j in news])
        found = [sum(row) for row in shared], [sum(column) for column in zip(*shared, strict=True)]
        kept = tuple(
            [at for count, at in zip(counts, places, strict=True) if count >= HALF * len(units[at].code)]
            for counts, units, places in zip(found, (old, new), (olds, news), strict=True)
        )
        if not kept[0] or not kept[1]:
            return []
        if kept != (olds, news):
            olds, news = kept
            continue
        return _cut(old, new, olds, news, shared)
    return [(olds, news)]


def _shared_words(olds: Sequence[Unit], news: Sequence[Unit]) -> list[list[int]]:
    """How many words each old unit has in common with each new one, when all are read in one."""
    owners = [[n for n, unit in enumerate(units) for _ in unit.code] for units in (olds, news)]
    shared = [[0] * len(news) for _ in olds]
    for i, j, length in common_runs("".join(u.code for u in olds), "".join(u.code for u in news)):
        for n in range(length):
            shared[owners[0][i + n]][owners[1][j + n]] += 1
    return shared


def _cut(
    old: Sequence[Unit], new: Sequence[Unit], olds: list[int], news: list[int], shared: list[list[int]]
) -> list[tuple[list[int], list[int]]]:
    links = [
        (i, j)
        for a, i in enumerate(olds)
        for b, j in enumerate(news)
        if shared[a][b] >= max(1, LINKED * min(len(old[i].code), len(new[j].code)))
    ]
    return [part for group in _groups(links) for part in _mergeable(old, group, links)]


def _mergeable(
    old: Sequence[Unit], group: tuple[list[int], list[int]], links: Sequence[tuple[int, int]]
) -> list[tuple[list[int], list[int]]]:
    """The group with only those old units that can be merged: of the item or cell with most of the words."""
    olds, news = group
    words: dict[tuple[Element, ...], int] = {}
    for i in olds:
        words[old[i].place] = words.get(old[i].place, 0) + len(old[i].code)
    if len(words) == 1:
        return [group]
    if len(news) > 1:
        points = [(i, j, float(len(old[i].code))) for i, j in links if i in olds and j in news]
        return [([points[n][0]], [points[n][1]]) for n in heaviest_chain(points)]
    place = max(words, key=lambda found: words[found])
    return [([i for i in olds if old[i].place == place], news)]


def unique_pairs(old: dict[int, str], new: dict[int, str]) -> list[tuple[int, int]]:
    """Places of values that either side has exactly once."""
    places: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, values in enumerate((old, new)):
        for at, value in values.items():
            if value:
                places[value][side].append(at)
    return [(a[0], b[0]) for a, b in places.values() if len(a) == len(b) == 1]


def _alike_pairs(
    old: Sequence[Unit], new: Sequence[Unit], left: list[int], right: list[int]
) -> list[tuple[int, int, float]]:
    """Pairs that have much in common, weighed by how much."""
    points: list[tuple[int, int, float]] = []
    for i, j in worth_comparing(old, new, left, right):
        code, other = old[i].code, new[j].code
        shortest = min(len(code), len(other))
        share = alike(code, other, ALIKE)
        if share:
            points.append((i, j, share * share * shortest))
        elif old[i].is_picture and new[j].is_picture:
            points.append((i, j, ALIKE))
        elif shortest >= FEWEST_CONTAINED and not (old[i].row or new[j].row):
            common = contained(code, other, CONTAINED)
            if common:
                points.append((i, j, 0.5 * common))
    return points


def worth_comparing(
    old: Sequence[Unit], new: Sequence[Unit], left: Sequence[int], right: Sequence[int]
) -> Iterable[tuple[int, int]]:
    """All pairs; where they are too many, those that share a phrase that few others have."""
    if len(left) * len(right) <= MOST_COMPARISONS:
        return [(i, j) for i in left for j in right]
    holders: dict[str, list[int]] = defaultdict(list)
    for j in right:
        for phrase in _phrases(new[j].code):
            holders[phrase].append(j)
    found: list[tuple[int, int]] = []
    for i in left:
        votes: Counter[int] = Counter()
        for phrase in _phrases(old[i].code):
            some = holders.get(phrase, ())
            if len(some) <= COMMON_SHINGLE:
                votes.update(some)
        found += [(i, j) for j, _ in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))[:4]]
    return found


def _phrases(code: str) -> list[str]:
    return list(dict.fromkeys(code[at : at + SHINGLE] for at in range(max(1, len(code) - SHINGLE + 1))))


def _fill_gap(
    old: Sequence[Unit], new: Sequence[Unit], left: range, right: range
) -> list[tuple[list[int], list[int]]]:
    """Units that look the same between two groups that are already found."""
    if not left or not right:
        return []
    names: dict[str, str] = {}
    codes = [
        "".join(names.setdefault(units[at].key, chr(len(names) + 1)) for at in places)
        for units, places in ((old, left), (new, right))
    ]
    runs = common_runs(codes[0], codes[1])
    return [([left[i + n]], [right[j + n]]) for i, j, length in runs for n in range(length)]


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
