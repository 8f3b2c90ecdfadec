"""Which changed words are only new numbers: of sections, clauses and notes, and references to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from generator.redline.match.words import ChangedWords, ComparedWords, NumberOf
from generator.redline.merge.lines import EditedLine, Line, MovedHereLine
from generator.redline.model import NumberChange
from generator.rendered.elements import HEADINGS
from generator.rendered.number_labels import NAMES
from generator.rendered.tags import is_note_number

NAMED = re.compile(rf"((?:[§¶]+|№)\s?|(?i:{NAMES})\.?\s+)(?=\S)")
SIGNS = ".:,;()[]（）、．"
NAME_OF_A_PART = re.compile(rf"(?:(?i:{NAMES})\w{{0,3}}|[§¶]+|№)")  # also in the plural
BETWEEN_NUMBERS = re.compile(r"[\d.,–—-]+|and|or|und|oder|et|ou|y|o|e|и|или|bis|to", re.IGNORECASE)
FARTHEST = 6
"""How many words before a number its part may be named, as in "sections 3, 4 and 5"."""

Decision = Callable[[ChangedWords, EditedLine | MovedHereLine], NumberOf | None]


def with_new_numbers(lines: Sequence[Line]) -> list[Line]:
    """The lines, in which changed numbers of headings, clauses and notes are known as such."""
    return [_with_decisions(line, _own_number) for line in lines]


def with_references(lines: Sequence[Line]) -> list[Line]:
    """The lines, in which references that follow new numbers are known as such, too."""
    became = new_numbers(
        change
        for line in lines
        if isinstance(line, EditedLine | MovedHereLine)
        for span in line.words.changes
        if (change := number_change(span, line.words)) is not None
    )

    def reference(span: ChangedWords, line: EditedLine | MovedHereLine) -> NumberOf | None:
        return "reference" if _is_reference(span, line.words, became) else None

    return [_with_decisions(line, reference) for line in lines]


def number_change(span: ChangedWords, words: ComparedWords) -> NumberChange | None:
    """The changed number of a section, a clause or a note; None for all other words."""
    if span.renumbered is None or span.renumbered == "reference":
        return None
    return NumberChange(part=span.renumbered, old=words.old.text(span.old), new=words.new.text(span.new))


def _with_decisions(
    line: Line, decide: Callable[[ChangedWords, EditedLine | MovedHereLine], NumberOf | None]
) -> Line:
    """The line with ``renumbered`` decided for changed words where it was open."""
    if not isinstance(line, EditedLine | MovedHereLine):
        return line
    decided = {
        span: kind
        for span in line.words.changes
        if span.renumbered is None and (kind := decide(span, line)) is not None
    }
    if not decided:
        return line
    spans = [
        replace(span, renumbered=decided[span])
        if isinstance(span, ChangedWords) and span in decided
        else span
        for span in line.words.spans
    ]
    return replace(line, words=replace(line.words, spans=spans))


def _own_number(span: ChangedWords, line: EditedLine | MovedHereLine) -> NumberOf | None:
    """The part that a changed number belongs to: a section, a clause or a note; None if it is no number."""
    old, new = line.words.old, line.words.new
    if not span.old or not span.new:
        return None
    is_label = old.label and new.label and span.old.stop <= old.label and span.new.stop <= new.label
    forms = [*(old.forms[i] for i in span.old), *(new.forms[j] for j in span.new)]
    if not is_label and not all(map(is_note_number, forms)):
        return None
    if span.old.start >= old.label:
        return "note"
    return "section" if line.new.tag in HEADINGS else "clause"


def new_numbers(changes: Iterable[NumberChange]) -> dict[str, str]:
    """The new number of each section or clause by its old one, without numbers that became two."""
    found: dict[str, set[str]] = {}
    for change in changes:
        if change.part != "note":
            found.setdefault(bare(change.old), set()).add(bare(change.new))
    return {old: new.pop() for old, new in found.items() if len(new) == 1}


def _is_reference(span: ChangedWords, words: ComparedWords, numbers: Mapping[str, str]) -> bool:
    """Whether changed words are only numbers of other parts of the text, and follow their new numbers."""
    before = words.old.words[span.old.start : span.old.stop]
    after = words.new.words[span.new.start : span.new.stop]
    if not before or len(before) != len(after):
        return False
    if not all(
        follow(one, numbers) == other or (one == other and BETWEEN_NUMBERS.fullmatch(one))
        for one, other in zip(before, after, strict=True)
    ):
        return False
    for at in range(span.old.start - 1, max(-1, span.old.start - 1 - FARTHEST), -1):
        if NAME_OF_A_PART.fullmatch(words.old.words[at]):
            return True
        if not BETWEEN_NUMBERS.fullmatch(words.old.words[at]):
            return False
    return False


def follow(number: str, numbers: Mapping[str, str]) -> str:
    """The new number of a part, which may be inside another part that has a new number; "" if it has none."""
    head, rest = number, ""
    while head not in numbers and "." in head:
        head, _, last = head.rpartition(".")
        rest = f".{last}{rest}"
    return numbers[head] + rest if head in numbers else ""


def bare(label: str) -> str:
    """The number in a label: "3.1" of "Article 3.1:", "a" of "(a)"."""
    return label.removeprefix(name_of_part(label)).strip().strip(SIGNS)


def name_of_part(label: str) -> str:
    """The name of the part in a label, with the space after it: "Article " of "Article 3.1:"."""
    found = NAMED.match(label)
    return found[1] if found else ""
