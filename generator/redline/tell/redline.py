"""What changed between two versions: the list of changes, and both texts merged."""

from __future__ import annotations

from dataclasses import dataclass

from generator.redline.merge.lines import Line
from generator.redline.model import Change
from generator.rendered.words import Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class Redline:
    """What changed between two versions.

    ``counts`` are the changes by kind, then ``words_inserted`` and ``words_deleted``. ``lines`` are both
    texts in one; they are for this package.
    """

    changes: tuple[Change, ...]
    counts: dict[str, int]
    lines: tuple[Line, ...]
    vocabulary: Vocabulary
