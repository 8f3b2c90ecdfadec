"""``history.json`` and the ``redline.json`` files: everything that was published, for programs; format 1.

The format is ``templates/history.schema.json``. Nothing here depends on the day of the build but the digests
of pages. ``refuse_lost_versions`` holds a build against what was published before.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from generator.errors import PolicyError
from generator.site.config import SiteConfig
from generator.site.document_view import DocumentView
from generator.site.redlines import ListedChange, RedlineTexts
from generator.site.urls import SiteDocument, path_of_slug
from generator.versions.lines import PublishedAs, PublishedText
from generator.versions.version import Version

FORMAT = 1
SCHEMA_FILE = Path(__file__).parents[1] / "templates" / "history.schema.json"


class LostVersionError(PolicyError):
    """What this build would publish lacks a version that readers could see, or changes its source."""

    def __init__(self, published: str, *, what: str, document_is_there: bool = True) -> None:
        remedy = "restore the history that had them (git reflog, or a clone from before it was rewritten)"
        if not document_is_there:
            remedy = (
                "check in mkdocs.yml that docs_dir names the folder of its text, and that exclude_docs "
                f"does not leave it out; if both are right, {remedy}"
            )
        super().__init__(f"{published}: {what}; published versions stay: {remedy}")
        self.published = published


class UnreadablePublishedError(PolicyError):
    """What was published before cannot be read."""

    def __init__(self, published: str, *, reason: str) -> None:
        super().__init__(
            f"{published}: cannot be read ({reason}); name the history.json that is published now"
        )
        self.published = published


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """A version as an earlier build published it."""

    text: PublishedText
    slug: str
    label: str
    content_sha256: str
    discovered: bool


VersionKey = tuple[str, str]
"""A document's id and a version's label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What an earlier build published, as the ``history.json`` at ``where`` lists it.

    ``living`` are the ids of the documents that were there. ``held_for`` is what a check found in a version,
    whose announcement then waits until a person releases it.
    """

    where: str
    commit: str | None
    versions: tuple[PublishedVersion, ...]
    living: frozenset[str] = frozenset()
    held_for: Mapping[VersionKey, tuple[str, ...]] = field(default_factory=dict)

    @property
    def known(self) -> Mapping[PublishedText, PublishedAs]:
        """What each version was published as."""
        return {version.text: PublishedAs(version.label, version.discovered) for version in self.versions}


class Digests(NamedTuple):
    """SHA-256 of the files that were written for a version; ``redline`` is None for the first."""

    page: str
    redline: str | None


def redline_json(
    document: str, version: Version, redline: RedlineTexts, *, absolute: Callable[[str], str], nothing: str
) -> bytes:
    """The redline that brought a version; ``absolute`` makes the links of its markup lead to the site.

    ``nothing`` is said of a version that stays though the renderer shows it like the one before.
    """
    changes = redline.changes or (ListedChange(kind="nothing", where="", text=nothing, anchor=None),)
    return _json(
        {
            "format": FORMAT,
            "document": document,
            "from": version.follows,
            "to": version.number,
            "counts": {kind: count for kind, count in redline.counts.items() if count},
            "changes": [
                {"kind": change.kind, "where": change.where, "text": change.text, "anchor": change.anchor}
                for change in changes
            ],
            "html": absolute(redline.html),
            "mail_html": absolute(redline.mail_html),
            "mail_text": redline.mail_text,
            "omitted": redline.omitted,
        }
    )


def history_json(
    views: Sequence[DocumentView],
    *,
    config: SiteConfig,
    commit: str,
    digests: Mapping[tuple[str, int], Digests],
    copies: Mapping[str, str],
    held_for: Mapping[VersionKey, Sequence[str]],
) -> bytes:
    """All documents with all their versions; ``digests`` are by document id and version number.

    ``copies`` are suffixes of file names by the form of the text, ``held_for`` is why an announcement waits.
    """
    return _json(
        {
            "format": FORMAT,
            "site_url": config.site_url,
            "site_name": config.site_name,
            "language": config.language,
            "time_zone": config.time_zone.key,
            "commit": commit,
            "colours": {"accent": config.brand.light.accent, "accent_dark": config.brand.dark.accent},
            "documents": [
                _document(view, digests, copies, held_for)
                for view in sorted(views, key=lambda view: view.document.slug)
            ],
        }
    )


def in_force_json(view: DocumentView) -> bytes:
    """Which version was in force when, oldest first; nothing depends on the day of the build."""
    document = view.document
    return _json(
        {
            "format": FORMAT,
            "document": document.history.id,
            "periods": [
                {
                    "from": period.since.isoformat(),
                    "until": period.until.isoformat() if period.until else None,
                    "stated_effective_on": _day(period.version.front.effective),
                    "number": period.version.number,
                    "label": period.version.label,
                    "address": document.version_path(period.version),
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
        "address": document.page_path,
        "former_addresses": [path_of_slug(slug) for slug in document.former_slugs],
        "language": document.language,
        "translation_of": document.translation_of,
        "title": document.history.versions[-1].title,
        "announced": document.announced,
        "ended_at": _time(document.history.ended_at),
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
    """What the version says with which the document ends."""
    return {
        "summary": end.front.summary,
        "impact": end.front.impact,
        "published_at": _time(end.published_at),
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
        "published_at": _time(version.published_at),
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
        "address": document.version_path(version),
        "page_sha256": digests.page,
        "copies": {form: document.copy_path(version, suffix) for form, suffix in copies.items()},
        "redline": digests.redline
        and {
            "from": version.follows,
            "page": document.change_path(version),
            "address": f"{document.change_path(version)}redline.json",
            "sha256": digests.redline,
        },
    }


def read_published(raw: bytes, *, where: str) -> Published:
    """What a ``history.json`` lists; raises UnreadablePublishedError."""
    try:
        history = json.loads(raw)
        commit = history.get("commit")
        documents = history["documents"]
        versions = tuple(
            PublishedVersion(
                text=PublishedText(
                    document=str(document["id"]),
                    commit=str(version["commit"]),
                    source_blob=str(version["source_blob"]),
                ),
                slug=str(document["slug"]),
                label=str(version["label"]),
                content_sha256=str(version["content_sha256"]),
                discovered=bool(version.get("discovered")),
            )
            for document in documents
            for version in document["versions"]
        )
        living = frozenset(str(document["id"]) for document in documents if document["ended_at"] is None)
        held_for = {
            (str(document["id"]), str(version["label"])): tuple(map(str, version["held_for"]))
            for document in documents
            for version in document["versions"]
            if version.get("held_for")
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreadablePublishedError(where, reason=f"{type(error).__name__}: {error}") from error
    return Published(
        where=where,
        commit=None if commit is None else str(commit),
        versions=versions,
        living=living,
        held_for=held_for,
    )


def refuse_lost_versions(published: Published, documents: Sequence[SiteDocument]) -> list[str]:
    """Refuse unless every published version is still there from the same source.

    Answers the warnings: documents with versions that another renderer shows differently.
    """
    kept = {
        (known_as, version.label): version
        for document in documents
        for version in document.history.versions
        for known_as in (document.history.id, *document.history.former_ids)
    }
    ids = {document_id for document_id, _ in kept}
    by_commit = {(document_id, version.commit) for (document_id, _), version in kept.items()}
    different: Counter[str] = Counter()
    known = {(version.text.document, version.label) for version in published.versions}
    discovered = Counter(
        document.slug or "the start page"
        for document in documents
        for version in document.history.versions
        if version.discovered and (document.history.id, version.label) not in known
    )
    for version in published.versions:
        found = kept.get((version.text.document, version.label))
        name = version.slug or "the start page"
        if found is None and (version.text.document, version.text.commit) in by_commit:
            raise LostVersionError(
                published.where, what=f"{name} {version.label} was published from another text"
            )
        if found is None:
            raise LostVersionError(
                published.where,
                what=f"{name} {version.label} was published and would be gone",
                document_is_there=version.text.document in ids,
            )
        if found.source_blob != version.text.source_blob:
            raise LostVersionError(
                published.where, what=f"{name} {version.label} was published from another text"
            )
        different[name] += found.content_sha256 != version.content_sha256
    return [
        *(
            f"{name}: {count} version{'s' if count > 1 else ''} of the past that no earlier build saw; "
            "listed as discovered, and nobody is notified"
            for name, count in discovered.items()
        ),
        *_looking_different(different),
    ]


def _looking_different(different: Mapping[str, int]) -> list[str]:
    return [
        f"{name}: {count} version{'s look' if count > 1 else ' looks'} different than when "
        f"{'they were' if count > 1 else 'it was'} published, from the same source"
        for name, count in different.items()
        if count
    ]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")
