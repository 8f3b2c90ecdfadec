"""The words that a person reads are those of the glossary; ``plain_english.yml`` lists what to avoid."""

from __future__ import annotations

import pytest
from support import plain_english
from support.plain_english import Phrase

PHRASES = plain_english.phrases()


def test_no_text_for_people_uses_a_phrase_of_the_list() -> None:
    found = [finding for path in plain_english.files() for finding in plain_english.findings(path, PHRASES)]
    assert not found, "\n" + "\n".join(map(str, found))


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.write)
def test_a_phrase_matches_its_examples_and_not_what_it_allows(phrase: Phrase) -> None:
    assert phrase.examples, "give the phrase an example"
    assert not [example for example in phrase.examples if not phrase.pattern.search(example)]
    assert not [text for text in phrase.allowed if phrase.pattern.search(text)]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.py", '"""One line.\n\nTwo mails.\n"""\n', 3),
        ("a.py", "x = 1  # a\n# pair of\n# mails\n", 3),
        ("a.py", 'raise ValueError(f"{x} sends mails")\n', 1),
        ("a.md", "# Heading\n\n- an item\n- some\n  mails\n", 5),
        ("a.md", "| a | b |\n|---|---|\n| one | mails go |\n", 3),
        (".github/workflows/a.yml", "jobs:\n  a:\n    name: Send mails\n", 3),
        ("languages/en.yml", "key:\n  other: Two mails\n", 2),
        ("templates/a.html", "<p>\n{% if x %}Two mails{% endif %}</p>", 2),
        ("Makefile", "run: install ## Show the mails\n", 1),
        ("pyproject.toml", 'description = "Sends mails"\n', 1),
    ],
)
def test_a_phrase_is_found_in_every_kind_of_file_with_its_line(
    path: str, text: str, line: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [finding.line for finding in _found(path, text, monkeypatch)] == [line]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", '"""See ``mails`` at https://example.com/mails"""\nmails = ["mails"]\n'),
        ("a.md", "Run `show mails`; see [there](mails.md).\n\n```sh\nls mails\n```\n"),
        (".github/workflows/a.yml", "jobs:\n  a:\n    run: echo mails arrived\n"),
        ("templates/a.html", "<p class='mails'>{{ mails }}</p>"),
        ("tests/a.py", 'assert text == "Two mails"\n'),
    ],
)
def test_code_is_not_read_as_prose(path: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _found(path, text, monkeypatch)


def _found(path: str, text: str, monkeypatch: pytest.MonkeyPatch) -> list[plain_english.Finding]:
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_: text)
    return plain_english.findings(path, PHRASES)
