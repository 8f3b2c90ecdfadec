"""Which units were merged or split: groups of old and new units that are the same text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rapidfuzz.distance import LCSseq

from generator.redline.match.common_words import common_runs, heaviest_chain
from generator.redline.match.similarity import HUGE
from generator.redline.match.units import Unit

HALF = 0.5
"""The share of a unit's words that the group it is merged or split with must have."""

LINKED = 0.25
"""The share of the shorter unit's words that makes two units parts of the same group."""

TAKEN_IN = 0.75
"""The share of a unit's words that the group beside it must lack, to take the unit in."""

Group = tuple[list[int], list[int]]
"""The positions of old units and of new units that are the same."""


def group_pairs(chain: Iterable[tuple[int, int]]) -> list[Group]:
    """The pairs that share a unit, as groups."""
    groups: list[Group] = []
    for i, j in chain:
        if groups and (groups[-1][0][-1] == i or groups[-1][1][-1] == j):
            olds, news = groups[-1]
            olds += [i] * (olds[-1] != i)
            news += [j] * (news[-1] != j)
        else:
            groups.append(([i], [j]))
    return groups


def gaps_between(
    groups: Sequence[Group], olds: range, news: range
) -> Iterator[tuple[tuple[range, range], Group | None]]:
    """Each group with the gap before it, then the gap after the last group, with None."""
    i, j = olds.start, news.start
    for group in groups:
        yield (range(i, group[0][0]), range(j, group[1][0])), group
        i, j = group[0][-1] + 1, group[1][-1] + 1
    yield (range(i, olds.stop), range(j, news.stop)), None


