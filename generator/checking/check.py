"""The order of a check: the history with the draft, each changed text past every rule, and its redline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from urllib.parse import urljoin

from generator.checking.changed import ChangedText
from generator.checking.findings import Finding, Proposal, Report
from generator.checking.statements import statement_findings
from generator.language import load_language
from generator.redline import Side
from generator.site.addresses import AddressTakenError, Place, place_documents
from generator.site.config import SiteConfig
from generator.site.links import Links
from generator.site.redlines import redline_texts
from generator.versions.document import Document, Renderer, read_document
from generator.versions.history import in_repository, read_history
from generator.versions.repository import FileChange, Repository

RULES: tuple[Callable[[ChangedText], Iterable[Finding]], ...] = (statement_findings,)
"""What each changed text of a document must satisfy, in the order in which it is said."""


def check(
    config: SiteConfig,
    repository: Repository,
    *,
    base: str | None,
    at: datetime,
    cache: MutableMapping[str, str],
) -> Report:
    """Check the files of the work tree, as if published ``at``, against the last commit.

    With a ``base``, against the commit at which HEAD's branch left it: what the base got since is no change.
    """
    folder = repository.folder_of(config.documents)
    renderer = Renderer(config.extensions, config.extension_configs, cache)
    history = read_history(
        repository, folder=folder, ref=None, renderer=renderer, time_zone=config.time_zone, draft_at=at
    )
    documents = [document for document in history.documents if not config.excluded(document.path)]
    before = repository.resolve() if base is None else repository.branched_from(base)
    step = repository.uncommitted(before, folder=folder, at=at)
    changed = {change.new_path for change in step.changes}
    findings = [
        Finding(
            path=in_repository(folder, document.path),
            line=problem.line,
            text=problem.text,
            error=problem.refused
            or (problem.refused_when_new and in_repository(folder, document.path) in changed),
        )
        for document in documents
        if document.ended_at is None
        for problem in document.problems
    ]
    try:
        places = place_documents(
            documents, language=config.language, languages=config.languages, announce=config.announce
        )
    except AddressTakenError as error:
        taken = Finding(path=in_repository(folder, error.path), line=None, text=str(error), error=True)
        return Report(findings=(*findings, taken), proposals=())
    by_path = {in_repository(folder, place.document.path): place for place in places}
    links = Links(places)
    today = at.astimezone(config.time_zone).date()
    proposals = []
    for change in step.changes:
        place = by_path.get(change.new_path)
        if place is None or change.new_blob is None:
            continue
        raw = repository.read(change.new_blob)
        old = read_document(repository.read(change.old_blob), renderer) if change.old_blob else None
        new = read_document(raw, renderer)
        text = ChangedText(path=change.new_path, raw=raw, old=old, new=new, place=place, today=today)
        for rule in RULES:
            findings += rule(text)
        if old is None or old.content_sha256 != new.content_sha256:
            proposals.append(_proposal(old, new, change=change, place=place, links=links, config=config))
    return Report(findings=tuple(findings), proposals=tuple(proposals))


def _proposal(
    old: Document | None,
    new: Document,
    *,
    change: FileChange,
    place: Place,
    links: Links,
    config: SiteConfig,
) -> Proposal:
    if old is None:
        return Proposal(path=change.new_path, document=new, redline=None)
    compared = redline_texts(_side(old), _side(new), language=load_language(place.language))
    locate = partial(urljoin, config.site_url)
    mail = links.resolve(
        compared.mail_html, source=place.document.path, locate=locate, file_address=lambda _: None
    )
    return Proposal(path=change.new_path, document=new, redline=replace(compared, mail_html=mail))


def _side(document: Document) -> Side:
    return Side(html=document.html, title=document.front.title, effective_on=document.front.effective)
