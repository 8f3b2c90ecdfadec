"""What the pages of a site say: templates filled with documents, versions and redlines; writes nothing."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.addresses import FEED, Place, relative
from generator.history import Version
from generator.language import Language, load_language
from generator.next_links import first_change, with_next_links
from generator.redlines import RedlineTexts
from generator.repository import UNCOMMITTED
from generator.shell import Article
from generator.standing import Standing

TEMPLATES = Path(__file__).parent / "templates" / "pages"
LEADING_HEADING = re.compile(r"\s*<h1\b[^>]*>.*?</h1>", re.DOTALL)
CLAUSE = re.compile(r'<(h[2-6])\b([^>]*?\bid="([^"]+)"[^>]*)>(.*?)</\1>', re.DOTALL)
HEADING = re.compile(r'<h([1-6])\b[^>]*?\bid="([^"]+)"[^>]*>(.*?)</h\1>', re.DOTALL)
CLAUSE_LINK = re.compile(r'<a class="(?:ps-clause|headerlink)".*?</a>', re.DOTALL)
TAG = re.compile(r"<[^>]*>")
ALTERNATE = " alternate"  # with a space, or Material 9.8 asks each such address for a sitemap
LONG_HISTORY = 100
"""Versions on one page, at most; a longer history is divided by years."""

SHORTEST_PAGE = 20
"""Versions on the first page of a history that is divided, at least."""

DESCRIPTION_LENGTH = 160  # about what search engines show of it


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A document with what its pages tell on one day.

    ``shown`` is the version on its own page, ``upcoming`` are the others still to come, ``since`` are the
    numbers of those with a page of all that changed since. ``overtaken_by`` is the original's
    version in force that a translation has not followed yet.
    """

    place: Place
    standings: Mapping[int, Standing]
    shown: Version
    upcoming: Sequence[Version]
    since: frozenset[int]
    translations: Sequence[Place]
    overtaken_by: Version | None
    withdrawn_on: date | None

    @property
    def versions(self) -> tuple[Version, ...]:
        """Oldest first."""
        return self.place.document.versions

    @cached_property
    def history_pages(self) -> tuple[HistoryPage, ...]:
        """The pages with all versions, newest first."""
        return _history_pages(self.place)

    def history_address(self, version: Version) -> str:
        """The page of the history that has the version."""
        return next(page.address for page in self.history_pages if version.label[:4] >= page.years[:4])

    def version(self, number: int) -> Version | None:
        """The version of this number, if there is one."""
        return self.versions[number - 1] if 0 < number <= len(self.versions) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """A page of the history: its versions, newest first, and the years that they are of, such as ``2024``."""

    address: str
    years: str
    versions: tuple[Version, ...]


