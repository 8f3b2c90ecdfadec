"""The list of changes: each kind of change, its location and its sentence."""

from __future__ import annotations

from datetime import date

import pytest
from support.redlines import ENGLISH, LONG, OTHER, RUSSIAN, THIRD, redline

from generator.redline import (
    RenderedVersion,
    compare,
    html,
    list_changes,
)


def listed(old: str, new: str) -> list[tuple[str, str, str]]:
    return [(change.kind, change.where, change.text) for change in list_changes(redline(old, new), ENGLISH)]


def test_added_words_are_listed_with_their_paragraph() -> None:
    old = f"## Disclosure\n\n{OTHER}\n\nWe share data with delivery partners.\n"
    new = old.replace("delivery partners", "delivery partners and fraud scoring partners")
    assert listed(old, new) == [("edit", "Disclosure", "Paragraph 2: “and fraud scoring partners” added")]


def test_a_replaced_word_is_listed_with_the_old_and_the_new_one() -> None:
    assert listed("We may share data.", "We will share data.") == [
        ("edit", "", "Paragraph 1: “may” became “will”")
    ]


def test_a_new_section_is_one_change() -> None:
    assert listed(f"# A\n\n{LONG}", f"# A\n\n{LONG}\n\n## Children\n\n{OTHER}\n\n{THIRD}") == [
        ("insert", "A", "Section “Children” added")
    ]


def test_a_moved_paragraph_is_listed_once_with_its_edits() -> None:
    old = f"{LONG}\n\n{OTHER}\n\n{THIRD}\n"
    new = f"{OTHER}\n\n{THIRD}\n\n{LONG.replace('five', 'ten')}\n"
    (change,) = list_changes(redline(old, new), ENGLISH)
    assert change.kind == "move"
    assert change.text.endswith("moved here from paragraph 1; “five” became “ten”")


def test_adjacent_moved_blocks_are_one_move() -> None:
    old = f"# A\n\n## B\n\n{LONG}\n\n## C\n\n{OTHER}\n\n{THIRD}\n"
    new = f"# A\n\n## C\n\n{OTHER}\n\n{THIRD}\n\n## B\n\n{LONG}\n"
    assert [change.kind for change in redline(old, new).changes] == ["move"]


def test_a_split_paragraph_marks_no_word() -> None:
    changed = redline(f"{LONG} {OTHER}", f"{LONG}\n\n{OTHER}")
    assert changed.counts == {"split": 1, "words_inserted": 0, "words_deleted": 0}


def test_merged_paragraphs_mark_no_word() -> None:
    changed = redline(f"{LONG}\n\n{OTHER}", f"{LONG} {OTHER}")
    assert changed.counts == {"merge": 1, "words_inserted": 0, "words_deleted": 0}


def test_renumbering_is_one_change() -> None:
    texts = [LONG, OTHER, THIRD]
    old = "\n\n".join(f"## {n}. {text}" for n, text in enumerate(texts, 1))
    new = "\n\n".join(["## 1. Who we are", *(f"## {n}. {text}" for n, text in enumerate(texts, 2))])
    changed = listed(old, new)
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
def test_only_the_number_of_a_heading_or_clause_is_renumbered(old: str, new: str, expected: str) -> None:
    assert listed(old, new)[0][2] == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[here](a.md)", "[here](b.md)", "Paragraph 1: the link “here” leads to b.md instead of a.md"),
        ("see here", "see [here](b.md)", "Paragraph 1: “here” is now a link to b.md"),
        ("see [here](b.md)", "see here", "Paragraph 1: “here” is no longer a link (it led to b.md)"),
        ("never share", "**never** share", "Paragraph 1: “never” is now bold"),
        ("*never* share", "never share", "Paragraph 1: “never” is no longer in italics"),
        ("## Data", "### Data", "Heading “Data”: a heading of level 2 became a heading of level 3"),
        ("word", "> word", "Paragraph 1: a paragraph became a quotation"),
        ("* a", "1. a", "List item 1: an item of a list became an item of a numbered list"),
        ("1. a", "<ol start='3'><li>a</li></ol>", "List item 1: the list starts at 3 instead of 1"),
        ("![a](x.png)", "![a](y.png)", "Paragraph 1: the image “x.png” was replaced by “y.png”"),
        ("![a](x.png)", "![b](x.png)", "Paragraph 1: the description of the image “a” became “b”"),
        ("a\n\n---\n\nb", "a\n\nb", "Dividing line 1 removed: “―――”"),
        ("see here", "see  here .", "Paragraph 1: “.” added"),
    ],
)  # fmt: skip
def test_changes_of_anything_but_words_are_listed_too(old: str, new: str, expected: str) -> None:
    assert [text for _, _, text in listed(old, new)] == [expected]


