"""The kinds of change that a redline can list, as values without words of any language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

Part = Literal["caption", "code", "heading", "item", "note", "paragraph", "row", "rule", "term"]
"""The name of a block for a reader."""

NumberPart = Literal["section", "clause", "note"]
"""The part of a text that a number belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a change is, in a reader's terms: "paragraph 2, under “Cookies”".

    ``heading`` is the one above it, "" before the first. ``number`` counts the parts of its kind below that
    heading from 1, in the text that has the words. ``title`` is the text of a heading that changed itself.
    """

    heading: str
    part: Part
    number: int
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change; ``anchor`` is its id in the marked text, None for a change outside the text."""

    kind: ClassVar[str]
    location: Location | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleChanged(Change):
    """The title of the document; None if the version has none."""

    kind = "title"
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveDateChanged(Change):
    """The day on which the text takes effect. None if none is stated, text if what is stated is no date."""

    kind = "effective"
    old: date | str | None
    new: date | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalChanged(Change):
    """The day from which the whole document no longer applies; None if it is not withdrawn."""

    kind = "withdraw"
    old: date | None
    new: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted(Change):
    """Whole neighbouring blocks, with the text of each."""

    kind = "insert"
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted(Change):
    """Whole neighbouring blocks, with the text of each."""

    kind = "delete"
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordChange:
    """Words in a block that others replaced; one of the two may be empty."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Change):
    """Words of one block were replaced, added or removed."""

    kind = "edit"
    words: tuple[WordChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved(Change):
    """Neighbouring blocks that are in another location now; ``words`` were edited as well.

    ``location`` is the new one, ``source`` the old one, ``source_anchor`` its id in the marked text.
    """

    kind = "move"
    texts: tuple[str, ...]
    words: tuple[WordChange, ...]
    source: Location
    source_anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(Change):
    """A block was split; its second part is a block that begins with ``text``."""

    kind = "split"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged(Change):
    """A block was merged into the one before."""

    kind = "merge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retagged(Change):
    """Neighbouring blocks that became other elements; ``old`` and ``new`` are tags, outermost first."""

    kind = "retag"
    old: tuple[str, ...]
    new: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relinked(Change):
    """A text whose link leads elsewhere; None where it was or is no link."""

    kind = "relink"
    text: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reformatted(Change):
    """A text that gained or lost emphasis, code and the like, as names of elements."""

    kind = "reformat"
    text: str
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChange:
    """A changed number of a part of the text, as it is written there."""

    part: NumberPart
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renumbered(Change):
    """All changed numbers of sections, clauses and notes."""

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
    """A column that moved within its table, with the text of its first cell."""

    kind = "column_move"
    header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChanged(Change):
    """An image that was replaced, or that has another description.

    If sources and texts are equal, the file of that name has other content.
    """

    kind = "image"
    old_source: str
    new_source: str
    old_text: str
    new_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeChanged(Change):
    """How a list counts, or how many columns or rows a cell spans; None where it is not stated."""

    kind = "attribute"
    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutChanged(Change):
    """A visible difference of another kind."""

    kind = "layout"


def count_by_kind(changes: Sequence[Change]) -> dict[str, int]:
    """How many changes there are of each kind, in the order of their first ones."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.kind] = counts.get(change.kind, 0) + 1
    return counts
