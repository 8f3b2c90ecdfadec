"""The changes with their context, as messages show them."""

from __future__ import annotations

from support.redlines import ENGLISH, LONG, redline

from generator.redline import (
    excerpt_html,
    excerpt_text,
    html,
)


def test_a_message_has_the_changes_with_their_neighbours() -> None:
    paragraphs = [f"Paragraph {n} is about something of its own, namely subject {n}." for n in range(9)]
    new = [*paragraphs[:4], paragraphs[4].replace("something", "anything"), *paragraphs[5:]]
    changed = redline("\n\n".join(paragraphs), "\n\n".join(new))
    message = excerpt_html(changed, ENGLISH)
    assert message.omitted == 0
    assert [n for n in range(9) if f"Paragraph {n} " in message.markup] == [3, 4, 5]
    assert "id=" not in message.markup
    assert excerpt_text(changed, ENGLISH) == (
        "Paragraph 3 is about something of its own, namely subject 3.\n\n"
        "Paragraph 4 is about [removed: something] [added: anything] of its own, namely subject 4.\n\n"
        "Paragraph 5 is about something of its own, namely subject 5."
    )


def test_a_message_that_would_be_too_long_is_cut_at_a_block_and_says_how_much_is_missing() -> None:
    paragraphs = [f"{n} {LONG * 10}" for n in range(120)]
    new = [f"{text} And so on." if n % 2 else text for n, text in enumerate(paragraphs)]
    changed = redline("\n\n".join(paragraphs), "\n\n".join(new))
    message = excerpt_html(changed, ENGLISH)
    shown = message.markup.count("And so on.")
    assert len(message.markup.encode()) < 60_000
    assert len(excerpt_text(changed, ENGLISH).encode()) < 60_000
    assert shown > 0
    assert message.omitted == len(changed.changes) - shown


def test_a_message_names_a_moved_section_at_both_ends_and_does_not_repeat_it() -> None:
    sections = [
        f"## Section {n}\n\nSection {n} begins with a sentence of its own.\n\nAnd it has paragraph {n} more."
        for n in range(4)
    ]
    moved = redline("\n\n".join(sections), "\n\n".join([*sections[1:], sections[0]]))
    for message in (excerpt_html(moved, ENGLISH).markup, excerpt_text(moved, ENGLISH)):
        assert message.count("Section 0") == 2
        assert "Section 0 begins" not in message
    assert "paragraph 0 more" in html(moved, ENGLISH)


def test_a_message_leaves_out_the_text_between_distant_changes() -> None:
    paragraphs = [f"Paragraph {n} is about something of its own, namely subject {n}." for n in range(9)]
    new = [paragraphs[0] + " New.", *paragraphs[1:8], paragraphs[8] + " New."]
    page = excerpt_html(redline("\n\n".join(paragraphs), "\n\n".join(new)), ENGLISH).markup
    assert [n for n in range(9) if f"Paragraph {n} " in page] == [0, 1, 7, 8]
    assert page.count("rl-gap") == 1
