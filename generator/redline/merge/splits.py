"""What became of words, cut where blocks were split or merged."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from generator.redline.match.words import Stretch
from generator.rendered.blocks import Block
from generator.rendered.words import Words


def cut_stretches(
    stretches: list[Stretch], new_ends: Sequence[int], begins: Container[int], old: Words
) -> list[list[Stretch]]:
    """The stretches for each of several new blocks in a row.

    On the old side a cut is where a block began, at a space, or in a script without spaces: elsewhere no
    block can be split.
    """
    parts: list[list[Stretch]] = []
    for new_end in new_ends[:-1]:
        part, stretches = _cut_at(stretches, new_end, begins, old)
        parts.append(part)
    return [*parts, stretches]


def without_whole_blocks(
    part: list[Stretch], begins: Mapping[int, Block], length: int
) -> tuple[list[Block], list[Stretch], list[Block]]:
    """The stretches less old blocks at either end of which nothing is left, and those blocks."""
    bounds = [*sorted(begins), length]
    first: list[Block] = []
    while part and not part[0].kept and part[0].new_start == part[0].new_end and part[0].old_start in begins:
        end = bounds[bounds.index(part[0].old_start) + 1]
        if end > part[0].old_end:
            break
        first.append(begins[part[0].old_start])
        rest = Stretch(False, end, part[0].old_end, part[0].new_start, part[0].new_end)
        part = _filled([rest, *part[1:]])
    last: list[Block] = []
    if part and not part[-1].kept and part[-1].new_start == part[-1].new_end and part[-1].old_end in bounds:
        final = part[-1]
        inside = [at for at in bounds[:-1] if final.old_start <= at < final.old_end]
        if inside:
            last = [begins[at] for at in inside]
            part = _filled(
                [*part[:-1], Stretch(False, final.old_start, inside[0], final.new_start, final.new_end)]
            )
    return first, part, last


def _cut_at(
    stretches: list[Stretch], new_end: int, begins: Container[int], old: Words
) -> tuple[list[Stretch], list[Stretch]]:
    """The stretches up to a new word, and the rest.

    On the old side the cut is where a block began, at a space, or in a script without spaces: elsewhere no
    block can be split.
    """
    at = next((n for n, part in enumerate(stretches) if part.new_end >= new_end), len(stretches))
    if at == len(stretches):
        return stretches, []
    first, rest = stretches[: at + 1], stretches[at + 1 :]
    last = first.pop()
    if last.kept:
        cut = last.old_start + new_end - last.new_start
        first.append(Stretch(True, last.old_start, cut, last.new_start, new_end))
        rest.insert(0, Stretch(True, cut, last.old_end, new_end, last.new_end))
    else:
        first.append(Stretch(False, last.old_start, last.old_start, last.new_start, new_end))
        rest.insert(0, Stretch(False, last.old_start, last.old_end, new_end, last.new_end))
    first, rest = _filled(first), _filled(rest)
    if not rest or rest[0].old_start == len(old):
        return first, rest
    start = gone = rest[0].old_start
    changed = rest[0].old_end if not rest[0].kept else start
    places = [i for i in range(start, changed + 1) if i in begins or (i < len(old) and old.can_be_cut(i))]
    gone = max((i for i in places if i in begins), default=max(places, default=changed))
    while gone < len(old) and not (gone in begins or old.can_be_cut(gone)):
        gone += 1
    return _without_start(first, rest, gone)


def _without_start(
    first: list[Stretch], rest: list[Stretch], gone: int
) -> tuple[list[Stretch], list[Stretch]]:
    """Old words before ``gone`` count as deleted at the end of the first part."""
    start = rest[0].old_start
    if gone == start:
        return first, rest
    first = [*first, Stretch(False, start, gone, rest[0].new_start, rest[0].new_start)]
    added_from = added_to = rest[0].new_start
    left: list[Stretch] = []
    for part in rest:
        if part.old_start >= gone and (part.old_start > gone or part.kept):
            left.append(part)
        elif part.kept:
            kept_from = min(part.old_end, gone)
            added_to = part.new_start + kept_from - part.old_start
            left.append(Stretch(True, kept_from, part.old_end, added_to, part.new_end))
        else:
            added_to = part.new_end
            left.append(
                Stretch(False, max(gone, part.old_start), max(gone, part.old_end), added_to, added_to)
            )
    return first, _filled([Stretch(False, gone, gone, added_from, added_to), *left])


def _filled(stretches: list[Stretch]) -> list[Stretch]:
    return [part for part in stretches if part.old_start < part.old_end or part.new_start < part.new_end]
