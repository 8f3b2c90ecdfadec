"""The marked text as HTML."""

from __future__ import annotations

import pytest
from support.redlines import ENGLISH, LONG, OTHER, THIRD, redline

from generator.redline import (
    excerpt_html,
    html,
    side_by_side_html,
)


def test_both_ends_of_a_move_lead_to_each_other() -> None:
    page = html(redline(f"{LONG}\n\n{OTHER}\n\n{THIRD}", f"{OTHER}\n\n{THIRD}\n\n{LONG}"), ENGLISH)
    assert '<a class="rl-moved" href="#change-1">moved to paragraph 3:</a>' in page
    assert '<a class="rl-moved" href="#change-1-from">moved from paragraph 1:</a>' in page
    assert 'id="change-1"' in page
    assert 'id="change-1-from"' in page


@pytest.mark.parametrize("turned", [False, True])
def test_a_dividing_line_is_shown_as_a_line_in_all_views(*, turned: bool) -> None:
    for pair in (
        (f"{LONG}\n\n---\n\n{OTHER}", f"{LONG} {OTHER}"),
        (f"{LONG}\n\n{OTHER}\n\n{THIRD}\n\n---\n\nend", f"---\n\nend\n\n{LONG}\n\n{OTHER}\n\n{THIRD}"),
        (f"* a\n\n---\n\n{LONG}\n\nb", f"---\n\n{LONG}\n\n* a\n\nb"),
    ):
        old, new = pair[::-1] if turned else pair
        compared = redline(old, new)
        for shown in (
            html(compared, ENGLISH),
            side_by_side_html(compared, ENGLISH),
            excerpt_html(compared, ENGLISH).markup,
        ):
            assert "<hr>" in shown or "―――" in shown
            assert "\ufffc" not in shown


def test_every_change_has_an_anchor_of_its_own_in_the_text() -> None:
    changed = redline(f"# A\n\n{LONG}\n\n* x\n* y", f"# B\n\n{LONG} More.\n\n* x\n* z\n\n{OTHER}")
    page = html(changed)
    anchors = [change.anchor for change in changed.changes]
    assert len(set(anchors)) == len(anchors)
    assert all(f'id="{anchor}"' in page for anchor in anchors)


def test_items_keep_their_numbers_after_a_deleted_one() -> None:
    page = html(redline(f"1. {LONG}\n2. {OTHER}\n3. {THIRD}", f"1. {LONG}\n2. {THIRD}"))
    assert '<li value="2">' in page


def test_paragraphs_that_become_items_are_shown_once_where_little_else_changed() -> None:
    texts = [f"{LONG} Part {n}." for n in range(6)]
    old, new = "\n\n".join(texts), "\n".join(f"* {text}" for text in texts)
    once = redline(old, new)
    assert once.counts == {"retag": 1, "words_inserted": 0, "words_deleted": 0}
    rewritten = "\n\n".join(f"{OTHER} Share {n} of the {n}th." for n in range(40))
    changed = redline(f"{old}\n\n{rewritten}", new)
    assert changed.counts["words_inserted"] > 0, "both sides come back with all their items"
