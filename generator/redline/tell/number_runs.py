"""New numbers in few words: "Sections 3 to 14 are now 4 to 15"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from generator.redline.model import NumberChange, NumberPart
from generator.redline.tell.numbers import bare, follow, name_of_part, new_numbers

LAST = re.compile(r"(.*?)(\d+|[ivxlcdm]+|[IVXLCDM]+|\w)", re.DOTALL)
ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}


@dataclass(frozen=True, slots=True)
class NumberRun:
    """Consecutive numbers, old and new, as they are written: "3–14" and "4–15"."""

    part: NumberPart
    old: str
    new: str
    count: int


def number_runs(changes: Sequence[NumberChange]) -> list[NumberRun]:
    """The changes in runs, without those that follow from others, as 3.1 follows from 3."""
    numbers = new_numbers(changes)
    runs: list[list[NumberChange]] = []
    for change in changes:
        old, new = bare(change.old), bare(change.new)
        above, _, last = old.rpartition(".")
        if change.part != "note" and above in numbers and follow(above, numbers) + f".{last}" == new:
            continue
        run = next((run for run in reversed(runs) if _follows(run[-1], change)), None)
        if run is None:
            runs.append([change])
        else:
            run.append(change)
    return [_number_run(run) for run in runs]


def _follows(before: NumberChange, after: NumberChange) -> bool:
    """Whether both the old and the new number are the next ones."""
    if before.part != after.part:
        return False
    pairs = ((before.old, after.old), (before.new, after.new))
    return all(
        name_of_part(one) == name_of_part(other) and _is_next(bare(one), bare(other)) for one, other in pairs
    )


def _is_next(one: str, other: str) -> bool:
    first, second = LAST.fullmatch(one), LAST.fullmatch(other)
    if first is None or second is None or first[1] != second[1]:
        return False
    return any(value(second[2]) == value(first[2]) + 1 > 1 for value in (_as_number, _as_roman, _as_letter))


def _as_number(text: str) -> int:
    return int(text) if text.isdecimal() else -1


def _as_roman(text: str) -> int:
    values = [ROMAN.get(sign, 0) for sign in text.lower()]
    if not all(values):
        return -1
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _as_letter(text: str) -> int:
    return ord(text) if len(text) == 1 and text.isalpha() else -1


def _number_run(run: Sequence[NumberChange]) -> NumberRun:
    first, last = run[0], run[-1]
    sides: list[str] = []
    for one, other in ((first.old, last.old), (first.new, last.new)):
        shown = _without_end(one)
        if len(run) > 1:
            shown += "–" + (_without_end(other).removeprefix(name_of_part(other)))
        sides.append(shown)
    return NumberRun(part=first.part, old=sides[0], new=sides[1], count=len(run))


def is_named(run: NumberRun) -> bool:
    """Whether the text itself says what is numbered, as in "Article 3"."""
    return bool(name_of_part(run.old))


def _without_end(label: str) -> str:
    return label.rstrip(".:") or label