@dataclass
class Grouping:
    """Finds the units of two texts that were merged or split.

    ``across``: units of several items, cells or quotations may be merged too, although the old text comes
    back from the redline with them in one. ``is_held_back``: more would be merged if they might.
    """

    old: Sequence[Unit]
    new: Sequence[Unit]
    across: bool
    is_held_back: bool = False

    def settle(self, olds: list[int], news: list[int]) -> list[Group]:
        """The group without units that share little with it, divided where hardly any word crosses."""
        old, new = self.old, self.new
        while len(olds) + len(news) > 2:
            shared = _shared_words([old[i] for i in olds], [new[j] for j in news])
            found = [sum(row) for row in shared], [sum(column) for column in zip(*shared, strict=True)]
            kept = tuple(
                [
                    at
                    for count, at in zip(counts, positions, strict=True)
                    if count >= HALF * len(units[at].code)
                ]
                for counts, units, positions in zip(found, (old, new), (olds, news), strict=True)
            )
            if not kept[0] or not kept[1]:
                return []
            if kept != (olds, news):
                olds, news = kept
                continue
            return self._cut(olds, news, shared)
        return [(olds, news)]

    def _cut(self, olds: list[int], news: list[int], shared: list[list[int]]) -> list[Group]:
        links = [
            (i, j)
            for a, i in enumerate(olds)
            for b, j in enumerate(news)
            if shared[a][b] >= max(1, LINKED * min(len(self.old[i].code), len(self.new[j].code)))
        ]
        return [part for group in group_pairs(links) for part in self._mergeable(group, links)]

    def _mergeable(self, group: Group, links: Sequence[tuple[int, int]]) -> list[Group]:
        """The group with only the old units that can be merged: the longest run in the same containers."""
        olds, news = group
        runs = [
            list(run)
            for _, run in groupby(range(olds[0], olds[-1] + 1), key=lambda i: self.old[i].containers)
        ]
        if len(runs) == 1 or self.across:
            return [group]
        self.is_held_back = True
        if len(news) > 1:
            points = [(i, j, float(len(self.old[i].code))) for i, j in links if i in olds and j in news]
            return [([points[n][0]], [points[n][1]]) for n in heaviest_chain(points)]
        return [(max(runs, key=lambda run: sum(len(self.old[i].code) for i in run if i in olds)), news)]

    def complete(self, groups: list[Group]) -> list[Group]:
        """The groups with units beside them taken in, and groups of short units in the gaps between them."""
        self._take_in(groups)
        completed: list[Group] = []
        for (gone, came), group in gaps_between(groups, range(len(self.old)), range(len(self.new))):
            completed += self._regroup(gone, came)
            if group is not None:
                completed.append(group)
        return completed

    def _regroup(self, left: range, right: range) -> list[Group]:
        """Short units of a gap that are like no other one by one, but like several together."""
        olds, news = list(left), list(right)
        sizes = [
            sum(len(units[at].code) for at in positions)
            for units, positions in ((self.old, left), (self.new, right))
        ]
        if len(olds) + len(news) < 3 or not all(sizes) or max(sizes) > HUGE:
            return []
        shared = _shared_words([self.old[i] for i in olds], [self.new[j] for j in news])
        links = [
            (i, j)
            for a, i in enumerate(olds)
            for b, j in enumerate(news)
            if shared[a][b] >= max(1, HALF * min(len(self.old[i].code), len(self.new[j].code)))
        ]
        found: list[Group] = []
        for group in group_pairs(links):
            words = sum(shared[i - left.start][j - right.start] for i in group[0] for j in group[1])
            smallest = min(
                sum(len(units[at].code) for at in positions)
                for units, positions in zip((self.old, self.new), group, strict=True)
            )
            if len(group[0]) + len(group[1]) > 2 and words >= TAKEN_IN * smallest:
                found += self._mergeable(group, links)
        return found

    def _take_in(self, groups: list[Group]) -> None:
        """Add short units beside a group to it, if it has the words that only they have."""
        for n, (olds, news) in enumerate(groups):
            if all(unit.row for unit in [*(self.old[i] for i in olds), *(self.new[j] for j in news)]):
                continue
            after = groups[n + 1] if n + 1 < len(groups) else ([len(self.old)], [len(self.new)])
            before = (groups[n - 1][0][-1], groups[n - 1][1][-1]) if n else (-1, -1)
            self._take_in_beside((olds, news), before, (after[0][0], after[1][0]))

    def _take_in_beside(self, group: Group, before: tuple[int, int], after: tuple[int, int]) -> None:
        sides = (self.old, self.new)
        if all(group[side][0] - before[side] == after[side] - group[side][-1] == 1 for side in (0, 1)):
            return
        codes = ["".join(sides[side][at].code for at in group[side]) for side in (0, 1)]
        if max(map(len, codes)) > HUGE:
            return
        common = LCSseq.similarity(*codes)
        if common == min(map(len, codes)) == max(map(len, codes)):
            return
        for side in (0, 1):
            for step in (-1, 1):
                bound = before[side] if step < 0 else after[side]
                common = self._take_in_towards(bound, group, codes, side=side, common=common)

    def _take_in_towards(self, bound: int, group: Group, codes: list[str], *, side: int, common: int) -> int:
        """Add units of one text to the group, up to ``bound``; returns how many words both then share."""
        units, positions = (self.old, self.new)[side], group[side]
        step = -1 if bound < positions[0] else 1
        at = positions[0 if step < 0 else -1] + step
        while at != bound:
            unit = units[at]
            longer = unit.code + codes[side] if step < 0 else codes[side] + unit.code
            gained = LCSseq.similarity(longer, codes[1 - side]) - common
            if not unit.has_words or gained < TAKEN_IN * len(unit.code):
                break
            if side == 0 and not self.across and unit.containers != units[positions[0]].containers:
                self.is_held_back = True
                break
            positions.insert(0 if step < 0 else len(positions), at)
            codes[side] = longer
            common += gained
            at += step
        return common


def _shared_words(olds: Sequence[Unit], news: Sequence[Unit]) -> list[list[int]]:
    """How many words each old unit has in common with each new one, if all are read as one text."""
    owners = [[n for n, unit in enumerate(units) for _ in unit.code] for units in (olds, news)]
    shared = [[0] * len(news) for _ in olds]
    for i, j, length in common_runs("".join(u.code for u in olds), "".join(u.code for u in news)):
        for n in range(length):
            shared[owners[0][i + n]][owners[1][j + n]] += 1
    return shared
