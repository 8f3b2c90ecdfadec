"""The pages of a document: templates filled with its versions and redlines. Nothing is written here."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from generator.language import load_language, reading_in
from generator.site.change_list import change_list, is_small_in_long, with_heads
from generator.site.document_view import ChangeSize, DocumentView, Relative
from generator.site.fragment_ids import with_own_ids
from generator.site.headings import (
    TAG,
    split_heading,
    with_clause_links,
    with_levels_in_order,
    with_one_title,
)
from generator.site.history_pages import HistoryPage
from generator.site.next_change_links import first_change, with_next_links
from generator.site.page import ALTERNATE, TEMPLATES, Page, Translation, feed_links, page_templates
from generator.site.page_layout import Article
from generator.site.redlines import RedlineTexts
from generator.site.sent_emails import in_language_of
from generator.site.urls import SiteDocument, relative
from generator.versions.version import Version

FORMS_NEED_SCRIPTS = "<noscript><style>.ps-form{display:none}</style></noscript>"
WORDS_OF_COMPARISONS = (
    "redline_",
    "changes_one_by_one",
    "show_all_changes",
    "next_change",
    "back_to_changes",
)
"""A comparison in the browser needs the words whose names begin with these."""

DESCRIPTION_LENGTH = 160  # search engines show about as many characters


class DocumentPages:
    """Makes every page of a document.

    The texts and redlines passed to it already have the links that their pages need. ``scripts`` are paths
    by name, ``copies`` the suffixes of a version's copies by their form. ``recent`` is the path of the site's
    recent changes, or None if the pages do not link to it. ``emails`` are the paths of the page with all
    emails that were sent, by language.
    """

    def __init__(
        self,
        *,
        site_url: str,
        site_name: str,
        time_zone: ZoneInfo,
        scripts: Mapping[str, str],
        copies: Mapping[str, str],
        recent: str | None,
        emails: Mapping[str, str],
    ) -> None:
        self._recent = recent
        self._emails = emails
        self._site_url = site_url
        self._site_name = site_name
        self._time_zone = time_zone
        self._scripts = scripts
        self._copies = copies
        self._templates = page_templates()

    def document(self, view: DocumentView, text: str) -> Article:
        """The document's own page: the current version, and notices of upcoming ones."""
        document, version = view.document, view.shown
        page = self._page(document.page_path, view)
        heading, body = split_heading(with_clause_links(text, language=page.t), title=version.title)
        body = with_one_title(body, after=bool(heading))
        status = self._worded("status.html", page, view, version)
        foot = self._worded(
            "foot.html",
            page,
            view,
            version,
            copies=self._copies,
            recent=self._recent,
            emails=in_language_of(document.language, self._emails),
        )
        framed = f'<div class="ps-text" dir="{_direction(version.title)}">\n{body}\n</div>\n'
        parts = [heading, status, framed, foot] if document.announced else [heading, framed, status, foot]
        return self._article(
            page,
            view,
            title=version.title,
            content="".join(parts),
            text=body,
            paper=self._paper(page, version, path=document.version_path(version)),
        )

    def version(self, view: DocumentView, version: Version, text: str) -> Article:
        """The permanent page of a version."""
        page = self._page(view.document.version_path(version), view, version)
        heading, body = split_heading(with_clause_links(text, language=page.t), title=version.title)
        body = with_one_title(body, after=bool(heading))
        content = self._worded(
            "version.html",
            page,
            view,
            version,
            heading=heading,
            text=body,
            newer=version is not view.last,
            copies=self._copies,
            first_to_come=version is view.shown and not view.document.history.ended_at,
        )
        title = f"{version.title} ({page.label(version)})"
        paper = self._paper(page, version, path=page.path)
        return self._article(page, view, title=title, content=content, text=body, paper=paper)

    def change(self, view: DocumentView, version: Version, redline: RedlineTexts) -> Article:
        """The redline from the version before; the first version has none."""
        page = self._page(view.document.change_path(version), view, version)
        title = page.t("change_title", title=version.title)
        content = self._worded(
            "change.html",
            page,
            view,
            version,
            title=title,
            old=view.followed(version),
            returned=view.version(version.returns_to or 0),
            **_redline_values(redline, page),
            earlier=view.version(version.number - 1) if version.number > 2 else None,
            later=view.version(version.number + 1),
        )
        return self._article(
            page,
            view,
            title=f"{title} ({page.label(version)})",
            content=content,
            text=version.front.summary,
            paper=self._paper(page, version, path=page.path),
        )

    def since(self, view: DocumentView, old: Version, redline: RedlineTexts) -> Article:
        """Everything that changed since an older version."""
        last = view.last
        page = self._page(view.document.since_path(old), view)
        title = page.t("since_title", title=last.title, old=page.label(old))
        content = self._worded(
            "since.html",
            page,
            view,
            last,
            title=title,
            old=old,
            **_redline_values(redline, page),
            steps=view.since_then(old),
        )
        article = self._article(page, view, title=title, content=content, text=None)
        return replace(article, head=f'{article.head}<meta name="robots" content="noindex">')

    def history(
        self, view: DocumentView, shown: HistoryPage, sizes: Mapping[int, ChangeSize | None]
    ) -> Article:
        """One page of the list of versions. ``sizes`` are by version number, None for the first version."""
        page = self._page(shown.path, view)
        title = page.t("history_title", title=view.shown.title)
        entries = [
            {
                "version": version,
                "status": view.statuses[version.number],
                "size": sizes[version.number],
                "returned": view.version(version.returns_to or 0),
                "since": version.number in view.since,
            }
            for version in shown.versions
        ]
        content = self._worded(
            "history.html", page, view, view.shown, title=title, versions=entries, years=_years(shown)
        )
        if shown.path != view.document.history_path:
            title = f"{title} ({shown.years})"
        return self._article(page, view, title=title, content=content, text=None)

    def in_force(self, view: DocumentView) -> Article:
        """Which version was in force on which day."""
        page = self._page(view.document.in_force_path, view)
        title = page.t("in_force_title", title=view.shown.title)
        content = self._worded("in_force.html", page, view, view.shown, title=title, periods=view.periods)
        article = self._article(page, view, title=title, content=content, text=None)
        return replace(article, head=article.head + FORMS_NEED_SCRIPTS)

    def comparison(self, view: DocumentView) -> Article:
        """A form that compares any two versions in the browser."""
        page = self._page(view.document.comparison_path, view)
        title = page.t("compare_title", title=view.shown.title)
        words = {key: text for key, text in page.t.texts.items() if key.startswith(WORDS_OF_COMPARISONS)}
        content = self._worded(
            "compare.html",
            page,
            view,
            view.shown,
            title=title,
            spoken_words={"code": page.t.code, **words},
        )
        article = self._article(page, view, title=title, content=content, text=None)
        scripts = "".join(
            f'<script defer src="{html.escape(relative(path, page=page.path))}"></script>'
            for path in self._scripts.values()
        )
        return replace(article, head=f"{article.head}{FORMS_NEED_SCRIPTS}{scripts}")

    def fragment(self, view: DocumentView, text: str) -> str:
        """The current version for another site to include; ``text`` has absolute links."""
        page = self._page(view.document.fragment_path, view)
        home = self._absolute(view.document.page_path)
        own = with_own_ids(text, slug=view.document.slug, home=home)
        heading, body = split_heading(own, title=view.shown.title)
        return self._filled(
            "fragment.html",
            page,
            view,
            view.shown,
            heading=heading,
            text=body,
            absolute=self._absolute,
        )

    def printed(self, view: DocumentView, version: Version, text: str) -> str:
        """A version as a complete HTML page for printing; ``text`` has absolute links."""
        page = self._page(view.document.version_path(version), view)
        heading, body = split_heading(text, title=version.title)
        published, effective = page.t.date(page.published_on(version)), page.t.date(version.effective_on)
        return self._filled(
            "print.html",
            page,
            view,
            version,
            title=f"{version.title} ({page.label(version)})",
            heading=heading,
            text=with_levels_in_order(body, below_title=bool(heading)),
            facts=page.t(
                "withdrawn_version" if view.statuses[version.number].withdrawn_by else "printed_facts",
                published=published,
                effective=effective,
            ),
            site_name=self._site_name,
            style=(TEMPLATES / "print.css").read_text(encoding="utf8"),
            absolute=self._absolute,
        )

    def redirect(self, path: str, *, to: str, language: str) -> str:
        """A complete HTML page, without the theme, that redirects from one path to another."""
        page = Page(path, language=load_language(language), time_zone=self._time_zone, others=())
        return self._templates.get_template("redirect.html").render(
            p=page, path=to, canonical=urljoin(self._site_url, to)
        )

    def _page(self, path: str, view: DocumentView, version: Version | None = None) -> Page:
        """The page at ``path`` that shows the document, or one ``version`` of it."""
        others = []
        for kin in view.relatives:
            spoken = kin.document.language
            there = _same_page(path, view.document, kin, version)
            others.append(Translation(path=there, language=spoken, words=reading_in(spoken)))
        own = view.document.language
        language = load_language(own)
        return Page(
            path,
            language=language,
            time_zone=self._time_zone,
            others=others,
            spoken=None if language.code in (own, own.partition("-")[0]) else own,
        )

    def _absolute(self, path: str) -> str:
        return urljoin(self._site_url, path)

    def _worded(self, template: str, page: Page, view: DocumentView, version: Version, **more: object) -> str:
        """A filled template. If its words are in another language than the document, the markup says so."""
        filled = self._filled(template, page, view, version, **more)
        if page.spoken is None:
            return filled
        return f'<div lang="{page.t.code}" dir="{page.t.direction}">\n{filled}</div>\n'

    def _filled(self, template: str, page: Page, view: DocumentView, version: Version, **more: object) -> str:
        return self._templates.get_template(template).render(
            p=page,
            view=view,
            document=view.document,
            version=version,
            status=view.statuses[version.number],
            withdrawn_on=view.withdrawn_on,
            direction=_direction(version.title),
            **more,
        )

    def _article(
        self,
        page: Page,
        view: DocumentView,
        *,
        title: str,
        content: str,
        text: str | None,
        paper: str | None = None,
    ) -> Article:
        document = view.document
        paper = self._paper(page, None, path=page.path) if paper is None else paper
        head = [feed_links(document.feed_path, document.json_feed_path, title=view.shown.title, page=page)]
        for language, path in [
            (document.language, page.path),
            *((other.language, other.path) for other in page.translations),
        ]:
            if page.translations and page.path in (document.page_path, document.history_path):
                url = html.escape(urljoin(self._site_url, path))
                head.append(f'<link rel="{ALTERNATE}" hreflang="{language}" href="{url}">')
        return Article(
            path=page.path,
            language=document.language,
            title=title,
            description=_beginning(text) or title,
            content=f"{paper}\n{content}",
            head="".join(head),
        )

    def _paper(self, page: Page, version: Version | None, *, path: str) -> str:
        """A line that only a printed page shows: the company, the version, and the URL."""
        return self._templates.get_template("paper.html").render(
            p=page, site_name=self._site_name, version=version, url=self._absolute(path)
        )


