"""Which blocks disappeared from one part of the text and came back in another."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz

from generator.redline.match.similarity import alike, unique_pairs, worth_comparing
from generator.redline.match.units import Unit

FEWEST_WORDS = 5
"""Words of a block that can move by itself; shorter blocks come twice by chance."""

FEWEST_WORDS_EDITED = 8
ALIKE = 0.7
"""Twice the common words of a block that moved and was edited, divided by the words of both."""

ALIKE_BESIDE = 0.6
"""The same of a block that moved along with its neighbour."""

Move = list[tuple[int, int]]
"""The pairs of old and new units that moved together, neighbours in both texts."""


def find_moves(
    old: Sequence[Unit], new: Sequence[Unit], left: Sequence[int], right: Sequence[int]
) -> list[Move]:
    """The moves among the units that have no partner in place, which are at ``left`` and ``right``."""
    if not left or not right:
        return []
    partner: dict[int, int] = {}
    taken: set[int] = set()
    exact = unique_pairs({i: old[i].code for i in left}, {j: new[j].code for j in right})
    candidates = [(1.0, i, j) for i, j in exact if len(old[i].code) >= FEWEST_WORDS]
    for i, j in worth_comparing(old, new, left, right):
        code, other = old[i].code, new[j].code
        if min(len(code), len(other)) >= FEWEST_WORDS_EDITED:
            candidates.append((alike(code, other, ALIKE), i, j))
    ranked = sorted(candidates, key=lambda found: (-found[0] * len(old[found[1]].code), found[1], found[2]))
    for share, i, j in ranked:
        if share and i not in partner and j not in taken and _can_move(old[i], new[j]):
            partner[i] = j
            taken.add(j)
    _take_neighbours(old, new, (set(left), set(right)), partner, taken)
    moves: list[Move] = []
    for i in sorted(partner):
        if moves and moves[-1][-1] == (i - 1, partner[i] - 1):
            moves[-1].append((i, partner[i]))
        else:
            moves.append([(i, partner[i])])
    return moves


def _take_neighbours(
    old: Sequence[Unit],
    new: Sequence[Unit],
    free: tuple[set[int], set[int]],
    partner: dict[int, int],
    taken: set[int],
) -> None:
    """Let the neighbours of a moved block move along, however short they are, if they are alike."""
    waiting = sorted(partner.items())
    while waiting:
        i, j = waiting.pop()
        for a, b in ((i - 1, j - 1), (i + 1, j + 1)):
            if a not in free[0] or b not in free[1] or a in partner or b in taken:
                continue
            if _can_move(old[a], new[b]) and alike(old[a].code, new[b].code, ALIKE_BESIDE):
                partner[a] = b
                taken.add(b)
                waiting.append((a, b))


def _can_move(old: Unit, new: Unit) -> bool:
    """Whether both have the same number of blocks, and look alike."""
    texts = ["".join(word for block in unit.blocks for word in block.words.words) for unit in (old, new)]
    return (
        (old.row is None) == (new.row is None)
        and len(old.blocks) == len(new.blocks)
        and fuzz.ratio(texts[0], texts[1], score_cutoff=100 * ALIKE_BESIDE) > 0
    )
