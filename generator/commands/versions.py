"""``policy-site versions``: its answer as lines for a person and as values for JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.commands.shared import MKDOCS_YML, counted, showing_texts_read, warn
from generator.errors import UnknownDocumentError
from generator.printable import one_line, say

if TYPE_CHECKING:
    from datetime import datetime

    from generator.versions.document_history import DocumentHistory, History
    from generator.versions.version import Version

EXAMPLE = "policy-site versions --repo policies.bundle --document privacy --json"


def versions(
    *,
    config: Annotated[Path | None, typer.Option(help="The mkdocs.yml of a site.")] = None,
    repo: Annotated[
        Path | None,
        typer.Option(help="A working tree, a bare clone or a bundle. It needs no mkdocs.yml."),
    ] = None,
    folder: Annotated[
        str, typer.Option(help="The documents folder in the repository.", show_default="the whole repository")
    ] = "",
    ref: Annotated[
        str | None, typer.Option(help="The branch to read.", show_default="what is checked out")
    ] = None,
    document: Annotated[
        str | None, typer.Option(help="List only the document with this slug.", show_default="all documents")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """List every document and its versions, for the site in this folder or for any repository."""
    if config and (repo or folder):
        raise typer.BadParameter(
            "cannot be used with --repo or --folder, since mkdocs.yml names the repository and the folder",
            param_hint="--config",
        )
    if config or (not repo and not folder and MKDOCS_YML.is_file()):
        history = _history_of_site(config or MKDOCS_YML, ref=ref)
    else:
        history = _history_of_repository(repo, folder=folder, ref=ref)
    if not history.documents:
        where = history.folder or "the repository"
        warn(f"{where}: git has no text (.md) in this folder; choose another with --folder or --ref")
    documents = _select(history, document)
    if as_json:
        typer.echo(json.dumps(as_values(history, documents), indent=2))
        return
    for line in as_lines(history, documents):
        say(line)
    for warning in history.warnings:
        warn(str(warning))


def _history_of_site(config: Path, *, ref: str | None) -> History:
    from generator.git.repository import open_repository
    from generator.mkdocs_plugin.run import read_config
    from generator.site.renderer import renderer_of
    from generator.versions.history import read_history

    site = read_config(config)
    with open_repository(site.documents) as repository, showing_texts_read(repository):
        history = read_history(
            repository,
            folder=repository.folder_of(site.documents),
            ref=ref,
            renderer=renderer_of(site, repository),
            time_zone=site.time_zone,
            excluded=site.excluded,
        )
    shown = tuple(document for document in history.documents if not site.excluded(document.path))
    return replace(history, documents=shown)


def _history_of_repository(repo: Path | None, *, folder: str, ref: str | None) -> History:
    from generator.git.repository import open_repository
    from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
    from generator.versions.history import read_history

    with (
        open_repository(repo or Path(), named=repo is not None) as repository,
        showing_texts_read(repository),
    ):
        renderer = Renderer(DEFAULT_EXTENSIONS, {})
        return read_history(repository, folder=folder, ref=ref, renderer=renderer)


def _select(history: History, slug: str | None) -> tuple[DocumentHistory, ...]:
    """The documents with this slug, or all if there is none; raises UnknownDocumentError."""
    chosen = tuple(document for document in history.documents if slug in {None, document.slug, document.name})
    if slug is not None and not chosen:
        raise UnknownDocumentError(slug, known=[document.slug for document in history.documents])
    return chosen


def as_values(history: History, documents: Sequence[DocumentHistory]) -> dict[str, object]:
    """The answer of ``--json``. Paths are relative to the repository; times are in UTC."""
    return {
        "head": history.head,
        "folder": history.folder,
        "documents": [_document(document, folder=history.folder) for document in documents],
        "warnings": [asdict(warning) for warning in history.warnings],
    }


def as_lines(history: History, documents: Sequence[DocumentHistory]) -> Iterator[str]:
    """The name of each document, then a line for each of its versions, oldest first."""
    for document in documents:
        ended = f", ended {document.ended_at:%Y-%m-%d}" if document.ended_at else ""
        yield f"{one_line(document.name)}  ({counted(len(document.versions), 'version')}{ended})"
        for version in document.versions:
            effective = version.effective_on.isoformat()
            notes = [
                "" if version.label.startswith(effective) else f"effective {effective}",
                f"as version {version.returns_to}" if version.returns_to else "",
                f"withdraws version {', '.join(map(str, version.withdraws))}" if version.withdraws else "",
                version.front.change or "",
                version.front.summary or "",
            ]
            note = one_line("; ".join(filter(None, notes)))
            yield f"  {version.number:4}  {version.label:13}  {version.commit[:12]}  {note}".rstrip()
        yield ""
    versions = sum(len(document.versions) for document in documents)
    total = f"{counted(len(documents), 'document')}, {counted(versions, 'version')}"
    yield f"{total}, as of {history.head[:12]}"


def _document(document: DocumentHistory, *, folder: str) -> dict[str, object]:
    from generator.git.document_paths import in_repository

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
    from generator.git.document_paths import in_repository

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
