"""A text that would take too long is counted and refused before it is read; what people write is not."""

from __future__ import annotations

import time

import pytest

from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.versions.document import read_document

RENDERER = Renderer(DEFAULT_EXTENSIONS, {})


def is_refused(text: str) -> bool:
    return any(problem.refused_when_new for problem in read_document(text.encode(), RENDERER).problems)


SLOW = {
    "unclosed": "<div>" * 20_000 + "x",
    "unclosed lines": "<div>\n" * 20_000 + "x",
    "closed at the end": "<div>" * 20_000 + "x" + "</div>" * 20_000,
    "bold": "<b>x</b>" * 20_000,
    "bold words": "<b>x</b> " * 20_000,
    "notes": "".join(f"a[^{n}] " for n in range(5_000))
    + "\n\n"
    + "\n".join(f"[^{n}]: n" for n in range(5_000)),
    "one note": "a[^1] " * 5_000 + "\n\n[^1]: n",
    "columns": "<table>" + "<tr><td colspan=1000>x</td></tr>" * 200 + "</table>",
    "rows": '<table><tr><td rowspan="999999999">x</td></tr></table>',
    "attribute list": "|a|\n|-|\n|b {: colspan=1000000 }|\n",
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_it_is_refused_at_once_and_shown_as_it_is_written(text: str) -> None:
    begun = time.process_time()
    assert is_refused(text)
    assert time.process_time() - begun < 3
    assert read_document(text.encode(), RENDERER).html.startswith("<pre>")


USUAL = {
    "breaks": "A line<br>\n" * 6_000,
    "list without ends": "<ul>\n" + "<li>x\n" * 6_000 + "</ul>",
    "addresses": "<https://a.example/> and <b@c.example>\n\n" * 3_000,
    "nested": "<div>" * 300 + "x" + "</div>" * 300,
    "bold": "Some <b>bold</b> words.\n\n" * 3_000,
    "notes": "".join(f"a[^{n}]\n\n" for n in range(800)) + "\n".join(f"[^{n}]: n" for n in range(800)),
    "one note": "a[^1]\n\n" * 500 + "[^1]: n",
    "a wide table": "<table>" + "<tr><td colspan=12>x</td></tr>" * 500 + "</table>",
}


@pytest.mark.parametrize("text", USUAL.values(), ids=USUAL)
def test_common_markdown_is_rendered(text: str) -> None:
    assert not is_refused(text)


@pytest.mark.parametrize("written", ["1000000", "1001", " 5000 x"])
def test_one_cell_spans_at_most_what_a_browser_would_draw(written: str) -> None:
    text = f'<table><tr><td colspan="{written}" rowspan="2">x</td></tr></table>'
    html = read_document(text.encode(), Renderer(["tables"], {})).html
    assert ('colspan="1000"' in html) != (written == "1000000")
    assert 'rowspan="2"' in html or html.startswith("<pre>")
