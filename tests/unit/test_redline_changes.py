"""Each kind of change: what the model says of it, and in which words."""

from __future__ import annotations

from datetime import date

import pytest

from generator.language import load_language
from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.redline import (
    Redline,
    RenderedVersion,
    compare,
    excerpt_html,
    excerpt_text,
    html,
    list_changes,
    side_by_side_html,
)

RENDERER = Renderer(DEFAULT_EXTENSIONS, {})
ENGLISH, RUSSIAN = load_language("en"), load_language("ru")
LONG = "We collect your name, your address and what you buy from us, and keep it for five years in all."
OTHER = "Our staff is trained every spring in how to look after the data of customers and of visitors."
THIRD = "Requests are answered within thirty days by the team that is named at the end of this text."


def redline(old: str, new: str) -> Redline:
    return compare(RenderedVersion(RENDERER.render(old)), RenderedVersion(RENDERER.render(new)))


def told(old: str, new: str) -> list[tuple[str, str, str]]:
    return [(t.kind, t.where, t.text) for t in list_changes(redline(old, new), ENGLISH)]


def test_added_words_are_told_with_their_paragraph() -> None:
    old = f"## Disclosure\n\n{OTHER}\n\nWe share data with delivery partners.\n"
    new = old.replace("delivery partners", "delivery partners and fraud scoring partners")
    assert told(old, new) == [("edit", "Disclosure", "Paragraph 2: “and fraud scoring partners” added")]


def test_a_replaced_word_is_told_with_both() -> None:
    assert told("We may share data.", "We will share data.") == [
        ("edit", "", "Paragraph 1: “may” became “will”")
    ]


def test_a_new_section_is_one_change() -> None:
    assert told(f"# A\n\n{LONG}", f"# A\n\n{LONG}\n\n## Children\n\n{OTHER}\n\n{THIRD}") == [
        ("insert", "A", "Section “Children” added")
    ]


def test_a_moved_paragraph_is_told_once_with_its_edits() -> None:
    old = f"{LONG}\n\n{OTHER}\n\n{THIRD}\n"
    new = f"{OTHER}\n\n{THIRD}\n\n{LONG.replace('five', 'ten')}\n"
    (change,) = list_changes(redline(old, new), ENGLISH)
    assert change.kind == "move"
    assert change.text.endswith("moved here from paragraph 1; “five” became “ten”")


def test_adjacent_moved_blocks_are_one_move() -> None:
    old = f"# A\n\n## B\n\n{LONG}\n\n## C\n\n{OTHER}\n\n{THIRD}\n"
    new = f"# A\n\n## C\n\n{OTHER}\n\n{THIRD}\n\n## B\n\n{LONG}\n"
    assert [change.kind for change in redline(old, new).changes] == ["move"]


def test_both_ends_of_a_move_lead_to_each_other() -> None:
    page = html(redline(f"{LONG}\n\n{OTHER}\n\n{THIRD}", f"{OTHER}\n\n{THIRD}\n\n{LONG}"), ENGLISH)
    assert '<a class="rl-moved" href="#change-1">moved to paragraph 3:</a>' in page
    assert '<a class="rl-moved" href="#change-1-from">moved from paragraph 1:</a>' in page
    assert 'id="change-1"' in page
    assert 'id="change-1-from"' in page


def test_a_split_paragraph_marks_no_word() -> None:
    changed = redline(f"{LONG} {OTHER}", f"{LONG}\n\n{OTHER}")
    assert changed.counts == {"split": 1, "words_inserted": 0, "words_deleted": 0}


def test_merged_paragraphs_mark_no_word() -> None:
    changed = redline(f"{LONG}\n\n{OTHER}", f"{LONG} {OTHER}")
    assert changed.counts == {"merge": 1, "words_inserted": 0, "words_deleted": 0}


@pytest.mark.parametrize("turned", [False, True])
def test_a_dividing_line_is_one_wherever_it_comes_and_goes(*, turned: bool) -> None:
    for pair in (
        (f"{LONG}\n\n---\n\n{OTHER}", f"{LONG} {OTHER}"),
        (f"{LONG}\n\n{OTHER}\n\n{THIRD}\n\n---\n\nend", f"---\n\nend\n\n{LONG}\n\n{OTHER}\n\n{THIRD}"),
        (f"* a\n\n---\n\n{LONG}\n\nb", f"---\n\n{LONG}\n\n* a\n\nb"),
    ):
        old, new = pair[::-1] if turned else pair
        compared = redline(old, new)
        for shown in (
            html(compared, ENGLISH),
            side_by_side_html(compared, ENGLISH),
            excerpt_html(compared, ENGLISH).markup,
        ):
            assert "<hr>" in shown or "―――" in shown
            assert "\ufffc" not in shown


