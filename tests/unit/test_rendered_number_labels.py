"""Numbers of headings and clauses, in the writing of many countries."""

from __future__ import annotations

import pytest

from generator.rendered.blocks import read_blocks


def label_of(text: str, tag: str) -> str:
    (block,) = read_blocks(f"<{tag}>{text}</{tag}>")
    words = block.words
    return words.text(range(words.label))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("3. Data", "3."),
        ("3 Data", "3"),
        ("3.1 Data", "3.1"),
        ("(3) Data", "(3)"),
        ("3) Data", "3)"),
        ("3a. Data", "3a."),
        ("iv. Data", "iv."),
        ("(iv) Data", "(iv)"),
        ("XII. Data", "XII."),
        ("а) Данные", "а)"),
        ("§ 3 Data", "§ 3"),
        ("§3a Data", "§3a"),
        ("§ 3", "§ 3"),
        ("§§ 3-5 Data", "§§ 3-5"),
        ("Article 3", "Article 3"),
        ("Article 3. Data", "Article 3."),
        ("ARTICLE 3 – DATA", "ARTICLE 3"),
        ("Article IV", "Article IV"),
        ("Art. 3 Data", "Art. 3"),
        ("Art. 3bis Data", "Art. 3bis"),
        ("Section 3: Data", "Section 3:"),
        ("Section 3.2 Data", "Section 3.2"),
        ("Chapter IV", "Chapter IV"),
        ("Annex A", "Annex A"),
        ("Annex A: Data", "Annex A:"),
        ("Schedule 2 Data", "Schedule 2"),
        ("Статья 3.", "Статья 3."),
        ("Статья 3. Данные", "Статья 3."),
        ("Глава II", "Глава II"),
        ("Пункт 3", "Пункт 3"),
        ("п. 3 Данные", "п. 3"),
        ("Artikel 3 Daten", "Artikel 3"),
        ("Abschnitt B", "Abschnitt B"),
        ("Anlage 1", "Anlage 1"),
        ("Chapitre 3 Données", "Chapitre 3"),
        ("Artículo 3. Datos", "Artículo 3."),
        ("Rozdział 3", "Rozdział 3"),
        ("Madde 3", "Madde 3"),
        ("3. cikk", "3. cikk"),
        ("3 § Data", "3 §"),
        ("第3条", "第3条"),
        ("第三章 数据", "第三章"),
        ("第三条数据", "第三条"),
        ("제3조 데이터", "제3조"),
        ("三、数据", "三、"),
    ],
)
def test_a_heading_begins_with_its_number(text: str, label: str) -> None:
    assert label_of(text, "h2") == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("(a) we keep data", "(a)"),
        ("а) мы храним", "а)"),
        ("(iv) we keep data", "(iv)"),
        ("4.5 We keep data", "4.5"),
        ("<strong>Article 3.</strong> We keep data", "Article 3."),
        ("Section 3: we keep data", "Section 3:"),
        ("Статья 3. Мы храним", "Статья 3."),
        ("§ 3. Wir speichern", "§ 3."),
        ("第三条　我们保存", "第三条"),
    ],
)
def test_a_clause_begins_with_its_number(text: str, label: str) -> None:
    assert label_of(text, "p") == label


@pytest.mark.parametrize(
    "text",
    [
        "30 days after that",
        "4.5 days after that",
        "Section 3 applies to you.",
        "§ 3 BGB applies.",
        "Article 6 GDPR is the basis.",
        "Part of the data",
        "Points are given.",
        "A user may ask.",
        "I agree.",
        "(see section 3) we keep data",
        "3",
        "第一次会议",
    ],
)
def test_a_sentence_that_begins_with_a_number_has_none(text: str) -> None:
    assert label_of(text, "p") == ""


@pytest.mark.parametrize(
    "text", ["2024", "2024 in review", "1.2.2024 Changes", "Data", "Part of it", "Annexes"]
)
def test_a_heading_without_a_number_has_none(text: str) -> None:
    assert label_of(text, "h2") == ""
