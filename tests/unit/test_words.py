"""The sentences of messages and declarations are complete in every language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from subscribers import messages, proof
from subscribers.words import Texts, languages_in, load_words

FOLDERS = [Path(str(package.__file__)).parent / "languages" for package in (messages, proof)]
CASES = [
    pytest.param(folder, language, id=f"{folder.parent.name}-{language}")
    for folder in FOLDERS
    for language in sorted(languages_in(folder))
]


def test_messages_and_declarations_have_the_same_languages() -> None:
    first, second = FOLDERS
    assert languages_in(first) == languages_in(second)


@pytest.mark.parametrize(("folder", "language"), CASES)
def test_every_language_has_the_same_sentences_with_the_same_values(folder: Path, language: str) -> None:
    english, other = load_words(folder, "en").texts, load_words(folder, language).texts
    assert other.keys() == english.keys()
    for key in english:
        [values] = {frozenset(re.findall(r"(?<!\{)\{\w+\}", form)) for form in _forms(english, key)}
        for form in _forms(other, key):
            assert set(re.findall(r"(?<!\{)\{\w+\}", form)) == values, key


@pytest.mark.parametrize(("folder", "language"), CASES)
def test_a_sentence_that_counts_has_every_plural_form_of_its_language(folder: Path, language: str) -> None:
    words = load_words(folder, language)
    for key, text in words.texts.items():
        if not isinstance(text, str):
            for count in range(200):
                others = dict.fromkeys(re.findall(r"\{(\w+)\}", text["other"]), "")
                others.pop("count", None)
                assert str(count) in words(key, count=count, **others)


def _forms(texts: Texts, key: str) -> list[str]:
    text = texts[key]
    return [text] if isinstance(text, str) else list(text.values())
