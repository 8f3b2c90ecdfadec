"""New numbers in few words: "Sections 3 to 14 are now 4 to 15", and what refers to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.redline.match.words import Stretch
from generator.redline.merge.lines import Line
from generator.redline.model import NumberChange, NumberPart
from generator.rendered.number_labels import NAMES
from generator.rendered.plain_signs import is_note_number
from generator.rendered.words import Words

NAMED = re.compile(rf"((?:[§¶]+|№)\s?|(?i:{NAMES})\.?\s+)(?=\S)")
SIGNS = ".:,;()[]（）、．"
LAST = re.compile(r"(.*?)(\d+|[ivxlcdm]+|[IVXLCDM]+|\w)", re.DOTALL)
ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
NAME_OF_A_PART = re.compile(rf"(?:(?i:{NAMES})\w{{0,3}}|[§¶]+|№)")  # also in the plural
BETWEEN_NUMBERS = re.compile(r"[\d.,–—-]+|and|or|und|oder|et|ou|y|o|e|и|или|bis|to", re.IGNORECASE)
FARTHEST = 6  # words before a number in which the part is named


@dataclass(frozen=True, slots=True)
class Shift:
    """A run of numbers before and after, as it is written: "3–14" and "4–15"."""

    part: NumberPart
    old: str
    new: str
    count: int


def number_changes(line: Line) -> list[tuple[Stretch, NumberChange]]:
    """The new numbers in a line: of its heading or clause, and of notes."""
    old, new = line.old_words, line.new_words
    if old is None or new is None:
        return []
    is_heading = line.new is not None and line.new.tag in ("h1", "h2", "h3", "h4", "h5", "h6")
    return [
        (
            part,
            NumberChange(
                part="note" if part.old_start >= old.label else "section" if is_heading else "clause",
                old=old.text(part.old_start, part.old_end),
                new=new.text(part.new_start, part.new_end),
            ),
        )
        for part in line.stretches or ()
        if is_renumbering(part, old, new)
    ]


def is_renumbering(part: Stretch, old: Words, new: Words) -> bool:
    """Whether a stretch is a number that became another: of a heading or clause, or of a footnote."""
    if part.kept or part.old_start == part.old_end or part.new_start == part.new_end:
        return False
    if old.label and new.label and part.old_end <= old.label and part.new_end <= new.label:
        return True
    return all(
        is_note_number(form)
        for form in (*old.forms[part.old_start : part.old_end], *new.forms[part.new_start : part.new_end])
    )


def new_numbers(changes: Iterable[NumberChange]) -> dict[str, str]:
    """Which number of a section or clause became which; none that became two."""
    found: dict[str, set[str]] = {}
    for change in changes:
        if change.part != "note":
            found.setdefault(bare(change.old), set()).add(bare(change.new))
    return {old: new.pop() for old, new in found.items() if len(new) == 1}


def is_reference(part: Stretch, old: Words, new: Words, numbers: Mapping[str, str]) -> bool:
    """Whether a stretch is only numbers that name parts of the text, and follow those parts' own."""
    before, after = old.words[part.old_start : part.old_end], new.words[part.new_start : part.new_end]
    if part.kept or not before or len(before) != len(after):
        return False
    if not all(
        _followed(one, numbers) == other or (one == other and BETWEEN_NUMBERS.fullmatch(one))
        for one, other in zip(before, after, strict=True)
    ):
        return False
    for at in range(part.old_start - 1, max(-1, part.old_start - 1 - FARTHEST), -1):
        if NAME_OF_A_PART.fullmatch(old.words[at]):
            return True
        if not BETWEEN_NUMBERS.fullmatch(old.words[at]):
            return False
    return False


def _followed(number: str, numbers: Mapping[str, str]) -> str:
    """The new number of a part, which may be within one that has a new number."""
    head, rest = number, ""
    while head not in numbers and "." in head:
        head, _, last = head.rpartition(".")
        rest = f".{last}{rest}"
    return numbers[head] + rest if head in numbers else ""


def shifts(changes: Sequence[NumberChange]) -> list[Shift]:
    """The changes in runs, without those that follow from others, such as 3.1 from 3."""
    numbers = new_numbers(changes)
    told: list[list[NumberChange]] = []
    for change in changes:
        old, new = bare(change.old), bare(change.new)
        above, _, last = old.rpartition(".")
        if change.part != "note" and above in numbers and _followed(above, numbers) + f".{last}" == new:
            continue
        run = next((run for run in reversed(told) if _follows(run[-1], change)), None)
        if run is None:
            told.append([change])
        else:
            run.append(change)
    return [_shift(run) for run in told]


def _follows(before: NumberChange, after: NumberChange) -> bool:
    """Whether both numbers are the next ones."""
    if before.part != after.part:
        return False
    pairs = ((before.old, after.old), (before.new, after.new))
    return all(_name(one) == _name(other) and _is_next(bare(one), bare(other)) for one, other in pairs)


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


def _shift(run: Sequence[NumberChange]) -> Shift:
    first, last = run[0], run[-1]
    sides: list[str] = []
    for one, other in ((first.old, last.old), (first.new, last.new)):
        shown = _without_end(one)
        if len(run) > 1:
            shown += "–" + (_without_end(other).removeprefix(_name(other)))
        sides.append(shown)
    return Shift(part=first.part, old=sides[0], new=sides[1], count=len(run))


def is_named(shift: Shift) -> bool:
    """Whether the text itself says what is numbered, as in "Article 3"."""
    return bool(_name(shift.old))


def bare(label: str) -> str:
    """The number in a label: "3.1" of "Article 3.1:", "a" of "(a)"."""
    return label.removeprefix(_name(label)).strip().strip(SIGNS)


def _name(label: str) -> str:
    found = NAMED.match(label)
    return found[1] if found else ""


def _without_end(label: str) -> str:
    return label.rstrip(".:") or label
