"""The declaration has words for everything that a bundle can count, in every language there is."""

from __future__ import annotations

import pytest

from subscribers.messages.language import load_language, spoken
from subscribers.model import Exclusion, Outcome
from subscribers.proof.reporting import MEANINGS


@pytest.mark.parametrize("language", sorted(spoken()))
def test_every_reason_and_every_outcome_has_words(language: str) -> None:
    words = load_language(language).texts
    reasons = {f"proof_excluded_{reason.value.replace(' ', '_')}" for reason in Exclusion}
    outcomes = {f"proof_outcome_{outcome.value}" for outcome in Outcome}
    assert reasons | outcomes <= words.keys()


def test_every_outcome_has_a_meaning_at_the_terminal() -> None:
    assert MEANINGS.keys() == {outcome.value for outcome in Outcome}
