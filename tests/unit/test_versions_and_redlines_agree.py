"""Versions and redlines see the same: every version has a redline, and no redline shows anything else."""

from __future__ import annotations

import itertools
import random
from functools import cache

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.redline import RenderedVersion, StatedDates, compare
from generator.rendered import elements
from generator.versions.document import Document, read_document

RENDERER = Renderer(DEFAULT_EXTENSIONS, {})

TAGS = sorted(
    nh3.ALLOWED_TAGS
    | elements.BLOCKS
    | elements.NEVER_SHOWN
    | elements.UNCLEANED_WORDS
    | {"big", "blink", "button", "font", "label", "noscript", "option", "output", "select", "textarea"}
)
"""Every element that the cleaner allows, that any list names, and some that none does."""

IN_TEXT = [tag for tag in TAGS if tag != "legend"]
"""HTML allows a legend only in a fieldset. Of all blocks, it alone can be parsed inside a paragraph, and the
redline then reports its text as moved when the paragraph ends earlier."""

BLOCKS = [f"<div>x</div>\n\n<{tag}>a</{tag}>" for tag in TAGS]
INLINE = [f"<p>x <{tag}>a</{tag}> y</p>" for tag in IN_TEXT]
EMPTY = [f"<div>x</div><{tag}></{tag}>" for tag in TAGS]
TABLES = [
    "<table><tr><td>a</td></tr></table>",
    "<table><tr><th>a</th></tr></table>",
    "<table><tr><td>a</td></tr><tr></tr></table>",
    "<table><tbody><tr><td>a</td></tr></tbody></table>",
    "<table><caption>a</caption></table>",
    "<table><tr><td colspan=1>a</td></tr></table>",
    "<table><tr><td colspan=2>a</td></tr></table>",
    "<table><tr><td rowspan=' 2'>a</td></tr></table>",
    "<table><tr><td rowspan=2>a</td></tr></table>",
    "a|b\n-|-\nc|d",
    "a|b\n:-|-:\nc|d",
    "a|b\n-|-\nc|",
    "a|b\n-|-\n|c",
]
LISTS = [
    "<ol><li>a</li></ol>",
    "<ol start=1><li>a</li></ol>",
    "<ol start=3><li>a</li></ol>",
    "<ol start='3 '><li>a</li></ol>",
    "<ol type=1><li>a</li></ol>",
    "<ol type=a><li>a</li></ol>",
    "<ol type=I><li>a</li></ol>",
    "<ol reversed><li>a</li></ol>",
    "<ol><li value=1>a</li></ol>",
    "<ol><li value=3>a</li></ol>",
    "<ul type=a start=2><li value=2>a</li></ul>",
    "<ul><li>a</li></ul>",
    "<ul><li>a</li><li></li></ul>",
    "<ul><li>a</li><li>b</li></ul>",
    "<ul><li>a</li></ul><ul><li>b</li></ul>",
    "<ul><li>a</li></ul><ol><li>b</li></ol>",
    "<ul><li><p>a</p></li></ul>",
    "<dl><dt>a</dt><dd>b</dd></dl>",
    "a\n:   b",
]
LINKS_AND_IMAGES = [
    "[a](b)", "[a](c)", "[a](ftp://b)", "[a](javascript:x)", "[a](<>)", "<a>a</a>", '<a name="n">a</a>',
    '<a href="#n">a</a>', '<a class="footnote-ref" href="#x">a</a>',
    '<a class="footnote-ref note" href="#y">a</a>', '<a class="headerlink" href="#x">a</a>',
    "a[^1]\n\n[^1]: b", "a[^n]\n\n[^n]: b",
    "![a](b)", "![b](b)", "![a](c)", "![](b)", "![a](ftp://x)", "<img>", '<img src="b" alt="a" title="t">',
    "[![a](b)](c)", "<p><img src=b alt=a> c</p>", "<h1><img src=b alt=a></h1>",
    "# a", "## a", "# a {#x}", "# [a](#a)", "# a <a href='#a'>#</a>", "[TOC]\n\n# a", "[TOC]\n\n# a {#y}",
]  # fmt: skip
TEXT = [
    "a", "b", "a b", "a  b", "a\n\nb", "a<br>b", "a<!-- x -->b", "ab", "a\u200bb", "a\u00adb", "a\u00a0b",
    "caf\u00e9", "cafe\u0301", "&nbsp;", "", "<!-- x -->", "<p></p>", "<p>a</p><hr><p>b</p>", "<hr>",
    "<hr><hr>",
    "*a*", "**a**", "***a***", "<b><i>a</i></b>", "**a** **b**", "**a b**", "<b>a </b>b", "<b>a</b> b",
    "<b>a</b>b", "<b>a</b><b>b</b>", "<b>ab</b>", "<span>a</span><span>b</span>", "a<sup>2</sup>", "a2",
    "a<sub>2</sub>", "<abbr title='t'>a</abbr>", "<abbr title='u'>a</abbr>", "<abbr>a</abbr>",
    "<ruby>a<rt>b</rt></ruby>", "<div align=center>a</div>", "> a", "> a\n>\n> b", "    a", "```\na\n```",
    "```python\na\n```", "```\na\n\nb\n```", "```\na b\n```", "<details><summary>a</summary>b</details>",
    "<details open><summary>a</summary>b</details>", "<ins class=rl>a</ins>", "<p data-change=x>a</p>",
]  # fmt: skip
CONTROLS = [
    "<input type=checkbox>", "<input type=checkbox checked>", "<input type=radio>", "<input value=a>",
    "<input type=hidden value=a>", "<select><option>a<option>b</select>",
    "<select><option>a<option selected>b</select>", "<progress value=1 max=2></progress>",
    "<meter value=2 max=2></meter>", "<textarea>a</textarea>", "<button>a</button>",
]  # fmt: skip
FRONT_MATTER = [
    f"---\n{line}\n---\na"
    for line in (
        "title: T", "title: a", "title: \u200bT", "effective: 2030-01-01", "effective: 2030-01-02",
        "effective: soon", "effective: later", "withdrawn: 2030-01-01", "summary: s", "change: editorial",
    )
]  # fmt: skip
EXAMPLES = [
    *BLOCKS, *INLINE, *EMPTY, *TABLES, *LISTS, *LINKS_AND_IMAGES, *TEXT, *CONTROLS, *FRONT_MATTER
]  # fmt: skip
ALL_PAIRS = list(itertools.combinations(EXAMPLES, 2))
PAIRS_OF_ELEMENTS = random.Random(1).sample(ALL_PAIRS, 3000)


