"""The values that every page template can use: words, dates and links of one page."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.git.steps import UNCOMMITTED
from generator.language import Language, reading_in
from generator.site.template_cache import TemplateCache
from generator.site.urls import relative
from generator.versions.version import Version

TEMPLATES = Path(__file__).parents[1] / "templates" / "pages"
ALTERNATE = " alternate"  # with a space, or Material 9.8 asks for a sitemap at each such URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A link to the same page of a document in another language, with words in that language."""

    path: str
    language: str
    words: str


class Page:
    """One page, at ``path``: its words, dates and links.

    ``spoken`` is the language of the document if the interface has no words in it, otherwise None. The links
    of a page are relative; only a page that is shown at any path needs ``root``, the path of the start page.
    """

    def __init__(
        self,
        path: str,
        *,
        language: Language,
        time_zone: ZoneInfo,
        others: Sequence[Translation],
        spoken: str | None = None,
        root: str | None = None,
    ) -> None:
        self._root = root
        self.path = path
        self.t = language
        self.spoken = spoken
        self.translations = others
        self._time_zone = time_zone

    def link(self, path: str) -> str:
        """A link from this page to ``path``."""
        return relative(path, page=self.path) if self._root is None else f"{self._root}{path}"

    def in_words(self, code: str) -> str:
        """The words of a link to a text in another language, in that language."""
        return reading_in(code)

    def published_on(self, version: Version) -> date:
        """The day of publication in the site's time zone."""
        return version.published_at.astimezone(self._time_zone).date()

    def day_of(self, at: datetime) -> date:
        """The day of a time in the site's time zone."""
        return at.astimezone(self._time_zone).date()

    def is_draft(self, version: Version) -> bool:
        """Whether the version is not committed yet."""
        return version.commit == UNCOMMITTED

    def language_of(self, code: str) -> str:
        """The name of a language, in the language of the page."""
        return self.t.name_of(code)

    def label(self, version: Version) -> str:
        """A version's label in words: its day, and its number on that day if there were several."""
        nth = version.label[len("2026-11-22-") :]
        day = self.t.date(self.published_on(version))
        return self.t("label_nth", day=day, nth=nth) if nth else day

    def last_day(self, until: date) -> date:
        """The last day of a version that no longer applies on the day ``until``."""
        return until - timedelta(days=1)


def page_templates() -> Environment:
    """The templates of all pages."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=TemplateCache(),
    )


def feed_links(feed: str, json_feed: str, *, title: str, page: Page) -> str:
    """Links to a feed in both formats, for the head of a page."""
    title = html.escape(title)
    return "".join(
        f'<link rel="{ALTERNATE}" type="application/{kind}" title="{title}" '
        f'href="{html.escape(page.link(path))}">'
        for kind, path in (("atom+xml", feed), ("feed+json", json_feed))
    )
