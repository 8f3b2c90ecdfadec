"""Laws that hold for every redline of any two texts."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.redline_reader import is_marked, read

from generator.redline import RenderedVersion, compare, html, redline_markdown

SECONDS = 5.0  # for up to 1 MB a side; the fuzzed texts are far smaller
WORDS = [
    "we",
    "may",
    "keep",
    "your",
    "data",
    "for",
    "as",
    "long",
    "as",
    "the",
    "law",
    "asks;",
    "(see",
    "[here](a.md)",
    "and",
    "**there**)",
    "4.2",
]
WORDS += ["個人情報を保護します。", "بيانات"]

sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
headings = st.tuples(st.sampled_from(["# ", "## ", "### "]), sentences).map("".join)
items = st.lists(sentences, min_size=1, max_size=4)
bullets = items.map(lambda texts: "\n".join(f"* {text}" for text in texts))
numbered = items.map(lambda texts: "\n".join(f"{n}. {text}" for n, text in enumerate(texts, 1)))
nested = items.map(lambda texts: "* top\n" + "\n".join(f"    * {text}" for text in texts))
quotes = sentences.map(lambda text: f"> {text}")
codes = sentences.map(lambda text: f"```\n{text}\n```")
rows = st.lists(st.tuples(sentences, sentences), min_size=1, max_size=3)
tables = rows.map(lambda cells: "| a | b |\n|---|---|\n" + "\n".join(f"| {a} | {b} |" for a, b in cells))
raw = st.sampled_from(
    ["<div><p>raw</p> tail</div>", "---", "<del>own</del> word", "<details><summary>s</summary>t</details>"]
)
blocks = st.one_of(sentences, headings, bullets, numbered, nested, quotes, codes, tables, raw)
documents = st.lists(blocks, max_size=6).map("\n\n".join)


@st.composite
def revisions(draw: st.DrawFn) -> tuple[str, str]:
    """A document, and the same with blocks moved, dropped, added and reworded."""
    old = draw(st.lists(blocks, max_size=7))
    new = draw(st.permutations(old)) if draw(st.booleans()) else list(old)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(new)))
        if new and at < len(new) and draw(st.booleans()):
            new[at] = new[at].replace(draw(st.sampled_from(WORDS)), draw(sentences), 1)
        elif draw(st.booleans()):
            new.insert(at, draw(blocks))
        else:
            del new[at : at + 1]
    return "\n\n".join(old), "\n\n".join(new)


def rendered(text: str) -> str:
    """The text without any mark, as the redline renders it."""
    return redline_markdown(text, text)


@settings(max_examples=100, deadline=None)
@given(revisions())
@example(("we may we we\n\n---\n\nwe we we we", "we we may we we\n\n---"))
def test_accepting_gives_the_new_text_and_rejecting_the_old_one(pair: tuple[str, str]) -> None:
    old, new = pair
    redline = redline_markdown(old, new)
    assert read(redline, "new") == read(rendered(new))
    assert read(redline, "old") == read(rendered(old))


@settings(max_examples=40, deadline=None)
@given(documents)
def test_a_text_compared_with_itself_has_no_change(text: str) -> None:
    side = RenderedVersion(rendered(text), title="Privacy")
    assert compare(side, side).changes == ()
    assert not is_marked(html(compare(side, side)))


@settings(max_examples=40, deadline=None)
@given(revisions())
def test_swapping_the_sides_swaps_what_accepting_and_rejecting_give(pair: tuple[str, str]) -> None:
    old, new = pair
    there, back = redline_markdown(old, new), redline_markdown(new, old)
    assert read(there, "new") == read(back, "old")
    assert read(there, "old") == read(back, "new")


@settings(max_examples=40, deadline=None)
@given(documents)
def test_a_block_unlike_any_other_at_the_end_adds_only_its_own_mark(text: str) -> None:
    redline = redline_markdown(text, f"{text}\n\nQuite another paragraph altogether.")
    assert redline.count('class="rl"') == 1
    assert '<ins class="rl">Quite another paragraph altogether.</ins>' in redline
    assert "data-change" not in redline


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=400), st.text(max_size=400))
def test_any_two_texts_have_a_redline(old: str, new: str) -> None:
    start = time.process_time()
    redline_markdown(old, new)
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("seed", range(3))
def test_the_same_texts_give_the_same_bytes(seed: int) -> None:
    chance = random.Random(seed)
    paragraphs = [" ".join(chance.choices(WORDS, k=30)) for _ in range(20)]
    old = "\n\n".join(paragraphs)
    chance.shuffle(paragraphs)
    new = "\n\n".join(paragraphs)
    assert redline_markdown(old, new) == redline_markdown(old, new)
