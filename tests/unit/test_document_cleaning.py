"""Cleaning removes what no page may show, and hides nothing that a reader sees."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.rendered.visible import visible_text
from generator.versions.document import read_document

RENDERER = Renderer(DEFAULT_EXTENSIONS, {})


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("<script>alert(1)</script>a", "<p>a</p>"),
        ('<p onclick="alert(1)" style="color:red">a</p>', "<p>a</p>"),
        ('<a href="javascript:alert(1)">a</a>', "<p><a>a</a></p>"),
        ('<a href="&#106;ava&#10;script:alert(1)">a</a>', "<p><a>a</a></p>"),
        ('<a href="data:text/html,x">a</a>', "<p><a>a</a></p>"),
        (
            '<a href="&#x10fffd;javascript:alert(1)">a</a>',
            '<p><a href="\U0010fffdjavascript:alert(1)">a</a></p>',
        ),
        ("[a](javascript:alert(1))", "<p><a>a</a></p>"),
        ('<img src="x" onerror="alert(1)">', '<p><img src="x"></p>'),
        ('<iframe src="//evil"></iframe>a', "<p>a</p>"),
        ('<form action="/x"><input name="a">b</form>', "<div>b</div>"),
        ('<meta http-equiv="refresh" content="0;url=x">a', "<p>a</p>"),
        ('<base href="//evil">a', "<p>a</p>"),
        ('<div style="position:fixed;text-align:center">a</div>', "<div>a</div>"),
        ("<svg><script>alert(1)</script></svg>a", "<p>a</p>"),
        ("<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>a", "<p>a</p>"),
        ("<!-- <script>alert(1)</script> -->a", "<p>a</p>"),
    ],
)
def test_raw_html_is_cleaned(raw: str, clean: str) -> None:
    assert RENDERER.render(raw).strip() == clean


@pytest.mark.parametrize(
    "markdown",
    [
        "# A {#id .class}\n\nText[^1] with [a link](b.md#c) and ![an image](d.png).\n\n[^1]: Note.",
        "a | b\n:-:|--\nc | d",
        "Term\n:   Meaning",
        "3. c\n4. d",
        "```python\na = 1\n```",
        '<a name="old"></a><details open><summary>a</summary>b</details>',
        '<table><caption>a</caption><tr><td colspan="2" rowspan="3">b</td></tr></table>',
        '<ol type="a" reversed start="4"><li value="7">a</li></ol>',
        "<mark>a</mark> <kbd>b</kbd> <sub>c</sub> <sup>d</sup> <ins>e</ins> <tt>f</tt> <strike>g</strike>",
        "![a](data:image/png;base64,AAAA) <me@example.com> [call](tel:1)",
        "<section><main><address>a</address></main></section>",
        "[TOC]\n\n# A\n\n## B",
        "<menu>a</menu><fieldset><legend>b</legend>c</fieldset>d",
        "a <noscript><b>c</b></noscript>",
        "[a](https:/{b/c) [d](HTTPS:e f) [g](https:)",
        "[a](https://{{ host }}/b) [c](http://d e) ![f](https://{% g %})",
    ],
)
def test_cleaning_hides_nothing_that_a_reader_sees(markdown: str) -> None:
    assert visible_text(RENDERER.render(markdown)) == visible_text(RENDERER._convert(markdown))


def test_hard_line_breaks_are_shown() -> None:
    assert read_document(b"Street 1  \nCity", RENDERER).html == "<p>Street 1<br>\nCity</p>"


def test_column_alignment_is_shown() -> None:
    assert 'style="text-align:right"' in RENDERER.render("a | b\n--:|--\nc | d")


def test_template_syntax_is_shown_as_text() -> None:
    assert RENDERER.render("{{ user }} {% raw %}") == "<p>{{ user }} {% raw %}</p>"


TAGS = (
    "b",
    "a",
    "p",
    "ul",
    "li",
    "table",
    "td",
    "script",
    "svg",
    "math",
    "style",
    "div",
    "title",
    "img",
    "noscript",
)
NAMES = ("href", "src", "onclick", "style", "id", "xlink:href")
VALUES = (
    "x",
    "javascript:alert(1)",
    " JAVA\tSCRIPT:x",
    "data:text/html,x",
    "vbscript:x",
    "&#x6a;avascript:x",
)
PIECES = st.one_of(
    st.builds("<{} {}='{}'>".format, st.sampled_from(TAGS), st.sampled_from(NAMES), st.sampled_from(VALUES)),
    st.builds("</{}>".format, st.sampled_from(TAGS)),
    st.sampled_from(
        ["text ", "\n\n", "<!--", "-->", "]]>", "`", "* ", "[a](javascript:x)", "&lt;script&gt;"]
    ),
)


@settings(max_examples=100, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12))
def test_nothing_that_acts_survives_any_html(pieces: list[str]) -> None:
    shown = LexborHTMLParser(f"<!doctype html><body>{RENDERER.render(''.join(pieces))}")
    assert shown.body is not None
    for element in shown.body.traverse():
        attributes = {name: (value or "").lower().strip() for name, value in element.attributes.items()}
        assert element.tag not in {"script", "style", "svg", "math", "iframe"}
        assert not any(name.startswith("on") for name in attributes)
        # Browsers drop tabs and line ends anywhere in an address (https://url.spec.whatwg.org/#url-parsing).
        target = re.sub(r"[\t\r\n]", "", attributes.get("href", ""))
        assert not re.match(r"(javascript|vbscript|data):", target)


def test_a_renderer_is_known_by_everything_that_decides_what_it_renders() -> None:
    def slug(text: str, separator: str) -> str:
        return separator.join(text.split())

    plain = Renderer(["toc"], {}).version
    assert Renderer(["toc"], {}).version == plain
    assert (
        Renderer([{"toc": {"slugify": slug}}], {}).version
        == Renderer(["toc"], {"toc": {"slugify": slug}}).version
    )
    assert (
        len({plain, Renderer(["tables"], {}).version, Renderer([{"toc": {"slugify": slug}}], {}).version})
        == 3
    )


def test_what_was_rendered_for_display_is_taken_from_the_cache() -> None:
    kept: dict[str, str] = {}
    shown = Renderer(["toc"], {}, kept).render("Street  \nCity")
    kept[next(iter(kept))] = "kept"
    assert shown == "<p>Street<br>\nCity</p>"
    assert Renderer(["toc"], {}, kept).render("Street  \nCity") == "kept"


def test_blanks_after_a_list_marker_are_shown_as_they_are_compared() -> None:
    text = "Street  \nCity\n\n-  "
    assert visible_text(RENDERER.render(text)) == visible_text(RENDERER.render(text.rstrip()))