@cache
def document(text: str) -> Document:
    return read_document(text.encode(), RENDERER)


def rendered(text: str) -> RenderedVersion:
    read = document(text)
    return RenderedVersion(
        html=read.html,
        title=read.front.title,
        effective_on=read.front.effective,
        withdrawn_on=read.front.withdrawn,
        stated_dates=StatedDates(effective=read.front.stated_effective),
    )


def disagreement(old: str, new: str) -> str | None:
    """How versions and redlines judge the two texts, if they do not agree."""
    is_version = document(old).content_sha256 != document(new).content_sha256
    changes = compare(rendered(old), rendered(new)).changes
    if is_version == bool(changes):
        return None
    return f"{'a version' if is_version else 'no version'}, but {changes}: {old!r} -> {new!r}"


@pytest.mark.parametrize("group", [TABLES, LISTS, LINKS_AND_IMAGES, TEXT, CONTROLS, FRONT_MATTER])
def test_a_version_has_a_redline_and_nothing_else_has(group: list[str]) -> None:
    found = [disagreement(old, new) for old, new in itertools.permutations(group, 2)]
    assert [one for one in found if one] == []


def test_versions_and_redlines_agree_on_every_kind_of_element() -> None:
    found = [disagreement(*pair) for pair in PAIRS_OF_ELEMENTS]
    assert [one for one in found if one] == []


PLACES = ("{}", "# {}", "- {}", "> {}", "1. one\n2. {}", "a|b\n-|-\n{}|c", "<div>{}</div>", "x {} y")
PARTS = st.lists(
    st.one_of(
        st.sampled_from(
            ["word", "other", " ", "  ", "**strong**", "*em*", "`code`", "[a](b)", "![i](p.png)"]
        ),
        st.sampled_from([f"<{tag}>in</{tag}>" for tag in sorted(elements.FORMATTING)]),
        st.sampled_from(["&nbsp;", "\u00ad", "<br>", "<span>s</span>", "<b>", "</b>", "30<sup>1</sup>"]),
    ),
    min_size=1,
    max_size=4,
).map("".join)
TEXTS = st.lists(st.builds(str.format, st.sampled_from(PLACES), PARTS), min_size=1, max_size=3).map(
    "\n\n".join
)


@settings(max_examples=250, deadline=None)
@given(old=TEXTS, new=TEXTS)
def test_versions_and_redlines_agree_on_any_text(old: str, new: str) -> None:
    assert disagreement(old, new) is None


@settings(max_examples=150, deadline=None)
@given(
    blocks=st.lists(st.builds(str.format, st.sampled_from(PLACES), PARTS), min_size=1, max_size=4),
    data=st.data(),
)
def test_versions_and_redlines_agree_on_one_edit(blocks: list[str], data: st.DataObject) -> None:
    edited = list(blocks)
    at = data.draw(st.integers(0, len(blocks) - 1))
    edited[at] = data.draw(st.builds(str.format, st.sampled_from(PLACES), PARTS))
    assert disagreement("\n\n".join(blocks), "\n\n".join(edited)) is None
