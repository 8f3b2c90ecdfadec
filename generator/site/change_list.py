"""How a page shows a redline: the changes by section, and the view in which the page opens; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generator.redline import ListedChange
from generator.rendered.elements import HEADINGS
from generator.site.headings import TAG

MOST_LISTED = 8
"""How many changes are listed at first. With more, the marked text would begin screens below."""

LONG_TEXT = 3000
"""A text with this many characters is longer than a screen or two."""

SMALL_PART = 0.1
"""If a smaller part of a long text is marked, the page opens with the changes alone."""

CHANGED = ".rl, .rl-change, [data-change]"
MARK = re.compile(r'<(ins|del) class="rl".*?</\1>', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Consecutive changes below the same heading. ``first`` is the number of the first one."""

    heading: str
    first: int
    changes: tuple[ListedChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeList:
    """All changes by section: those that are listed at first, and the others."""

    count: int
    listed: tuple[Section, ...]
    others: tuple[Section, ...]

    @property
    def left(self) -> int:
        """How many changes are not listed at first."""
        return sum(len(section.changes) for section in self.others)


def change_list(changes: Sequence[ListedChange]) -> ChangeList:
    """The changes by section, in the order of the text."""
    return ChangeList(
        count=len(changes),
        listed=_sections(changes[:MOST_LISTED], first=1),
        others=_sections(changes[MOST_LISTED:], first=MOST_LISTED + 1),
    )


def is_small_in_long(marked: str) -> bool:
    """Whether a marked text is long and only a small part of it is marked."""
    length = len(TAG.sub("", marked))
    changed = sum(len(TAG.sub("", mark[0])) for mark in MARK.finditer(marked))
    return length >= LONG_TEXT and changed <= SMALL_PART * length


def with_heads(marked: str) -> str:
    """The marked text in which each heading above a change has the class ``rl-head``."""
    tree = LexborHTMLParser(f"<body>{marked}")
    body = tree.body
    if body is None:
        return marked
    above: list[LexborNode] = []
    for block in body.iter(include_text=False):
        tag = block.tag or ""
        if tag in HEADINGS:
            above = [heading for heading in above if (heading.tag or "") < tag]
        if block.css_matches(CHANGED) or block.css_first(CHANGED):
            for heading in above:
                heading.attrs["class"] = f"{heading.attributes.get('class') or ''} rl-head".strip()
            above = []
        if tag in HEADINGS:
            above.append(block)
    return body.inner_html or ""


def _sections(changes: Sequence[ListedChange], *, first: int) -> tuple[Section, ...]:
    found = []
    for heading, group in groupby(changes, key=lambda change: change.where):
        together = tuple(group)
        found.append(Section(heading=heading, first=first, changes=together))
        first += len(together)
    return tuple(found)
