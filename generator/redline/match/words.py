"""Compares the words of an old and a new block: some were kept, others changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from generator.redline.match.common_words import common_runs
from generator.redline.model import NumberPart
from generator.rendered.splitting import IS_UNSPACED
from generator.rendered.words import Words

ISLAND = 2
"""Up to so many kept words between two changes are marked with them; alone they would be hard to read."""

LARGE_ISLAND = 3
"""The same between two changes that each have twice as many words."""


NumberOf = NumberPart | Literal["reference"]
"""The part of the text that a changed number belongs to, or "reference" if it only refers to a part."""


@dataclass(frozen=True, slots=True)
class KeptWords:
    """Words that both texts have: their positions in the old text and in the new one."""

    old: range
    new: range


@dataclass(frozen=True, slots=True)
class ChangedWords:
    """Old words that new words replaced; either may be none.

    ``renumbered`` is set if the words are only a number that changed. ``tell.numbers`` decides it, once for
    all views.
    """

    old: range
    new: range
    renumbered: NumberOf | None = None

    @property
    def size(self) -> int:
        """How many words are marked, old and new ones together."""
        return len(self.old) + len(self.new)


WordSpan = KeptWords | ChangedWords


@dataclass(frozen=True, slots=True, eq=False)
class ComparedWords:
    """The words of an old and a new block, as kept and changed spans in order.

    The spans may cover only a part of the words, where a block was split or merged.
    """

    old: Words
    new: Words
    spans: Sequence[WordSpan]

    @property
    def first_old(self) -> int:
        """The first old word that the spans cover."""
        return self.spans[0].old.start

    @property
    def first_new(self) -> int:
        """The first new word that the spans cover."""
        return self.spans[0].new.start

    @property
    def changes(self) -> list[ChangedWords]:
        """The spans that changed."""
        return [span for span in self.spans if isinstance(span, ChangedWords)]


def compare_words(old: Words, new: Words) -> ComparedWords:
    """The words of one block in both texts, compared.

    Where the number at its start changed, the number is a span of its own.
    """
    label, new_label = old.label, new.label
    if not (label and new_label) or old.code[:label] == new.code[:new_label]:
        return ComparedWords(old, new, _without_islands(_spans(old, new, 0, 0), new))
    number = ChangedWords(range(label), range(new_label))
    rest = _without_islands(_spans(old, new, label, new_label), new)
    return ComparedWords(old, new, [number, *rest])


def _spans(old: Words, new: Words, i: int, j: int) -> list[WordSpan]:
    """Kept and changed words in turn, of the old words from ``i`` on and the new words from ``j`` on."""
    runs = [(i + a, j + b, length) for a, b, length in common_runs(old.code[i:], new.code[j:])]
    spans: list[WordSpan] = []
    for i_next, j_next, length in [*runs, (len(old), len(new), 0)]:
        if i < i_next or j < j_next:
            spans.append(ChangedWords(range(i, i_next), range(j, j_next)))
        i, j = i_next + length, j_next + length
        if length:
            kept = KeptWords(range(i_next, i), range(j_next, j))
            if spans and isinstance(spans[-1], KeptWords):
                before = spans.pop()
                kept = KeptWords(range(before.old.start, i), range(before.new.start, j))
            spans.append(kept)
    return spans


def _without_islands(spans: list[WordSpan], new: Words) -> list[WordSpan]:
    """The spans, in which a few kept words between two changes count as changed."""
    result: list[WordSpan] = []
    for span in spans:
        result.append(span)
        while True:
            match result[-3:]:
                case [ChangedWords() as left, KeptWords() as kept, ChangedWords() as right] if _is_island(
                    left, kept, right, new
                ):
                    whole = range(left.old.start, right.old.stop), range(left.new.start, right.new.stop)
                    result[-3:] = [ChangedWords(*whole)]
                case _:
                    break
    return result


def _is_island(left: ChangedWords, kept: KeptWords, right: ChangedWords, new: Words) -> bool:
    """Whether only a few whole words were kept; a part of a word at either end counts for none."""
    words = sum(new.spaced(at) for at in range(kept.new.start, min(kept.new.stop + 1, len(new)))) - 1
    words += sum(IS_UNSPACED.match(new.words[at]) is not None for at in kept.new) // 2
    if words <= ISLAND:
        return True
    return words <= LARGE_ISLAND and 2 * words <= min(left.size, right.size)
