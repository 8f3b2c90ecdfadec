"""Compares a site with what it had published when users were last notified, and refuses a changed past.

An attacker who can change the site, and nothing else, must not be able to notify every user of anything they
like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from subscribers.announcing.announcements import KnownVersions
from subscribers.errors import NotifyError
from subscribers.site.history_json import PublishedDocument, PublishedHistory, PublishedVersion


class ChangedPastError(NotifyError):
    """The site's past is not the one that it published before."""

    def __init__(self, site_url: str, what: str, remedy: str) -> None:
        super().__init__(f"{site_url}: {what}; nothing is announced. {remedy}")
        self.site_url = site_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The changes that a person or a signature vouches for: a new renderer, earlier publication times."""

    renderer: bool = False
    dates: bool = False


NO_TRUST = Trust()


def check_past(
    history: PublishedHistory,
    known: Sequence[KnownVersions],
    earlier: PublishedHistory | None,
    *,
    trust: Trust,
) -> None:
    """Refuse a site whose announced versions have another source, time or appearance than before.

    ``earlier`` is the ``history.json`` of the last announcement; None if nothing was announced yet.
    """
    if earlier is None:
        return
    before = {document.id: document for document in earlier.documents}
    for document in history.documents:
        for known_as in (document.id, *document.former_ids):
            if was := before.get(known_as):
                _check_sources(history, document, was)
                if not trust.dates and known_as == document.id:  # else its earlier versions are found again
                    _check_dates(history, document, was)
    if not trust.renderer:
        _check_appearance(history, known)


def changed_appearance(
    history: PublishedHistory, known: Sequence[KnownVersions]
) -> Mapping[tuple[str, str], PublishedVersion]:
    """The announced versions that look different now, by document and label."""
    versions = {
        (document.id, version.label): version
        for document in history.documents
        for version in document.versions
    }
    return {
        (document, label): versions[document, label]
        for each in known
        for document, label in each.labels.items()
        if (document, label) in versions
        and each.content_sha256.get(document, versions[document, label].content_sha256)
        != versions[document, label].content_sha256
    }


def _check_sources(history: PublishedHistory, document: PublishedDocument, was: PublishedDocument) -> None:
    versions = {version.label: version for version in document.versions}
    for old in was.versions:
        new = versions.get(old.label)
        if new is None:
            what = f"{_name(document)} {old.label} was published and is gone"
        elif new.source_blob != old.source_blob:
            what = f"{_name(document)} {old.label} was published from another text"
        elif new.published_at != old.published_at:
            what = f"{_name(document)} {old.label} says that it was published at another time"
        else:
            continue
        raise ChangedPastError(
            history.site_url,
            what,
            "Restore the site from its repository; if nobody rewrote that, somebody changed the site",
        )


def _check_dates(history: PublishedHistory, document: PublishedDocument, was: PublishedDocument) -> None:
    """Refuse new versions that were published before old ones, unless a newer renderer has found them."""
    known = {version.label for version in was.versions}
    for version in document.versions:
        if version.label in known or version.discovered:
            continue
        if version.published_at < was.newest.published_at:
            raise ChangedPastError(
                history.site_url,
                f"{_name(document)} {version.label} is new and says that it was published before "
                f"{was.newest.label}, which was there when users were last notified",
                "If the commit was made with a wrong clock, publish once with --accept-dates; "
                "otherwise find out who changed the site",
            )


def _check_appearance(history: PublishedHistory, known: Sequence[KnownVersions]) -> None:
    changed = changed_appearance(history, known)
    if not changed:
        return
    names = {document.id: _name(document) for document in history.documents}
    listed = ", ".join(f"{names[document]} {label}" for document, label in list(changed)[:3])
    more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
    raise ChangedPastError(
        history.site_url,
        f"{listed}{more}: looks different than when users were notified, from the same source",
        "If policy-site or one of its extensions was upgraded, publish once with --accept-renderer; "
        "otherwise find out who changed the site",
    )


def _name(document: PublishedDocument) -> str:
    return document.slug or "the start page"
