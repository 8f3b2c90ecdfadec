"""Both texts in one: accepting every mark gives the new text, rejecting every mark gives the old one."""

from __future__ import annotations

from collections.abc import Container, Sequence

from generator.redline.match.blocks import Matches, match_units
from generator.redline.match.units import Unit
from generator.redline.merge.lines import (
    DeletedLine,
    InsertedLine,
    Line,
    MovedAwayLine,
    MovedHereLine,
    count_marked,
    keeps_text,
)
from generator.redline.merge.merger import Merger

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
    merged = _merged(old, new, matches, items_stay=False)
    lines = merged.lines
    if merged.nesting.repeats or matches.is_held_back:
        if matches.is_held_back:
            matches = match_units(old, new, across=True)
        shorter = _merged(old, new, matches, items_stay=True).lines
        if sum(map(count_marked, lines)) > _most_marked(sum(map(count_marked, shorter))):
            lines = shorter
    return _without_false_moves(lines)


def _merged(old: Sequence[Unit], new: Sequence[Unit], matches: Matches, *, items_stay: bool) -> Merger:
    merger = Merger(old, new, items_stay=items_stay)
    merger.merge(matches)
    return merger


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
                kept += keeps_text(line)
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
