"""The order of a build: history, addresses, redlines, pages; then every file that the theme does not make.

Whoever renders the theme asks for the documents' articles and gives the shells; this knows no framework.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from generator import seam
from generator.addresses import (
    FEED,
    HISTORY,
    SCHEMA,
    SITE_FILES,
    SITEMAP,
    AddressTakenError,
    Place,
    place_documents,
)
from generator.archive import Archive
from generator.config import SiteConfig
from generator.document import Renderer
from generator.feeds import NEWEST, Entry, atom_feed, xml_file
from generator.history import (
    HistoryWarning,
    Version,
    in_force,
    read_history,
    refuse_problems,
    upcoming,
)
from generator.language import load_language
from generator.links import Links
from generator.output import Output
from generator.pages import Chapter, Pages, with_clause_links
from generator.redlines import Redlines
from generator.rendering import FolderFiles, Rendering
from generator.repository import Repository
from generator.seam import Digests, Published
from generator.shell import Article, Shell
from generator.standing import standings

SITEMAP_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What a build made, for the person at the terminal."""

    documents: int
    versions: int
    redlines: int
    warnings: tuple[str, ...]
    history_warnings: tuple[HistoryWarning, ...]


class Site:
    """One policy site on one day; refuses to be less than what was ``published``.

    ``draft_at`` counts the uncommitted files of the work tree as published then.
    """

    def __init__(
        self,
        config: SiteConfig,
        repository: Repository,
        *,
        cache: MutableMapping[str, str],
        day: date,
        draft_at: datetime | None = None,
        published: Published | None = None,
    ) -> None:
        self._config = config
        self._repository = repository
        self._day = day
        folder = repository.folder_of(config.documents)
        renderer = Renderer(config.extensions, config.extension_configs, cache)
        self._cache = cache
        self._renderer = renderer
        history = read_history(
            repository,
            folder=folder,
            ref=None,
            renderer=renderer,
            time_zone=config.time_zone,
            draft_at=draft_at,
            published={version.text for version in published.versions} if published else frozenset(),
        )
        shown = tuple(document for document in history.documents if not config.excluded(document.path))
        warnings = tuple(
            warning
            for warning in history.warnings
            if not config.excluded(warning.path.removeprefix(f"{folder}/"))
        )
        self._history = replace(history, documents=shown, warnings=warnings)
        refuse_problems(self._history)
        self.places = place_documents(
            shown,
            language=config.language,
            languages=config.languages,
            announce=config.announce,
        )
        self._warnings = seam.refuse_lost_versions(published, self.places) if published else []
        self._files = FolderFiles(repository, head=history.head, folder=folder, excluded=config.excluded)
        for path in self._files.now.keys() & SITE_FILES:
            raise AddressTakenError(path, address=path, other="a file of the site")
        self._rendering = Rendering(
            repository,
            renderer,
            cache,
            links=Links(self.places),
            files=self._files,
            site_url=config.site_url,
        )
        self._redlines = Redlines(cache, side=self._rendering.side, renderer=renderer.version)
        self._pages = Pages(site_url=config.site_url, site_name=config.site_name, time_zone=config.time_zone)

    def articles(self) -> list[tuple[Place, Article]]:
        """The page of each living document, as the theme renders it among its own."""
        return [
            (chapter.place, self._document_page(chapter))
            for chapter in self._chapters
            if chapter.place.document.ended_at is None
        ]

    def original(self, place: Place) -> Place | None:
        """The document that this one translates."""
        return next((other for other in self.places if other.document.id == place.translation_of), None)

    def languages(self) -> list[str]:
        """The languages in which a shell is needed."""
        return sorted({self._config.language, *(place.language for place in self.places)})

    def files(self) -> Iterator[tuple[str, bytes]]:
        """The files of the documents folder that are no documents, as they were committed."""
        for path, blob in self._files.now.items():
            yield path, self._repository.read(blob)

    def write(self, folder: Path, shells: Mapping[str, Shell], *, other_pages: Iterable[str]) -> Built:
        """Write every file that the theme did not; ``other_pages`` are addresses for the sitemap."""
        output = Output(folder, shells, self._cache, made_of=self._made_of())
        archive = Archive(output, rendering=self._rendering, redlines=self._redlines, pages=self._pages)
        digests: dict[tuple[str, int], Digests] = {}
        for chapter in self._chapters:
            document = chapter.place.document.id
            for number, written in archive.write(chapter).items():
                digests[document, number] = written.digests
            if chapter.place.document.ended_at is not None:
                output.page(self._document_page(chapter))
        self._write_feeds(archive, output)
        if not any(place.slug == "" for place in self.places):
            output.page(self._pages.overview(self._chapters, language=self._config.language))
        for address, blob in self._files.kept.items():
            output.file(address, self._repository.read(blob))
        self._write_redirects(output)
        output.file(SCHEMA, seam.SCHEMA_FILE.read_bytes())
        sitemap = self._sitemap(other_pages)
        output.file(SITEMAP, sitemap)
        output.file(f"{SITEMAP}.gz", gzip.compress(sitemap, mtime=0))
        output.file(
            HISTORY,
            seam.history_json(self.places, config=self._config, commit=self._history.head, digests=digests),
        )
        return Built(
            documents=len(self.places),
            versions=len(digests),
            redlines=sum(digest.redline is not None for digest in digests.values()),
            warnings=tuple(self._warnings),
            history_warnings=self._history.warnings,
        )

    @cached_property
    def _chapters(self) -> list[Chapter]:
        return [self._chapter(place) for place in self.places]

    def _chapter(self, place: Place) -> Chapter:
        versions = place.document.versions
        shown = self._shown(place)
        family = place.translation_of or place.document.id
        relatives = [
            other
            for other in self.places
            if family in (other.document.id, other.translation_of) and other is not place
        ]
        original = self.original(place)
        ahead = self._shown(original) if original else None
        ended_at = place.document.ended_at
        withdrawn_on = ended_at.astimezone(self._config.time_zone).date() if ended_at else None
        return Chapter(
            place=place,
            withdrawn_on=withdrawn_on,
            standings=standings(versions, day=self._day, withdrawn_on=withdrawn_on),
            shown=shown,
            upcoming=[version for version in upcoming(versions, day=self._day) if version is not shown],
            since=frozenset(version.number for version in versions[-1 - self._config.since : -1]),
            translations=[other for other in relatives if other.document.ended_at is None],
            overtaken_by=ahead if ahead and ahead.published_at > versions[-1].published_at else None,
        )

    def _shown(self, place: Place) -> Version:
        """The version on the document's own page: in force, else the last of an ended one, else the first."""
        versions = place.document.versions
        return in_force(versions, day=self._day) or versions[-1 if place.document.ended_at else 0]

    def _document_page(self, chapter: Chapter) -> Article:
        place = chapter.place
        text = self._rendering.on_page(self._rendering.html(chapter.shown), chapter.shown, page=place.address)
        text = with_clause_links(text, language=load_language(place.language))
        return self._pages.document(chapter, text)

    def _write_redirects(self, output: Output) -> None:
        """Lead from every address that a document's pages had before, where nothing else is now."""
        for place in self.places:
            for slug in place.former_slugs:
                former = replace(place, slug=slug)
                moved = [(former.address, place.address), (former.history, place.history)]
                for version in place.document.versions:
                    moved.append((former.version(version), place.version(version)))
                    if version.number > 1:
                        moved.append((former.change(version), place.change(version)))
                for address, target in moved:
                    if not output.has(f"{address}index.html"):
                        self._write_redirect(address, target, place.language, output)

    def _write_redirect(self, address: str, target: str, language: str, output: Output) -> None:
        page = self._pages.redirect(address, to=target, language=language)
        output.file(f"{address}index.html", page.encode())

    def _write_feeds(self, archive: Archive, output: Output) -> None:
        """One feed for each document, and one for the site."""
        everything = [(chapter, version) for chapter in self._chapters for version in chapter.versions]
        newest = sorted(everything, key=lambda one: (one[1].published_at, one[0].place.document.id))[-NEWEST:]
        if newest:
            output.file(FEED, self._feed([archive.entry(*one) for one in newest], None))
        for chapter in self._chapters:
            if chapter.place.feed != FEED:
                entries = [archive.entry(chapter, version) for version in chapter.versions[-NEWEST:]]
                output.file(chapter.place.feed, self._feed(entries, chapter.place))

    def _feed(self, entries: list[Entry], place: Place | None) -> bytes:
        """The feed of one document, or of the site."""
        return atom_feed(
            entries,
            title=place.document.versions[-1].title if place else self._config.site_name,
            author=self._config.site_name,
            identity=place.document.id if place else self._config.site_url,
            address=place.feed if place else FEED,
            page=place.address if place else "",
            site_url=self._config.site_url,
        )

    def _made_of(self) -> object:
        """Everything besides the history, the code and the theme on which any page depends."""
        config = self._config
        return (
            (config.site_url, config.site_name, config.language, config.time_zone.key),
            self._renderer.version,
            [(place.slug, place.former_slugs, place.document.ended_at) for place in self.places],
            sorted(self._files.now.items()),
        )

    def _sitemap(self, other_pages: Iterable[str]) -> bytes:
        """What search engines may find: permanent pages, each with the day its text was published."""
        pages: dict[str, str | None] = dict.fromkeys(other_pages)
        for chapter in self._chapters:
            place = chapter.place
            pages[place.address] = chapter.shown.label[:10]
            for page in chapter.history_pages:
                pages[page.address] = page.versions[0].label[:10]
            for version in chapter.versions:
                pages[place.version(version)] = version.label[:10]
                if version.number > 1:
                    pages[place.change(version)] = version.label[:10]
        root = ET.Element("urlset", {"xmlns": SITEMAP_NAMESPACE})
        for address, day in sorted(pages.items()):
            url = ET.SubElement(root, "url")
            ET.SubElement(url, "loc").text = urljoin(self._config.site_url, address)
            if day:
                ET.SubElement(url, "lastmod").text = day
        return xml_file(root)
