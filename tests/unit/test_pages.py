"""Parts of pages that need no site: contents, clause links, words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from generator import language
from generator.language import load_language
from generator.pages import table_of_contents, with_clause_links

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
def test_every_language_has_the_same_texts_with_the_same_places(file: Path) -> None:
    english = yaml.safe_load((language.FOLDER / "en.yml").read_text(encoding="utf8"))
    texts = yaml.safe_load(file.read_text(encoding="utf8"))
    assert texts.keys() == english.keys()