def _years(shown: HistoryPage) -> list[dict[str, str]]:
    """The years on a page of the list of versions, each with the label of its newest version."""
    years = {version.label[:4]: version.label for version in reversed(shown.versions)}
    return [{"name": year, "first": years[year]} for year in sorted(years, reverse=True)]


def _redline_values(redline: RedlineTexts, page: Page) -> dict[str, object]:
    """The values with which templates show a redline."""
    first = first_change(redline.html)
    return {
        "redline": redline,
        "changes": change_list(redline.changes),
        "marked": with_heads(with_next_links(redline.html, language=page.t)) if first else redline.html,
        "first": first,
        "small": first is not None and is_small_in_long(redline.html),
    }


def _same_page(path: str, document: SiteDocument, kin: Relative, version: Version | None) -> str:
    """The same page in the other language; if there is none, the list of versions there."""
    other = kin.document
    if version is not None and (counterpart := kin.counterparts.get(version.number)):
        if path == document.version_path(version):
            return other.version_path(counterpart)
        if counterpart.number > 1:
            return other.change_path(counterpart)
    pairs = {document.page_path: other.page_path, document.in_force_path: other.in_force_path}
    if len(other.history.versions) > 1:
        pairs[document.comparison_path] = other.comparison_path
    return pairs.get(path, other.history_path)


def _direction(words: str) -> str:
    """The direction of a text that begins with these words: ``ltr`` or ``rtl``."""
    directions = (unicodedata.bidirectional(letter) for letter in words)
    return "rtl" if next((d for d in directions if d in ("L", "R", "AL")), "L") != "L" else "ltr"


def _beginning(text: str | None) -> str:
    """The first words of a text, as a description for search engines."""
    words = html.unescape(TAG.sub(" ", (text or "")[: 20 * DESCRIPTION_LENGTH])).split()
    beginning = ""
    for word in words:
        if len(beginning) + len(word) >= DESCRIPTION_LENGTH:
            return f"{beginning} …"
        beginning = f"{beginning} {word}".strip()
    return beginning
