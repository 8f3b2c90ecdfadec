"""What one mail tells: the documents that changed and, of each, the versions new to its readers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from urllib.parse import quote

from subscribers.site.history_json import PublishedColours, PublishedDocument, PublishedVersion
from subscribers.site.news import News
from subscribers.site.site_reader import PublishedSite


class Status(Enum):
    """Where a version stands on the day of the mail."""

    IN_FORCE = "in_force"
    UPCOMING = "upcoming"  # and the present text applies until then
    UPCOMING_FIRST = "upcoming_first"  # and no text applies until then
    SUPERSEDED = "superseded"
    UPCOMING_LATER = "upcoming_later"  # and another one comes before it
    OVERTAKEN = "overtaken"  # a later version came before its day
    CORRECTED = "corrected"  # a later version takes effect in its place, on its day
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedVersion:
    """One version as an email describes it; ``redline_html`` is still as the site serves it.

    ``stated_on`` is another day that its text names, ``comes_first`` that of an upcoming version before it,
    ``still_to_come`` that of one after it which the reader knows. ``withdraws`` are the days of what will not
    happen because of it, ``replaces`` where something else comes instead, ``keeps`` where the text
    that applied before stays. ``amends`` where it changes what was announced for the same day,
    ``amends_known`` where the reader was told of that. ``ends`` where it withdraws the document itself.
    """

    label: str
    published_on: date
    effective_on: date
    status: Status
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
    stated_on: date | None = None
    comes_first: date | None = None
    still_to_come: date | None = None
    withdraws: tuple[date, ...] = ()
    replaces: bool = False
    keeps: bool = False
    amends: bool = False
    amends_known: bool = False
    ends: bool = False

    @property
    def is_upcoming(self) -> bool:
        """Whether it is still to take effect."""
        return self.status in {
            Status.UPCOMING,
            Status.UPCOMING_FIRST,
            Status.UPCOMING_LATER,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedDocument:
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
    versions: tuple[AnnouncedVersion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedContent:
    """All that one email says, in no language of its own; ``colours`` are those of its links."""

    site_name: str
    site_url: str
    colours: PublishedColours
    documents: tuple[AnnouncedDocument, ...]


def read_content(site: PublishedSite, news: Iterable[News], *, today: date) -> AnnouncedContent:
    """The content of ``news``; ``today`` is the day, in the site's time zone, on which "in force" is said."""
    return AnnouncedContent(
        site_name=site.history.site_name,
        site_url=site.history.site_url,
        colours=site.history.colours,
        documents=tuple(_told_document(site, item, today) for item in news),
    )


def status_of(document: PublishedDocument, version: PublishedVersion, *, today: date) -> Status:
    """Where ``version`` stands: in force is the last in order whose day has come."""
    if version.withdrawn_by is not None:
        return Status.WITHDRAWN
    day, order = version.effective_on, document.in_order
    place = (version.line, version.number)
    earlier = [other for other in order if (other.line, other.number) < place]
    later = [other for other in order if (other.line, other.number) > place]
    if any(_published_on(other) < day and other.effective_on < day for other in later):
        return Status.OVERTAKEN
    if any(_published_on(other) < day and other.effective_on == day for other in later):
        return Status.CORRECTED
    if day <= today:
        return Status.SUPERSEDED if any(other.effective_on <= today for other in later) else Status.IN_FORCE
    if _next_day(document, today) < day:
        return Status.UPCOMING_LATER
    return Status.UPCOMING if any(other.effective_on <= today for other in earlier) else Status.UPCOMING_FIRST


def _next_day(document: PublishedDocument, today: date) -> date:
    """The next day on which a version takes effect, if one is to come."""
    next_day = date.max
    for version in reversed(document.in_order):
        if version.effective_on <= today:
            break
        next_day = min(next_day, version.effective_on)
    return next_day