def test_renumbering_is_one_change() -> None:
    texts = [LONG, OTHER, THIRD]
    old = "\n\n".join(f"## {n}. {text}" for n, text in enumerate(texts, 1))
    new = "\n\n".join(["## 1. Who we are", *(f"## {n}. {text}" for n, text in enumerate(texts, 2))])
    changed = told(old, new)
    assert [kind for kind, _, _ in changed] == ["insert", "renumber"]
    assert changed[1][2] == "Sections 1–3 are now 2–4"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("## 30 Data we keep", "## 90 Data we keep", "Section 30 is now 90"),
        ("## 4.5 Data we keep", "## 4.6 Data we keep", "Section 4.5 is now 4.6"),
        ("4.5 We keep data", "4.6 We keep data", "Clause 4.5 is now 4.6"),
        ("(a) we keep data", "(b) we keep data", "Clause (a) is now (b)"),
        ("30 days after that", "90 days after that", "Paragraph 1: “30 days” became “90 days”"),
        ("4.5 days after that", "4.6 days after that", "Paragraph 1: “4.5 days” became “4.6 days”"),
        (
            "| Logs | 30 days |\n|---|---|",
            "| Logs | 90 days |\n|---|---|",
            "Table row 1: “30 days” became “90 days”",
        ),
        ("30 % of it", "90 % of it", "Paragraph 1: “30” became “90”"),
    ],
)
def test_a_number_that_counts_something_is_no_label(old: str, new: str, expected: str) -> None:
    assert told(old, new)[0][2] == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[here](a.md)", "[here](b.md)", "Paragraph 1: the link “here” leads to b.md instead of a.md"),
        ("see here", "see [here](b.md)", "Paragraph 1: “here” is a link to b.md now"),
        ("see [here](b.md)", "see here", "Paragraph 1: “here” is no longer a link (it led to b.md)"),
        ("never share", "**never** share", "Paragraph 1: “never” is bold now"),
        ("*never* share", "never share", "Paragraph 1: “never” is no longer in italics"),
        ("## Data", "### Data", "Heading “Data”: a heading of level 2 became a heading of level 3"),
        ("word", "> word", "Paragraph 1: a paragraph became a quotation"),
        ("* a", "1. a", "List item 1: an item of a list became an item of a numbered list"),
        ("1. a", "<ol start='3'><li>a</li></ol>", "List item 1: the list counts from 3 instead of 1"),
        ("![a](x.png)", "![a](y.png)", "Paragraph 1: the image “x.png” was replaced by “y.png”"),
        ("![a](x.png)", "![b](x.png)", "Paragraph 1: the image's description “a” became “b”"),
        ("a\n\n---\n\nb", "a\n\nb", "Dividing line 1 removed: “―――”"),
        ("see here", "see  here .", "Paragraph 1: “.” added"),
    ],
)  # fmt: skip
def test_what_is_no_word_is_told_too(old: str, new: str, expected: str) -> None:
    assert [text for _, _, text in told(old, new)] == [expected]


def table(*rows: str) -> str:
    return "\n".join(["| Name | Purpose |", "|---|---|", *rows])


def test_an_added_row_is_one_change() -> None:
    old = table("| Ann Ltd | hosting of the shop |", "| Bob Ltd | parcels |")
    new = table("| Ann Ltd | hosting of the shop |", "| New Ltd | fraud scoring |", "| Bob Ltd | parcels |")
    assert told(old, new) == [("insert", "", "Table row 3 added: “New Ltd | fraud scoring”")]


def test_an_added_column_is_one_change() -> None:
    old = "| Name |\n|---|\n| Ann Ltd |\n| Bob Ltd |"
    new = "| Name | Country |\n|---|---|\n| Ann Ltd | Spain |\n| Bob Ltd | Peru |"
    assert told(old, new) == [("column_insert", "", "Table column “Country” added")]


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (2, 0, 1)])
def test_columns_in_another_order_are_moved(order: tuple[int, ...]) -> None:
    rows = [["Name", "Purpose of it", "Country"], ["---"] * 3]
    rows += [[f"Company {n}", f"does the work of {n} for all of us", f"Land {n}"] for n in "abcdef"]
    old, new = (
        "\n".join("| " + " | ".join(row[at] for at in places) + " |" for row in rows)
        for places in ((0, 1, 2), order)
    )
    (change,) = told(old, new)
    assert change[0] == "column_move"
    assert "does the work" not in "".join(
        mark.partition("</")[0] for mark in html(redline(old, new)).split('class="rl">')[1:]
    )


