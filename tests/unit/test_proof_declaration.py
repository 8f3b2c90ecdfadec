"""The declaration has words for everything that a bundle can count, in every language there is."""

from __future__ import annotations

import pytest

from subscribers.model import Exclusion, Outcome
from subscribers.proof.declaration import LANGUAGES
from subscribers.proof.summary import MEANINGS
from subscribers.words import languages_in, load_words


@pytest.mark.parametrize("language", sorted(languages_in(LANGUAGES)))
def test_every_reason_and_every_outcome_has_words(language: str) -> None:
    words = load_words(LANGUAGES, language).texts
    reasons = {f"excluded_{reason.value.replace(' ', '_')}" for reason in Exclusion}
    outcomes = {f"outcome_{outcome.value}" for outcome in Outcome}
    assert reasons | outcomes <= words.keys()


def test_every_outcome_has_a_meaning_at_the_terminal() -> None:
    assert MEANINGS.keys() == {outcome.value for outcome in Outcome}
