"""Parts of pages that need no site: contents, clause links, words."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from generator import language
from generator.language import load_language, reading_in
from generator.site.headings import table_of_contents, with_clause_links, with_one_title

ENGLISH = load_language("en")


def test_a_heading_with_an_id_links_to_itself() -> None:
    linked = with_clause_links(
        '<h2 id="rights">Your <em>rights</em> &amp; more</h2><h2>None</h2>', language=ENGLISH
    )
    assert 'href="#rights" aria-label="Link to this clause: Your rights &amp; more"' in linked
    assert linked.count("ps-clause") == 1


def test_a_heading_that_has_a_link_to_itself_gets_no_other() -> None:
    own = '<h2 id="a">A<a class="headerlink" href="#a">¶</a></h2>'
    assert with_clause_links(own, language=ENGLISH) == own


def test_contents_are_nested_by_level_and_leave_out_the_links() -> None:
    text = '<h1 id="t">T</h1><h2 id="a">A</h2><h4 id="b">B <b>b</b></h4><h2 id="c">C</h2><h3>no id</h3>'
    [top] = table_of_contents(with_clause_links(text, language=ENGLISH))
    assert [entry["id"] for entry in top["children"]] == ["a", "c"]
    assert top["children"][0]["children"][0]["name"] == "B b"


@pytest.mark.parametrize("file", sorted(language.FOLDER.glob("*.yml")), ids=lambda file: file.stem)
def test_every_language_has_the_same_sentences_with_the_same_values(file: Path) -> None:
    english = yaml.safe_load((language.FOLDER / "en.yml").read_text(encoding="utf8"))
    texts = yaml.safe_load(file.read_text(encoding="utf8"))
    assert texts.keys() == english.keys()
    for key, text in english.items():
        assert places(texts[key]) <= places(text), key
        assert isinstance(texts[key], str) or "other" in texts[key], key


@pytest.mark.parametrize("word", ["верси", "редакторск", "кратко", "отозван", "политик"])
def test_russian_pages_have_one_word_for_each_idea(word: str) -> None:
    """A version is «редакция», a policy «документ»; see ru.yml."""
    assert word not in (language.FOLDER / "ru.yml").read_text(encoding="utf8").lower()


def places(text: str | dict[str, str]) -> set[str]:
    """The placeholders of a text, in all its plural forms."""
    forms = [text] if isinstance(text, str) else text.values()
    return {place for form in forms for place in re.findall(r"\{\w+\}", form)}


def test_one_file_makes_a_language_with_its_plurals_dates_and_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en.yml").write_text((language.FOLDER / "en.yml").read_text(encoding="utf8"))
    (tmp_path / "cs.yml").write_text(
        'language_name: česky\ndate_pattern: d. MMMM y\nread_in: "Číst {language}"\n'
        'words_inserted: {one: "{count} slovo", few: "{count} slova", other: "{count} slov"}\n'
    )
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    load_language.cache_clear()
    try:
        czech = load_language("cs")
        assert [czech("words_inserted", count=count) for count in (1, 2, 5)] == [
            "1 slovo",
            "2 slova",
            "5 slov",
        ]
        assert czech.date(date(2026, 11, 22)) == "22. listopadu 2026"
        assert czech("all_versions") == "All versions", "what it lacks is English"
        assert reading_in("cs-CZ") == "Číst česky"
    finally:
        load_language.cache_clear()


@pytest.mark.parametrize(
    ("code", "name"),
    [("de", "Deutsch"), ("pl", "Polski"), ("ja", "日本語"), ("pt-BR", "Português (Brasil)"), ("qqq", "qqq")],
)
def test_a_link_to_a_language_without_a_file_is_the_name_of_the_language(code: str, name: str) -> None:
    assert reading_in(code) == name


@pytest.mark.parametrize(
    ("markup", "after", "shown"),
    [
        ("<h1>A</h1><h1 id='b'>B</h1>", False, "<h1>A</h1><h2 data-level=1 id='b'>B</h2>"),
        ("<h1>A</h1>", True, "<h2 data-level=1>A</h2>"),
        ("<p>P</p><h1>A</h1><h2>B</h2>", False, "<p>P</p><h1>A</h1><h2>B</h2>"),
        ("<p>&lt;h1>none", False, "<p>&lt;h1>none"),
        ('<a title="<h1>">A</a>', True, '<a title="<h2 data-level=1>">A</a>'),
    ],
)
def test_a_page_has_one_title(markup: str, after: bool, shown: str) -> None:
    assert with_one_title(markup, after=after) == shown
