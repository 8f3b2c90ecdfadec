"""Checks what was merged since the last publication.

A change can be merged after its effective date has passed, or without a check of its draft.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass

from generator.checking.document_texts import DocumentTexts
from generator.checking.effective_dates import contradictions
from generator.checking.proposals import proposal
from generator.checking.removed_documents import removal_findings
from generator.checking.report import Finding, Proposal, Removal, Report
from generator.checking.rules import RULES, documents_of_site
from generator.git.repository import Repository
from generator.site.config import SiteConfig
from generator.site.links import Links
from generator.site.published_history import PublishedHistory, VersionKey
from generator.site.renderer import renderer_of
from generator.site.urls import SiteDocument, assign_paths
from generator.versions.history import read_history


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpublishedReport(Report):
    """The result for merged changes. ``held_for`` are the errors of each version that has any."""

    held_for: Mapping[VersionKey, tuple[str, ...]]


def check_unpublished(
    config: SiteConfig,
    repository: Repository,
    *,
    published: PublishedHistory,
    cache: MutableMapping[str, str],
) -> UnpublishedReport:
    """Check every merged version that is not in ``published``, as of the day on which it was merged."""
    folder = repository.folder_of(config.documents)
    renderer = renderer_of(config, repository, cache)
    texts = DocumentTexts(config=config, repository=repository, renderer=renderer, folder=folder)
    history = documents_of_site(
        read_history(
            repository,
            folder=folder,
            ref=None,
            renderer=renderer,
            time_zone=config.time_zone,
            published=published.known,
            published_at=published.commit,
            excluded=config.excluded,
        ),
        config,
    )
    documents = assign_paths(
        history.documents, language=config.language, languages=config.languages, announce=config.announce
    )
    links = Links(documents)
    known = {(version.text.document, version.label) for version in published.versions}
    contradicting = list(contradictions(history))
    findings: list[Finding] = []
    proposals: list[Proposal] = []
    held_for: dict[VersionKey, tuple[str, ...]] = {}
    for document in documents:
        ids = (document.history.id, *document.history.former_ids)
        for version in document.history.versions:
            if any((one, version.label) in known for one in ids):
                continue
            text = texts.committed(document, version)
            found = [finding for rule in RULES for finding in rule(text)]
            found += (finding for commit, finding in contradicting if commit == version.commit)
            findings += found
            proposals.append(proposal(text, version, config=config, folder=folder, links=links))
            if refused := tuple(str(finding) for finding in found if finding.error):
                held_for[document.history.id, version.label] = refused
    removed = list(_removed(documents, published))
    for document in removed:
        findings += removal_findings(document, path=texts.path_of(document))
    return UnpublishedReport(
        findings=tuple(dict.fromkeys(findings)),
        proposals=tuple(proposals),
        removals=tuple(
            Removal(path=texts.path_of(document), title=document.history.versions[-1].title)
            for document in removed
        ),
        held_for=held_for,
    )


def _removed(documents: tuple[SiteDocument, ...], published: PublishedHistory) -> Iterator[SiteDocument]:
    """The documents that were removed since the last publication."""
    for document in documents:
        ids = {document.history.id, *document.history.former_ids}
        if document.history.ended_at is not None and not ids.isdisjoint(published.living):
            yield document
