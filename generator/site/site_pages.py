"""The site's own pages: the start page, the recent changes, and the page for URLs that do not exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from jinja2 import Environment

from generator.language import load_language, reading_in
from generator.site.document_list import DocumentList, Publication
from generator.site.page import Page, Translation, feed_links
from generator.site.page_layout import Article
from generator.site.sent_emails import ListedVersions, SentEmails, in_language_of
from generator.site.urls import FEED, JSON_FEED, NOTICES

MOST_ON_START = 5
"""How many recent changes the start page shows. It shows none if the site has as few documents."""


class SitePages:
    """Makes these pages in the site's language. ``recent`` is the path of the recent changes, or None.

    ``emails`` are the paths of the page with all emails that were sent, by language: it is made in each.
    """

    def __init__(
        self,
        templates: Environment,
        *,
        site_url: str,
        site_name: str,
        language: str,
        time_zone: ZoneInfo,
        recent: str | None,
        emails: Mapping[str, str],
    ) -> None:
        self._templates = templates
        self._site_url = site_url
        self._site_name = site_name
        self._language = language
        self._time_zone = time_zone
        self._recent = recent
        self._emails = emails

    def start(self, listed: DocumentList, newest: Sequence[Publication]) -> Article:
        """The start page of a site without an ``index.md``."""
        shown = newest[:MOST_ON_START] if listed.count > MOST_ON_START else ()
        page = self._page("")
        content = self._filled("overview.html", page, title=self._site_name, listed=listed, newest=shown)
        return self._article(page, title=self._site_name, content=content)

    def recent_changes(self, path: str, newest: Sequence[Publication]) -> Article:
        """The newest versions of all documents."""
        page = self._page(path)
        title = page.t("recent_title")
        content = self._filled("recent.html", page, title=title, newest=newest, feed=FEED)
        return self._article(page, title=title, content=content)

    def sent_emails(self, sent: SentEmails, versions: ListedVersions, *, language: str) -> Article:
        """All emails that were sent. ``versions`` are those that they are about."""
        others = [
            Translation(path=path, language=code, words=reading_in(code))
            for code, path in self._emails.items()
            if code != language
        ]
        page = Page(
            self._emails[language],
            language=load_language(language),
            time_zone=self._time_zone,
            others=others,
        )
        title = page.t("emails_title")
        content = self._filled(
            "sent_emails.html",
            page,
            title=title,
            sent=sent,
            listed=[email for email in sent.emails if email.state != "cancelled" or email.sent_from_at],
            versions=versions,
            host=urlsplit(self._site_url).hostname,
            site_url=self._site_url,
            notices=NOTICES,
        )
        return self._article(page, title=title, content=content, language=language)

    def not_found(self, listed: DocumentList) -> Article:
        """The page for URLs that do not exist; its links work at any depth."""
        page = self._page("404.html", root=urlsplit(self._site_url).path or "/")
        title = page.t("not_found_title")
        content = self._filled("not_found.html", page, title=title, listed=listed)
        return self._article(page, title=title, content=content)

    def _page(self, path: str, *, root: str | None = None) -> Page:
        language = load_language(self._language)
        return Page(path, language=language, time_zone=self._time_zone, others=(), root=root)

    def _filled(self, template: str, page: Page, **more: object) -> str:
        return self._templates.get_template(template).render(
            p=page,
            site_name=self._site_name,
            recent=self._recent,
            emails=in_language_of(self._language, self._emails),
            **more,
        )

    def _article(self, page: Page, *, title: str, content: str, language: str | None = None) -> Article:
        return Article(
            path=page.path,
            language=language or self._language,
            title=title,
            description=self._site_name if title == self._site_name else f"{title}: {self._site_name}",
            content=content,
            head=feed_links(FEED, JSON_FEED, title=self._site_name, page=page),
        )
