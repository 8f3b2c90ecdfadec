"""Which blocks of the new text are which blocks of the old one.

Blocks are taken one by one, but for table rows, which are taken whole.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generator.redline.match.common_words import alike, common_runs, contained, heaviest_chain
from generator.redline.match.split_and_merged import Grouping, Pairs, group_pairs
from generator.redline.match.units import Unit
from generator.redline.match.words import compare_words

ALIKE = 0.45
"""Of two blocks in place: twice the common words to all words of both."""

SURELY_ALIKE = 0.7
"""The same where nobody doubts that one block became the other."""

READ_AS_ONE = 0.3
"""Of two blocks that are less alike: words that would stay unmarked, to all words."""

CONTAINED = 0.75
"""Of a block that was split off or merged: its words that the other has, too."""

WHOLE = 0.9
"""Of the longer of two blocks: a shorter one with as many words is no part of it but the same."""

FEWEST_CONTAINED = 4
"""Words that a block needs to be looked for inside another one; fewer occur in any text."""

MOST_COMPARISONS = 40_000
DEEPEST = 8
"""Times that a gap between two groups is aligned by itself, where there was too much to compare at once."""

SHINGLE = 3
COMMON_SHINGLE = 6
"""A phrase of so many words that more blocks than these has says nothing about either."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """Old and new units that are the same, in order and never crossing; mostly one and one.

    Where one side has more units than one, they were merged or split. ``is_held_back``: more would be merged
    if units of several items or cells might be.
    """

    groups: list[Pairs]
    is_held_back: bool


def align(old: Sequence[Unit], new: Sequence[Unit], *, across: bool = False) -> Alignment:
    """Which units are the same; ``across`` items and cells, if that is wanted."""
    start = 0
    while start < min(len(old), len(new)) and old[start].key == new[start].key:
        start += 1
    while 0 < start < max(len(old), len(new)) and old[start - 1].is_number:
        start -= 1  # a number by itself goes with what it numbers
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end].key == new[-1 - end].key:
        end += 1
    grouping = Grouping(old, new, across)
    middle = _align_middle(grouping, range(start, len(old) - end), range(start, len(new) - end))
    groups = [([at], [at]) for at in range(start)]
    groups += middle
    groups += [([len(old) - at], [len(new) - at]) for at in range(end, 0, -1)]
    groups = _with_numbers(old, new, groups)
    if len(middle) < max(len(old), len(new)) - start - end:
        grouping.take_in(groups)
        groups = _with_regrouped(grouping, groups)
    return Alignment(groups, grouping.is_held_back)


def _with_numbers(old: Sequence[Unit], new: Sequence[Unit], groups: Sequence[Pairs]) -> list[Pairs]:
    """The groups, and headings that are only a number, such as "Article 3", with what they number."""
    result: list[Pairs] = []
    i = j = 0
    for olds, news in groups:
        if i < olds[0] and j < news[0]:
            before = old[olds[0] - 1], new[news[0] - 1]
            if all(unit.is_number for unit in before):
                result.append(([olds[0] - 1], [news[0] - 1]))
        result.append((olds, news))
        i, j = olds[-1] + 1, news[-1] + 1
    filled: list[Pairs] = []
    i = j = 0
    for olds, news in [*result, ([len(old)], [len(new)])]:
        filled += _fill_gap(old, new, range(i, olds[0]), range(j, news[0]), "key", with_numbers=True)
        filled.append((olds, news))
        i, j = olds[-1] + 1, news[-1] + 1
    return filled[:-1]


def _with_regrouped(grouping: Grouping, groups: Sequence[Pairs]) -> list[Pairs]:
    """The groups, and those of units in the gaps between them that are the same together only."""
    result: list[Pairs] = []
    i = j = 0
    for olds, news in [*groups, ([len(grouping.old)], [len(grouping.new)])]:
        if i < olds[0] and j < news[0]:
            result += grouping.regroup(range(i, olds[0]), range(j, news[0]))
        result.append((olds, news))
        i, j = olds[-1] + 1, news[-1] + 1
    return result[:-1]


def _align_middle(
    grouping: Grouping, old_places: range, new_places: range, *, deeper: int = DEEPEST
) -> list[Pairs]:
    if not old_places or not new_places:
        return []
    old, new = grouping.old, grouping.new
    points: list[tuple[int, int, float]] = []
    left, right = list(old_places), list(new_places)
    for name in ("key", "code"):
        found = unique_pairs(
            {i: getattr(old[i], name) for i in left if not old[i].is_number},
            {j: getattr(new[j], name) for j in right if not new[j].is_number},
        )
        points += [(i, j, 1.0 + len(old[i].code)) for i, j in found]
        taken = {i for i, _ in found}, {j for _, j in found}
        left = [i for i in left if i not in taken[0]]
        right = [j for j in right if j not in taken[1]]
    alike_pairs = _alike_pairs(old, new, left, right)
    parts = {len(points) + n for n, (*_, is_part) in enumerate(alike_pairs) if is_part}
    points += [pair[:3] for pair in alike_pairs]
    chain = [points[n][:2] for n in heaviest_chain(points, parts)]
    groups: list[Pairs] = []
    i, j = old_places.start, new_places.start
    are_few = len(left) * len(right) <= MOST_COMPARISONS
    settled = [group for olds, news in group_pairs(chain) for group in grouping.settle(olds, news)]
    for olds, news in [*settled, ([old_places.stop], [new_places.stop])]:
        gap = range(i, olds[0]), range(j, news[0])
        if are_few or not settled or not deeper:
            groups += _fill_gap(old, new, *gap, "key", "code", "shape")
        else:  # among fewer units there are more that are like no other
            groups += _align_middle(grouping, *gap, deeper=deeper - 1)
        groups.append((olds, news))
        i, j = olds[-1] + 1, news[-1] + 1
    return groups[:-1]


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
) -> list[tuple[int, int, float, bool]]:
    """Pairs that have much in common, weighed by how much, and whether one is a part of the other."""
    points: list[tuple[int, int, float, bool]] = []
    for i, j in worth_comparing(old, new, left, right):
        code, other = old[i].code, new[j].code
        shortest = min(len(code), len(other))
        share = alike(code, other, ALIKE)
        if share and (share >= SURELY_ALIKE or _read_as_one(old[i], new[j])):
            is_part = shortest < WHOLE * max(len(code), len(other)) and not (old[i].row and new[j].row)
            is_part = is_part and bool(contained(code, other, CONTAINED))
            points.append((i, j, share * share * shortest, is_part))
        elif old[i].is_picture and new[j].is_picture:
            points.append((i, j, ALIKE, False))
        elif shortest >= FEWEST_CONTAINED and not (old[i].row and new[j].row):
            common = contained(code, other, CONTAINED)
            if common:
                points.append((i, j, 0.5 * common, True))
    return points


def _read_as_one(old: Unit, new: Unit) -> bool:
    """Whether enough words stay unmarked; "We share data when:" is not "We never sell data"."""
    if len(old.blocks) != 1 or len(new.blocks) != 1:
        return True
    words, new_words = (unit.blocks[0].words(unit.vocabulary) for unit in (old, new))
    kept = sum(
        new_words.count(part.new_start, part.new_end) for part in compare_words(words, new_words) if part.kept
    )
    both = words.count(words.label, len(words)) + new_words.count(new_words.label, len(new_words))
    return 2 * kept >= READ_AS_ONE * both


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
    old: Sequence[Unit],
    new: Sequence[Unit],
    left: range,
    right: range,
    name: str,
    *others: str,
    with_numbers: bool = False,
) -> list[Pairs]:
    """Units between two groups that look the same (``key``), then that read the same, but for numbers."""
    if not left or not right:
        return []
    names: dict[str, str] = {}
    codes = [
        "".join(
            names.setdefault(
                getattr(units[at], name) if with_numbers or not units[at].is_number else f"{side}\0{at}",
                chr(len(names) + 1),
            )
            for at in places
        )
        for side, (units, places) in enumerate(((old, left), (new, right)))
    ]
    groups: list[Pairs] = []
    i, j = left.start, right.start
    for a, b, length in [*common_runs(codes[0], codes[1]), (len(left), len(right), 0)]:
        if others:
            groups += _fill_gap(old, new, range(i, left.start + a), range(j, right.start + b), *others)
        groups += [([left.start + a + n], [right.start + b + n]) for n in range(length)]
        i, j = left.start + a + length, right.start + b + length
    return groups
