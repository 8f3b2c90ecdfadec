"""What one mail tells: the documents that changed and, of each, the versions new to its readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from urllib.parse import quote

from subscribers.site.news import News
from subscribers.site.published import PublishedDocument, PublishedVersion
from subscribers.site.site_reader import PublishedSite


class Force(Enum):
    """Where a version stands on the day of the mail."""

    PRESENT = "in_force"
    UPCOMING = "upcoming"
    UPCOMING_FIRST = "upcoming_first"  # and no text applies until then
    SUPERSEDED = "superseded"
    OVERTAKEN = "overtaken"  # a later version came before its day


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldVersion:
    """One version as a mail tells it; ``redline_html`` is still as the site serves it."""

    label: str
    published_on: date
    effective_on: date
    force: Force
    editorial: bool
    returns_to: date | None
    summary: str | None
    impact: str | None
    changes: tuple[tuple[str, str], ...]
    omitted: int
    redline_html: str
    redline_text: str
    page_url: str
    redline_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDocument:
    """A document with what the reader does not know of it, newest first.

    Of a document that is all new to the reader there is one version, the newest, without a redline; its
    summary is that of the first, which says what the document is. ``since`` is the day of the last version
    that the reader knows, and the page with all that changed since.
    """

    title: str
    language: str
    url: str
    history_url: str
    is_new: bool
    since: tuple[date, str] | None
    versions: tuple[ToldVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedContent:
    """All that one mail tells, in no language of its own."""

    site_name: str
    site_url: str
    documents: tuple[ToldDocument, ...]


def read_content(site: PublishedSite, news: Iterable[News], *, today: date) -> AnnouncedContent:
    """The content of ``news``; ``today`` is the day, in the site's time zone, on which "in force" is said."""
    return AnnouncedContent(
        site_name=site.history.site_name,
        site_url=site.history.site_url,
        documents=tuple(_told_document(site, item, today) for item in news),
    )


def force_of(document: PublishedDocument, version: PublishedVersion, *, today: date) -> Force:
    """Where ``version`` stands: in force is the highest-numbered one whose day has come."""
    day = version.effective_on
    later = document.versions[version.number :]
    if any(_published_on(other) < day and other.effective_on <= day for other in later):
        return Force.OVERTAKEN
    if day > today:
        earlier = document.versions[: version.number - 1]
        return (
            Force.UPCOMING if any(other.effective_on <= today for other in earlier) else Force.UPCOMING_FIRST
        )
    return Force.SUPERSEDED if any(other.effective_on <= today for other in later) else Force.PRESENT


def _told_document(site: PublishedSite, news: News, today: date) -> ToldDocument:
    document, versions = news.document, news.versions if news.known else (_introduced(news.versions),)
    return ToldDocument(
        title=document.newest.title,
        language=document.language,
        url=_url(site, document.address),
        history_url=_url(site, document.history_address),
        is_new=news.known is None,
        since=_since(site, news),
        versions=tuple(
            _told_version(site, document, version, today=today, with_redline=news.known is not None)
            for version in reversed(versions)
        ),
    )


def _introduced(versions: Sequence[PublishedVersion]) -> PublishedVersion:
    """The newest version with what the first said of the document: the newest may only correct a word."""
    first, newest = versions[0], versions[-1]
    return replace(newest, summary=first.summary or newest.summary, impact=first.impact or newest.impact)


def _since(site: PublishedSite, news: News) -> tuple[date, str] | None:
    if news.known is None or len(news.versions) < 2:
        return None
    address = news.document.since_address(news.known)
    return (_published_on(news.known), _url(site, address)) if site.offers(address) else None


def _told_version(
    site: PublishedSite,
    document: PublishedDocument,
    version: PublishedVersion,
    *,
    today: date,
    with_redline: bool,
) -> ToldVersion:
    redline = site.redline(document, version) if with_redline else None
    return ToldVersion(
        label=version.label,
        published_on=_published_on(version),
        effective_on=version.effective_on,
        force=force_of(document, version, today=today),
        editorial=version.change == "editorial",
        returns_to=_published_on(document.versions[version.returns_to - 1]) if version.returns_to else None,
        summary=version.summary,
        impact=version.impact,
        changes=tuple((change.where, change.text) for change in redline.changes) if redline else (),
        omitted=redline.omitted if redline else 0,
        redline_html=redline.mail_html if redline else "",
        redline_text=redline.mail_text if redline else "",
        page_url=_url(site, version.address),
        redline_url=_url(site, version.redline.page) if redline and version.redline else None,
    )


def _published_on(version: PublishedVersion) -> date:
    """The day of publication in the site's time zone, which is what a label says."""
    return date.fromisoformat(version.label[:10])


def _url(site: PublishedSite, address: str) -> str:
    return site.history.site_url + quote(address, safe="/%")