def _history_pages(place: Place) -> tuple[HistoryPage, ...]:
    """The whole history on one page, or by years, newest first, where it is long."""
    by_year: dict[str, list[Version]] = {}
    for version in reversed(place.document.versions):
        by_year.setdefault(version.label[:4], []).append(version)
    years = list(by_year)
    first = len(years)
    if len(place.document.versions) > LONG_HISTORY:
        first = next(
            n for n in range(1, len(years) + 1) if sum(map(len, list(by_year.values())[:n])) >= SHORTEST_PAGE
        )
    newest = tuple(version for year in years[:first] for version in by_year[year])
    span = years[0] if first == 1 else f"{years[first - 1]}–{years[0]}"
    return (
        HistoryPage(address=place.history, years=span, versions=newest),
        *(
            HistoryPage(address=f"{place.history}{year}/", years=year, versions=tuple(by_year[year]))
            for year in years[first:]
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A link to the same page of a document in another language, in words of that language."""

    address: str
    language: str
    words: str


@dataclass(frozen=True, slots=True)
class Size:
    """How many words came and went with a version."""

    words_inserted: int
    words_deleted: int


class Page:
    """What every template can ask: words, dates and links, as one page at ``address`` needs them."""

    def __init__(
        self, address: str, *, language: Language, time_zone: ZoneInfo, others: Sequence[Translation]
    ) -> None:
        self.address = address
        self.t = language
        self.translations = others
        self._time_zone = time_zone

    def link(self, address: str) -> str:
        """The way from this page to ``address``."""
        return relative(address, page=self.address)

    def published_on(self, version: Version) -> date:
        """The day of publication where the site is."""
        return version.published_at.astimezone(self._time_zone).date()

    def is_draft(self, version: Version) -> bool:
        """Whether it is in the work tree only."""
        return version.commit == UNCOMMITTED

    def label(self, version: Version) -> str:
        """A version's label as a reader says it: its day, and which one of the day."""
        nth = version.label[len("2026-11-22-") :]
        day = self.t.date(self.published_on(version))
        return f"{day} ({nth})" if nth else day


class Pages:
    """Makes every page of a site.

    The texts and redlines that it is given have the links that their pages need.
    """

    def __init__(self, *, site_url: str, site_name: str, time_zone: ZoneInfo) -> None:
        self._site_url = site_url
        self._site_name = site_name
        self._time_zone = time_zone
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def document(self, chapter: Chapter, text: str) -> Article:
        """The document's own page: the text in force, and what comes."""
        place, version = chapter.place, chapter.shown
        page = self._page(place.address, chapter)
        heading, body = _split_heading(text, title=version.title)
        status = self._filled("status.html", page, chapter, version)
        parts = [heading, body, status] if not place.announced else [heading, status, body]
        return self._article(page, chapter, title=version.title, content="".join(parts), text=body)

    def version(self, chapter: Chapter, version: Version, text: str) -> Article:
        """A version at its permanent address."""
        page = self._page(chapter.place.version(version), chapter)
        heading, body = _split_heading(text, title=version.title)
        content = self._filled(
            "version.html",
            page,
            chapter,
            version,
            heading=heading,
            text=body,
            newer=version.number < len(chapter.versions),
            first_to_come=version is chapter.shown and not chapter.place.document.ended_at,
        )
        title = f"{version.title} ({page.label(version)})"
        return self._article(page, chapter, title=title, content=content, text=body)

    def change(self, chapter: Chapter, version: Version, redline: RedlineTexts) -> Article:
        """The redline that brought a version, which is not the first."""
        page = self._page(chapter.place.change(version), chapter)
        title = page.t("change_title", title=version.title)
        content = self._filled(
            "change.html",
            page,
            chapter,
            version,
            title=title,
            old=chapter.version(version.number - 1),
            returned=chapter.version(version.returns_to or 0),
            redline=redline,
            marked=with_next_links(redline.html, language=page.t),
            first=first_change(redline.html),
            earlier=chapter.version(version.number - 1) if version.number > 2 else None,
            later=chapter.version(version.number + 1),
        )
        return self._article(
            page,
            chapter,
            title=f"{title} ({page.label(version)})",
            content=content,
            text=version.front.summary,
        )

    def since(self, chapter: Chapter, old: Version, redline: RedlineTexts) -> Article:
        """All that changed since an older version."""
        newest = chapter.versions[-1]
        page = self._page(chapter.place.since(old), chapter)
        title = page.t("since_title", title=newest.title, old=page.label(old))
        content = self._filled(
            "since.html",
            page,
            chapter,
            newest,
            title=title,
            old=old,
            redline=redline,
            marked=with_next_links(redline.html, language=page.t),
            first=first_change(redline.html),
            steps=chapter.versions[old.number :][::-1],
        )
        article = self._article(page, chapter, title=title, content=content, text=None)
        return replace(article, head=f'{article.head}<meta name="robots" content="noindex">')

    def history(self, chapter: Chapter, shown: HistoryPage, sizes: Mapping[int, Size | None]) -> Article:
        """One page of the history; ``sizes`` are by number, None for the first version."""
        page = self._page(shown.address, chapter)
        title = page.t("history_title", title=chapter.shown.title)
        entries = [
            {
                "version": version,
                "standing": chapter.standings[version.number],
                "size": sizes[version.number],
                "returned": chapter.version(version.returns_to or 0),
                "since": version.number in chapter.since,
            }
            for version in shown.versions
        ]
        content = self._filled(
            "history.html", page, chapter, chapter.shown, title=title, versions=entries, years=shown.years
        )
        if shown.address != chapter.place.history:
            title = f"{title} ({shown.years})"
        return self._article(page, chapter, title=title, content=content, text=None)

    def overview(self, chapters: Sequence[Chapter], *, language: str) -> Article:
        """A start page for a site that has none of its own."""
        page = Page("", language=load_language(language), time_zone=self._time_zone, others=())
        listed = [(c.place, c.shown) for c in sorted(chapters, key=lambda c: c.shown.title.casefold())]
        content = self._templates.get_template("overview.html").render(
            p=page,
            title=self._site_name,
            groups=[
                (None, [entry for entry in listed if entry[0].document.ended_at is None]),
                (page.t("overview_former"), [entry for entry in listed if entry[0].document.ended_at]),
            ],
        )
        return Article(
            address="",
            language=language,
            title=self._site_name,
            description=self._site_name,
            content=content,
            head=self._feed_link(FEED, title=self._site_name, page=""),
        )

    def redirect(self, address: str, *, to: str, language: str) -> str:
        """A whole page, without the theme, that leads from one address to another."""
        page = Page(address, language=load_language(language), time_zone=self._time_zone, others=())
        return self._templates.get_template("redirect.html").render(
            p=page, address=to, canonical=urljoin(self._site_url, to)
        )

    def _page(self, address: str, chapter: Chapter) -> Page:
        place = chapter.place
        others = []
        for other in chapter.translations:
            there = other.address if address == place.address else other.history
            language = load_language(other.language)
            words = language("read_in", language=language("language_name"))
            others.append(Translation(address=there, language=other.language, words=words))
        return Page(address, language=load_language(place.language), time_zone=self._time_zone, others=others)

    def _filled(self, template: str, page: Page, chapter: Chapter, version: Version, **more: object) -> str:
        return self._templates.get_template(template).render(
            p=page,
            chapter=chapter,
            place=chapter.place,
            version=version,
            standing=chapter.standings[version.number],
            withdrawn_on=chapter.withdrawn_on,
            direction=_direction(version.title),
            **more,
        )

    def _article(
        self, page: Page, chapter: Chapter, *, title: str, content: str, text: str | None
    ) -> Article:
        head = [self._feed_link(chapter.place.feed, title=chapter.shown.title, page=page.address)]
        for language, address in [
            (chapter.place.language, page.address),
            *((other.language, other.address) for other in page.translations),
        ]:
            if page.translations and page.address in (chapter.place.address, chapter.place.history):
                url = html.escape(urljoin(self._site_url, address))
                head.append(f'<link rel="{ALTERNATE}" hreflang="{language}" href="{url}">')
        return Article(
            address=page.address,
            language=chapter.place.language,
            title=title,
            description=_beginning(text) or title,
            content=content,
            head="".join(head),
        )

    def _feed_link(self, feed: str, *, title: str, page: str) -> str:
        href, title = html.escape(relative(feed, page=page)), html.escape(title)
        return f'<link rel="{ALTERNATE}" type="application/atom+xml" title="{title}" href="{href}">'


def with_clause_links(text: str, *, language: Language) -> str:
    """The text with a link to itself at each heading that has an id."""

    def linked(heading: re.Match[str]) -> str:
        tag, attributes, anchor, words = heading.groups()
        if "headerlink" in words:
            return heading[0]
        label = html.escape(language("clause_link", clause=html.unescape(TAG.sub("", words)).strip()))
        link = f'<a class="ps-clause" href="#{anchor}" aria-label="{label}" title="{label}">§</a>'
        return f"<{tag}{attributes}>{words}{link}</{tag}>"

    return CLAUSE.sub(linked, text)


def table_of_contents(content: str) -> list[dict[str, Any]]:
    """The headings with ids, nested, in the shape that Python-Markdown's toc extension gives."""
    root: list[dict[str, Any]] = []
    above: list[dict[str, Any]] = []
    for found in HEADING.finditer(content):
        level, anchor, words = int(found[1]), found[2], CLAUSE_LINK.sub("", found[3])
        entry: dict[str, Any] = {
            "level": level,
            "id": anchor,
            "name": TAG.sub("", words).strip(),
            "children": [],
        }
        while above and above[-1]["level"] >= level:
            above.pop()
        (above[-1]["children"] if above else root).append(entry)
        above.append(entry)
    return root


def _split_heading(text: str, *, title: str) -> tuple[str, str]:
    """The heading of a text and the rest; a text without any gets its title as one."""
    if found := LEADING_HEADING.match(text):
        return found[0], text[found.end() :]
    return ("" if "<h1" in text else f"<h1>{html.escape(title, quote=False)}</h1>"), text


def _direction(words: str) -> str:
    """Whether text that begins so is written from the left or the right."""
    directions = (unicodedata.bidirectional(letter) for letter in words)
    return "rtl" if next((d for d in directions if d in ("L", "R", "AL")), "L") != "L" else "ltr"


def _beginning(text: str | None) -> str:
    words = html.unescape(TAG.sub(" ", (text or "")[: 20 * DESCRIPTION_LENGTH])).split()
    beginning = ""
    for word in words:
        if len(beginning) + len(word) >= DESCRIPTION_LENGTH:
            return f"{beginning} …"
        beginning = f"{beginning} {word}".strip()
    return beginning
