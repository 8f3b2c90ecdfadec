"""The order of a build: history, addresses, redlines, pages; then every file that the theme does not make.

Whoever renders the theme asks for the documents' articles and gives the layouts; this knows no framework.
"""

from __future__ import annotations

import gzip
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from generator.errors import PolicyError
from generator.git.repository import Repository
from generator.site.allowed_files import OccupiedPaths
from generator.site.archive import Archive
from generator.site.config import SiteConfig
from generator.site.content_security_policy import ContentSecurityPolicy
from generator.site.document_list import Publication, directory, publications, recent_changes_path
from generator.site.document_pages import DocumentPages, page_templates
from generator.site.document_view import ChangeSize, DocumentView, make_document_views
from generator.site.feeds import NEWEST, Feed, atom, json_feed, xml_file
from generator.site.folder_files import FolderFiles
from generator.site.hidden_readmes import HIDDEN_README, without_hidden_readmes
from generator.site.history_json import SCHEMA_FILE, Digests, history_json
from generator.site.links import Links
from generator.site.output import Output, nothing
from generator.site.page_layout import Article, PageLayout
from generator.site.pdf import Printer
from generator.site.published_history import PublishedHistory, refuse_lost_versions
from generator.site.redlines import Redlines
from generator.site.renderer import renderer_of
from generator.site.site_pages import SitePages
from generator.site.urls import (
    FEED,
    HISTORY,
    JSON_FEED,
    ROBOTS,
    SCHEMA,
    SITE_FILES,
    SITEMAP,
    PathTakenError,
    SiteDocument,
    assign_paths,
)
from generator.site.version_texts import VersionTexts
from generator.versions.history import HistoryWarning, in_repository, read_history, refuse_problems

COPIES = {"markdown": "md", "text": "txt"}
"""Suffixes of a version's copies by their form."""

ROBOTS_TEXT = "User-agent: *\nAllow: /\n\nSitemap: {sitemap}\n"
SITEMAP_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


