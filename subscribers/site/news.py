"""Decides what is to be announced: which versions are news, and to readers of which language.

Nothing here reads a site or a database; everything follows from ``history.json`` and from the labels
that were announced before.
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
    """The site no longer has a version that was announced, so what changed since cannot be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What readers of one language have not been told of a document.

    ``versions`` come after ``known``, oldest first, at least one. ``known`` is None when the whole document
    is new to them; ``versions`` are then all of it.
    """

    document: PublishedDocument
    known: PublishedVersion | None
    versions: tuple[PublishedVersion, ...]

    @property
    def is_material(self) -> bool:
        """Whether a version is more than editorial; a class that is not stated counts as material."""
        return any(version.change != "editorial" for version in self.versions)


def languages(history: PublishedHistory) -> tuple[str, ...]:
    """The languages in which people can be told: the site's own first, then those of its documents."""
    spoken = {document.language for document in _living(history)} - {history.language}
    return (history.language, *sorted(spoken))


def news(history: PublishedHistory, known: Mapping[str, str], *, language: str) -> tuple[News, ...]:
    """What is new in ``language`` to people who know, by document, the versions labelled ``known``.

    A document counts in its translation to ``language`` where that is as new as the document itself, else
    as it is. A translation that only catches up with changes already told is no news; nor is a text equal
    to the known one, however it got there.
    """
    originals = {document.id: document for document in _living(history)}
    translations = {
        document.translation_of: document
        for document in originals.values()
        if document.translation_of in originals and document.language == language
    }
    told = (
        _told_of(document, translations.get(document.id), known)
        for document in originals.values()
        if document.translation_of not in originals
    )
    return tuple(item for item in told if item is not None)


def snapshot(history: PublishedHistory) -> dict[str, PublishedVersion]:
    """The newest version of each announced document, by its id."""
    return {document.id: document.newest for document in history.documents if document.announced}


def snapshot_before(history: PublishedHistory, since: date | datetime) -> dict[str, PublishedVersion]:
    """The last version of each announced document before anything was published on that day, or since.

    Days are those of the site's time zone. ``since`` may be a moment, for several publications in a day. A
    document that begins then or later is not in it.
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
    """SHA-256 over documents and labels: equal for the same publication, however often it is built."""
    lines = (f"{document} {version.label}\n" for document, version in sorted(versions.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def check_known(history: PublishedHistory, known: Mapping[str, str]) -> None:
    """Refuse a site that lacks a version which was announced."""
    labels = {document.id: {version.label for version in document.versions} for document in history.documents}
    for document, label in known.items():
        if label not in labels.get(document, ()):
            raise LostVersionError(
                f"{history.site_url}: version {label} of document {document} was announced but is not there; "
                "give the site that this database tells of, or restore its history"
            )


def _living(history: PublishedHistory) -> Iterable[PublishedDocument]:
    """The documents of which there may be news: all that are there, and what was withdrawn before it went."""
    for document in history.documents:
        if document.announced and (document.ended_at is None or document.newest.withdrawn_on is not None):
            yield document


def _told_of(
    original: PublishedDocument, translation: PublishedDocument | None, known: Mapping[str, str]
) -> News | None:
    changed = _untold(original, known)
    if translation is None:
        return changed
    translated = _untold(translation, known)
    if changed is None:
        return translated if translated and not _lagged(original, translation, known) else None
    up_to_date = translation.newest.published_at >= original.newest.published_at
    if translated and up_to_date and (translated.known or not changed.known):
        return translated
    return changed


def _lagged(original: PublishedDocument, translation: PublishedDocument, known: Mapping[str, str]) -> bool:
    """Whether readers of the translation were told of the original instead, or had no translation."""
    before, after = _labelled(original, known), _labelled(translation, known)
    return after is None or (before is not None and after.published_at < before.published_at)


def _untold(document: PublishedDocument, known: Mapping[str, str]) -> News | None:
    base = _labelled(document, known)
    if base is None and document.newest.withdrawn_on is not None:
        return None  # nobody was told that it began
    if base is None:
        return News(document=document, known=None, versions=document.versions)
    for version in document.versions[base.number :]:
        if _same_text(version, base) and _is_over(document, base, version):
            base = version  # back to the text that is known
    versions = _announced(document.versions[base.number :])
    return News(document=document, known=base, versions=versions) if versions else None


def _same_text(version: PublishedVersion, known: PublishedVersion) -> bool:
    """Whether a reader sees the same; the effective date of a text that already applied says nothing new."""
    if known.withdrawn_by is not None:
        return False
    if version.content_sha256 == known.content_sha256:
        return True
    return version.withdraws is not None and version.text_sha256 == known.text_sha256 is not None


def _announced(versions: tuple[PublishedVersion, ...]) -> tuple[PublishedVersion, ...]:
    """The versions without those that only a newer renderer tells from the ones before."""
    return tuple(version for version in versions if not version.discovered)


def _is_over(document: PublishedDocument, base: PublishedVersion, version: PublishedVersion) -> bool:
    """Whether nothing of what lay between the two is still to come beside the text of the later one."""
    between = document.versions[base.number : version.number - 1]
    return all(one.line == version.line or one.withdrawn_by is not None for one in between)


def _labelled(document: PublishedDocument, known: Mapping[str, str]) -> PublishedVersion | None:
    label = known.get(document.id)
    return next((version for version in document.versions if version.label == label), None)
