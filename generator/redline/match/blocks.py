"""Which blocks of the new text are which blocks of the old one.

Blocks are matched one by one; a table row is matched as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.redline.match.common_words import common_runs, heaviest_chain
from generator.redline.match.moves import Move, find_moves
from generator.redline.match.similarity import (
    MOST_COMPARISONS,
    alike,
    contained,
    unique_pairs,
    worth_comparing,
)
from generator.redline.match.split_and_merged import Group, Grouping, gaps_between, group_pairs
from generator.redline.match.units import Unit
from generator.redline.match.words import KeptWords, compare_words

ALIKE = 0.45
"""Twice the common words of two blocks in place, divided by all their words."""

SURELY_ALIKE = 0.7
"""The same, where it is certain that one block became the other."""

READ_AS_ONE = 0.3
"""The same of blocks that are less alike, counting only the words that would stay unmarked."""

CONTAINED = 0.75
"""The share of a block's words that another block must have, if the one was split off or merged."""

WHOLE = 0.9
"""A block with this share of the longer one's words is no part of it, but the same block."""

FEWEST_CONTAINED = 4
"""Words of a block that is searched for inside other blocks; any text contains fewer by chance."""

DEEPEST = 8
"""How often a gap between two groups is matched by itself, where there was too much to compare at once."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Which units of two texts are the same.

    ``groups`` are in order and never cross. Most have one unit of each text. In a group with more old units
    they were merged, in one with more new units they were split. ``moves`` are of units between the groups.
    ``across``: the matches where units of several items or cells may be merged, too; None if none would be.
    """

    groups: Sequence[tuple[range, range]]
    moves: Sequence[Move]
    across: Matches | None = None


def match_units(old: Sequence[Unit], new: Sequence[Unit], *, across: bool = False) -> Matches:
    """Which units are the same; ``across``: units of several items or cells may be merged."""
    grouping = Grouping(old, new, across)
    groups = _groups_in_place(grouping)
    ranges = [(range(olds[0], olds[-1] + 1), range(news[0], news[-1] + 1)) for olds, news in groups]
    with_more_merged = match_units(old, new, across=True) if grouping.is_held_back else None
    gaps = [gap for gap, _ in gaps_between(groups, range(len(old)), range(len(new)))]
    left = [i for gone, _ in gaps for i in gone]
    right = [j for _, came in gaps for j in came]
    return Matches(ranges, find_moves(old, new, left, right), with_more_merged)


def _groups_in_place(grouping: Grouping) -> list[Group]:
    """The groups of both texts: first equal units at both ends, then the units between them."""
    old, new = grouping.old, grouping.new
    start = 0
    while start < min(len(old), len(new)) and old[start].key == new[start].key:
        start += 1
    while 0 < start < max(len(old), len(new)) and old[start - 1].is_number:
        start -= 1  # a number by itself goes with what it numbers
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end].key == new[-1 - end].key:
        end += 1
    middle = _match_middle(grouping, range(start, len(old) - end), range(start, len(new) - end))
    groups = [([at], [at]) for at in range(start)]
    groups += middle
    groups += [([len(old) - at], [len(new) - at]) for at in range(end, 0, -1)]
    groups = _with_numbers(old, new, groups)
    if len(middle) < max(len(old), len(new)) - start - end:
        groups = grouping.complete(groups)
    return groups


def _with_numbers(old: Sequence[Unit], new: Sequence[Unit], groups: Sequence[Group]) -> list[Group]:
    """The groups, and headings that are only a number, such as "Article 3", with what they number."""
    whole = range(len(old)), range(len(new))
    numbered: list[Group] = []
    for (gone, came), group in gaps_between(groups, *whole):
        if group is None:
            continue
        if gone and came and old[gone[-1]].is_number and new[came[-1]].is_number:
            numbered.append(([gone[-1]], [came[-1]]))
        numbered.append(group)
    filled: list[Group] = []
    for gap, group in gaps_between(numbered, *whole):
        filled += _fill_gap(old, new, *gap, "key", with_numbers=True)
        if group is not None:
            filled.append(group)
    return filled


def _match_middle(
    grouping: Grouping, old_positions: range, new_positions: range, *, deeper: int = DEEPEST
) -> list[Group]:
    """The groups of a part of both texts: equal units first, then similar ones, then the gaps between."""
    if not old_positions or not new_positions:
        return []
    old, new = grouping.old, grouping.new
    points: list[tuple[int, int, float]] = []
    left, right = list(old_positions), list(new_positions)
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
    are_few = len(left) * len(right) <= MOST_COMPARISONS
    settled = [group for olds, news in group_pairs(chain) for group in grouping.settle(olds, news)]
    groups: list[Group] = []
    for gap, group in gaps_between(settled, old_positions, new_positions):
        if are_few or not settled or not deeper:
            groups += _fill_gap(old, new, *gap, "key", "code", "shape")
        else:  # among fewer units, more of them are like no other
            groups += _match_middle(grouping, *gap, deeper=deeper - 1)
        if group is not None:
            groups.append(group)
    return groups


def _alike_pairs(
    old: Sequence[Unit], new: Sequence[Unit], left: list[int], right: list[int]
) -> list[tuple[int, int, float, bool]]:
    """Pairs that have much in common, with how much it is, and whether one is a part of the other."""
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
    """Whether enough words would stay unmarked; "We share data when:" is not "We never sell data"."""
    if len(old.blocks) != 1 or len(new.blocks) != 1:
        return True
    words, new_words = (unit.blocks[0].words for unit in (old, new))
    spans = compare_words(words, new_words).spans
    kept = sum(new_words.count(span.new) for span in spans if isinstance(span, KeptWords))
    both = sum(side.count(range(side.label, len(side))) for side in (words, new_words))
    return 2 * kept >= READ_AS_ONE * both


def _fill_gap(
    old: Sequence[Unit],
    new: Sequence[Unit],
    left: range,
    right: range,
    name: str,
    *others: str,
    with_numbers: bool = False,
) -> list[Group]:
    """Units of a gap that are equal by ``name``, an attribute of them; between these, by the other names."""
    if not left or not right:
        return []
    names: dict[str, str] = {}
    codes = [
        "".join(
            names.setdefault(
                getattr(units[at], name) if with_numbers or not units[at].is_number else f"{side}\0{at}",
                chr(len(names) + 1),
            )
            for at in positions
        )
        for side, (units, positions) in enumerate(((old, left), (new, right)))
    ]
    groups: list[Group] = []
    i, j = left.start, right.start
    for a, b, length in [*common_runs(codes[0], codes[1]), (len(left), len(right), 0)]:
        if others:
            groups += _fill_gap(old, new, range(i, left.start + a), range(j, right.start + b), *others)
        groups += [([left.start + a + n], [right.start + b + n]) for n in range(length)]
        i, j = left.start + a + length, right.start + b + length
    return groups
