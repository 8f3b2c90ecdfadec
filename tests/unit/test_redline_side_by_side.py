"""The old and the new text side by side."""

from __future__ import annotations

from support.redlines import ENGLISH, LONG, OTHER, THIRD, redline

from generator.redline import (
    side_by_side_html,
)


def test_side_by_side_each_text_has_only_its_own_marks() -> None:
    page = side_by_side_html(
        redline(f"{LONG}\n\nkept\n\n{OTHER}", f"{LONG.replace('five', 'ten')}\n\nkept"), ENGLISH
    )
    rows = page.split('<div class="rl-row">')[1:]
    assert [('<del class="rl">' in row, '<ins class="rl">' in row) for row in rows] == [
        (True, True),
        (False, False),
        (True, False),
    ]
    assert '<del class="rl"> five</del> years' in rows[0].split('<div class="rl-new">')[0]
    assert '<ins class="rl"> ten</ins> years' in rows[0].split('<div class="rl-new">')[1]


def test_side_by_side_shows_changed_links_emphasis_and_paragraphs() -> None:
    old = f"[here](a.md) and there we may look.\n\n{LONG}\n\n{OTHER}"
    new = f"[here](b.md) and **there** we may look.\n\n{LONG} {OTHER}"
    page = side_by_side_html(redline(old, new), ENGLISH)
    rows = [row.split('<div class="rl-new">') for row in page.split('<div class="rl-row">')[1:]]
    before, after = rows[0]
    assert '<a href="a.md" data-change="relink">here</a>' in before
    assert '<span data-change="reformat">there</span>' in before
    assert '<a href="b.md" data-change="relink">here</a>' in after
    assert '<strong data-change="reformat">there</strong>' in after
    before, after = rows[1]
    assert 'all.<span data-change="merge"></span>Our staff' in before
    assert "merge" not in after


def test_side_by_side_only_an_items_own_text_has_its_bullet() -> None:
    old = f"* {LONG}\n    * {OTHER}\n    * {THIRD}"
    page = side_by_side_html(redline(old, old.replace("thirty", "twenty")), ENGLISH)
    last = page.split('<div class="rl-row">')[-1]
    assert last.count("<li") == 4
    assert last.count('<li style="list-style: none">') == 2


def test_side_by_side_leaves_out_text_far_from_changes() -> None:
    paragraphs = [f"Paragraph {n} is about something of its own, namely subject {n}." for n in range(9)]
    new = [paragraphs[0] + " New.", *paragraphs[1:8], paragraphs[8] + " New."]
    page = side_by_side_html(redline("\n\n".join(paragraphs), "\n\n".join(new)), ENGLISH)
    assert [n for n in range(9) if f"Paragraph {n} " in page] == [0, 1, 7, 8]
    assert page.count("rl-gap") == 1


def test_side_by_side_a_moved_paragraph_shows_its_edits_where_it_is_now() -> None:
    page = side_by_side_html(
        redline(f"{LONG}\n\nkept\n\n{OTHER}", f"kept\n\n{OTHER}\n\n{LONG.replace('five', 'ten')}"), ENGLISH
    )
    here = next(row for row in page.split('<div class="rl-row">') if "ten</ins>" in row)
    assert "data-move=" in here
    assert "five</del>" in here
