"""Both texts in one: blocks of the old and the new side in an order, and in elements, that suit both.

Whoever keeps the new side of the woven text reads the new document, whoever keeps the old side the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from generator.redline.match.blocks import align
from generator.redline.match.moves import find_moves
from generator.redline.match.split_and_merged import Pairs
from generator.redline.match.units import Unit
from generator.redline.merge.lines import Line
from generator.redline.merge.merger import Weaver
from generator.rendered.words import Vocabulary

MOST_MARKED = 1.5
FEW_MARKED = 5
"""Marked words: what may be marked for each that has to be, and beyond that.

Paragraphs that became list items, or were some, are shown twice, deleted and inserted, since only so do both
sides come back with all their items. Where that would mark more than this, they are shown once.
"""

REWRITTEN = 300
MOST_MARKED_IF_REWRITTEN = 2.2
"""The same of a text that is rewritten: so many of its words have to be marked anyway."""


def weave(old: Sequence[Unit], new: Sequence[Unit], vocabulary: Vocabulary) -> list[Line]:
    """The lines of the woven text."""
    alignment = align(old, new)
    weaver = _woven(old, new, alignment.groups, vocabulary, items_stay=False)
    if weaver.repeats or alignment.is_held_back:
        groups = align(old, new, across=True).groups if alignment.is_held_back else alignment.groups
        staying = _woven(old, new, groups, vocabulary, items_stay=True)
        marked, least = (
            sum(line.count_marked(vocabulary) for line in found.lines) for found in (weaver, staying)
        )
        is_rewritten = least > REWRITTEN
        most = MOST_MARKED_IF_REWRITTEN * least if is_rewritten else MOST_MARKED * least + FEW_MARKED
        if marked > most:
            weaver = staying
    drop_false_moves(weaver.lines)
    return weaver.lines


def _woven(
    old: Sequence[Unit],
    new: Sequence[Unit],
    aligned: Sequence[Pairs],
    vocabulary: Vocabulary,
    *,
    items_stay: bool,
) -> Weaver:
    groups = [(range(olds[0], olds[-1] + 1), range(news[0], news[-1] + 1)) for olds, news in aligned]
    gaps: list[tuple[range, range]] = []
    i = j = 0
    for olds, news in [*groups, (range(len(old), len(old)), range(len(new), len(new)))]:
        gaps.append((range(i, olds.start), range(j, news.start)))
        i, j = olds.stop, news.stop
    left = [at for gone, _ in gaps for at in gone]
    right = [at for _, come in gaps for at in come]
    weaver = Weaver(vocabulary, items_stay=items_stay)
    weaver.old = old
    weaver.note_first_blocks(old, new)
    weaver.move(old, new, find_moves(old, new, left, right))
    for (gone, come), (olds, news) in zip_longest(gaps, groups, fillvalue=(range(0), range(0))):
        for at in gone:
            weaver.deleted += old[at].blocks
        for at in come:
            weaver.inserted += new[at].blocks
        if olds:
            weaver.keep([old[at] for at in olds], [new[at] for at in news])
    weaver.place_gap(())
    return weaver


def drop_false_moves(lines: Sequence[Line]) -> None:
    """Take the number from moves that passed no text that both sides have: they are edits in place."""
    kept = 0
    places: dict[int, tuple[list[int], list[int]]] = {}
    for line in lines:
        if line.move:
            places.setdefault(line.move, ([], []))[line.old is None].append(kept)
        elif line.keeps_text():
            kept += 1
    for line in lines:
        if line.move:
            sources, targets = places[line.move]
            passed = sources and targets and (max(sources) < min(targets) or max(targets) < min(sources))
            if not passed:
                line.move, line.stretches = 0, None
