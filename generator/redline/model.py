"""The kinds of change that a redline can hold: values without words of any language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

Part = Literal["caption", "code", "heading", "item", "note", "paragraph", "row", "rule", "term"]
"""What a block is to a reader."""

NumberPart = Literal["section", "clause", "note"]
"""What is numbered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a change stands.

    ``heading`` is the one above it, "" before the first; ``number`` counts the parts of its kind below that
    heading from 1, on the side that has the text. ``title`` is the text of a place that is a heading itself.
    """

    heading: str
    part: Part
    number: int
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change; ``anchor`` is its id in the marked text, None where it is not in the text."""

    kind: ClassVar[str]
    place: Place | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleChanged(Change):
    """The title; None where there was or is none."""

    kind = "title"
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveDateChanged(Change):
    """The day on which the text takes effect; None where none is stated."""

    kind = "effective"
    old: date | None
    new: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalChanged(Change):
    """The day from which the whole document applies no more; None where it goes on."""

    kind = "withdraw"
    old: date | None
    new: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted(Change):
    """Whole blocks side by side, with the texts of each."""

    kind = "insert"
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(Change):
    """Whole blocks side by side, with the texts of each."""

    kind = "delete"
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordChange:
    """Words in a block that became others; one of the two may be empty."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Change):
    """Words of one block."""

    kind = "edit"
    words: tuple[WordChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Change):
    """Blocks side by side that stand elsewhere now; ``words`` were edited on the way.

    ``place`` is the new one, ``source`` the old one, ``source_anchor`` its id in the marked text.
    """

    kind = "move"
    texts: tuple[str, ...]
    words: tuple[WordChange, ...]
    source: Place
    source_anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(Change):
    """A block goes on in a new one, with ``text`` at its start."""

    kind = "split"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Change):
    """A block has become part of the one before."""

    kind = "merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retagged(Change):
    """Blocks side by side that are something else now; ``old`` and ``new`` are tags from outside in."""

    kind = "retag"
    old: tuple[str, ...]
    new: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relinked(Change):
    """A text that leads elsewhere; None where it was or is no link."""

    kind = "relink"
    text: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reformatted(Change):
    """A text that gained or lost emphasis and the like: names of elements."""

    kind = "reformat"
    text: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChange:
    """The number of a part of the text that is another now, as it is written there."""

    part: NumberPart
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renumbered(Change):
    """All numbers of sections, clauses and notes that are others now."""

    kind = "renumber"
    labels: tuple[NumberChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnInserted(Change):
    """A column of a table, with the text of its first cell."""

    kind = "column_insert"
    header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnDeleted(Change):
    """A column of a table, with the text of its first cell."""

    kind = "column_delete"
    header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMoved(Change):
    """A column of a table that stands elsewhere in it now, with the text of its first cell."""

    kind = "column_move"
    header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChanged(Change):
    """An image that another one, or another description, replaced.

    Where nothing of the two differs, another picture stands under the same name.
    """

    kind = "image"
    old_source: str
    new_source: str
    old_text: str
    new_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeChanged(Change):
    """How a list counts or how many columns or rows a cell spans; None where it is not stated."""

    kind = "attribute"
    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutChanged(Change):
    """Something that can be seen but has no name here."""

    kind = "layout"


def count_by_kind(changes: Sequence[Change]) -> dict[str, int]:
    """How many changes there are of each kind, in the order of their first ones."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.kind] = counts.get(change.kind, 0) + 1
    return counts