def test_a_changed_cell_is_an_edit() -> None:
    old = table("| Ann Ltd | hosting |", "| Bob Ltd | parcels |")
    assert told(old, old.replace("parcels", "letters")) == [
        ("edit", "", "Table row 3: “parcels” became “letters”")
    ]


def test_a_changed_title_or_date_is_a_change_without_a_place() -> None:
    old = RenderedVersion("<p>a</p>", title="Privacy", effective_on=date(2026, 1, 1))
    new = RenderedVersion("<p>a</p>", title="Privacy policy", effective_on=date(2026, 2, 1))
    assert [(t.text, t.anchor) for t in list_changes(compare(old, new), ENGLISH)] == [
        ("The title “Privacy” became “Privacy policy”", None),
        ("Takes effect on 1 February 2026 instead of 1 January 2026", None),
    ]


def test_what_nobody_sees_is_no_change() -> None:
    old = '<h2 id="a">A</h2><p>one\ntwo</p><ul><li>x</li></ul>'
    new = '<h2 id="b">A</h2><p>one two\u200b</p><ul><li><p>x</p></li></ul>'
    assert compare(RenderedVersion(old), RenderedVersion(new)).changes == ()


def test_every_change_has_its_own_place_in_the_text() -> None:
    changed = redline(f"# A\n\n{LONG}\n\n* x\n* y", f"# B\n\n{LONG} More.\n\n* x\n* z\n\n{OTHER}")
    page = html(changed)
    anchors = [change.anchor for change in changed.changes]
    assert len(set(anchors)) == len(anchors)
    assert all(f'id="{anchor}"' in page for anchor in anchors)


def test_deleted_items_leave_the_numbers_of_the_others_alone() -> None:
    page = html(redline(f"1. {LONG}\n2. {OTHER}\n3. {THIRD}", f"1. {LONG}\n2. {THIRD}"))
    assert '<li value="2">' in page


def test_changes_are_told_in_russian() -> None:
    old = f"## Передача\n\n{LONG}"
    (change,) = list_changes(redline(old, old.replace("five", "ten")), RUSSIAN)
    assert (change.where, change.text) == ("Передача", "Абзац 1: вместо «five» теперь «ten»")


def test_a_mail_has_the_changes_with_their_neighbours() -> None:
    paragraphs = [f"Paragraph {n} is about something of its own, namely subject {n}." for n in range(9)]
    new = [*paragraphs[:4], paragraphs[4].replace("something", "anything"), *paragraphs[5:]]
    changed = redline("\n\n".join(paragraphs), "\n\n".join(new))
    mail = excerpt_html(changed, ENGLISH)
    assert mail.omitted == 0
    assert [n for n in range(9) if f"Paragraph {n} " in mail.markup] == [3, 4, 5]
    assert "id=" not in mail.markup
    assert excerpt_text(changed, ENGLISH) == (
        "Paragraph 3 is about something of its own, namely subject 3.\n\n"
        "Paragraph 4 is about [removed: something] [added: anything] of its own, namely subject 4.\n\n"
        "Paragraph 5 is about something of its own, namely subject 5."
    )


def test_a_mail_too_long_is_cut_at_a_block_and_says_how_much_is_missing() -> None:
    paragraphs = [f"{n} {LONG * 10}" for n in range(120)]
    new = [f"{text} And so on." if n % 2 else text for n, text in enumerate(paragraphs)]
    changed = redline("\n\n".join(paragraphs), "\n\n".join(new))
    mail = excerpt_html(changed, ENGLISH)
    shown = mail.markup.count("And so on.")
    assert len(mail.markup.encode()) < 60_000
    assert len(excerpt_text(changed, ENGLISH).encode()) < 60_000
    assert shown > 0
    assert mail.omitted == len(changed.changes) - shown


