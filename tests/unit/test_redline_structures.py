"""The same words in another structure: words that stay are not marked in any of them.

A redline may mark one and a half times the words that differ, and five more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq
from selectolax.lexbor import LexborHTMLParser
from support.redline_reader import read

from generator.language import load_language
from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.redline import RenderedVersion, compare, html, list_changes

RENDERER = Renderer(DEFAULT_EXTENSIONS, {})
ENGLISH = load_language("en")
Entries = list[tuple[str, str]]

LONG = [
    ("Cookies", "Small files on your device that let us recognise it again when you come back."),
    ("Pixels", "Tiny pictures in pages and messages that tell us when they were opened."),
    ("Local storage", "Memory of the browser in which we keep your settings between two visits."),
    ("Server logs", "Lines that our computers write about each request that they have answered."),
]
SHORT = [
    ("Access", "see your data"),
    ("Correction", "correct your data"),
    ("Erasure", "erase your data"),
    ("Portability", "receive your data"),
]
WORDS = [("Name", "kept"), ("Email", "kept"), ("Phone", "shared"), ("Address", "kept")]
REPEATED = [
    ("Account data", "We keep it while you have an account."),
    ("Log data", "We keep it for thirty days."),
    ("Account data", "We keep it while you have an account."),
    ("Log data", "We keep it for thirty days."),
    ("Payment data", "We keep it for thirty days."),
    ("Log data", "We keep it for thirty days."),
]
CHINESE = [
    ("姓名", "我们为履行合同保存您的姓名。"),
    ("电话", "只有在您同意后才会与快递公司共享。"),
    ("地址", "删除账户三十天后我们将其删除。"),
]


def each(form: str, between: str = "\n\n") -> Callable[[Entries], str]:
    """A structure: every entry in the same form."""
    return lambda entries: between.join(
        form.format(n=n, term=term, text=text) for n, (term, text) in enumerate(entries, 1)
    )


STRUCTURES: dict[str, Callable[[Entries], str]] = {
    "paragraphs": each("{term} {text}"),
    "paragraphs with terms": each("**{term}** {text}"),
    "terms and paragraphs": each("{term}\n\n{text}"),
    "list": each("* {term} {text}", "\n"),
    "numbered list": each("{n}. {term} {text}", "\n"),
    "list of two paragraphs": each("* {term}\n\n    {text}"),
    "list in a list": each("* {term}\n    * {text}", "\n"),
    "sections": each("### {term}\n\n{text}"),
    "headings": each("### {term} {text}"),
    "table": lambda entries: "|  |  |\n|---|---|\n" + each("| {term} | {text} |", "\n")(entries),
    "table of one column": lambda entries: "|  |\n|---|\n" + each("| {term} {text} |", "\n")(entries),
    "definitions": each("{term}\n:   {text}"),
    "quotation": each("> {term} {text}", "\n>\n"),
    "quotations": each("> {term} {text}", "\n\n<!-- -->\n\n"),
    "lines": each("{term} {text}", "  \n"),
    "one paragraph": each("{term} {text}", " "),
    "closed blocks": each("<details><summary>{term}</summary><p>{text}</p></details>"),
}


def document(structure: str, entries: Entries) -> str:
    middle = STRUCTURES[structure](entries)
    return RENDERER.render(
        f"# Privacy\n\nThis page says what we keep of you and why we do it.\n\n{middle}\n\n"
        "Ask us whenever something here is unclear to you.\n"
    )


def words_of(markup: str, selector: str = "body") -> list[str]:
    tree = LexborHTMLParser(f"<!doctype html><body>{markup}")
    return [word for node in tree.css(selector) for word in node.text(separator=" ").split()]


def marked_and_fewest(old: str, new: str) -> tuple[int, int]:
    """How many words the redline marks, and how many any redline has to."""
    page = html(compare(RenderedVersion(old), RenderedVersion(new)))
    for side, text in (("old", old), ("new", new)):
        assert read(page, "old" if side == "old" else "new") == read(text)
    before, after = words_of(old), words_of(new)
    fewest = len(before) + len(after) - 2 * LCSseq.similarity(before, after)
    return len(words_of(page, ".rl")), fewest


def too_many(entries: Entries, edited: Entries) -> Iterator[str]:
    for one, other in product(STRUCTURES, repeat=2):
        marked, fewest = marked_and_fewest(document(one, entries), document(other, edited))
        if marked > 1.5 * fewest + 5:
            yield f"{one} became {other}: {marked} words marked, {fewest} differ"


@pytest.mark.parametrize(
    "entries", [LONG, SHORT, WORDS, REPEATED], ids=["long", "short", "words", "repeated"]
)
def test_words_that_stay_are_not_marked_in_any_other_structure(entries: Entries) -> None:
    assert list(too_many(entries, entries)) == []


texts = st.lists(st.sampled_from(LONG + SHORT + REPEATED), min_size=2, max_size=8)
EDITS: dict[str, Callable[[Entries], Entries]] = {
    "nothing": lambda entries: entries,
    "an entry removed": lambda entries: [*entries[:1], *entries[2:]],
    "an entry added": lambda entries: [*entries[:1], ("Fonts", "Letters that pages load."), *entries[1:]],
    "a word replaced": lambda entries: [
        (term, text.replace("keep", "store").replace("your", "their")) for term, text in entries
    ],
}


@settings(max_examples=120, deadline=None)
@given(texts, st.sampled_from([*STRUCTURES]), st.sampled_from([*STRUCTURES]), st.sampled_from([*EDITS]))
@example(REPEATED, "paragraphs", "table", "a word replaced")
@example(SHORT, "list", "table", "a word replaced")
def test_both_texts_come_back_from_any_change_of_structure(
    entries: Entries, one: str, other: str, edit: str
) -> None:
    marked_and_fewest(document(one, entries), document(other, EDITS[edit](entries)))


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("entries", [LONG, REPEATED], ids=["long", "repeated"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paragraphs", "table"),
        ("table", "paragraphs with terms"),
        ("list", "sections"),
        ("sections", "list of two paragraphs"),
        ("paragraphs", "list"),
        ("numbered list", "paragraphs"),
        ("list", "definitions"),
        ("definitions", "table"),
        ("paragraphs", "quotation"),
        ("lines", "list"),
        ("list", "one paragraph"),
        ("closed blocks", "sections"),
    ],
)
def test_edits_beside_a_change_of_structure_are_marked_and_nothing_else(
    one: str, other: str, entries: Entries, edit: str
) -> None:
    marked, fewest = marked_and_fewest(document(one, entries), document(other, EDITS[edit](entries)))
    assert marked <= 1.5 * fewest + 5


@pytest.mark.parametrize(
    ("one", "other"), [("paragraphs", "list"), ("list", "table"), ("table", "paragraphs")]
)
def test_a_new_structure_is_one_entry_in_the_list(one: str, other: str) -> None:
    changed = compare(RenderedVersion(document(one, LONG)), RenderedVersion(document(other, LONG)))
    assert sum(change.kind == "retag" for change in list_changes(changed, ENGLISH)) == 1


@pytest.mark.parametrize("other", ["list", "table", "sections", "definitions", "quotation"])
def test_a_script_without_spaces_is_not_marked_either(other: str) -> None:
    page = html(
        compare(
            RenderedVersion(document("terms and paragraphs", CHINESE)),
            RenderedVersion(document(other, CHINESE)),
        )
    )
    assert sum(map(len, words_of(page, ".rl"))) <= 5
