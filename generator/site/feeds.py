"""The feeds of a site: one for each document, and one of the newest changes of all documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from generator.language import load_language
from generator.site.config import SiteConfig
from generator.site.document_list import publications
from generator.site.document_view import DocumentView
from generator.site.feed_formats import Entry, Feed, atom, json_feed
from generator.site.output import Output
from generator.site.redlines import Redlines
from generator.site.shorten import shorten_to_one_line
from generator.site.urls import FEED, JSON_FEED
from generator.site.version_texts import VersionTexts
from generator.versions.version import Version

NEWEST = 50
"""How many entries a feed holds; ``history.json`` has all of them."""

LONGEST_TITLE = 120
"""How many characters the title of an entry may have; feed readers show it in one line."""


def feed_title(document: str, what: str) -> str:
    """The title of an entry: the document, and what changed, cut to one line."""
    return shorten_to_one_line(f"{document}: {what}", LONGEST_TITLE)


class Feeds:
    """Writes the feeds."""

    def __init__(self, config: SiteConfig, *, texts: VersionTexts, redlines: Redlines) -> None:
        self._config = config
        self._texts = texts
        self._redlines = redlines

    def write(self, views: Sequence[DocumentView], output: Output) -> None:
        """Write each feed in both formats."""
        for path, json_path, feed in self._feeds(views):
            output.file(path, atom(feed, path=path))
            output.file(json_path, json_feed(feed, path=json_path))

    def _feeds(self, views: Sequence[DocumentView]) -> Iterator[tuple[str, str, Feed]]:
        config = self._config
        everything = publications(views)
        if everything:
            yield (
                FEED,
                JSON_FEED,
                Feed(
                    title=config.site_name,
                    author=config.site_name,
                    identity=config.site_url,
                    page="",
                    site_url=config.site_url,
                    language=config.language,
                    entries=[self._entry(*one) for one in everything[:NEWEST]],
                ),
            )
        for view in views:
            document = view.document
            if document.feed_path != FEED:
                newest = sorted(view.versions, key=lambda version: version.published_at, reverse=True)
                feed = Feed(
                    title=view.versions[-1].title,
                    author=config.site_name,
                    identity=document.history.id,
                    page=document.page_path,
                    site_url=config.site_url,
                    language=document.language,
                    entries=[self._entry(view, version) for version in newest[:NEWEST]],
                )
                yield document.feed_path, document.json_feed_path, feed

    def _entry(self, view: DocumentView, version: Version) -> Entry:
        """The entry of a version: what changed, or the whole text of a first version."""
        document, old = view.document, view.followed(version)
        language = load_language(document.language)
        effective = (
            f"{language('withdrawn_version_banner')}."
            if view.statuses[version.number].withdrawn_by
            else language("effective_from", effective=language.date(version.effective_on))
        )
        how = "called_off_replaced" if view.replaces_announced(version) else "called_off"
        called_off = [
            f"{language(how, effective=language.date(day))}." for day in view.days_withdrawn_by(version)
        ]
        page = document.change_path(version) if old else document.version_path(version)
        if old:
            redline = self._redlines.between(old, version, language=language)
            markup, first = redline.mail_html, "".join(redline.first_changes(version.title)[:1])
            left = len(redline.changes) - 1
        else:
            markup, first, left = self._texts.html(version), language("first_version"), 0
        what = version.front.summary or (
            f"{first}; {language('redline_more', count=left)}" if left > 0 else first
        )
        return Entry(
            identity=f"{document.history.id}/{version.label}",
            title=feed_title(version.title, what),
            page=page,
            published_at=version.published_at,
            summary=" ".join((*called_off, f"{what.rstrip('.')}.", effective)),
            markup=self._texts.anywhere(markup, version, here=page),
            language=document.language,
        )
