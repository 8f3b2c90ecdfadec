"""The plugin that MkDocs loads. Its hooks pass data between MkDocs and the site; the rules are elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment
from mkdocs.config.config_options import ExtraScriptValue
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc
from mkdocs.utils.templates import TemplateContext

from generator.errors import PolicyError
from generator.git.repository import open_repository
from generator.mkdocs_plugin import theme
from generator.mkdocs_plugin.assets import read_assets
from generator.mkdocs_plugin.files import document_file, made_file, remove_documents_folder
from generator.mkdocs_plugin.finishing import finisher
from generator.mkdocs_plugin.layouts import HEAD_END, render_layout
from generator.mkdocs_plugin.nav_setting import renamed, updated_nav
from generator.mkdocs_plugin.navigation import archive_navigation, translated_navigation, with_link
from generator.mkdocs_plugin.options import PolicySiteOptions, site_config
from generator.mkdocs_plugin.preview_server import PreviewApplication
from generator.mkdocs_plugin.refusals import refusals_for_mkdocs
from generator.site import page_layout
from generator.site.allowed_files import OccupiedPaths
from generator.site.build import Built, Site
from generator.site.headings import table_of_contents
from generator.site.page_layout import Article
from generator.site.published_history import PublishedHistory
from generator.site.sent_emails import SentEmails
from generator.site.template_cache import TemplateCache
from generator.site.trusted_cache import open_cache

NOT_FOUND = "<!-- policysite-not-found -->"
NOT_FOUND_TITLE = "policysite-not-found-title"

logger = logging.getLogger("mkdocs.plugins.policysite")


class PolicySitePlugin(BasePlugin[PolicySiteOptions]):  # type: ignore[no-untyped-call] # MkDocs 1.6 does not type this hook
    """Gives MkDocs the documents' pages, and writes all other pages after MkDocs has finished.

    ``day`` decides which versions are current (None: today). ``published`` is the data of the published
    site, and ``before`` is the folder of the site that this one replaces. ``emails`` is the list of all
    emails that were sent. ``built`` is the result.
    """

    def __init__(self) -> None:
        self.day: date | None = None
        self.published: PublishedHistory | None = None
        self.before: Path | None = None
        self.emails: SentEmails | None = None
        self.built: Built | None = None
        self._preview = False
        self._open = ExitStack()

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether this is a preview, which shows uncommitted edits."""
        self._preview = command == "serve"

    @refusals_for_mkdocs()
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Read the options, add styles and scripts, and set up the theme."""
        self._site_config = site_config(config, self.config)
        self._assets = read_assets(self._site_config)
        config.extra_css = [*self._assets.on_every_page(".css"), *config.extra_css]
        config.extra_javascript = [
            *(_deferred(path) for path in self._assets.on_every_page(".js")),
            *config.extra_javascript,
        ]
        if not config.use_directory_urls:
            config.use_directory_urls = True
            logger.warning(
                "use_directory_urls: false has no effect: permanent URLs end in /; remove it from mkdocs.yml"
            )
        if theme.is_material(config):
            theme.set_up_material(config, language=self._site_config.language)
        self._finisher = finisher(config, self._site_config, is_preview=self._preview)
        return config

    @refusals_for_mkdocs()
    def _on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Replace the files of the documents folder with the committed ones."""
        now = datetime.now(UTC)
        repository = self._open.enter_context(open_repository(self._site_config.documents))
        cache, distrusted = open_cache(self._site_config.cache)
        self._cache = self._open.enter_context(cache)
        if distrusted:
            logger.warning(distrusted)
        self._site = Site(
            self._site_config,
            repository,
            cache=self._cache,
            day=self.day or now.astimezone(self._site_config.time_zone).date(),
            draft_at=now if self._preview else None,
            published=self.published,
            emails=self.emails,
            scripts=self._assets.on_some_pages(),
        )
        uncommitted = remove_documents_folder(files, config)
        taken = {*(file.dest_uri for file in files), *self._assets.contents}
        if self._preview:
            rule, occupied = self._site_config.file_rule, OccupiedPaths(taken)
            for file in uncommitted:
                path = file.src_uri
                if not file.is_documentation_page() and rule.is_published(path) and not occupied.by(path):
                    files.append(file)
        else:
            for path, content in self._site.files(taken=taken):
                file = made_file(path, content, config)
                file.inclusion = InclusionLevel.NOT_IN_NAV  # otherwise MkDocs leaves out .well-known
                files.append(file)
        for path, content in self._assets.contents.items():
            files.append(made_file(path, content, config))
        self._articles: dict[str, Article] = {}
        self._translations: dict[tuple[str, str], File] = {}
        for document, article in self._site.articles():
            in_navigation = document.language == self._site_config.language
            file = document_file(document, config, in_navigation=in_navigation)
            files.append(file)
            self._articles[file.src_uri] = article
            if original := self._site.original(document):
                self._translations[original.nav_path, document.language] = file
        return files

    @event_priority(-100)  # after every plugin that adds files or a menu
    def _on_all_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Correct the paths of renamed documents in ``nav``."""
        if config.nav is not None:
            config.nav, warnings = updated_nav(
                config.nav, files=files.src_uris.keys(), moved=renamed(self._site.documents)
            )
            for warning in warnings:
                logger.warning(warning)
        return files

    on_files = CombinedEvent(_on_files, _on_all_files)

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Keep the navigation, which archive pages need too."""
        self._nav = nav
        return nav

    @event_priority(100)  # before every plugin that changes texts
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Set the title and description of a document. Its text is rendered already, so MkDocs gets none."""
        article = self._articles.get(page.file.src_uri)
        if article is None:
            return markdown
        page.meta = {  # themes take both for markup
            "title": escape(article.title, quote=False),
            "description": escape(article.description),
        }
        return ""

    @event_priority(100)  # as above: what others add comes on top
    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Return the committed document instead of what MkDocs would render."""
        article = self._articles.get(page.file.src_uri)
        if article is None:
            return html
        page.toc = get_toc(cast(Any, table_of_contents(article.content)))
        return article.content

    @event_priority(-100)  # after every plugin that adds to the theme
    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
        """Render the page layout once in each language; archive pages are filled into it."""
        env.bytecode_cache = TemplateCache()
        self._other_pages = [
            file.url for file in files.documentation_pages() if file.src_uri not in self._articles
        ]
        self._layouts = {
            language: render_layout(
                language,
                self._navigation(language, archive_navigation(self._nav)),
                env=env,
                config=config,
                files=files,
                finisher=self._finisher,
            )
            for language in self._site.languages()
        }
        return env

    def on_page_context(
        self, context: TemplateContext, *, page: Page, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        """Set the theme and the navigation to the document's language."""
        article = self._articles.get(page.file.src_uri)
        language = article.language if article else self._site_config.language
        theme.set_language(config, language)
        context["nav"] = self._navigation(language, self._nav)
        return context

    @event_priority(-100)  # after every plugin that adds a script
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Add links to feeds and translations to a document's head, and finish the page."""
        if page.file.src_uri == page_layout.SOURCE:
            return output
        theme.set_language(config, self._site_config.language)
        article = self._articles.get(page.file.src_uri)
        language = article.language if article else self._site_config.language
        head = article.head if article else ""
        return self._finisher.page(output.replace(HEAD_END, head + HEAD_END, 1), language=language)

    def on_post_template(self, output: str, *, template_name: str, config: MkDocsConfig) -> str:
        """Fill in the page for URLs that do not exist."""
        if not template_name.endswith(".html"):
            return output
        if NOT_FOUND in output:
            article = self._site.not_found()
            output = output.replace(NOT_FOUND, article.content, 1)
            output = output.replace(NOT_FOUND_TITLE, escape(article.title), 1)
        return self._finisher.page(output, language=self._site_config.language)

    @refusals_for_mkdocs()
    @event_priority(-100)  # after the theme and every plugin has written its files
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Write the archive pages, the feeds and history.json."""
        self.built = self._site.write(
            Path(config.site_dir),
            self._layouts,
            policy=self._finisher.policy,
            other_pages=self._other_pages,
            before=self.before,
        )
        if not self._preview:
            self._cache.forget_unused(today=datetime.now(UTC).date())
        self._open.close()

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Callable[[], None]
    ) -> LiveReloadServer:
        """Show what is wrong with each later build of the preview, in the terminal and in the browser."""
        application = PreviewApplication(server.serve_request)
        server.set_app(application)

        def build_again() -> None:
            try:
                refusals_for_mkdocs()(builder)()
                application.problem = None
            except Abort as error:
                cause = error.__cause__
                application.problem = str(cause if isinstance(cause, PolicyError) else error)
                logger.error(application.problem)

        server.builder = build_again
        return server

    def on_build_error(self, *, error: Exception) -> None:
        """Close the repository and the cache."""
        self._open.close()

    def _navigation(self, language: str, nav: Navigation) -> Navigation:
        """The navigation in the language of a page, with the page of all emails if there is one."""
        if language != self._site_config.language:
            spoken = {source: file for (source, code), file in self._translations.items() if code == language}
            nav = translated_navigation(nav, spoken)
        emails = self._site.emails_page(language)
        return with_link(nav, *emails) if emails else nav


def _deferred(path: str) -> ExtraScriptValue:
    script = ExtraScriptValue(path)
    script.defer = True
    return script
