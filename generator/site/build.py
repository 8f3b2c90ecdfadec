"""A build, step by step: the history, the paths, the redlines and pages, and the files for programs.

It knows no framework. The MkDocs plugin asks for the documents' pages, renders the theme around them, and
then has all other files written here.
"""

from __future__ import annotations

import gzip
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from generator.errors import PolicyError
from generator.git.document_paths import in_repository
from generator.git.repository import Repository
from generator.language import load_language
from generator.site.allowed_files import OccupiedPaths
from generator.site.archive import Archive
from generator.site.config import SiteConfig
from generator.site.content_security_policy import ContentSecurityPolicy
from generator.site.document_list import Publication, document_list, publications, recent_changes_path
from generator.site.document_pages import DocumentPages
from generator.site.document_view import ChangeSize, DocumentView, make_document_views
from generator.site.feeds import NEWEST, Feeds
from generator.site.folder_files import FolderFiles
from generator.site.hidden_readmes import HIDDEN_README, without_hidden_readmes
from generator.site.history_json import SCHEMA_FILE, Digests, history_json
from generator.site.links import Links
from generator.site.output import Output
from generator.site.page import page_templates
from generator.site.page_layout import Article, PageLayout
from generator.site.pdf import Printer
from generator.site.published_history import PublishedHistory, refuse_lost_versions
from generator.site.redirects import write_redirects
from generator.site.redlines import Redlines
from generator.site.renderer import renderer_of
from generator.site.sent_emails import SentEmails, in_language_of, refuse_foreign_list, sent_emails_paths
from generator.site.site_pages import SitePages
from generator.site.sitemap import robots, sitemap
from generator.site.urls import (
    HISTORY,
    NOTICES,
    NOTICES_SCHEMA,
    ROBOTS,
    SCHEMA,
    SITE_FILES,
    SITEMAP,
    PathTakenError,
    SiteDocument,
    assign_paths,
)
from generator.site.version_texts import VersionTexts
from generator.versions.document_history import HistoryWarning
from generator.versions.history import read_history, refuse_problems

NOTICES_SCHEMA_FILE = SCHEMA_FILE.with_name("notices.schema.json")
COPIES = {"markdown": "md", "text": "txt"}
"""The suffixes of a version's copies by their form."""


