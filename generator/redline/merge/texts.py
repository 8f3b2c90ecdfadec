"""Both texts in one: accepting every mark gives the new text, rejecting every mark gives the old one."""

from __future__ import annotations

from collections.abc import Container, Sequence

from generator.redline.match.blocks import Matches, match_units
from generator.redline.match.units import Unit
from generator.redline.match.words import ComparedWords, KeptWords
from generator.redline.merge.lines import (
    DeletedLine,
    EditedLine,
    InsertedLine,
    KeptLine,
    Line,
    MovedAwayLine,
    MovedHereLine,
    shown_block,
)
from generator.redline.merge.nesting import Nesting
from generator.redline.merge.order import in_order
from generator.redline.merge.parts import find_parts

MOST_MARKED = 1.5
FEW_MARKED = 5
"""How many words may be marked for each word that has to be, and how many beyond that.

Paragraphs that became list items, or were list items, are shown twice, deleted and inserted, because only so
do both texts come back with all their items. If that would mark more words than this, they are shown once.
"""

REWRITTEN = 300
MOST_MARKED_IF_REWRITTEN = 2.2
"""The same for a text that was rewritten: at least so many of its words have to be marked anyway."""


def merge_texts(old: Sequence[Unit], new: Sequence[Unit]) -> list[Line]:
    """The lines of the merged text."""
    matches = match_units(old, new)
    lines, repeats = _merged(old, new, matches, items_stay=False)
    if repeats or matches.across is not None:
        shorter, _ = _merged(old, new, matches.across or matches, items_stay=True)
        if sum(map(_count_marked, lines)) > _most_marked(sum(map(_count_marked, shorter))):
            lines = shorter
    return _without_false_moves(lines)


def _merged(
    old: Sequence[Unit], new: Sequence[Unit], matches: Matches, *, items_stay: bool
) -> tuple[list[Line], bool]:
    """The lines, and whether some blocks are shown twice; ``items_stay`` as in ``Nesting``."""
    nesting = Nesting(items_stay=items_stay)
    parts = list(nesting.nest(find_parts(old, new, matches)))
    return in_order(parts, nesting.elements), nesting.repeats


def _most_marked(least: int) -> float:
    """How many words may be marked if ``least`` have to be."""
    return MOST_MARKED_IF_REWRITTEN * least if least > REWRITTEN else MOST_MARKED * least + FEW_MARKED


def _without_false_moves(lines: Sequence[Line]) -> list[Line]:
    """The lines, in which blocks that moved past no text of both versions count as deleted and inserted."""
    kept = 0
    away: dict[int, list[int]] = {}
    here: dict[int, list[int]] = {}
    for line in lines:
        match line:
            case MovedAwayLine(move=move):
                away.setdefault(move, []).append(kept)
            case MovedHereLine(move=move):
                here.setdefault(move, []).append(kept)
            case _:
                kept += _keeps_text(line)
    moves = {
        move
        for move in away.keys() & here.keys()
        if max(away[move]) < min(here[move]) or max(here[move]) < min(away[move])
    }
    return [_in_place(line, moves) for line in lines]


def _in_place(line: Line, moves: Container[int]) -> Line:
    match line:
        case MovedAwayLine() if line.move not in moves:
            return DeletedLine(path=line.path, old=line.old)
        case MovedHereLine() if line.move not in moves:
            return InsertedLine(path=line.path, new=line.new)
        case _:
            return line


def _count_marked(line: Line) -> int:
    """How many words will be marked in the line, punctuation included."""
    match line:
        case EditedLine() | MovedHereLine():
            return sum(span.size for span in line.words.changes)
        case KeptLine():
            return 0
        case _:
            return len(shown_block(line).words)


def _keeps_text(line: Line) -> bool:
    """Whether some of the line's words are in both texts, in the same location."""
    match line:
        case KeptLine():
            return any(map(str.isalnum, line.new.markup))
        case EditedLine(words=words):
            return any(
                isinstance(span, KeptWords) and any(map(str.isalnum, "".join(_new_words(words, span))))
                for span in words.spans
            )
        case _:
            return False


def _new_words(words: ComparedWords, span: KeptWords) -> tuple[str, ...]:
    return words.new.words[span.new.start : span.new.stop]
