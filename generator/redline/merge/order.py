"""The order of the merged lines: blocks of one text are placed between the lines that both texts have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from generator.redline.match.words import ComparedWords
from generator.redline.merge.lines import (
    DeletedLine,
    InsertedLine,
    Line,
    MovedAwayLine,
    MovedHereLine,
    Path,
)
from generator.redline.merge.nesting import NestedPart, OneTextElements, shared_depth
from generator.redline.merge.splits import AddedBlock, RemovedBlock


def in_order(parts: Iterable[NestedPart], elements: OneTextElements) -> list[Line]:
    """The lines of the merged text.

    Blocks of one text wait for the next line that both texts have, because their order and the elements
    around them depend on the lines on both sides of them.
    """
    lines: list[Line] = []
    before: Path = ()
    removed: list[RemovedBlock] = []
    added: list[AddedBlock] = []
    for part in [*parts, None]:
        match part:
            case RemovedBlock():
                removed.append(part)
            case AddedBlock():
                added.append(part)
            case _:
                after = part.path if part is not None else ()
                lines += _placed([*removed, *added], elements, before=before, after=after)
                lines += [part] if part is not None else []
                before, removed, added = after, [], []
    return lines


def _placed(
    blocks: Sequence[RemovedBlock | AddedBlock], elements: OneTextElements, *, before: Path, after: Path
) -> list[Line]:
    """The blocks as lines between one in the elements ``before`` and one in the elements ``after``.

    Each is as deep in the elements of one of these lines as it is in its own text.
    """
    common = 0
    while common < min(len(before), len(after)) and before[common] is after[common]:
        common += 1
    placed: list[tuple[int, int, bool, Line]] = []
    positions = {
        False: 0,
        True: 0,
    }  # by text: 0 with the line before, 1 between the lines, 2 with the line after
    for part in blocks:
        is_new = isinstance(part, AddedBlock)
        path = part.block.path
        ends = shared_depth(path, before, common, is_new=is_new)
        starts = shared_depth(path, after, common, is_new=is_new)
        position = max(positions[is_new], 0 if ends > common else 2 if starts > common else 1)
        positions[is_new] = position
        depth = (-ends, 0, starts)[position]
        base = (before[:ends], before[:common], after[:starts])[position]
        line_path = elements.path_inside(base, path, is_new=is_new, common=common)
        placed.append((position, depth, is_new, _line(part, line_path)))
    placed.sort(key=lambda entry: entry[:3])
    return [line for *_, line in placed]


def _line(part: RemovedBlock | AddedBlock, path: Path) -> Line:
    match part:
        case RemovedBlock(move=0):
            return DeletedLine(path=path, old=part.block)
        case RemovedBlock():
            return MovedAwayLine(path=path, old=part.block, move=part.move)
        case AddedBlock(words=ComparedWords() as words):
            return MovedHereLine(path=path, new=part.block, move=part.move, words=words)
        case AddedBlock():
            return InsertedLine(path=path, new=part.block)
