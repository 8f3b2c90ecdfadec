"""Writes ``history.json``, which lists everything that was published, for programs; format 2.

``templates/history.schema.json`` describes the format. Only the digests of pages depend on the day of the
build.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from generator.site.config import SiteConfig
from generator.site.data_files import json_file, utc_time
from generator.site.document_view import DocumentView
from generator.site.published_history import VersionKey
from generator.site.urls import SiteDocument, path_of_slug
from generator.versions.version import Version

FORMAT = 2
IN_FORCE_FORMAT = 1
SCHEMA_FILE = Path(__file__).parents[1] / "templates" / "history.schema.json"


class Digests(NamedTuple):
    """SHA-256 of the files that were written for a version; ``redline`` is None for the first.

    ``copies`` are by form.
    """

    page: str
    redline: str | None
    copies: Mapping[str, str]


def history_json(
    views: Sequence[DocumentView],
    *,
    config: SiteConfig,
    commit: str,
    digests: Mapping[tuple[str, int], Digests],
    copies: Mapping[str, str],
    held_for: Mapping[VersionKey, Sequence[str]],
    sent_emails: Mapping[str, str],
) -> bytes:
    """All documents with all their versions. ``digests`` are by document id and version number.

    ``copies`` are the suffixes of the copies by their form. ``held_for`` says why an announcement waits.
    ``sent_emails`` are the paths of the page with all emails that were sent, by language.
    """
    return json_file(
        {
            "format": FORMAT,
            "site_url": config.site_url,
            "site_name": config.site_name,
            "language": config.language,
            "time_zone": config.time_zone.key,
            "commit": commit,
            "colours": {"accent": config.brand.light.accent, "accent_dark": config.brand.dark.accent},
            **({"sent_emails": dict(sent_emails)} if sent_emails else {}),
            "documents": [
                _document(view, digests, copies, held_for)
                for view in sorted(views, key=lambda view: view.document.slug)
            ],
        }
    )


def in_force_json(view: DocumentView) -> bytes:
    """Which version was in force when, oldest first. Nothing depends on the day of the build."""
    document = view.document
    return json_file(
        {
            "format": IN_FORCE_FORMAT,
            "document": document.history.id,
            "periods": [
                {
                    "from": period.since.isoformat(),
                    "until": period.until.isoformat() if period.until else None,
                    "stated_effective_on": _day(period.version.front.effective),
                    "number": period.version.number,
                    "label": period.version.label,
                    "path": document.version_path(period.version),
                    "address": document.version_path(period.version),  # for sites that embed it
                }
                for period in reversed(view.periods)
            ],
        }
    )


def _document(
    view: DocumentView,
    digests: Mapping[tuple[str, int], Digests],
    copies: Mapping[str, str],
    held_for: Mapping[VersionKey, Sequence[str]],
) -> dict[str, object]:
    document = view.document
    return {
        "id": document.history.id,
        "former_ids": list(document.history.former_ids),
        "slug": document.slug,
        "path": document.page_path,
        "former_paths": [path_of_slug(slug) for slug in document.former_slugs],
        "language": document.language,
        "translation_of": document.translation_of,
        "title": document.history.versions[-1].title,
        "announced": document.announced,
        "ended_at": utc_time(document.history.ended_at) if document.history.ended_at else None,
        "withdrawn_on": _day(view.end.withdrawn_on) if view.end else None,
        "withdrawal": _withdrawal(view.end) if view.end else None,
        "fragment": document.fragment_path,
        "in_force": document.in_force_json_path,
        "versions": [
            _version(view, version, digests[document.history.id, version.number], copies)
            | {"held_for": _held_for(document, version, held_for)}
            for version in document.history.versions
        ],
    }


def _withdrawal(end: Version) -> dict[str, object]:
    """The statement of the version that withdraws the document."""
    return {
        "summary": end.front.summary,
        "impact": end.front.impact,
        "published_at": utc_time(end.published_at),
        "commit": end.commit,
    }


def _held_for(
    document: SiteDocument, version: Version, held_for: Mapping[VersionKey, Sequence[str]]
) -> list[str]:
    ids = (document.history.id, *document.history.former_ids)
    return [reason for one in ids for reason in held_for.get((one, version.label), ())]


def _version(
    view: DocumentView, version: Version, digests: Digests, copies: Mapping[str, str]
) -> dict[str, object]:
    document, front = view.document, version.front
    translated = view.translates.get(version.number)
    withdrawn_by = view.statuses[version.number].withdrawn_by
    return {
        "number": version.number,
        "label": version.label,
        "commit": version.commit,
        "source_blob": version.source_blob,
        "published_at": utc_time(version.published_at),
        "effective_on": version.effective_on.isoformat(),
        "stated_effective_on": _day(front.effective),
        "line": version.line,
        "withdraws": view.versions[version.withdraws[-1] - 1].label if version.withdraws else None,
        "withdrawn_by": withdrawn_by and withdrawn_by.number,
        "withdrawn_on": _day(version.withdrawn_on),
        "declared_version": front.version,
        "change": front.change,
        "summary": front.summary,
        "impact": front.impact,
        "approved_by": front.approved_by,
        "returns_to": version.returns_to,
        "translates": translated and translated.number,
        "content_sha256": version.content_sha256,
        "text_sha256": version.text_sha256,
        "discovered": version.discovered,
        "title": version.title,
        "path": document.version_path(version),
        "page_sha256": digests.page,
        "copies": {form: document.copy_path(version, suffix) for form, suffix in copies.items()},
        "copies_sha256": dict(digests.copies),
        "redline": digests.redline
        and {
            "from": version.follows,
            "page": document.change_path(version),
            "path": document.redline_json_path(version),
            "sha256": digests.redline,
        },
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
