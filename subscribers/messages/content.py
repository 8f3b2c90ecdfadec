"""The content of one message: the documents that changed and the versions that are new to its readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from urllib.parse import quote

from subscribers.messages.whole_text import WholeText, read_whole_texts
from subscribers.settings import Attach
from subscribers.site.history_json import PublishedColours, PublishedDocument, PublishedVersion
from subscribers.site.news import News
from subscribers.site.site_reader import PublishedSite


class Status(Enum):
    """Whether a version is in effect on the day of the message."""

    IN_FORCE = "in_force"
    UPCOMING = "upcoming"  # the current version applies until then
    UPCOMING_FIRST = "upcoming_first"  # no version applies until then
    SUPERSEDED = "superseded"
    UPCOMING_LATER = "upcoming_later"  # another change takes effect before it
    OVERTAKEN = "overtaken"  # a later version replaced it before its effective date
    CORRECTED = "corrected"  # a later version takes effect instead, on the same day
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedVersion:
    """One version as a message describes it. ``redline_html`` is not cleaned yet.

    ``stated_on``: the effective date in its text, if it takes effect on another day.
    ``comes_first``: the effective date of an upcoming version before it.
    ``still_upcoming_on``: the effective date of a later change that the reader already knows.
    ``withdraws``: the effective dates of the changes that it withdraws.
    ``replaces``: whether it takes the place of what it withdraws.
    ``keeps``: whether the version that applied before stays in effect.
    ``amends``: whether it corrects a change announced for the same day.
    ``amends_known``: whether the reader was notified of that change.
    ``ends``: whether it withdraws the document itself.
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
    still_upcoming_on: date | None = None
    withdraws: tuple[date, ...] = ()
    replaces: bool = False
    keeps: bool = False
    amends: bool = False
    amends_known: bool = False
    ends: bool = False

    @property
    def is_upcoming(self) -> bool:
        """Whether it has not taken effect yet."""
        return self.status in {
            Status.UPCOMING,
            Status.UPCOMING_FIRST,
            Status.UPCOMING_LATER,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedDocument:
    """A document and the versions of it that the reader does not know, newest first.

    If the whole document is new to the reader, only the newest version is listed, without a redline. Its
    summary is then the one of the first version, which says what the document is about.
    ``since``: the day of the last version that the reader knows, and the URL of the page with all changes
    since.
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
    """Everything that one message says, before it is put into words. ``colours`` are those of its links.

    ``sent_emails``: the URLs of the page with all emails that were sent, by language, the site's own first.
    """

    site_name: str
    site_url: str
    colours: PublishedColours
    documents: tuple[AnnouncedDocument, ...]
    sent_emails: Mapping[str, str] = field(default_factory=dict)
    whole_texts: tuple[WholeText, ...] = ()


def read_content(
    site: PublishedSite, news: Sequence[News], *, today: date, attach: Attach | None = None
) -> AnnouncedContent:
    """The content of ``news`` as of ``today``, a day in the site's time zone."""
    return AnnouncedContent(
        site_name=site.history.site_name,
        site_url=site.history.site_url,
        colours=site.history.colours,
        documents=tuple(_announced_document(site, item, today) for item in news),
        sent_emails={language: _url(site, path) for language, path in site.history.sent_emails.items()},
        whole_texts=read_whole_texts(site, news, attach) if attach else (),
    )


def status_of(document: PublishedDocument, version: PublishedVersion, *, today: date) -> Status:
    """The status of ``version``: in force is the last in order that has reached its effective date."""
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
    """The next day on which a version takes effect, or ``date.max``."""
    next_day = date.max
    for version in reversed(document.in_order):
        if version.effective_on <= today:
            break
        next_day = min(next_day, version.effective_on)
    return next_day


def _announced_document(site: PublishedSite, news: News, today: date) -> AnnouncedDocument:
    document, versions = news.document, news.versions if news.known else (_introduced(news.versions),)
    return AnnouncedDocument(
        title=document.newest.title,
        language=document.language,
        url=_url(site, document.path),
        history_url=_url(site, document.history_path),
        is_new=news.known is None,
        since=_since(site, news),
        versions=tuple(
            _announced_version(site, news, version, today=today) for version in reversed(versions)
        ),
    )


def _introduced(versions: Sequence[PublishedVersion]) -> PublishedVersion:
    """The newest version with the summary and impact of the first: the newest may only correct a word."""
    first, newest = versions[0], versions[-1]
    return replace(newest, summary=first.summary or newest.summary, impact=first.impact or newest.impact)


def _since(site: PublishedSite, news: News) -> tuple[date, str] | None:
    if news.known is None or len(news.versions) < 2:
        return None
    path = news.document.since_path(news.known)
    return (_published_on(news.known), _url(site, path)) if site.offers(path) else None


def _announced_version(
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
        still_upcoming_on=_still_upcoming_on(news, today) if status is Status.IN_FORCE else None,
        withdraws=tuple(sorted({one.effective_on for one in withdrawn})),
        replaces=version.effective_on > _published_on(version)
        or any(one.text_sha256 == version.text_sha256 for one in withdrawn),
        keeps=bool(withdrawn) and _keeps_text(document, version),
        amends=amended is not None,
        amends_known=amended is not None and amended not in news.versions,
    )


def _amended(document: PublishedDocument, version: PublishedVersion) -> PublishedVersion | None:
    """The version that this one corrects: one that had not taken effect when this one was published."""
    if version.redline is None:
        return None
    before = document.versions[version.redline.from_number - 1]
    same_day = before.effective_on == version.effective_on > _published_on(version)
    return before if same_day and before.line == version.line else None


def _keeps_text(document: PublishedDocument, version: PublishedVersion) -> bool:
    """Whether the version leaves the current text as it is."""
    before = [one for one in document.in_order if (one.line, one.number) < (version.line, version.number)]
    return bool(before) and before[-1].text_sha256 == version.text_sha256 is not None


def _still_upcoming_on(news: News, today: date) -> date | None:
    """The effective date of the next change that the reader already knows."""
    known = [one for one in news.document.in_order if one not in news.versions and one.effective_on > today]
    return min((one.effective_on for one in known), default=None)


def _published_on(version: PublishedVersion) -> date:
    """The day of publication in the site's time zone, taken from the label."""
    return date.fromisoformat(version.label[:10])


def _url(site: PublishedSite, path: str) -> str:
    return site.history.site_url + quote(path, safe="/%")