def table(*rows: str) -> str:
    return "\n".join(["| Name | Purpose |", "|---|---|", *rows])


def test_an_added_row_is_one_change() -> None:
    old = table("| Ann Ltd | hosting of the shop |", "| Bob Ltd | parcels |")
    new = table("| Ann Ltd | hosting of the shop |", "| New Ltd | fraud scoring |", "| Bob Ltd | parcels |")
    assert listed(old, new) == [("insert", "", "Table row 3 added: “New Ltd | fraud scoring”")]


def test_an_added_column_is_one_change() -> None:
    old = "| Name |\n|---|\n| Ann Ltd |\n| Bob Ltd |"
    new = "| Name | Country |\n|---|---|\n| Ann Ltd | Spain |\n| Bob Ltd | Peru |"
    assert listed(old, new) == [("column_insert", "", "Table column “Country” added")]


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (2, 0, 1)])
def test_columns_in_another_order_are_moved(order: tuple[int, ...]) -> None:
    rows = [["Name", "Purpose of it", "Country"], ["---"] * 3]
    rows += [[f"Company {n}", f"does the work of {n} for all of us", f"Land {n}"] for n in "abcdef"]
    old, new = (
        "\n".join("| " + " | ".join(row[at] for at in places) + " |" for row in rows)
        for places in ((0, 1, 2), order)
    )
    (change,) = listed(old, new)
    assert change[0] == "column_move"
    assert "does the work" not in "".join(
        mark.partition("</")[0] for mark in html(redline(old, new)).split('class="rl">')[1:]
    )


def test_a_changed_cell_is_an_edit() -> None:
    old = table("| Ann Ltd | hosting |", "| Bob Ltd | parcels |")
    assert listed(old, old.replace("parcels", "letters")) == [
        ("edit", "", "Table row 3: “parcels” became “letters”")
    ]


def test_a_changed_title_or_date_is_a_change_without_a_location() -> None:
    old = RenderedVersion("<p>a</p>", title="Privacy", effective_on=date(2026, 1, 1))
    new = RenderedVersion("<p>a</p>", title="Privacy policy", effective_on=date(2026, 2, 1))
    assert [(t.text, t.anchor) for t in list_changes(compare(old, new), ENGLISH)] == [
        ("The title “Privacy” became “Privacy policy”", None),
        ("Takes effect on 1 February 2026 instead of 1 January 2026", None),
    ]


def test_a_difference_that_nobody_sees_is_no_change() -> None:
    old = '<h2 id="a">A</h2><p>one\ntwo</p><ul><li>x</li></ul>'
    new = '<h2 id="b">A</h2><p>one two\u200b</p><ul><li><p>x</p></li></ul>'
    assert compare(RenderedVersion(old), RenderedVersion(new)).changes == ()


def test_changes_are_listed_in_russian() -> None:
    old = f"## Передача\n\n{LONG}"
    (change,) = list_changes(redline(old, old.replace("five", "ten")), RUSSIAN)
    assert (change.where, change.text) == ("Передача", "Абзац 1: вместо «five» теперь «ten»")
