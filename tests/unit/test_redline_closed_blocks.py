"""Blocks that a reader may close: open where they hold a change."""

from __future__ import annotations

import pytest

from generator.language import load_language
from generator.redline import RenderedVersion, compare, excerpt_html, html

ENGLISH = load_language("en")
CLOSED = "<details><summary>More</summary>{}</details>"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<p>thirty days</p>", "<p>sixty days</p>"),
        ("<p>thirty days</p>", "<p>thirty days</p><p>or more of them</p>"),
        ("<p>thirty days</p>", "<h3>thirty days</h3>"),
        ("<p><a href='a'>thirty days</a></p>", "<p><a href='b'>thirty days</a></p>"),
        ("<p>thirty <em>days</em></p>", "<p>thirty days</p>"),
        ("<ol><li>a</li></ol>", "<ol start='3'><li>a</li></ol>"),
        ("<p>kept</p>" + CLOSED.format("<p>thirty</p>"), "<p>kept</p>" + CLOSED.format("<p>sixty</p>")),
    ],
)
def test_a_closed_block_is_open_where_it_holds_a_change(old: str, new: str) -> None:
    changed = compare(RenderedVersion(CLOSED.format(old)), RenderedVersion(CLOSED.format(new)))
    for page in (html(changed, ENGLISH), excerpt_html(changed, ENGLISH).markup):
        assert "<details>" not in page
        assert '<details open="">' in page


def test_a_closed_block_without_a_change_stays_closed() -> None:
    kept = CLOSED.format("<p>as before</p>")
    page = html(
        compare(RenderedVersion(f"{kept}<p>thirty</p>"), RenderedVersion(f"{kept}<p>sixty</p>")), ENGLISH
    )
    assert "<details>" in page
    assert "<details open" not in page


def test_an_added_closed_block_is_open() -> None:
    new = CLOSED.format("<p>Quite another text.</p>")
    page = html(compare(RenderedVersion("<p>kept</p>"), RenderedVersion(f"<p>kept</p>{new}")), ENGLISH)
    assert '<details open="">' in page
