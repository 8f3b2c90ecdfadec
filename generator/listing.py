"""The answer of ``policy-site versions``: as values for JSON, and as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

from generator.errors import UnknownDocumentError
from generator.printable import one_line
from generator.versions.history import DocumentHistory, History, in_repository
from generator.versions.version import Version


def select(history: History, slug: str | None) -> tuple[DocumentHistory, ...]:
    """The documents with this slug (all without one); raises UnknownDocumentError."""
    chosen = tuple(document for document in history.documents if slug in {None, document.slug, document.name})
    if slug is not None and not chosen:
        raise UnknownDocumentError(slug, known=[document.slug for document in history.documents])
    return chosen


def as_values(history: History, documents: Sequence[DocumentHistory]) -> dict[str, object]:
    """What ``--json`` prints. Paths are the repository's own; times are UTC."""
    return {
        "head": history.head,
        "folder": history.folder,
        "documents": [_document(document, folder=history.folder) for document in documents],
        "warnings": [asdict(warning) for warning in history.warnings],
    }


def as_lines(history: History, documents: Sequence[DocumentHistory]) -> Iterator[str]:
    """A document's name, then a line for each version, oldest first."""
    for document in documents:
        ended = f", ended {document.ended_at:%Y-%m-%d}" if document.ended_at else ""
        yield f"{one_line(document.name)}  ({_count(len(document.versions), 'version')}{ended})"
        for version in document.versions:
            effective = version.effective_on.isoformat()
            notes = [
                "" if version.label.startswith(effective) else f"effective {effective}",
                f"as version {version.returns_to}" if version.returns_to else "",
                f"withdraws version {', '.join(map(str, version.withdraws))}" if version.withdraws else "",
                version.front.change or "",
                version.front.summary or "",
            ]
            told = one_line("; ".join(filter(None, notes)))
            yield f"  {version.number:4}  {version.label:13}  {version.commit[:12]}  {told}".rstrip()
        yield ""
    versions = sum(len(document.versions) for document in documents)
    total = f"{_count(len(documents), 'document')}, {_count(versions, 'version')}"
    yield f"{total}, as of {history.head[:12]}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _document(document: DocumentHistory, *, folder: str) -> dict[str, object]:
    return {
        "id": document.id,
        "path": in_repository(folder, document.name),
        "slug": document.slug,
        "former_paths": [in_repository(folder, path) for path in document.former_paths],
        "gaps": [[gap.removed, gap.restored] for gap in document.gaps],
        "ended_at": _time(document.ended_at) if document.ended_at else None,
        "versions": [_version(version, folder=folder) for version in document.versions],
    }


def _version(version: Version, *, folder: str) -> dict[str, object]:
    front = version.front
    return {
        "number": version.number,
        "label": version.label,
        "commit": version.commit,
        "published_at": _time(version.published_at),
        "effective_on": version.effective_on.isoformat(),
        "stated_effective_on": front.effective.isoformat() if front.effective else None,
        "line": version.line,
        "withdraws": list(version.withdraws),
        "path": in_repository(folder, version.path),
        "source_blob": version.source_blob,
        "returns_to": version.returns_to,
        "content_sha256": version.content_sha256,
        "title": version.title,
        "declared_version": front.version,
        "change": front.change,
        "summary": front.summary,
        "impact": front.impact,
        "approved_by": front.approved_by,
    }


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