def test_side_by_side_each_text_has_only_its_own_marks() -> None:
    page = side_by_side_html(
        redline(f"{LONG}\n\nkept\n\n{OTHER}", f"{LONG.replace('five', 'ten')}\n\nkept"), ENGLISH
    )
    rows = page.split('<div class="rl-row">')[1:]
    assert [('<del class="rl">' in row, '<ins class="rl">' in row) for row in rows] == [
        (True, True),
        (False, False),
        (True, False),
    ]
    assert '<del class="rl"> five</del> years' in rows[0].split('<div class="rl-new">')[0]
    assert '<ins class="rl"> ten</ins> years' in rows[0].split('<div class="rl-new">')[1]


def test_side_by_side_shows_what_became_of_links_emphasis_and_paragraphs() -> None:
    old = f"[here](a.md) and there we may look.\n\n{LONG}\n\n{OTHER}"
    new = f"[here](b.md) and **there** we may look.\n\n{LONG} {OTHER}"
    page = side_by_side_html(redline(old, new), ENGLISH)
    rows = [row.split('<div class="rl-new">') for row in page.split('<div class="rl-row">')[1:]]
    before, after = rows[0]
    assert '<a href="a.md" data-change="relink">here</a>' in before
    assert '<span data-change="reformat">there</span>' in before
    assert '<a href="b.md" data-change="relink">here</a>' in after
    assert '<strong data-change="reformat">there</strong>' in after
    before, after = rows[1]
    assert 'all.<span data-change="merge"></span>Our staff' in before
    assert "merge" not in after


def test_side_by_side_only_an_items_own_text_has_its_bullet() -> None:
    old = f"* {LONG}\n    * {OTHER}\n    * {THIRD}"
    page = side_by_side_html(redline(old, old.replace("thirty", "twenty")), ENGLISH)
    last = page.split('<div class="rl-row">')[-1]
    assert last.count("<li") == 4
    assert last.count('<li style="list-style: none">') == 2


def test_paragraphs_that_become_items_are_shown_once_where_little_else_changed() -> None:
    texts = [f"{LONG} Part {n}." for n in range(6)]
    old, new = "\n\n".join(texts), "\n".join(f"* {text}" for text in texts)
    once = redline(old, new)
    assert once.counts == {"retag": 1, "words_inserted": 0, "words_deleted": 0}
    rewritten = "\n\n".join(f"{OTHER} Share {n} of the {n}th." for n in range(40))
    changed = redline(f"{old}\n\n{rewritten}", new)
    assert changed.counts["words_inserted"] > 0, "both sides come back with all their items"


def test_side_by_side_leaves_out_what_is_not_near_a_change() -> None:
    paragraphs = [f"Paragraph {n} is about something of its own, namely subject {n}." for n in range(9)]
    new = [paragraphs[0] + " New.", *paragraphs[1:8], paragraphs[8] + " New."]
    page = side_by_side_html(redline("\n\n".join(paragraphs), "\n\n".join(new)), ENGLISH)
    assert [n for n in range(9) if f"Paragraph {n} " in page] == [0, 1, 7, 8]
    assert page.count("rl-gap") == 1


def test_side_by_side_a_moved_paragraph_shows_its_edits_where_it_is_now() -> None:
    page = side_by_side_html(
        redline(f"{LONG}\n\nkept\n\n{OTHER}", f"kept\n\n{OTHER}\n\n{LONG.replace('five', 'ten')}"), ENGLISH
    )
    here = next(row for row in page.split('<div class="rl-row">') if "ten</ins>" in row)
    assert "data-move=" in here
    assert "five</del>" in here


def test_a_mail_names_a_moved_section_at_both_ends_and_does_not_repeat_it() -> None:
    sections = [
        f"## Section {n}\n\nSection {n} begins with a sentence of its own.\n\nAnd it has paragraph {n} more."
        for n in range(4)
    ]
    moved = redline("\n\n".join(sections), "\n\n".join([*sections[1:], sections[0]]))
    for told in (excerpt_html(moved, ENGLISH).markup, excerpt_text(moved, ENGLISH)):
        assert told.count("Section 0") == 2
        assert "Section 0 begins" not in told
    assert "paragraph 0 more" in html(moved, ENGLISH)


def test_a_mail_leaves_out_what_lies_between_changes() -> None:
    paragraphs = [f"Paragraph {n} is about something of its own, namely subject {n}." for n in range(9)]
    new = [paragraphs[0] + " New.", *paragraphs[1:8], paragraphs[8] + " New."]
    page = excerpt_html(redline("\n\n".join(paragraphs), "\n\n".join(new)), ENGLISH).markup
    assert [n for n in range(9) if f"Paragraph {n} " in page] == [0, 1, 7, 8]
    assert page.count("rl-gap") == 1
