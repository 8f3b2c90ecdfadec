"""The parts of a text that a reader sees, and those that are invisible."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.rendered.visible import visible_text
from generator.versions.document import read_document, read_text

RENDERER = Renderer(DEFAULT_EXTENSIONS, {})


def seen(text: str | bytes) -> str:
    return read_text(text if isinstance(text, bytes) else text.encode(), RENDERER).content_sha256


def problems(text: str | bytes) -> list[tuple[int | None, str]]:
    found = read_text(text if isinstance(text, bytes) else text.encode(), RENDERER).problems
    return [(problem.line, problem.text) for problem in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"a\xff b", "a\N{REPLACEMENT CHARACTER} b".encode()),
        (b"\xef\xbb\xbfa", b"a"),
        ("a\ufeffb".encode(), b"ab"),
        (b"a\r\n\r\nb\rc", b"a\n\nb\nc"),
        (b"a\x0bb\x0cc", b"a b c"),
        (b"a\x00\x01\x1b\x1f\x7fb", b"ab"),
        (b"- a \t \n\n    b\t\n", b"- a\n\n    b\n"),
        (b"# a #  \n\nb", b"# a #\n\nb"),
        (b"    code  \n    more", b"    code\n    more"),
    ],
)
def test_bytes_are_decoded_and_normalised_before_they_are_compared(one: bytes, other: bytes) -> None:
    assert seen(one) == seen(other)


def test_other_encodings_are_not_guessed() -> None:
    assert seen("Café".encode("utf-16")) != seen("Café")
    assert seen("Café".encode("latin-1")) != seen("Café")
    assert problems("a\nCafé".encode("latin-1")) == [
        (2, "some bytes are not UTF-8 and were replaced; save the file as UTF-8")
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# Title {{ x }}\n\nText {% if y %}.", "Title {{ x }}"),
        ("# {{title}} {#id}\n", "{{title}}"),
        ("# {% a %} }}\n", "{% a %} }}"),
    ],
)
def test_template_syntax_is_text(text: str, words: str) -> None:
    document = read_document(text.encode(), RENDERER)
    assert document.title == words
    assert words in document.html


def test_template_syntax_does_not_take_characters_that_a_text_uses() -> None:
    document = read_document("\U000f0000 {{ x }} \U000f0001".encode(), RENDERER)
    assert document.html == "<p>\U000f0000 {{ x }} \U000f0001</p>"


@pytest.mark.parametrize("link", ["[a]({{ url }})", "[a]({% url %})"])
def test_a_template_in_a_link_is_its_target(link: str) -> None:
    assert seen(link) != seen("a")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cafe\u0301", "café"),
        ("a\u200bb\u2060c\ufeffd\u00ade", "abcde"),
        ("a\u00a0\u2009 \n b", "a b"),
        ("a  \nb", "a b"),
        ("a<br>b", "a b"),
        ("```\na   b\n\n\nc\n```", "```\na b\nc\n```"),
        ("# a\n", "a\n=\n"),
        ("*a*", "_a_"),
        ("&copy; &lt;", "© &#60;"),
    ],
)
def test_text_is_composed_and_its_white_space_folded(one: str, other: str) -> None:
    assert seen(one) == seen(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a b", "ab"),
        ("a", "A"),
        ("a.", "a"),
        ("a\u200db", "ab"),
        ("a\u200cb", "ab"),
        ("a\u200fb", "ab"),
        ("a\n\nb", "a b"),
    ],
)
def test_words_signs_and_joiners_count(one: str, other: str) -> None:
    assert seen(one) != seen(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("# a", "## a"),
        ("# a", "a"),
        ("- a", "1. a"),
        ("- a", "a"),
        ("> a", "a"),
        ("a\n:   b", "a\n\nb"),
        ("a | b\n--|--\nc | d", "a b\n\nc d"),
        ("    a", "a"),
        ("a\n\n---\n\nb", "a\n\nb"),
        ("- a\n- b", "- a b"),
        ("- a\n    - b", "- a\n- b"),
        ("<details><summary>a</summary>b</details>", "<div>a</div><div>b</div>"),
        ("<ol><li>a</li></ol>", '<ol type="a"><li>a</li></ol>'),
        ("<ol><li>a</li></ol>", "<ol reversed><li>a</li></ol>"),
        ("<ol><li>a</li></ol>", '<ol start="3"><li>a</li></ol>'),
        ("<ol><li>a</li></ol>", '<ol><li value="3">a</li></ol>'),
        ("<table><tr><td>a</td></tr></table>", '<table><tr><td colspan="2">a</td></tr></table>'),
        ("<table><tr><td>a</td></tr></table>", '<table><tr><td rowspan="2">a</td></tr></table>'),
        ("<table><tr><td>a</td></tr></table>", "<table><tr><th>a</th></tr></table>"),
        ("<table><tr><td>a</td></tr></table>", "<table><caption>a</caption></table>"),
        ("a|b\n-|-\nc|", "a|b\n-|-\n|c"),
        ("<ul><li>a</li></ul>", "<ul><li>a</li><li></li></ul>"),
        ("<ol><li>a</li></ol><ol><li>b</li></ol>", "<ol><li>a</li><li>b</li></ol>"),
    ],
)
def test_the_structure_of_blocks_counts(one: str, other: str) -> None:
    assert seen(one) != seen(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("- a\n- b", "- a\n\n- b"),
        ("<div>a</div>\n<section>b</section>", "a\n\nb"),
        ('<ol start="1" type="1"><li>a</li></ol>', "1. a"),
        ('<table><tr><td colspan="1" rowspan=" 1">a</td></tr></table>', "<table><tr><td>a</td></tr></table>"),
        ("a\n\n<p> </p>\n\n<blockquote></blockquote><h2></h2><ul></ul><pre></pre>\n\nb", "a\n\nb"),
        ("<ul><li>a</li></ul>\n<ul><li>b</li></ul>", "- a\n- b"),
        ("* a\n\n<!-- x -->\n\n* b", "* a\n* b"),
        ("a | b\n:--|--:\nc | d", "a | b\n--|--\nc | d"),
        ("<table><tr><th>a</th></tr></table>", "<table><thead><tr><th>a</th></tr></thead></table>"),
    ],
)
def test_what_only_the_source_distinguishes_does_not_count(one: str, other: str) -> None:
    assert seen(one) == seen(other)


@pytest.mark.parametrize(
    "same",
    [
        ("*a*", "<i>a</i>", "<em>a</em>"),
        ("**a**", "<b>a</b>", "<strong>a</strong>"),
        ("`a`", "<tt>a</tt>", "<kbd>a</kbd>", "<samp>a</samp>"),
        ("<del>a</del>", "<s>a</s>", "<strike>a</strike>"),
        ("<ins>a</ins>", "<u>a</u>"),
        ("<sup>a</sup>",),
        ("<sub>a</sub>",),
        ("<mark>a</mark>",),
        ("a", "<span>a</span>", "<small>a</small>", "<abbr>a</abbr>"),
        ("***a***", "<b><i>a</i></b>", "<i><b>a</b></i>", "<em><i><b>a</b></i></em>"),
    ],
)
def test_inline_marks_count_by_what_they_mean(same: tuple[str, ...]) -> None:
    assert len({seen(text) for text in same}) == 1
    others = {seen(text) for text in ("*x*", "x", "**x**", "<sub>x</sub>", "<mark>x</mark>")}
    assert seen(same[0]) not in others


def test_different_inline_marks_differ() -> None:
    marks = ("em", "strong", "code", "del", "ins", "sup", "sub", "mark", "span")
    assert len({seen(f"<{mark}>a</{mark}>") for mark in marks}) == len(marks)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("**a** **b**", "**a b**"),
        ("<b>a </b>b", "<b>a</b> b"),
        ("<b>a</b><b>b</b>", "<b>ab</b>"),
        ("[a](x) [b](x)", "[a b](x)"),
        ("<b>cafe</b><b>\u0301</b>", "<b>café</b>"),
    ],
)
def test_marks_belong_to_characters_not_to_white_space(one: str, other: str) -> None:
    assert seen(one) == seen(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[a](b)", "a"),
        ("[a](b)", "[a](c)"),
        ("[a](b#x)", "[a](b#y)"),
        ("[a](/b)", "[a](b)"),
        ("[a](http://b)", "[a](https://b)"),
        ("[a](b) c", "[a c](b)"),
        ("<mailto:a@example.com>", "a@example.com"),
        ("[a](tel:1)", "a"),
        ("[![x](y)](z)", "![x](y)"),
        ("a[^1]\n\n[^1]: b", "a\n\nb"),
    ],
)
def test_where_a_link_leads_counts_as_written(one: str, other: str) -> None:
    assert seen(one) != seen(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('[a](b "tip")', "[a](b)"),
        ("[a](javascript:b)", "a"),
        ("[a](ftp://b)", "a"),
        ('<a href="JaVa&#9;Script:b">a</a>', "a"),
        ('<a href=" \x01javascript:b">a</a>', "a"),
        ('<a name="x"></a>a', "a"),
        ("[](b)a", "a"),
        ("[a](b?c&amp;d)", "[a](b?c&d)"),
        ("[a](cafe\u0301)", "[a](café)"),
        ("[a][1]\n\n[1]: b", "[a](b)"),
        ("<a@example.com>", "[a@example.com](mailto:a@example.com)"),
        ("a[^1]\n\n[^1]: b", "a[^note]\n\n[^note]: b"),
        ("[TOC]\n\n# a {#x}", "[TOC]\n\n# a {#y}"),
    ],
)
def test_what_is_no_target_does_not_count(one: str, other: str) -> None:
    assert seen(one) == seen(other)


@pytest.mark.parametrize(
    "options",
    [
        {"permalink": True},
        {"permalink": "#"},
        {"permalink": "\U0001f517", "permalink_leading": True},
        {"permalink": "link"},
        {"permalink": "#", "permalink_class": "own", "permalink_title": "Here"},
    ],
)
def test_a_permalink_of_the_table_of_contents_is_not_seen(options: dict[str, object]) -> None:
    plain = Renderer(["toc"], {})
    linked = Renderer([{"toc": options}], {})
    assert read_text(b"# a", linked).content_sha256 == read_text(b"# a", plain).content_sha256
    assert read_text(b"# a", linked).title == "a"


def test_a_heading_that_links_to_itself_leads_nowhere() -> None:
    linked = Renderer(["attr_list", {"toc": {"anchorlink": True, "anchorlink_class": "own"}}], {})
    assert visible_text(linked.render("# a {#x}")) == visible_text(linked.render("# a {#y}"))


@pytest.mark.parametrize("link", ['<a class="headerlink" href="#a">a</a>', '<a href="#a">#</a>'])
def test_a_link_outside_a_heading_is_visible_with_any_class(link: str) -> None:
    assert visible_text(f"<p>word {link}</p>") != visible_text("<p>word</p>")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("![a](b)", "a"),
        ("![a](b)", "![a](c)"),
        ("![a](b)", "![c](b)"),
        ("![a](b) c", "c"),
        ("![a](b)", "![a](ftp://b)"),
        ("![](b)", ""),
        ("![a](data:image/png;base64,AAAA)", "![a](data:image/png;base64,BBBB)"),
    ],
)
def test_images_count_by_source_and_text(one: str, other: str) -> None:
    assert seen(one) != seen(other)


def test_the_tip_of_an_image_does_not_count() -> None:
    assert seen('![a](b "tip")') == seen("![a](b)")
    assert seen("![a](ftp://b)") == seen("![a](file:///c)")


@pytest.mark.parametrize(
    "unseen",
    [
        "<!-- x -->",
        "<script>x</script>",
        "<style>x</style>",
        "<template>x</template>",
        '<iframe src="x">y</iframe>',
        "<object>x</object>",
        '<embed src="x">',
        "<svg><text>x</text></svg>",
        "<math><mi>x</mi></math>",
    ],
)
def test_comments_and_what_acts_are_never_seen(unseen: str) -> None:
    assert seen(f"a\n\n{unseen}\n\nb") == seen("a\n\nb")
    assert seen(f"a {unseen}b") == seen("a b")


def test_ids_classes_and_other_attributes_are_never_seen() -> None:
    assert seen("# a {#b .c d=e}") == seen("# a")
    assert seen('<p style="display:none" hidden lang="de">a</p>') == seen("a")


def test_a_comment_that_splits_a_paragraph_leaves_a_visible_split() -> None:
    assert seen("a\n<!-- x -->\nb") != seen("a b")


@pytest.mark.parametrize(
    ("one", "other"),
    [("> " * 400 + "a", "> " * 400 + "b"), ("".join(f"{' ' * 4 * n}- a\n" for n in range(260)), "- a")],
)
def test_text_nested_deeper_than_python_can_follow_is_compared_as_source(one: str, other: str) -> None:
    assert seen(one) != seen(other)
    assert seen(one) == seen(one.replace("a", "a  "))
    assert seen("- a\n- b") == seen("* a\n* b"), "the renderer is as good as new afterwards"


def test_too_deep_text_is_reported_and_shown_as_source() -> None:
    text = "".join(f"{' ' * 4 * n}- <b>\n" for n in range(260))
    document = read_document(text.encode(), RENDERER)
    assert "nested too deeply" in document.problems[0].text
    assert document.html.startswith("<pre>- &lt;b&gt;\n")


def test_how_deep_a_text_may_nest_does_not_depend_on_the_caller() -> None:
    text = "".join(f"{' ' * 4 * n}- a\n" for n in range(30))

    def deeper(frames: int) -> str:
        return deeper(frames - 1) if frames else seen(text + f"\n{sys.getrecursionlimit()}")

    assert deeper(600) == deeper(0)


BLOCKS = st.lists(
    st.sampled_from(
        ["# Head", "Some *words* here", "- item\n- other", "1. one\n2. two", "> said", "a | b\n--|--\n1 | 2"]
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(
    blocks=BLOCKS,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    bom=st.booleans(),
    blanks=st.text(" \t", max_size=3),
)
def test_line_ends_bom_and_trailing_blanks_never_count(
    blocks: list[str], end: str, bom: bool, blanks: str
) -> None:
    plain = "\n\n".join(blocks)
    written = end.join(f"{line}{blanks}" for line in plain.split("\n"))
    assert seen(("\ufeff" if bom else "") + written + end) == seen(plain)


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_a_text(raw: bytes) -> None:
    document = read_document(raw, RENDERER)
    assert document.content_sha256 == read_text(raw, RENDERER).content_sha256
    assert "<script" not in document.html


@settings(max_examples=60, deadline=None)
@given(text=st.text("#*_`[]()<>!&;:-| \n\tab1.{}%\\\"'=/^~", max_size=60))
def test_any_markdown_is_a_text_and_two_readings_agree(text: str) -> None:
    assert seen(text) == seen(text)
    assert read_text(text.encode(), Renderer(DEFAULT_EXTENSIONS, {})).content_sha256 == seen(text)
