"""Which pairs of texts are worth comparing, and how much two texts have in common.

Texts are written as codes here: one character for each word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rapidfuzz.distance import Indel, LCSseq

from generator.redline.match.units import Unit

HUGE = 4_000
"""Words of a block that takes too long to be compared with many others word by word."""

PHRASE = 3
"""Words of the phrases by which huge blocks are compared, and blocks that may be alike are found."""

MOST_COMPARISONS = 40_000
COMMON_PHRASE = 6
"""A phrase that is in more blocks than these says nothing about any of them."""

MOST_CANDIDATES = 4


def unique_pairs(old: dict[int, str], new: dict[int, str]) -> list[tuple[int, int]]:
    """The positions of values that each side has exactly once."""
    positions: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, values in enumerate((old, new)):
        for at, value in values.items():
            if value:
                positions[value][side].append(at)
    return [(a[0], b[0]) for a, b in positions.values() if len(a) == len(b) == 1]


def worth_comparing(
    old: Sequence[Unit], new: Sequence[Unit], left: Sequence[int], right: Sequence[int]
) -> Iterable[tuple[int, int]]:
    """All pairs of positions; if they are too many, those that share a phrase that few other units have."""
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
            if len(some) <= COMMON_PHRASE:
                votes.update(some)
        found += [
            (i, j) for j, _ in sorted(votes.items(), key=lambda vote: (-vote[1], vote[0]))[:MOST_CANDIDATES]
        ]
    return found


def _phrases(code: str) -> list[str]:
    return list(dict.fromkeys(code[at : at + PHRASE] for at in range(max(1, len(code) - PHRASE + 1))))


def alike(old: str, new: str, at_least: float) -> float:
    """Twice the common words of two codes, divided by all their words; 0 if that is less than ``at_least``.

    In huge codes, phrases are counted instead of words.
    """
    if 2 * min(len(old), len(new)) < at_least * (len(old) + len(new)):
        return 0.0
    if max(len(old), len(new)) <= HUGE:
        return Indel.normalized_similarity(old, new, score_cutoff=at_least)
    phrases = _phrases_of(old), _phrases_of(new)
    share = 2 * len(phrases[0] & phrases[1]) / (len(phrases[0]) + len(phrases[1]))
    return share if share >= at_least else 0.0


def contained(code: str, other: str, at_least: float) -> int:
    """How many words of the shorter code the other one has in the same order.

    Returns 0 if they are less than the share that is asked for.
    """
    code, other = sorted((code, other), key=len)
    shortest = len(code)
    if len(other) <= HUGE:
        common = LCSseq.similarity(code, other, score_cutoff=int(at_least * shortest))
    else:
        phrases = _phrases_of(other)
        common = (
            sum(code[at : at + PHRASE] in phrases for at in range(0, shortest - PHRASE + 1, PHRASE)) * PHRASE
        )
    return common if common >= at_least * shortest else 0


@lru_cache(maxsize=64)
def _phrases_of(code: str) -> frozenset[str]:
    return frozenset(code[at : at + PHRASE] for at in range(len(code) - PHRASE + 1))


def forget_phrases() -> None:
    """Free the phrases that were kept while huge codes were compared."""
    _phrases_of.cache_clear()
