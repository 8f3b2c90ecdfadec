"""What became of the words of a block: stretches that were kept, and stretches that changed."""

from __future__ import annotations

from dataclasses import dataclass

from generator.redline.match.common_words import common_runs
from generator.rendered.words import IS_UNSPACED, Words

ISLAND = 2
"""Whole words that are not worth keeping between two changes."""

LARGE_ISLAND = 3
"""The same between two changes of twice as many words each."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Old words ``old_start:old_end`` became new words ``new_start:new_end``, or stayed (``kept``)."""

    kept: bool
    old_start: int
    old_end: int
    new_start: int
    new_end: int

    @property
    def size(self) -> int:
        """How many words it has on both sides together."""
        return self.old_end - self.old_start + self.new_end - self.new_start


def compare_words(old: Words, new: Words) -> list[Stretch]:
    """What became of the words of one block: kept and changed stretches in turn.

    Where the number at the start changed, it is a stretch of its own.
    """
    label, new_label = old.label, new.label
    if not (label and new_label) or old.code[:label] == new.code[:new_label]:
        return _without_islands(_stretches(old, new, 0, 0), new)
    number = Stretch(False, 0, label, 0, new_label)
    return [number, *_without_islands(_stretches(old, new, label, new_label), new)]


def _stretches(old: Words, new: Words, i: int, j: int) -> list[Stretch]:
    runs = [(i + a, j + b, length) for a, b, length in common_runs(old.code[i:], new.code[j:])]
    stretches: list[Stretch] = []
    for i_next, j_next, length in [*runs, (len(old), len(new), 0)]:
        if i < i_next or j < j_next:
            stretches.append(Stretch(False, i, i_next, j, j_next))
        i, j = i_next + length, j_next + length
        if length:
            kept = Stretch(True, i_next, i, j_next, j)
            if stretches and stretches[-1].kept:
                before = stretches.pop()
                kept = Stretch(True, before.old_start, i, before.new_start, j)
            stretches.append(kept)
    return stretches


def _without_islands(stretches: list[Stretch], new: Words) -> list[Stretch]:
    """Stretches in which few kept words between two changes count as changed: they are easier to read."""
    result: list[Stretch] = []
    for stretch in stretches:
        result.append(stretch)
        while len(result) >= 3 and not result[-1].kept:
            left, kept, right = result[-3:]
            if not _is_island(left, kept, right, new):
                break
            whole = Stretch(False, left.old_start, right.old_end, left.new_start, right.new_end)
            result[-3:] = [whole]
    return result


def _is_island(left: Stretch, kept: Stretch, right: Stretch, new: Words) -> bool:
    """Whether a kept stretch has few whole words; parts of words at its ends count for none."""
    words = sum(new.spaced(at) for at in range(kept.new_start, min(kept.new_end + 1, len(new)))) - 1
    words += (
        sum(IS_UNSPACED.match(word) is not None for word in new.words[kept.new_start : kept.new_end]) // 2
    )
    if words <= ISLAND:
        return True
    return words <= LARGE_ISLAND and 2 * words <= min(left.size, right.size)
