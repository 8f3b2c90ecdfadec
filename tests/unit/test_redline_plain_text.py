"""Signs that carry meaning, in plain text: notes, powers, indexes, struck words."""

from __future__ import annotations

import pytest

from generator.language import load_language
from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.redline import RenderedVersion, compare, excerpt_text, list_changes
from generator.rendered.blocks import read_blocks
from generator.site.plain_text import plain_text

RENDERER = Renderer(DEFAULT_EXTENSIONS, {})
ENGLISH = load_language("en")

SIGNS = [
    ("30[^a] days\n\n[^a]: Working days.", "30[1] days"),
    ("30[^a][^b] days\n\n[^a]: a\n\n[^b]: b", "30[1][2] days"),
    ("30<sup>[1](#note)</sup> days", "30[1] days"),
    ("30<sup>[[1]](#note)</sup> days", "30[1] days"),
    ("10<sup>3</sup> orders", "10³ orders"),
    ("10<sup>-3</sup> mm", "10⁻³ mm"),
    ("10<sup>a+1</sup> mm", "10^(a+1) mm"),
    ("2<sup>k</sup> keys", "2^k keys"),
    ("**10<sup>3</sup>** orders", "10³ orders"),
    ("H<sub>2</sub>O", "H₂O"),
    ("t<sub>max</sub> seconds", "t_max seconds"),
    ("1<sup>st</sup> day", "1st day"),
    ("Firm<sup>TM</sup>", "Firm™"),
    ("cost<sup>\\*</sup>", "cost*"),
    ("for <del>thirty</del> sixty days", "for ~~thirty~~ sixty days"),
    ("for <s>thirty days</s>.", "for ~~thirty days~~."),
    ("<del>10<sup>3</sup> of them</del>", "~~10³ of them~~"),
    ("<del>**thirty** days</del> of it", "~~thirty days~~ of it"),
]


@pytest.mark.parametrize(("text", "expected"), SIGNS)
def test_a_copy_in_plain_text_keeps_the_signs(text: str, expected: str) -> None:
    assert plain_text(RENDERER.render(text)).splitlines()[0] == expected


@pytest.mark.parametrize(("text", "expected"), SIGNS)
def test_a_message_in_plain_text_keeps_the_signs(text: str, expected: str) -> None:
    old, new = (RenderedVersion(RENDERER.render(text + f"\n\nWe {word} it.")) for word in ("keep", "store"))
    if "[^a]:" not in text:
        assert excerpt_text(compare(old, new), ENGLISH).splitlines()[0] == expected


def test_the_list_of_changes_keeps_the_signs() -> None:
    old, new = (
        RenderedVersion(RENDERER.render(text))
        for text in ("We keep 10 of them.", "We keep 10<sup>3</sup> of them.")
    )
    (change,) = list_changes(compare(old, new), ENGLISH)
    assert change.text == "Paragraph 1: “³” added"


def test_any_quoted_part_of_a_text_keeps_the_signs() -> None:
    (block,) = read_blocks("<p>at most 10<sup>3</sup> and <s>no more</s></p>")
    words = block.words
    assert words.text(range(2, 5)) == "10³ and"
    assert words.text(range(4, 6)) == "and ~~no~~"
