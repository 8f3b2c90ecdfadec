"""The steps of a redline one by one: match, merge, tell."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.redlines import LONG, OTHER, THIRD

from generator.redline.compare import merge_html
from generator.redline.match.words import ChangedWords, KeptWords, compare_words
from generator.redline.merge.lines import (
    DeletedLine,
    EditedLine,
    InsertedLine,
    KeptLine,
    MovedAwayLine,
    MovedHereLine,
    changed_words,
    new_block,
    old_block,
)
from generator.redline.tell.numbers import with_new_numbers, with_references
from generator.rendered.blocks import read_blocks
from generator.rendered.words import Vocabulary, Words

words = st.lists(st.sampled_from(["we", "share", "keep", "your", "data", "1.", "2.", "(a)"]), max_size=12)


def words_of(*texts: str) -> list[Words]:
    vocabulary = Vocabulary()
    return [Words(text, vocabulary) for text in texts]


def kinds(old: str, new: str) -> list[type]:
    return [type(line) for line in merge_html(old, new)]


@settings(max_examples=100, deadline=None)
@given(words, words)
def test_spans_cover_all_words_of_both_texts_in_order(old: list[str], new: list[str]) -> None:
    compared = compare_words(*words_of(" ".join(old), " ".join(new)))
    for side in ("old", "new"):
        positions = [at for span in compared.spans for at in getattr(span, side)]
        assert positions == list(range(len(getattr(compared, side))))


@settings(max_examples=100, deadline=None)
@given(words, words)
def test_kept_words_are_equal_in_both_texts(old: list[str], new: list[str]) -> None:
    compared = compare_words(*words_of(" ".join(old), " ".join(new)))
    for span in compared.spans:
        if isinstance(span, KeptWords):
            assert [compared.old.words[i] for i in span.old] == [compared.new.words[j] for j in span.new]


def test_a_changed_number_at_the_start_is_a_span_of_its_own() -> None:
    compared = compare_words(*words_of("(a) We keep data", "(b) They keep data"))
    assert compared.spans[:2] == [
        ChangedWords(range(3), range(3)),
        ChangedWords(range(3, 4), range(3, 4)),
    ]


def test_few_kept_words_between_two_changes_count_as_changed() -> None:
    (span,) = compare_words(*words_of("Ann keeps data", "Bob keeps logs")).spans
    assert span == ChangedWords(range(3), range(3))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<p>a</p>", "<p>a</p>", [KeptLine]),
        (f"<p>{LONG}</p>", f"<p>{LONG} More.</p>", [EditedLine]),
        (f"<p>{LONG}</p>", f"<p>{LONG}</p><p>{OTHER}</p>", [KeptLine, InsertedLine]),
        (f"<p>{LONG}</p><p>{OTHER}</p>", f"<p>{LONG}</p>", [KeptLine, DeletedLine]),
        (f"<p>{LONG} {OTHER}</p>", f"<p>{LONG}</p><p>{OTHER}</p>", [EditedLine, EditedLine]),
        (
            f"<p>{LONG}</p><p>{OTHER}</p><p>{THIRD}</p>",
            f"<p>{OTHER}</p><p>{THIRD}</p><p>{LONG}</p>",
            [MovedAwayLine, KeptLine, KeptLine, MovedHereLine],
        ),
    ],
)
def test_kept_changed_and_moved_blocks_are_lines_of_different_classes(
    old: str, new: str, expected: list[type]
) -> None:
    assert kinds(old, new) == expected


@pytest.mark.parametrize("turned", [False, True])
def test_every_block_is_in_the_merged_text_in_the_order_of_its_own(*, turned: bool) -> None:
    old = f"<h2>1. A</h2><p>{LONG}</p><ul><li>{OTHER}</li><li>x</li></ul><table><tr><td>a</td></tr></table>"
    new = (
        f"<h2>2. A</h2><ul><li>{OTHER}</li></ul><p>{THIRD}</p><p>{LONG}</p><table><tr><td>b</td></tr></table>"
    )
    old, new = (new, old) if turned else (old, new)
    lines = merge_html(old, new)
    for text, block_of in ((old, old_block), (new, new_block)):
        merged = [block.markup for line in lines if (block := block_of(line)) is not None]
        assert [one for one, before in pairwise([*merged, None]) if one != before] == [
            block.markup for block in read_blocks(text)
        ]


def test_new_numbers_and_the_references_that_follow_them_are_decided_once() -> None:
    old = f"<h2>1. A</h2><p>{LONG}</p><p>{OTHER} See section 1.</p>"
    new = f"<h2>2. A</h2><p>{LONG}</p><p>{OTHER} See section 2.</p>"
    lines = with_references(with_new_numbers(merge_html(old, new)))
    assert [span.renumbered for line in lines for span in changed_words(line)] == ["section", "reference"]
