"""The mail as people would get it, from a published site alone: no database, no secret, no person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from email.headerregistry import Address
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from subscribers.announcing import News, news, snapshot_before
from subscribers.content import read_content
from subscribers.errors import NotifyError
from subscribers.mail import Message, compose
from subscribers.published import PublishedDocument, PublishedHistory, PublishedVersion
from subscribers.settings import Sender, Settings
from subscribers.site_reader import PublishedSite


class NothingToPreviewError(NotifyError):
    """The site has no change of the kind that was asked for."""


def preview(
    site: PublishedSite,
    *,
    document: str | None,
    since: date | None,
    language: str | None,
    sender: Sender,
    now: datetime,
) -> Message:
    """The mail on the newest publication, or on all since a day, or on the newest change of one document.

    ``document`` is a slug. Without ``language`` it is that of the document, else that of the site.
    """
    history = site.history
    if document is not None:
        told = [_newest_change(_document(history, document))]
        language = language or told[0].document.language
    else:
        language = language or history.language
        told = list(news(history, _known(history, since), language=language))
    if not told:
        day = f" since {since}" if since else ""
        raise NothingToPreviewError(
            f"{history.site_url}: no change{day}; give an earlier --since, or --document"
        )
    today = now.astimezone(ZoneInfo(history.time_zone)).date()
    return compose(read_content(site, told, today=today), language=language, sender=sender)


def stand_in_sender(settings: Settings) -> Sender:
    """The sender as far as the settings know it, and where they do not, what has to be set."""
    name, address = parseaddr(settings.sender or "Set POLICY_NOTIFY_FROM <sender@example.invalid>")
    return Sender(
        address=Address(name, addr_spec=address),
        legal_name=settings.legal_name or "[your legal name: set POLICY_NOTIFY_LEGAL_NAME]",
        contact=settings.contact or "[your contact: set POLICY_NOTIFY_CONTACT]",
    )


def _document(history: PublishedHistory, slug: str) -> PublishedDocument:
    for document in history.documents:
        if document.slug == slug and document.ended_at is None:
            return document
    slugs = ", ".join(document.slug for document in history.documents if document.ended_at is None)
    raise NothingToPreviewError(f"--document {slug}: the site has no such document; it has {slugs}")


def _newest_change(document: PublishedDocument) -> News:
    known = document.versions[-2] if len(document.versions) > 1 else None
    return News(document=document, known=known, versions=document.versions[-1:])


def _known(history: PublishedHistory, since: date | None) -> Mapping[str, str]:
    """The labels known to whoever was told of everything before ``since``, or before the newest commit."""
    if since is not None:
        return {document: version.label for document, version in snapshot_before(history, since).items()}
    announced = [
        document for document in history.documents if document.announced and document.ended_at is None
    ]
    if not announced:
        return {}
    newest = max((document.newest for document in announced), key=_published_at).commit
    before = {
        document.id: [version.label for version in document.versions if version.commit != newest]
        for document in announced
    }
    return {document: labels[-1] for document, labels in before.items() if labels}


def _published_at(version: PublishedVersion) -> datetime:
    return version.published_at