class NoDocumentsError(PolicyError):
    """The documents folder holds no committed document."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder}: no document is committed in this folder, so there is nothing to publish; "
            "commit a .md file that exclude_docs does not leave out, or correct docs_dir in mkdocs.yml"
        )
        self.folder = folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """How much a build made, and its warnings."""

    documents: int
    versions: int
    redlines: int
    warnings: tuple[str, ...]
    history_warnings: tuple[HistoryWarning, ...]


class Site:
    """One policy site on one day. Raises LostVersionError if it would lose anything that was ``published``.

    If ``draft_at`` is given, the uncommitted files of the work tree count as published at that time.
    ``scripts`` are the paths of the scripts that only some pages need, by name. ``emails`` is the list of all
    emails that were sent.
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
        emails: SentEmails | None = None,
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
        self._texts = VersionTexts(
            repository,
            renderer,
            cache,
            links=Links(self.documents),
            files=self._files,
            site_url=config.site_url,
        )
        self._redlines = Redlines(cache, rendered=self._texts.rendered, renderer=renderer.version)
        self._scripts = scripts
        self._copies = COPIES | ({"pdf": "pdf"} if config.pdf else {})
        self._recent = recent_changes_path(self.documents)
        self._emails = emails
        self._email_paths: dict[str, str] = {}
        if emails is not None:
            self._emailed = refuse_foreign_list(emails, self.documents, site_url=config.site_url)
            self._email_paths = sent_emails_paths(self.documents, language=config.language)
        self._pages = DocumentPages(
            site_url=config.site_url,
            site_name=config.site_name,
            time_zone=config.time_zone,
            scripts=scripts,
            copies=self._copies,
            recent=self._recent if len(self.documents) > 1 else None,
            emails=self._email_paths,
        )
        self._site_pages = SitePages(
            page_templates(),
            site_url=config.site_url,
            site_name=config.site_name,
            language=config.language,
            time_zone=config.time_zone,
            recent=self._recent,
            emails=self._email_paths,
        )
        self._views = make_document_views(self.documents, config=config, day=day)
        self._list = document_list(self._views)

    def articles(self) -> list[tuple[SiteDocument, Article]]:
        """The page of each living document, around which the theme is rendered."""
        return [
            (view.document, self._document_page(view))
            for view in self._views
            if view.document.history.ended_at is None
        ]

    def not_found(self) -> Article:
        """The page that is shown for every path that does not exist."""
        return self._site_pages.not_found(self._list)

    def original(self, document: SiteDocument) -> SiteDocument | None:
        """The document that this one translates."""
        return next((other for other in self.documents if other.history.id == document.translation_of), None)

    def emails_page(self, language: str) -> tuple[str, str] | None:
        """The title and the path of the page with all emails that were sent; None if there is none."""
        path = in_language_of(language, self._email_paths)
        return (load_language(language)("emails_title"), path) if path else None

    def languages(self) -> list[str]:
        """The languages for which a page layout is needed."""
        return sorted({self._config.language, *(document.language for document in self.documents)})

    def files(self, *, taken: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """The other files of the documents folder that are published, as they were committed.

        ``taken`` are the paths of the theme's files. Neither these nor the files of a document are replaced.
        """
        slugs = {slug for document in self.documents for slug in (document.slug, *document.former_slugs)}
        pages = [f"{slug}/index.html" if slug else "index.html" for slug in slugs]
        copies = [posixpath.join(slug, "versions") for slug in slugs]
        occupied = OccupiedPaths([*taken, *pages, *copies])
        for path, blob in self._files.now.items():
            if occupied.by(path):
                self._warnings.append(
                    f"{path}: is not published because the site has its own page or file there; rename it"
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
        """Write every file that the theme has not written.

        ``other_pages`` are the paths of MkDocs' own pages, for the sitemap. ``before`` is the folder of the
        site that this one replaces.
        """
        output = Output(folder, layouts, self._cache, policy=policy, made_of=self._made_of(), before=before)
        output.mark()
        printer = Printer(self._cache, fetch=self._texts.file) if self._config.pdf else None
        archive = Archive(
            output,
            texts=self._texts,
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
        Feeds(self._config, texts=self._texts, redlines=self._redlines).write(self._views, output)
        self._write_site_pages(output, sizes)
        for path, blob in self._files.kept.items():
            if (content := self._files.read(path, blob)) is not None:
                output.file(path, content)
        write_redirects(self._views, output, pages=self._pages, copies=self._copies)
        if ROBOTS not in self._files.now:
            output.file(ROBOTS, robots(self._config.site_url))
        output.file(SCHEMA, SCHEMA_FILE.read_bytes())
        recent = [self._recent] if self._recent is not None else []
        listed = sitemap(
            self._views,
            other_pages=[*other_pages, *recent, *self._email_paths.values()],
            site_url=self._config.site_url,
        )
        output.file(SITEMAP, listed)
        output.file(f"{SITEMAP}.gz", gzip.compress(listed, mtime=0))
        output.file(
            HISTORY,
            history_json(
                self._views,
                config=self._config,
                commit=self._history.head,
                digests=digests,
                copies=self._copies,
                held_for=self._held_for,
                sent_emails=self._email_paths,
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
        text = self._texts.on_page(self._texts.html(view.shown), view.shown, page=document.page_path)
        return self._pages.document(view, text)

    def _write_site_pages(self, output: Output, sizes: Mapping[tuple[str, int], ChangeSize | None]) -> None:
        """Write the start page, unless a document is the start page, and the recent changes."""
        newest = [
            Publication(
                listed=self._list.by_id[view.document.history.id],
                version=version,
                size=sizes[view.document.history.id, version.number],
            )
            for view, version in publications(self._views)[:NEWEST]
        ]
        if not any(document.slug == "" for document in self.documents):
            output.page(self._site_pages.start(self._list, newest))
        if self._recent is not None:
            output.page(self._site_pages.recent_changes(self._recent, newest))
        if self._emails is not None:
            for language in self._email_paths:
                output.page(self._site_pages.sent_emails(self._emails, self._emailed, language=language))
            output.file(NOTICES, self._emails.raw)
            output.file(NOTICES_SCHEMA, NOTICES_SCHEMA_FILE.read_bytes())

    def _made_of(self) -> object:
        """Everything that any page depends on, besides the history, the code and the theme."""
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
