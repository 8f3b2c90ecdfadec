"""The checks that apply to each changed text, and which documents are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from generator.checking.changed_text import ChangedText
from generator.checking.clause_numbers import numbering_findings
from generator.checking.effective_dates import day_findings
from generator.checking.front_matter import statement_findings
from generator.checking.front_matter_keys import key_findings
from generator.checking.lookalike_letters import letter_findings
from generator.checking.report import Finding
from generator.checking.unfinished_text import unfinished_text_findings
from generator.site.config import SiteConfig
from generator.site.hidden_readmes import without_hidden_readmes
from generator.versions.document_history import History

RULES: tuple[Callable[[ChangedText], Iterable[Finding]], ...] = (
    unfinished_text_findings,
    statement_findings,
    key_findings,
    letter_findings,
    numbering_findings,
    day_findings,
)
"""The checks of each changed text, in the order of the report."""


def documents_of_site(history: History, config: SiteConfig) -> History:
    """The history without the documents that are excluded from the site."""
    documents, _ = without_hidden_readmes(
        [document for document in history.documents if not config.excluded(document.path)]
    )
    return replace(history, documents=documents)
