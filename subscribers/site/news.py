"""Finds what is new: which versions readers of a language have not been notified of.

Nothing here reads a site or a database: the answer follows from ``history.json`` and from the labels of the
versions announced before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from subscribers.errors import NotifyError
from subscribers.site.history_json import PublishedDocument, PublishedHistory, PublishedVersion


class LostVersionError(NotifyError):
    """The site no longer has a version that was announced, so the changes since then are unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The versions of one document that readers of one language do not know yet.

    ``known`` is the last version that they know. ``versions`` are those after it, at least one, oldest first.
    If the whole document is new to them, ``known`` is None and ``versions`` are all of its versions.
    """

    document: PublishedDocument
    known: PublishedVersion | None
    versions: tuple[PublishedVersion, ...]

    @property
    def is_material(self) -> bool:
        """Whether any version is more than editorial. A version without a stated class counts as material."""
        return any(version.change != "editorial" for version in self.versions)


def languages(history: PublishedHistory) -> tuple[str, ...]:
    """The languages of the announcement: the site's own first, then those of its documents."""
    spoken = {document.language for document in _living(history)} - {history.language}
    return (history.language, *sorted(spoken))


def news(history: PublishedHistory, known: Mapping[str, str], *, language: str) -> tuple[News, ...]:
    """The news for readers of ``language`` who know the versions labelled in ``known``, by document.

    If the translation of a document is as new as the document itself, they get the translation; otherwise the
    original. A translation that only catches up with changes already announced is not new. Neither is a text
    that equals the known one, even if it changed in between.
    """
    originals = {document.id: document for document in _living(history)}
    translations = {
        document.translation_of: document
        for document in originals.values()
        if document.translation_of in originals and document.language == language
    }
    found = (
        _news_of(document, translations.get(document.id), known)
        for document in originals.values()
        if document.translation_of not in originals
    )
    return tuple(item for item in found if item is not None)


def snapshot(history: PublishedHistory) -> dict[str, PublishedVersion]:
    """The newest version of each announced document, by the document's id."""
    return {document.id: document.newest for document in history.documents if document.announced}


def snapshot_before(history: PublishedHistory, since: date | datetime) -> dict[str, PublishedVersion]:
    """The last version of each announced document from before ``since``, by the document's id.

    A date means the beginning of that day in the site's time zone. A time can separate several publications
    of one day. A document that was first published later is not included.
    """
    zone = ZoneInfo(history.time_zone)
    moment = since if isinstance(since, datetime) else datetime.combine(since, time(), zone)
    before: dict[str, PublishedVersion] = {}
    for document in history.documents:
        if not document.announced:
            continue
        for version in document.versions:
            if version.published_at >= moment:
                break
            before[document.id] = version
    return before


def digest(versions: Mapping[str, PublishedVersion]) -> str:
    """SHA-256 over documents and labels. It is the same however often one publication is built."""
    lines = (f"{document} {version.label}\n" for document, version in sorted(versions.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def check_known(history: PublishedHistory, known: Mapping[str, str]) -> None:
    """Refuse a site that lacks a version that was announced."""
    labels = {document.id: {version.label for version in document.versions} for document in history.documents}
    for document, label in known.items():
        if label not in labels.get(document, ()):
            raise LostVersionError(
                f"{history.site_url}: version {label} of document {document} was announced, but is missing "
                "from the site; name the site that this database belongs to, or restore the site's history"
            )


def _living(history: PublishedHistory) -> Iterable[PublishedDocument]:
    """The documents that can have news: all current ones, and deleted ones that were withdrawn before."""
    for document in history.documents:
        if document.announced and (document.ended_at is None or document.newest.withdrawn_on is not None):
            yield document


def _news_of(
    original: PublishedDocument, translation: PublishedDocument | None, known: Mapping[str, str]
) -> News | None:
    changed = _unknown_versions(original, known)
    if translation is None:
        return changed
    translated = _unknown_versions(translation, known)
    if changed is None:
        return translated if translated and not _lagged(original, translation, known) else None
    up_to_date = translation.newest.published_at >= original.newest.published_at
    if translated and up_to_date and (translated.known or not changed.known):
        return translated
    return changed


def _lagged(original: PublishedDocument, translation: PublishedDocument, known: Mapping[str, str]) -> bool:
    """Whether readers of the translation were sent the original instead, or had no translation."""
    before, after = _labelled(original, known), _labelled(translation, known)
    return after is None or (before is not None and after.published_at < before.published_at)


def _unknown_versions(document: PublishedDocument, known: Mapping[str, str]) -> News | None:
    base = _labelled(document, known)
    if base is None and document.newest.withdrawn_on is not None:
        return None  # nobody was notified of its first version
    if base is None:
        return News(document=document, known=None, versions=document.versions)
    for version in document.versions[base.number :]:
        if _same_text(version, base) and _is_over(document, base, version):
            base = version  # the text is again the one they know
    versions = _announced(document.versions[base.number :])
    return News(document=document, known=base, versions=versions) if versions else None


def _same_text(version: PublishedVersion, known: PublishedVersion) -> bool:
    """Whether a reader sees no difference. A new effective date of a text that already applied is none."""
    if known.withdrawn_by is not None:
        return False
    if version.content_sha256 == known.content_sha256:
        return True
    return version.withdraws is not None and version.text_sha256 == known.text_sha256 is not None


def _announced(versions: tuple[PublishedVersion, ...]) -> tuple[PublishedVersion, ...]:
    """Leaves out versions that differ from the one before only through a newer renderer."""
    return tuple(version for version in versions if not version.discovered)


def _is_over(document: PublishedDocument, base: PublishedVersion, version: PublishedVersion) -> bool:
    """Whether no version between the two is still upcoming, independently of the later one."""
    between = document.versions[base.number : version.number - 1]
    return all(one.line == version.line or one.withdrawn_by is not None for one in between)


def _labelled(document: PublishedDocument, known: Mapping[str, str]) -> PublishedVersion | None:
    label = known.get(document.id)
    return next((version for version in document.versions if version.label == label), None)
