"""Composes the message that users would get from a published site, without a database or secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from email.headerregistry import Address
from email.utils import parseaddr
from zoneinfo import ZoneInfo

from subscribers.errors import NotifyError
from subscribers.messages.compose import compose
from subscribers.messages.content import read_content
from subscribers.messages.message import Message
from subscribers.settings import Sender, Settings, ascii_address
from subscribers.site.history_json import PublishedDocument, PublishedHistory
from subscribers.site.news import News, news, snapshot_before
from subscribers.site.site_reader import PublishedSite


class NothingToPreviewError(NotifyError):
    """The site has no such change to preview."""


def previews(
    site: PublishedSite,
    *,
    document: str | None,
    since: date | None,
    language: str | None,
    sender: Sender,
    now: datetime,
) -> Mapping[str, Message]:
    """The messages about the newest publication, or all since a day, or the newest change of one document.

    ``document`` is a slug. The result has one message for each language of readers, the site's own first,
    unless ``language`` names one; a single document is previewed in its own language. The result is empty if
    the newest publication has nothing new, such as a translation that only catches up.
    """
    history = site.history
    site.verify((each, each.newest) for each in _announced(history))
    told: dict[str, list[News]]
    if document is not None:
        change = _newest_change(_document(history, document))
        told = {language or change.document.language: [change]}
    else:
        known = _known(history, since)
        readers = [language] if language else _languages(history)
        told = {reader: list(news(history, known, language=reader)) for reader in readers}
    today = now.astimezone(ZoneInfo(history.time_zone)).date()
    messages = {
        reader: compose(
            read_content(site, items, today=today, attach=sender.attach), language=reader, sender=sender
        )
        for reader, items in told.items()
        if items
    }
    if since and not messages:
        raise NothingToPreviewError(
            f"{history.site_url}: no change since {since}; give an earlier --since, or a --document"
        )
    return messages


def newest_document(history: PublishedHistory) -> PublishedDocument:
    """The announced document that changed last."""
    announced = _announced(history)
    if not announced:
        raise NothingToPreviewError(
            f"{history.site_url}: no document is announced; see the option announce in mkdocs.yml"
        )
    return max(announced, key=_published_at)


def stand_in_sender(settings: Settings) -> Sender:
    """The sender from the settings, with a note in place of each setting that is missing."""
    sender = settings.sender or "Set POLICY_NOTIFY_FROM <sender@example.com>"
    return Sender(
        address=Address(parseaddr(sender)[0], addr_spec=ascii_address(sender)),
        legal_name=settings.legal_name or "[your legal name: set POLICY_NOTIFY_LEGAL_NAME]",
        contact=settings.contact or "[your contact: set POLICY_NOTIFY_CONTACT]",
        attach=settings.what_to_attach(),
    )


def _languages(history: PublishedHistory) -> Iterable[str]:
    """The site's own language, then those of its announced documents."""
    return dict.fromkeys([history.language, *(document.language for document in _announced(history))])


def _announced(history: PublishedHistory) -> list[PublishedDocument]:
    return [document for document in history.documents if document.announced and document.ended_at is None]


def _document(history: PublishedHistory, slug: str) -> PublishedDocument:
    for document in history.documents:
        if document.slug == slug and document.ended_at is None:
            return document
    slugs = ", ".join(
        document.slug or 'the start page, which is ""'
        for document in history.documents
        if document.ended_at is None
    )
    raise NothingToPreviewError(f"--document {slug}: the site has no such document; it has {slugs}")


def _newest_change(document: PublishedDocument) -> News:
    newest = document.newest
    known = document.versions[newest.redline.from_number - 1] if newest.redline else None
    return News(document=document, known=known, versions=(newest,))


def _known(history: PublishedHistory, since: date | None) -> Mapping[str, str]:
    """The labels that a reader knows who was notified of everything before ``since`` or the newest commit."""
    if since is not None:
        return {document: version.label for document, version in snapshot_before(history, since).items()}
    announced = _announced(history)
    if not announced:
        return {}
    newest = newest_document(history).newest.commit
    before = {
        document.id: [version.label for version in document.versions if version.commit != newest]
        for document in announced
    }
    return {document: labels[-1] for document, labels in before.items() if labels}


def _published_at(document: PublishedDocument) -> datetime:
    return document.newest.published_at