class NoDocumentsError(PolicyError):
    """There is nothing to publish."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder}: git holds no text in this folder, so there is nothing to publish; "
            "commit one (a .md file that exclude_docs does not leave out), or correct docs_dir"
        )
        self.folder = folder


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

    ``draft_at`` counts the uncommitted files of the work tree as published then. ``scripts`` are the
    addresses of the scripts that some pages need, by name.
    """

    def __init__(
        self,
        config: SiteConfig,
        repository: Repository,
        *,
        cache: MutableMapping[str, str],
        day: date,
        draft_at: datetime | None = None,
        published: PublishedHistory | None = None,
        scripts: Mapping[str, str],
    ) -> None:
        self._config = config
        self._repository = repository
        self._day = day
        folder = repository.folder_of(config.documents)
        renderer = renderer_of(config, repository, cache)
        self._cache = cache
        self._renderer = renderer
        history = read_history(
            repository,
            folder=folder,
            ref=None,
            renderer=renderer,
            time_zone=config.time_zone,
            draft_at=draft_at,
            published=published.known if published else None,
            published_at=published.commit if published else None,
            excluded=config.excluded,
        )
        shown, readmes = without_hidden_readmes(
            [document for document in history.documents if not config.excluded(document.path)]
        )
        if not shown:
            raise NoDocumentsError(config.documents)
        warnings = tuple(
            warning
            for warning in history.warnings
            if not config.excluded(warning.path.removeprefix(f"{folder}/"))
        )
        self._history = replace(history, documents=shown, warnings=warnings)
        refuse_problems(self._history)
        self._files = FolderFiles(
            repository,
            head=history.head,
            folder=folder,
            former_folders=history.former_folders,
            excluded=config.excluded,
            rule=config.file_rule,
        )
        self.documents = assign_paths(
            shown,
            language=config.language,
            languages=config.languages,
            announce=config.announce,
            files=self._files.now.keys(),
        )
        self._warnings = refuse_lost_versions(published, self.documents) if published else []
        self._warnings += [f"{in_repository(folder, path)}: {HIDDEN_README}" for path in readmes]
        self._held_for = published.held_for if published else {}
        for path in self._files.now.keys() & SITE_FILES:
            raise PathTakenError(path, path=path, other="a file of the site")
        self._rendering = VersionTexts(
            repository,
            renderer,
            cache,
            links=Links(self.documents),
            files=self._files,
            site_url=config.site_url,
        )
        self._redlines = Redlines(cache, rendered=self._rendering.rendered, renderer=renderer.version)
        self._scripts = scripts
        self._copies = COPIES | ({"pdf": "pdf"} if config.pdf else {})
        self._recent = recent_changes_path(self.documents)
        self._pages = DocumentPages(
            site_url=config.site_url,
            site_name=config.site_name,
            time_zone=config.time_zone,
            scripts=scripts,
            copies=self._copies,
            recent=self._recent if len(self.documents) > 1 else None,
        )
        self._site_pages = SitePages(
            page_templates(),
            site_url=config.site_url,
            site_name=config.site_name,
            language=config.language,
            time_zone=config.time_zone,
            recent=self._recent,
        )
        self._views = make_document_views(self.documents, config=config, day=day)
        self._directory = directory(self._views)

    def articles(self) -> list[tuple[SiteDocument, Article]]:
        """The page of each living document, as the theme renders it among its own."""
        return [
            (view.document, self._document_page(view))
            for view in self._views
            if view.document.history.ended_at is None
        ]

    def not_found(self) -> Article:
        """What is shown at every path that is not there."""
        return self._site_pages.not_found(self._directory)

    def original(self, document: SiteDocument) -> SiteDocument | None:
        """The document that this one translates."""
        return next((other for other in self.documents if other.history.id == document.translation_of), None)

    def languages(self) -> list[str]:
        """The languages in which a shell is needed."""
        return sorted({self._config.language, *(document.language for document in self.documents)})

    def files(self, *, taken: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """The files of the documents folder that go live beside the pages, as they were committed.

        ``taken`` are the paths of the theme's files; none of them is replaced, nor anything of a document.
        """
        slugs = {slug for document in self.documents for slug in (document.slug, *document.former_slugs)}
        pages = [f"{slug}/index.html" if slug else "index.html" for slug in slugs]
        copies = [posixpath.join(slug, "versions") for slug in slugs]
        occupied = OccupiedPaths([*taken, *pages, *copies])
        for path, blob in self._files.now.items():
            if occupied.by(path):
                self._warnings.append(
                    f"{path}: is not published, since the site has something of its own there; rename it"
                )
            elif (content := self._files.read(path, blob)) is not None:
                yield path, content

    def write(
        self,
        folder: Path,
        layouts: Mapping[str, PageLayout],
        *,
        policy: ContentSecurityPolicy | None,
        other_pages: Iterable[str],
        before: Path | None,
    ) -> Built:
        """Write every file that the theme did not.

        ``other_pages`` are addresses for the sitemap,
        ``before`` is the folder of the site that this one replaces.
        """
        output = Output(folder, layouts, self._cache, policy=policy, made_of=self._made_of(), before=before)
        output.mark()
        printer = Printer(self._cache, fetch=self._rendering.file) if self._config.pdf else None
        archive = Archive(
            output,
            rendering=self._rendering,
            redlines=self._redlines,
            pages=self._pages,
            printer=printer,
        )
        digests: dict[tuple[str, int], Digests] = {}
        sizes: dict[tuple[str, int], ChangeSize | None] = {}
        for view in self._views:
            document = view.document.history.id
            for number, written in archive.write(view).items():
                digests[document, number], sizes[document, number] = written.digests, written.size
            if view.document.history.ended_at is not None:
                output.page(self._document_page(view))
        self._write_feeds(archive, output)
        self._write_site_pages(output, sizes)
        for path, blob in self._files.kept.items():
            if (content := self._files.read(path, blob)) is not None:
                output.file(path, content)
        self._write_redirects(output)
        if ROBOTS not in self._files.now:
            robots = ROBOTS_TEXT.format(sitemap=urljoin(self._config.site_url, SITEMAP))
            output.file(ROBOTS, robots.encode())
        output.file(SCHEMA, SCHEMA_FILE.read_bytes())
        sitemap = self._sitemap(other_pages)
        output.file(SITEMAP, sitemap)
        output.file(f"{SITEMAP}.gz", gzip.compress(sitemap, mtime=0))
        output.file(
            HISTORY,
            history_json(
                self._views,
                config=self._config,
                commit=self._history.head,
                digests=digests,
                copies=self._copies,
                held_for=self._held_for,
            ),
        )
        return Built(
            documents=len(self.documents),
            versions=len(digests),
            redlines=sum(digest.redline is not None for digest in digests.values()),
            warnings=(
                *self._warnings,
                *dict.fromkeys(self._redlines.failed),
                *(printer.failed if printer else ()),
                *self._files.warnings,
            ),
            history_warnings=self._history.warnings,
        )

    def _document_page(self, view: DocumentView) -> Article:
        document = view.document
        text = self._rendering.on_page(self._rendering.html(view.shown), view.shown, page=document.page_path)
        return self._pages.document(view, text)

    def _write_site_pages(self, output: Output, sizes: Mapping[tuple[str, int], ChangeSize | None]) -> None:
        """The start page, where no document is one, and the recent changes."""
        newest = [
            Publication(
                listed=self._directory.by_id[view.document.history.id],
                version=version,
                size=sizes[view.document.history.id, version.number],
            )
            for view, version in publications(self._views)[:NEWEST]
        ]
        if not any(document.slug == "" for document in self.documents):
            output.page(self._site_pages.start(self._directory, newest))
        if self._recent is not None:
            output.page(self._site_pages.recent_changes(self._recent, newest))

    def _write_redirects(self, output: Output) -> None:
        """Lead from every path that a document's pages had before, where nothing else is now.

        What no browser opens, such as a feed, is at both.
        """
        for view in self._views:
            document = view.document
            for slug in document.former_slugs:
                former = replace(document, slug=slug)
                pages = zip(_pages(view, former), _pages(view, document), strict=True)
                left = [one for one in pages if not output.has(f"{one[0]}index.html")]
                made_of = ("moved", document.language, left)
                output.write_or_reuse(
                    made_of, partial(self._redirect, left, document.language, output), read=nothing
                )
                files = zip(self._files_of(view, former), self._files_of(view, document), strict=True)
                for before, now in files:
                    if not output.has(before):
                        output.repeat(now, at=before)

    def _files_of(self, view: DocumentView, document: SiteDocument) -> list[str]:
        """The files for programs and the copies that the document has at this document."""
        copies = [
            document.copy_path(version, form) for version in view.versions for form in self._copies.values()
        ]
        return [
            document.feed_path,
            document.json_feed_path,
            document.fragment_path,
            document.in_force_json_path,
            *copies,
        ]

    def _redirect(self, moved: Sequence[tuple[str, str]], language: str, output: Output) -> None:
        for path, target in moved:
            page = self._pages.redirect(path, to=target, language=language)
            output.file(f"{path}index.html", page.encode())

    def _write_feeds(self, archive: Archive, output: Output) -> None:
        """The feeds of each document, and those of the site."""
        everything = publications(self._views)
        feeds: list[tuple[str, str, Feed]] = []
        if everything:
            feed = Feed(
                title=self._config.site_name,
                author=self._config.site_name,
                identity=self._config.site_url,
                page="",
                site_url=self._config.site_url,
                language=self._config.language,
                entries=[archive.entry(*one) for one in everything[:NEWEST]],
            )
            feeds.append((FEED, JSON_FEED, feed))
        for view in self._views:
            document = view.document
            if document.feed_path != FEED:
                newest = sorted(view.versions, key=lambda version: version.published_at, reverse=True)
                feed = Feed(
                    title=view.versions[-1].title,
                    author=self._config.site_name,
                    identity=document.history.id,
                    page=document.page_path,
                    site_url=self._config.site_url,
                    language=document.language,
                    entries=[archive.entry(view, version) for version in newest[:NEWEST]],
                )
                feeds.append((document.feed_path, document.json_feed_path, feed))
        for path, json_path, feed in feeds:
            output.file(path, atom(feed, path=path))
            output.file(json_path, json_feed(feed, path=json_path))

    def _made_of(self) -> object:
        """Everything besides the history, the code and the theme on which any page depends."""
        config = self._config
        return (
            (config.site_url, config.site_name, config.language, config.time_zone.key),
            (self._scripts, self._copies),
            self._renderer.version,
            [
                (document.slug, document.former_slugs, document.history.ended_at)
                for document in self.documents
            ],
            sorted(self._files.now.items()),
        )

    def _sitemap(self, other_pages: Iterable[str]) -> bytes:
        """What search engines may find: permanent pages, each with the day its text was published."""
        pages: dict[str, str | None] = dict.fromkeys(other_pages)
        if self._recent is not None:
            pages[self._recent] = None
        for view in self._views:
            document = view.document
            pages[document.page_path] = view.shown.label[:10]
            for page in view.history_pages:
                pages[page.path] = page.versions[0].label[:10]
            pages[document.in_force_path] = view.versions[-1].label[:10]
            for version in view.versions:
                pages[document.version_path(version)] = version.label[:10]
                if version.number > 1:
                    pages[document.change_path(version)] = version.label[:10]
        root = ET.Element("urlset", {"xmlns": SITEMAP_NAMESPACE})
        for path, day in sorted(pages.items()):
            url = ET.SubElement(root, "url")
            ET.SubElement(url, "loc").text = urljoin(self._config.site_url, path)
            if day:
                ET.SubElement(url, "lastmod").text = day
        return xml_file(root)


def _pages(view: DocumentView, document: SiteDocument) -> list[str]:
    """The pages that the document has at this document."""
    history = [page.path.removeprefix(view.document.history_path) for page in view.history_pages]
    return [
        document.page_path,
        document.in_force_path,
        *(f"{document.history_path}{page}" for page in history),
        *map(document.version_path, view.versions),
        *map(document.change_path, view.versions[1:]),
        *map(document.since_path, view.versions[:-1]),
        *([document.comparison_path] if len(view.versions) > 1 else []),
    ]
