"""Checks a draft: applies every rule to each changed text, and shows its redline."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime

from generator.checking.broken_links import broken_links, link_findings
from generator.checking.changed_text import ChangedText
from generator.checking.document_texts import DocumentTexts
from generator.checking.effective_dates import contradictions, translation_findings
from generator.checking.proposals import proposal
from generator.checking.removed_documents import removal_findings
from generator.checking.report import Finding, OtherFile, Removal, Report
from generator.checking.rules import RULES, documents_of_site
from generator.git.document_paths import in_repository
from generator.git.repository import Repository
from generator.git.steps import UNCOMMITTED
from generator.site.allowed_files import is_hidden
from generator.site.config import SiteConfig
from generator.site.links import Links
from generator.site.renderer import renderer_of
from generator.site.urls import PathTakenError, SiteDocument, assign_paths
from generator.versions.document_history import DocumentHistory, History, TextFile
from generator.versions.history import read_history


def check_draft(
    config: SiteConfig,
    repository: Repository,
    *,
    base: str | None,
    at: datetime,
    cache: MutableMapping[str, str],
) -> Report:
    """Check the files of the working tree, as if they were published ``at`` that time.

    They are compared with the last commit, or with the commit at which the branch left ``base``. Later
    commits on ``base`` do not count.
    """
    folder = repository.folder_of(config.documents)
    renderer = renderer_of(config, repository, cache)
    texts = DocumentTexts(config=config, repository=repository, renderer=renderer, folder=folder)
    before = repository.resolve() if base is None else repository.branched_from(base)
    history = documents_of_site(
        read_history(
            repository,
            folder=folder,
            ref=before,
            renderer=renderer,
            time_zone=config.time_zone,
            draft_at=at,
            excluded=config.excluded,
        ),
        config,
    )
    findings = list(_problems(history))
    findings += (finding for commit, finding in contradictions(history, texts.lines) if commit == UNCOMMITTED)
    try:
        documents = assign_paths(
            history.documents, language=config.language, languages=config.languages, announce=config.announce
        )
    except PathTakenError as error:
        taken = Finding(path=in_repository(folder, error.source), line=None, text=str(error), error=True)
        return Report(findings=(*findings, taken), proposals=())
    changed = [
        text
        for document in documents
        if not _is_removed(document.history)
        for text in texts.drafts(document, today=at.astimezone(config.time_zone).date())
    ]
    removed = [document for document in documents if _is_removed(document.history)]
    links = Links(documents)
    findings += _findings_of_texts(changed, documents, texts)
    for document in removed:
        findings += removal_findings(document, path=texts.path_of(document))
    was_in = history.committed_folder
    committed = texts.other_files(repository.files(before, folder=was_in), folder=was_in)
    present = texts.other_files(repository.work_tree.files(folder=folder), folder=folder)
    findings += _broken_links(texts, documents, links, committed=committed, present=present)
    return Report(
        findings=tuple(findings),
        proposals=tuple(
            proposal(text, text.version, config=config, folder=folder, links=links)
            for text in changed
            if text.version is not None
        ),
        removals=tuple(
            Removal(path=texts.path_of(document), title=document.history.versions[-1].title)
            for document in removed
        ),
        files=tuple(_changed_files(config, folder, committed=committed, present=present)),
    )


def _findings_of_texts(
    changed: Sequence[ChangedText], documents: Sequence[SiteDocument], texts: DocumentTexts
) -> Iterator[Finding]:
    by_id = {document.history.id: document for document in documents}
    for text in changed:
        for rule in RULES:
            yield from rule(text)
        yield from translation_findings(text, by_id.get(text.document.translation_of or ""))
        yield from texts.missing_corrections(text)


def _changed_files(
    config: SiteConfig, folder: str, *, committed: Mapping[str, str], present: Mapping[str, str]
) -> Iterator[OtherFile]:
    """The files beside the texts that the draft adds or edits."""
    for path, blob in sorted(present.items()):
        if committed.get(path) != blob and not is_hidden(path):
            yield OtherFile(
                path=in_repository(folder, path),
                is_new=path not in committed,
                left_out=config.file_rule.left_out(path),
            )


def _problems(history: History) -> Iterator[Finding]:
    """The problems of reading and rendering the texts themselves."""
    for document in history.documents:
        for file in document.files if document.ended_at is None else ():
            for problem in file.problems:
                yield Finding(
                    path=in_repository(history.folder, file.path),
                    line=problem.line,
                    text=problem.text,
                    error=problem.refused or (problem.refused_when_new and _is_touched(file)),
                )


def _is_touched(file: TextFile) -> bool:
    """Whether the draft changes the file or its path."""
    return file.texts[-1].commit == UNCOMMITTED


def _is_removed(document: DocumentHistory) -> bool:
    """Whether the draft removes the document."""
    return bool(document.gaps) and document.gaps[-1].removed == UNCOMMITTED


def _broken_links(
    texts: DocumentTexts,
    documents: Sequence[SiteDocument],
    links: Links,
    *,
    committed: Collection[str],
    present: Collection[str],
) -> Iterator[Finding]:
    before = list(texts.pages(documents, draft=False))
    after = list(texts.pages(documents, draft=True))
    return link_findings(
        broken_links(before, links, files=committed),
        broken_links(after, links, files=present),
        after,
    )
