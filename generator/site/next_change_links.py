"""Links from each change in a marked text to the next one, for readers without JavaScript; pure."""

from __future__ import annotations

import html
import re
from itertools import pairwise

from generator.language import Language

PLACE = re.compile(r'(?:<span class="rl-change" id="[^"]+"></span>)+')
LIST = "ps-changes"
"""The id of the list of changes, to which the last one leads back."""


def with_next_links(marked: str, *, language: Language) -> str:
    """The marked text with a link at each place that changed: to the next, from the last one to the list."""
    places = [*PLACE.finditer(marked), None]
    pieces = [marked[: places[0].start()] if places[0] else marked]
    for place, following in pairwise(places):
        assert place is not None
        anchor, words, sign = (
            (_first_id(following), language("next_change"), "↓")
            if following
            else (LIST, language("back_to_changes"), "↑")
        )
        words = html.escape(words)
        link = f'<a class="ps-next" href="#{anchor}" aria-label="{words}" title="{words}">{sign}</a>'
        pieces += [place[0], link, marked[place.end() : following.start() if following else None]]
    return "".join(pieces)


def first_change(marked: str) -> str | None:
    """The id of the first place that changed, None where only the title or a date did."""
    place = PLACE.search(marked)
    return _first_id(place) if place else None


def _first_id(place: re.Match[str]) -> str:
    return place[0].partition(' id="')[2].partition('"')[0]
