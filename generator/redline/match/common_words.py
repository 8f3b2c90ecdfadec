"""The words that two texts have in common, in the same order.

Texts are written as codes here: one character for each word.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import groupby, pairwise

from rapidfuzz.distance import LCSseq

MOST_CELLS = 200_000_000
"""Of a table of common subsequences, one bit each (25 MB)."""


def common_runs(old: str, new: str) -> list[tuple[int, int, int]]:
    """A common subsequence of two codes as runs: position in ``old``, position in ``new``, and length.

    It is a longest one, unless both codes are huge; then phrases that each code has once divide the codes.
    """
    start = _common_prefix(old, new)
    end = _common_prefix(old[start:][::-1], new[start:][::-1])
    runs = [(0, 0, start)] if start else []
    middle = old[start : len(old) - end], new[start : len(new) - end]
    runs += [(start + i, start + j, length) for i, j, length in _middle_runs(*middle)]
    if end:
        runs.append((len(old) - end, len(new) - end, end))
    return runs


def _middle_runs(old: str, new: str) -> list[tuple[int, int, int]]:
    if not old or not new:
        return []
    if len(old) * len(new) <= MOST_CELLS:
        return [
            (block.a, block.b, block.size)
            for block in LCSseq.editops(old, new).as_matching_blocks()
            if block.size
        ]
    for size in (12, 6, 3, 1):
        if anchors := _unique_phrases(old, new, size):
            break
    else:
        return []
    runs: list[tuple[int, int, int]] = []
    ends = [(-1, -1), *anchors, (len(old), len(new))]
    for (i, j), (i_next, j_next) in pairwise(ends):
        if i >= 0:
            runs.append((i, j, 1))
        between = common_runs(old[i + 1 : i_next], new[j + 1 : j_next])
        runs += [(i + 1 + a, j + 1 + b, length) for a, b, length in between]
    return runs


def _unique_phrases(old: str, new: str, size: int) -> list[tuple[int, int]]:
    """The positions of phrases that each code has exactly once, in an order that both codes share."""
    positions = [_once(text, size) for text in (old, new)]
    both = sorted((at, positions[1][phrase]) for phrase, at in positions[0].items() if phrase in positions[1])
    return [both[n] for n in heaviest_chain([(i, j, 1.0) for i, j in both])]


def _once(text: str, size: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for at in range(len(text) - size + 1):
        phrase = text[at : at + size]
        found[phrase] = -1 if phrase in found else at
    return {phrase: at for phrase, at in found.items() if at >= 0}


def _common_prefix(old: str, new: str) -> int:
    """How many characters two codes have in common at the start."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def heaviest_chain(pairs: Sequence[tuple[int, int, float]], touching: Container[int] = ()) -> list[int]:
    """Which pairs (old position, new position, weight) to keep, so that none cross and most weight stays.

    Returns the indexes of these pairs, in the order of their positions; of equal chains, that of the earlier
    pairs. Two pairs may share a position only if both of their indexes are in ``touching``.
    """
    order = sorted(range(len(pairs)), key=lambda n: pairs[n][:2])
    width = 1 + max((pair[1] for pair in pairs), default=0)
    every, touchable = _Best(width), _Best(width)
    before: dict[int, int] = {}
    best = (0.0, -1)
    for _, row in groupby(order, key=lambda n: pairs[n][0]):
        found: list[tuple[int, tuple[float, int]]] = []
        for n in row:
            _, position, weight = pairs[n]
            top = every.up_to(position)
            if n in touching:
                top = max(top, touchable.up_to(position + 1), key=lambda chain: chain[0])
            before[n] = top[1]
            mine = (top[0] + weight, n)
            if mine[0] > best[0]:
                best = mine
            if n in touching:
                touchable.add(position, mine)
            found.append((position, mine))
        for position, mine in found:
            every.add(position, mine)
    chain: list[int] = []
    n = best[1]
    while n >= 0:
        chain.append(n)
        n = before[n]
    return chain[::-1]


class _Best:
    """The heaviest chain that ends before a position: a Fenwick tree of weights and indexes."""

    def __init__(self, width: int) -> None:
        self.tree: list[tuple[float, int]] = [(0.0, -1)] * (width + 1)

    def up_to(self, position: int) -> tuple[float, int]:
        top = (0.0, -1)
        while position > 0:
            if self.tree[position][0] > top[0]:
                top = self.tree[position]
            position &= position - 1
        return top

    def add(self, position: int, chain: tuple[float, int]) -> None:
        position += 1
        while position < len(self.tree):
            if chain[0] > self.tree[position][0]:
                self.tree[position] = chain
            position += position & -position