def _told_document(site: PublishedSite, news: News, today: date) -> AnnouncedDocument:
    document, versions = news.document, news.versions if news.known else (_introduced(news.versions),)
    return AnnouncedDocument(
        title=document.newest.title,
        language=document.language,
        url=_url(site, document.path),
        history_url=_url(site, document.history_path),
        is_new=news.known is None,
        since=_since(site, news),
        versions=tuple(_told_version(site, news, version, today=today) for version in reversed(versions)),
    )


def _introduced(versions: Sequence[PublishedVersion]) -> PublishedVersion:
    """The newest version with what the first said of the document: the newest may only correct a word."""
    first, newest = versions[0], versions[-1]
    return replace(newest, summary=first.summary or newest.summary, impact=first.impact or newest.impact)


def _since(site: PublishedSite, news: News) -> tuple[date, str] | None:
    if news.known is None or len(news.versions) < 2:
        return None
    path = news.document.since_path(news.known)
    return (_published_on(news.known), _url(site, path)) if site.offers(path) else None


def _told_version(
    site: PublishedSite, news: News, version: PublishedVersion, *, today: date
) -> AnnouncedVersion:
    document = news.document
    redline = site.redline(document, version) if news.known else None
    withdrawn = document.withdrawn_by(version) if news.known else []
    amended = _amended(document, version) if news.known and not withdrawn else None
    status = status_of(document, version, today=today)
    return AnnouncedVersion(
        label=version.label,
        published_on=_published_on(version),
        effective_on=version.effective_on,
        status=status,
        editorial=version.change == "editorial",
        returns_to=_published_on(document.versions[version.returns_to - 1]) if version.returns_to else None,
        summary=version.summary,
        impact=version.impact,
        changes=tuple((change.where, change.text) for change in redline.changes) if redline else (),
        omitted=redline.omitted if redline else 0,
        redline_html=redline.mail_html if redline else "",
        redline_text=redline.mail_text if redline else "",
        page_url=_url(site, version.path),
        redline_url=_url(site, version.redline.page) if redline and version.redline else None,
        ends=version.withdrawn_on is not None,
        stated_on=version.stated_effective_on
        if version.stated_effective_on != version.effective_on
        else None,
        comes_first=_next_day(document, today) if status is Status.UPCOMING_LATER else None,
        still_to_come=_still_to_come(news, today) if status is Status.IN_FORCE else None,
        withdraws=tuple(sorted({one.effective_on for one in withdrawn})),
        replaces=version.effective_on > _published_on(version)
        or any(one.text_sha256 == version.text_sha256 for one in withdrawn),
        keeps=bool(withdrawn) and _keeps_text(document, version),
        amends=amended is not None,
        amends_known=amended is not None and amended not in news.versions,
    )


def _amended(document: PublishedDocument, version: PublishedVersion) -> PublishedVersion | None:
    """The version, still to take effect when this one was published, whose text this one changes."""
    if version.redline is None:
        return None
    before = document.versions[version.redline.from_number - 1]
    same_day = before.effective_on == version.effective_on > _published_on(version)
    return before if same_day and before.line == version.line else None


def _keeps_text(document: PublishedDocument, version: PublishedVersion) -> bool:
    """Whether the text that applies is the one that would have applied without the version."""
    before = [one for one in document.in_order if (one.line, one.number) < (version.line, version.number)]
    return bool(before) and before[-1].text_sha256 == version.text_sha256 is not None


def _still_to_come(news: News, today: date) -> date | None:
    """The next day of a change that the reader was told of before."""
    known = [one for one in news.document.in_order if one not in news.versions and one.effective_on > today]
    return min((one.effective_on for one in known), default=None)


def _published_on(version: PublishedVersion) -> date:
    """The day of publication in the site's time zone, which is what a label says."""
    return date.fromisoformat(version.label[:10])


def _url(site: PublishedSite, path: str) -> str:
    return site.history.site_url + quote(path, safe="/%")
