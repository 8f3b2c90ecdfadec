"""Reads the versions that an earlier build published, and refuses a build that would lose any of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from generator.errors import PolicyError
from generator.site.urls import SiteDocument
from generator.versions.find_versions import PublishedAs, PublishedText

FIRST_FORMAT = 1
READABLE_FORMATS = (FIRST_FORMAT, 2)
"""The formats of ``history.json`` that are understood. The properties read here are the same in both."""


class LostVersionError(PolicyError):
    """This build would lose a published version, or publish it from another source file."""

    def __init__(self, published: str, *, what: str, document_is_there: bool = True) -> None:
        remedy = "restore the git history that had it (git reflog, or a clone from before it was rewritten)"
        if not document_is_there:
            remedy = (
                "check in mkdocs.yml that docs_dir names the folder of the document, and that exclude_docs "
                f"does not leave it out; if both are right, {remedy}"
            )
        super().__init__(f"{published}: {what}. A published version must stay: {remedy}")
        self.published = published


class UnreadablePublishedError(PolicyError):
    """The history of the published site cannot be read."""

    def __init__(self, published: str, *, reason: str) -> None:
        super().__init__(
            f"{published}: cannot be read as a published history ({reason}); "
            "use the history.json of the published site"
        )
        self.published = published
        self.reason = reason


class UnknownFormatError(PolicyError):
    """A newer policy-site made the published site."""

    def __init__(self, published: str, found: object) -> None:
        super().__init__(
            f"{published}: has format {found!r}, and this policy-site reads formats 1 and 2; "
            "build with the version that made the site, or a newer one"
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
class PublishedHistory:
    """The versions that an earlier build published, from the ``history.json`` at ``where``.

    ``living`` are the ids of the documents that had not ended. ``held_for`` are the errors that a check found
    in a version; its announcement waits until an operator releases it. ``lists_emails``: the site has a list
    of all emails that were sent.
    """

    where: str
    commit: str | None
    versions: tuple[PublishedVersion, ...]
    living: frozenset[str] = frozenset()
    held_for: Mapping[VersionKey, tuple[str, ...]] = field(default_factory=dict)
    lists_emails: bool = False

    @property
    def known(self) -> Mapping[PublishedText, PublishedAs]:
        """How each version was published."""
        return {version.text: PublishedAs(version.label, version.discovered) for version in self.versions}


def read_published(raw: bytes, *, where: str) -> PublishedHistory:
    """The versions in a ``history.json``; raises UnreadablePublishedError or UnknownFormatError."""
    try:
        history = json.loads(raw)
        if history.get("format", FIRST_FORMAT) not in READABLE_FORMATS:
            raise UnknownFormatError(where, history["format"])
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
        raise UnreadablePublishedError(where, reason=_reason(error)) from error
    return PublishedHistory(
        where=where,
        commit=None if commit is None else str(commit),
        versions=versions,
        living=living,
        held_for=held_for,
        lists_emails=bool(history.get("sent_emails")),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, ValueError):
        return "it is not JSON"
    return f"it lacks {error}" if isinstance(error, KeyError) else "its parts have the wrong type"


def refuse_lost_versions(published: PublishedHistory, documents: Sequence[SiteDocument]) -> list[str]:
    """Raise LostVersionError unless every published version is still there, from the same source file.

    Returns warnings: versions of the past that are new to the site, and versions that look different because
    the renderer has changed.
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
                published.where, what=f"{name} {version.label} was published from another source file"
            )
        if found is None:
            raise LostVersionError(
                published.where,
                what=f"{name} {version.label} was published and is missing from this build",
                document_is_there=version.text.document in ids,
            )
        if found.source_blob != version.text.source_blob:
            raise LostVersionError(
                published.where, what=f"{name} {version.label} was published from another source file"
            )
        different[name] += found.content_sha256 != version.content_sha256
    return [
        *(
            f"{name}: {count} past version{'s' if count > 1 else ''} that no earlier build found; "
            "the history now lists them, and nobody is notified"
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
