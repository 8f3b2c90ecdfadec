"""Links from each change in a redline to the next one, for readers without JavaScript; pure."""

from __future__ import annotations

import html
import re
from itertools import pairwise

from generator.language import Language

CHANGE = re.compile(r'(?:<span class="rl-change" id="[^"]+"></span>)+')
LIST = "ps-changes"
"""The id of the list of changes, to which the last change links back."""


def with_next_links(redline: str, *, language: Language) -> str:
    """The redline with a link at each change: to the next change, and from the last one to the list."""
    changes = [*CHANGE.finditer(redline), None]
    pieces = [redline[: changes[0].start()] if changes[0] else redline]
    for change, following in pairwise(changes):
        assert change is not None
        anchor, words, sign = (
            (_first_id(following), language("next_change"), "↓")
            if following
            else (LIST, language("back_to_changes"), "↑")
        )
        words = html.escape(words)
        link = f'<a class="ps-next" href="#{anchor}" aria-label="{words}" title="{words}">{sign}</a>'
        pieces += [change[0], link, redline[change.end() : following.start() if following else None]]
    return "".join(pieces)


def first_change(redline: str) -> str | None:
    """The id of the first change in the text; None if only the title or a date changed."""
    change = CHANGE.search(redline)
    return _first_id(change) if change else None


def _first_id(change: re.Match[str]) -> str:
    return change[0].partition(' id="')[2].partition('"')[0]
