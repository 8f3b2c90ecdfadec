"""New numbers: one sentence in every view, which covers the cross-references that follow them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.redlines import ENGLISH, RUSSIAN, redline

from generator.redline import (
    Redline,
    excerpt_html,
    excerpt_text,
    html,
    list_changes,
    side_by_side_html,
)

NAMES = ["Scope", "Orders", "Cookies", "Payments", "Delivery", "Support", "Storage"]
WITH_ONE_MORE = [*NAMES[:2], "Newcomers", *NAMES[2:]]


def policy(names: Sequence[str], *, heading: str = "## {n}. {name}", more: str = "") -> str:
    sections = [
        f"{heading}\n\nIn all cases of {{name}} we do what the law says about it.\n\n{more}".format(
            n=n, name=name
        )
        for n, name in enumerate(names, 1)
    ]
    return "\n\n".join(["# Privacy", *sections])


def listed(compared: Redline) -> list[str]:
    return [change.text for change in list_changes(compared, ENGLISH)]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("## {n}. {name}", "Sections 3–7 are now 4–8"),
        ("## {n} {name}", "Sections 3–7 are now 4–8"),
        ("## ({n}) {name}", "Sections (3)–(7) are now (4)–(8)"),
        ("## 2.{n} {name}", "Sections 2.3–2.7 are now 2.4–2.8"),
        ("## Article {n}. {name}", "Article 3–7 is now Article 4–8"),
        ("## Article {n}\n\n{name}", "Article 3–7 is now Article 4–8"),
        ("## § {n} {name}", "§ 3–7 is now § 4–8"),
        ("## Section {n}: {name}", "Section 3–7 is now Section 4–8"),
        ("## Статья {n}. {name}", "Статья 3–7 is now Статья 4–8"),
    ],
)
def test_sections_after_a_new_one_are_one_entry(heading: str, expected: str) -> None:
    old, new = (policy(names, heading=heading) for names in (NAMES, WITH_ONE_MORE))
    assert listed(redline(old, new))[1:] == [expected]


def test_numbers_within_a_section_follow_its_own() -> None:
    old, new = (
        policy(names, more="### {n}.1 Details\n\nMore on {name}.") for names in (NAMES, WITH_ONE_MORE)
    )
    assert listed(redline(old, new))[2:] == ["Sections 3–7 are now 4–8"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("(a) we keep it\n\n(b) you ask", "(b) we keep it\n\n(c) you ask", "Clauses (a)–(b) are now (b)–(c)"),
        ("(ii) we do\n\n(iii) you do", "(iii) we do\n\n(iv) you do", "Clauses (ii)–(iii) are now (iii)–(iv)"),
        ("а) мы храним\n\nб) вы просите", "б) мы храним\n\nв) вы просите", "Clauses а)–б) are now б)–в)"),
        ("## 3. Data\n\n## 9. Fees", "## 4. Data\n\n## 7. Fees", "Section 3 is now 4; section 9 is now 7"),
        ("## 第3条 データ\n\n保存する。", "## 第4条 データ\n\n保存する。", "Section 第3条 is now 第4条"),
    ],
)  # fmt: skip
def test_numbers_are_listed_as_they_are_written(old: str, new: str, expected: str) -> None:
    assert listed(redline(old, new)) == [expected]


def test_numbers_are_listed_in_russian() -> None:
    changed = redline(policy(NAMES), policy(WITH_ONE_MORE))
    assert list_changes(changed, RUSSIAN)[-1].text == "Разделы 3–7 теперь 4–8"


def test_a_message_says_new_numbers_in_one_sentence_without_their_context() -> None:
    changed = redline(policy(NAMES), policy(WITH_ONE_MORE))
    for message in (excerpt_html(changed, ENGLISH).markup, excerpt_text(changed, ENGLISH)):
        assert message.count("Sections 3–7 are now 4–8.") == 1
        assert "Newcomers" in message
        assert not any(name in message for name in NAMES[3:])
    sides = side_by_side_html(changed, ENGLISH)
    assert "Sections 3–7 are now 4–8." in sides
    assert "Storage" not in sides


def test_a_message_about_numbers_alone_is_one_sentence() -> None:
    changed = redline(
        "## 1. Data\n\nWe keep it.\n\n## 2. Fees\n\nNone.", "## 2. Data\n\nWe keep it.\n\n## 3. Fees\n\nNone."
    )
    assert excerpt_text(changed, ENGLISH) == "Sections 1–2 are now 2–3."
    assert excerpt_html(changed, ENGLISH).markup == "<p>Sections 1–2 are now 2–3.</p>\n"


@pytest.mark.parametrize(
    "reference",
    [
        "see section 5",
        "see sections 3 and 5",
        "as Section 4.2 says",
        "under § 6",
        "Articles 3, 4 and 5 apply",
        "см. раздел 5",
    ],
)
def test_a_reference_that_follows_its_section_is_part_of_the_renumbering(reference: str) -> None:
    followed = "".join(str(int(sign) + 1) if sign in "3456" else sign for sign in reference)
    old, new = policy(NAMES), policy(WITH_ONE_MORE)
    changed = redline(f"{old}\n\nFor anything else, {reference}.", f"{new}\n\nFor anything else, {followed}.")
    assert listed(changed)[1:] == ["Sections 3–7 are now 4–8"]
    assert html(changed).count('<del class="rl" data-change="renumber">') >= 6
    assert "anything else" not in excerpt_text(changed, ENGLISH)


@pytest.mark.parametrize(
    ("old", "new"),
    [("see section 5", "see section 7"), ("kept 5 days", "kept 6 days"), ("see section 1", "see section 2")],
)
def test_any_other_number_is_an_edit(old: str, new: str) -> None:
    changed = redline(f"{policy(NAMES)}\n\nAnd {old}.", f"{policy(WITH_ONE_MORE)}\n\nAnd {new}.")
    assert changed.counts["edit"] == 1


def test_references_in_repeated_sentences_stay_in_place() -> None:
    more = "For anything else, see section {next}."
    old, new = (
        "\n\n".join(
            f"## {n}. {name}\n\nIn all cases of {name} we do it.\n\n{more.format(next=n + 1)}"
            for n, name in enumerate(names, 1)
        )
        for names in (NAMES, WITH_ONE_MORE)
    )
    assert "move" not in redline(old, new).counts


def test_a_heading_alone_is_no_section() -> None:
    assert listed(redline("# A\n\nWe keep it.", "# A\n\n## Data\n\nWe keep it.")) == ["Heading “Data” added"]


def test_moved_rows_are_counted_as_rows() -> None:
    rows = [f"| Company {n} of the list | does the work {n} for us | Country {n} |" for n in range(8)]
    head = "| Name | Work | Country |\n|---|---|---|\n"
    old, new = head + "\n".join(rows), head + "\n".join([*rows[5:], *rows[:5]])
    (change,) = listed(redline(old, new))
    assert change.startswith("3 table rows moved here from table row 7, the first: “Company 5 of the list | ")
