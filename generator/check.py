"""What a pull request must satisfy before it is published: findings, and what readers would see."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from urllib.parse import urljoin

from generator.language import load_language
from generator.redline import Side
from generator.site.addresses import AddressTakenError, Place, place_documents
from generator.site.config import SiteConfig
from generator.site.links import Links
from generator.site.redlines import RedlineTexts, redline_texts
from generator.versions.document import Document, Renderer, read_document
from generator.versions.front_matter import FrontMatter
from generator.versions.history import in_repository, read_history
from generator.versions.repository import FileChange, Repository

LONGEST_NOTICE = timedelta(days=366)  # further ahead, a date is more often a slip than a plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something to correct, or only to look at again. ``path`` is the repository's."""

    path: str
    line: int | None
    text: str
    error: bool

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {'error' if self.error else 'warning'}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A document as it would be published; ``redline`` is None for a new one."""

    path: str
    document: Document
    redline: RedlineTexts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The answer of a check."""

    findings: tuple[Finding, ...]
    proposals: tuple[Proposal, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing has to be corrected."""
        return not any(finding.error for finding in self.findings)


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
    findings = [
        Finding(
            path=in_repository(folder, document.path),
            line=problem.line,
            text=problem.text,
            error=problem.refused,
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
    before = repository.resolve() if base is None else repository.branched_from(base)
    step = repository.uncommitted(before, folder=folder, at=at)
    for change in step.changes:
        place = by_path.get(change.new_path)
        if place is None or change.new_blob is None:
            continue
        old = read_document(repository.read(change.old_blob), renderer) if change.old_blob else None
        new = read_document(repository.read(change.new_blob), renderer)
        told = _problems(old, new, place=place, today=today)
        findings += [
            Finding(
                path=change.new_path,
                line=_line_of(key, repository.read(change.new_blob)) if key else None,
                text=text,
                error=error,
            )
            for key, text, error in told
        ]
        if old is None or old.content_sha256 != new.content_sha256:
            proposals.append(_proposal(old, new, change=change, place=place, links=links, config=config))
    return Report(findings=tuple(findings), proposals=tuple(proposals))


def as_text(report: Report) -> Iterator[str]:
    """Lines for a terminal."""
    yield from map(str, report.findings)
    for proposal in report.proposals:
        count = len(proposal.redline.changes) if proposal.redline else 0
        what = f"{count} change{'s' if count > 1 else ''} to publish" if count else "a new document"
        yield f"{proposal.path}: {what}"
    if not report.findings and not report.proposals:
        yield "nothing changed that a reader would see"


def as_annotations(report: Report) -> Iterator[str]:
    """Lines that GitHub shows beside the files (https://docs.github.com/actions, workflow commands)."""
    for finding in report.findings:
        kind = "error" if finding.error else "warning"
        line = f",line={finding.line}" if finding.line else ""
        yield f"::{kind} file={_escaped(finding.path, of_property=True)}{line}::{_escaped(finding.text)}"


def as_markdown(report: Report) -> Iterator[str]:
    """A summary for the pull request, with the redline of each document."""
    yield "# What readers will see\n"
    for finding in report.findings:
        yield f"- {html.escape(str(finding), quote=False)}"
    yield ""
    for proposal in report.proposals:
        front = proposal.document.front
        yield f"## {html.escape(proposal.document.title or proposal.path, quote=False)}\n"
        effective = front.effective.isoformat() if front.effective else "on publication"
        yield f"`{proposal.path}` · {front.change or 'material (not stated)'} · takes effect {effective}\n"
        for label, words in (("In short", front.summary), ("What it means for you", front.impact)):
            if words:
                yield f"**{label}:** {html.escape(words, quote=False)}\n"
        if proposal.redline is None:
            yield "This document is new.\n"
            continue
        for listed in proposal.redline.changes:
            where = f" ({listed.where})" if listed.where else ""
            yield f"- {html.escape(listed.text + where, quote=False)}"
        yield "\n<details open><summary>Redline</summary>\n"
        yield f"{_one_block(proposal.redline.mail_html)}\n\n</details>\n"
    if not report.proposals:
        yield "Nothing changed that a reader would see.\n"


def _problems(
    old: Document | None, new: Document, *, place: Place, today: date
) -> Iterator[tuple[str | None, str, bool]]:
    """The key that each is about (None: the whole text), what to do, and whether it is an error."""
    front = new.front
    if front == FrontMatter() and any(problem.refused for problem in new.problems):
        return  # none was read, so all would be missing
    if new.title is None:
        yield None, "has no title; add `title:` to the front matter, or a heading", False
    if front.effective and front.effective - today > LONGEST_NOTICE:
        yield "effective", f"`effective` is more than a year ahead ({front.effective}); is that meant?", False
    if old is None or not place.announced:
        return
    if old.content_sha256 != new.content_sha256:
        yield from _problems_of_a_change(old.front, front, today=today)
    elif (old.front.summary, old.front.change) != (front.summary, front.change):
        yield "summary", "nothing visible changed, so this is no version and nobody is told", False


def _problems_of_a_change(
    old: FrontMatter, new: FrontMatter, *, today: date
) -> Iterator[tuple[str, str, bool]]:
    material = new.change != "editorial"
    if new.summary is None:
        yield "summary", "`summary` is missing; say in plain words what changed", True
    elif new.summary == old.summary:
        yield "summary", "`summary` is still that of the version before; say what this change does", True
    if new.change is None:
        yield "change", "`change` is missing, so it counts as material; write material or editorial", False
    if new.effective is None:
        if material and new.effective_text is None:
            yield "effective", "`effective` is missing; write the day from which the change applies", True
    elif new.effective == old.effective and material:
        yield (
            "effective",
            "`effective` is still that of the version before; write this change's own day",
            True,
        )
    elif new.effective < today:
        yield "effective", f"`effective` ({new.effective}) is past; write today or a later day", material


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


def _line_of(key: str, raw: bytes) -> int:
    """Where a key of the front matter stands, else its first line."""
    lines: Sequence[bytes] = raw.splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:".encode())), 1)


def _one_block(markup: str) -> str:
    """The markup without empty lines, at which Markdown would end it."""
    return re.sub(r"\n\s*\n", "\n", markup)


def _escaped(text: str, *, of_property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if of_property else text
