"""The MkDocs plugin, and the only file that imports MkDocs: it hands over and holds no rules."""

from __future__ import annotations

import glob
import hashlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jinja2 import Environment
from mkdocs.commands.build import build as build_with_mkdocs
from mkdocs.commands.build import get_context
from mkdocs.commands.serve import serve as serve_with_mkdocs
from mkdocs.config import config_options, load_config
from mkdocs.config.base import Config
from mkdocs.config.config_options import ExtraScriptValue
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, ConfigurationError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure import StructureItem
from mkdocs.structure.files import File, Files, InclusionLevel, set_exclusions
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc
from mkdocs.utils.templates import TemplateContext

from generator.errors import PolicyError
from generator.git.repository import open_repository
from generator.language import load_language
from generator.markdown import snippets
from generator.markdown.foreign_files import refused_extension
from generator.rendered.characters import clean
from generator.site import page_layout
from generator.site.allowed_files import FileRule, OccupiedPaths
from generator.site.analytics import read_analytics, with_consent
from generator.site.brand import DEFAULT_PALETTE, Brand, brand_style, read_brand
from generator.site.build import Built, Site
from generator.site.config import SiteConfig
from generator.site.content_security_policy import ContentSecurityPolicy, hosts
from generator.site.failing_plugin import failing_plugin
from generator.site.headings import table_of_contents
from generator.site.history_json import Published
from generator.site.material_fixes import mended, spoken_by_theme
from generator.site.menu import renamed, updated_nav
from generator.site.page_layout import Article, PageLayout, in_language
from generator.site.preview_server import PreviewApplication
from generator.site.template_cache import TemplateCache
from generator.site.trusted_cache import open_cache

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = TEMPLATES / "assets"
LOG = logging.getLogger("mkdocs.plugins.policysite")
CONSENT = "consent.js"
CHANGES_MARKDOWN = ("on_page_read_source", "on_page_markdown")
# Each needs those before it.
ON_SOME_PAGES = ("compare-texts.js", "compare-steps.js", "compare-marks.js", "compare.js")
MOST_ARCHIVE_LINKS = 20
HEAD_END = "</head>"
NOT_FOUND = "<!-- policysite-not-found -->"
NOT_FOUND_TITLE = "policysite-not-found-title"

logger = logging.getLogger("mkdocs.plugins.policysite")


class ConfigError(PolicyError):
    """mkdocs.yml asks for what cannot be done."""


class PolicySiteOptions(Config):  # type: ignore[no-untyped-call] # MkDocs 1.6 does not type this hook
    """What stands below ``policysite:`` in mkdocs.yml; ``SiteConfig`` says what each means."""

    time_zone = config_options.Type(str, default="UTC")
    languages = config_options.ListOfItems(config_options.Type(str), default=[])
    announce = config_options.ListOfItems(config_options.Type(str), default=[])
    since = config_options.Type(int, default=20)
    prevailing = config_options.Optional(config_options.Type(str))
    pdf = config_options.Type(bool, default=False)
    analytics = config_options.Type(dict, default={})
    extra_files = config_options.ListOfItems(config_options.Type(str), default=[])


@contextmanager
def _aborting() -> Iterator[None]:
    """Tell MkDocs of a refusal so that it prints it as one line, and goes on with a preview."""
    try:
        yield
    except PolicyError as error:
        raise Abort(f"policysite: {error}") from error
    except ConfigurationError as error:
        raise Abort(f"policysite: {_one_line(str(error))}") from error


class PolicySitePlugin(BasePlugin[PolicySiteOptions]):  # type: ignore[no-untyped-call] # as above
    """Gives MkDocs the documents' pages and writes all others when it has finished.

    ``day`` is the day that the pages speak of (None: today), ``before`` the folder of the site that this one
    replaces. What was built stands in ``built``.
    """

    def __init__(self) -> None:
        self.day: date | None = None
        self.published: Published | None = None
        self.before: Path | None = None
        self.built: Built | None = None
        self._preview = False
        self._open = ExitStack()

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """A preview shows what is not committed yet."""
        self._preview = command == "serve"

    @_aborting()
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Add the style and, to Material for MkDocs, the parts that it needs changed."""
        self._site_config = _site_config(config, self.config)
        analytics = self._site_config.analytics
        assets = {
            file.name: file.read_bytes()
            for file in sorted(ASSETS.iterdir())
            if analytics.counters or file.name != CONSENT
        }
        if style := brand_style(self._site_config.brand):
            assets["policysite-brand.css"] = style.encode()  # after policysite.css, in which it sets colours
        self._addresses = {name: f"assets/{_hashed(name, content)}" for name, content in assets.items()}
        self._assets = {self._addresses[name]: content for name, content in assets.items()}
        everywhere = [address for name, address in self._addresses.items() if name not in ON_SOME_PAGES]
        config.extra_css = [*(path for path in everywhere if path.endswith(".css")), *config.extra_css]
        config.extra_javascript = [
            *(_deferred(path) for path in everywhere if path.endswith(".js")),
            *config.extra_javascript,
        ]
        if not config.use_directory_urls:
            config.use_directory_urls = True
            logger.warning(
                "use_directory_urls: false has no effect: permanent URLs end in /; take it out of mkdocs.yml"
            )
        if config.theme.name == "material":
            config.theme.dirs.insert(1 if config.theme.custom_dir else 0, str(TEMPLATES / "material"))
            _set_language(config, self._site_config.language)
            palette = config.theme.get("palette") or {}
            if isinstance(palette, dict) and "scheme" not in palette:
                config.theme["palette"] = [{**entry, **palette} for entry in DEFAULT_PALETTE]
            config.theme["font"] = False  # nothing is loaded from another host before a visitor agrees
        # A preview reloads by a script that MkDocs adds to what it serves.
        self._policy = (
            None
            if self._preview
            else ContentSecurityPolicy(
                {
                    "script-src": (
                        *hosts(str(script) for script in config.extra_javascript),
                        *analytics.sources("script-src"),
                    ),
                    "style-src": hosts(config.extra_css),
                    "connect-src": analytics.sources("connect-src"),
                }
            )
        )
        return config

    @_aborting()
    def _on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Show what the mainline holds instead of what lies in the documents folder."""
        now = datetime.now(UTC)
        repository = self._open.enter_context(open_repository(self._site_config.documents))
        cache, distrusted = open_cache(self._site_config.cache)
        self._cache = self._open.enter_context(cache)
        if distrusted:
            LOG.warning(distrusted)
        self._site = Site(
            self._site_config,
            repository,
            cache=self._cache,
            day=self.day or now.astimezone(self._site_config.time_zone).date(),
            draft_at=now if self._preview else None,
            published=self.published,
            scripts={name: self._addresses[name] for name in ON_SOME_PAGES},
        )
        beside = [file for file in files if file.src_dir == config.docs_dir]
        for file in beside:
            files.remove(file)
        files.add_files_from_theme(config.theme.get_env(), config)  # those that a file of that name hid
        taken = {*(file.dest_uri for file in files), *self._assets}
        if self._preview:
            rule, occupied = self._site_config.file_rule, OccupiedPaths(taken)
            for file in beside:
                path = file.src_uri
                if not file.is_documentation_page() and rule.goes_live(path) and not occupied.by(path):
                    files.append(file)
        else:
            for path, content in self._site.files(taken=taken):
                file = _file(path, content, config)
                file.inclusion = InclusionLevel.NOT_IN_NAV  # MkDocs would leave out .well-known
                files.append(file)
        for path, content in self._assets.items():
            files.append(_file(path, content, config))
        self._articles: dict[str, Article] = {}
        self._translations: dict[tuple[str, str], File] = {}
        for place, article in self._site.articles():
            file = _file(place.source_name, b"", config)
            source = Path(config.docs_dir, place.document.path)
            if source.is_file():
                file.abs_src_path = str(source)  # other plugins ask git about it; its words are not read
            file.dest_uri = f"{place.slug}/index.html" if place.slug else "index.html"
            file.url = place.address or "./"
            spoken = place.language == self._site_config.language
            file.inclusion = InclusionLevel.INCLUDED if spoken else InclusionLevel.NOT_IN_NAV
            files.append(file)
            self._articles[file.src_uri] = article
            if original := self._site.original(place):
                self._translations[original.source_name, place.language] = file
        return files

    @event_priority(-100)  # after every plugin that adds files or a menu
    def _on_all_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Let the menu name documents as they are named today."""
        if config.nav is not None:
            config.nav, warnings = updated_nav(
                config.nav, files=files.src_uris.keys(), moved=renamed(self._site.places)
            )
            for warning in warnings:
                logger.warning(warning)
        return files

    on_files = CombinedEvent(_on_files, _on_all_files)

    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:
        """Keep the navigation for the archive pages."""
        self._nav = nav
        return nav

    @event_priority(100)  # before every plugin that changes texts
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Title and description of a document; its text is rendered already."""
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
        """A document as the history has it, instead of what MkDocs would render."""
        article = self._articles.get(page.file.src_uri)
        if article is None:
            return html
        page.toc = get_toc(cast(Any, table_of_contents(article.content)))
        return article.content

    @event_priority(-100)  # after every plugin that adds to the theme
    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
        """Render the theme once in each language, for the archive pages to be filled in."""
        env.bytecode_cache = TemplateCache()
        self._other_pages = [
            file.url for file in files.documentation_pages() if file.src_uri not in self._articles
        ]
        self._shells = {
            language: PageLayout(self._render_shell(language, env=env, config=config, files=files))
            for language in self._site.languages()
        }
        return env

    def on_page_context(
        self, context: TemplateContext, *, page: Page, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        """Let the theme speak the document's language."""
        article = self._articles.get(page.file.src_uri)
        language = article.language if article else self._site_config.language
        _set_language(config, language)
        context["nav"] = self._nav_in(language, self._nav)
        return context

    @event_priority(-100)  # after every plugin that adds a script
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Links to feeds and translations in the document's head; what every finished page gets."""
        if page.file.src_uri == page_layout.SOURCE:
            return output
        _set_language(config, self._site_config.language)
        article = self._articles.get(page.file.src_uri)
        language = article.language if article else self._site_config.language
        head = article.head if article else ""
        return self._finished(output.replace(HEAD_END, head + HEAD_END, 1), language, config)

    def on_post_template(self, output: str, *, template_name: str, config: MkDocsConfig) -> str:
        """The page for addresses that are not there."""
        if not template_name.endswith(".html"):
            return output
        if NOT_FOUND in output:
            article = self._site.not_found()
            output = output.replace(NOT_FOUND, article.content, 1)
            output = output.replace(NOT_FOUND_TITLE, escape(article.title), 1)
        return self._finished(output, self._site_config.language, config)

    @_aborting()
    @event_priority(-100)  # after the theme and every plugin has written its files
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Write the archive, the feeds and history.json."""
        self.built = self._site.write(
            Path(config.site_dir),
            self._shells,
            policy=self._policy,
            other_pages=self._other_pages,
            before=self.before,
        )
        if not self._preview:
            self._cache.forget_unused(today=datetime.now(UTC).date())
        self._open.close()

    def on_serve(
        self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Callable[[], None]
    ) -> LiveReloadServer:
        """Let each later build of the preview say what is wrong, in the terminal and in the browser."""
        application = PreviewApplication(server.serve_request)
        server.set_app(application)

        def build_again() -> None:
            try:
                _aborting()(builder)()
                application.problem = None
            except Abort as error:
                cause = error.__cause__
                application.problem = str(cause if isinstance(cause, PolicyError) else error)
                logger.error(application.problem)

        server.builder = build_again
        return server

    def on_build_error(self, *, error: Exception) -> None:
        """End what was begun."""
        self._open.close()

    def _finished(self, page: str, language: str, config: MkDocsConfig) -> str:
        page = self._with_consent(self._mended(clean(page), config, language), language)
        return page if self._policy is None else self._policy.on(page)

    def _with_consent(self, page: str, language: str) -> str:
        return with_consent(page, self._site_config.analytics, load_language(language))

    def _mended(self, page: str, config: MkDocsConfig, language: str) -> str:
        page = in_language(page, language)
        return mended(page, words=load_language(language)) if config.theme.name == "material" else page

    def _nav_in(self, language: str, nav: Navigation) -> Navigation:
        """The navigation with translated documents instead of those that they translate."""
        if language == self._site_config.language:
            return nav

        def translated(item: StructureItem) -> StructureItem:
            if isinstance(item, Section):
                return Section(item.title, [translated(child) for child in item.children])
            if isinstance(item, Page):
                return self._translations.get((item.file.src_uri, language), item.file).page or item
            return item

        spoken = Navigation([translated(item) for item in nav.items], nav.pages)
        home = nav.homepage and translated(nav.homepage)
        spoken.homepage = home if isinstance(home, Page) else None
        return spoken

    def _shell_nav(self) -> Navigation:
        """The navigation of archive pages: that of the site, unless it would outweigh their texts."""
        if len(self._nav.pages) <= MOST_ARCHIVE_LINKS:
            return self._nav
        start = [page for page in self._nav.pages if page.is_homepage]
        nav = Navigation(list(start), start)
        nav.homepage = self._nav.homepage
        return nav

    def _render_shell(self, language: str, *, env: Environment, config: MkDocsConfig, files: Files) -> str:
        file = _file(page_layout.SOURCE, b"", config)
        file.dest_uri = f"{page_layout.ADDRESS}index.html"
        page = Page(page_layout.TITLE, file, config)
        page.content = page_layout.CONTENT
        page.meta = {
            "title": page_layout.TITLE,
            "description": page_layout.DESCRIPTION,
            "hide": ["navigation", "toc"],
        }
        _set_language(config, language)
        context = get_context(self._nav_in(language, self._shell_nav()), files, config, page)
        rendered = clean(env.get_template("main.html").render(context))
        rendered = config.plugins.on_post_page(rendered, page=page, config=config)
        rendered = self._with_consent(self._mended(rendered, config, language), language)
        return rendered.replace(HEAD_END, page_layout.HEAD + HEAD_END, 1)


def build(
    config_file: Path, *, site_dir: Path, before: Path, day: date | None, published: Published | None
) -> Built:
    """Build the site of ``config_file`` into ``site_dir``, which MkDocs empties first.

    The site in the folder ``before`` is the one that it will replace.
    """
    with _explained(config_file) as logged:
        config = load_config(str(config_file), site_dir=str(site_dir))
        plugin = _plugin(config)
        plugin.day, plugin.published, plugin.before = day, published, before
        with _naming_plugins(config):
            config.plugins.on_startup(command="build", dirty=False)
            try:
                build_with_mkdocs(config)
            finally:
                config.plugins.on_shutdown()
    assert plugin.built is not None
    return replace(plugin.built, warnings=(*logged.warnings, *plugin.built.warnings))


def serve(config_file: Path, *, address: str, tell: Callable[[str], None]) -> None:
    """Preview the site with what is not committed yet, until interrupted; ``tell`` gets each problem."""
    with _explained(config_file, tell):
        serve_with_mkdocs(str(config_file), dev_addr=address)


def read_config(config_file: Path) -> SiteConfig:
    """What the site of ``config_file`` is built from."""
    with _explained(config_file):
        try:
            config = load_config(str(config_file))
        except OSError as error:
            raise ConfigError(f"{config_file}: {error.strerror}; name a mkdocs.yml with --config") from error
    return _site_config(config, _plugin(config).config)


@contextmanager
def _naming_plugins(config: MkDocsConfig) -> Iterator[None]:
    """Say of an error in another plugin's code whose it is, and what to do."""
    modules = {
        name: sys.modules[type(plugin).__module__]
        for name, plugin in config.plugins.items()
        if not isinstance(plugin, PolicySitePlugin)
    }
    folders = {
        name: Path(file).parent
        for name, module in modules.items()
        if (file := getattr(module, "__file__", None)) and not module.__name__.startswith("mkdocs.")
    }
    try:
        yield
    except (PolicyError, Abort, ConfigurationError):
        raise
    except Exception as error:  # of any kind, from a plugin that nobody here knows
        name = failing_plugin(error, folders)
        if name is None:
            raise
        raise ConfigError(
            f"{config.config_file_path}: the plugin `{name}` fails ({type(error).__name__}: "
            f"{_one_line(str(error))}); take it out of `plugins:`, or correct what it needs"
        ) from error


def _plugin(config: MkDocsConfig) -> PolicySitePlugin:
    for plugin in config.plugins.values():
        if isinstance(plugin, PolicySitePlugin):
            return plugin
    raise ConfigError(
        f"{config.config_file_path}: the plugin is not there; add `policysite` below `plugins:`"
    )


def _site_config(config: MkDocsConfig, chosen: PolicySiteOptions) -> SiteConfig:
    where = config.config_file_path
    known = sorted(PolicySiteOptions().keys())
    if unknown := sorted(str(name) for name in chosen if name not in known):
        raise ConfigError(
            f"{where}: policysite has no option `{'`, `'.join(unknown)}`; it has {', '.join(known)}"
        )
    for name in ("site_name", "site_url"):
        if (value := config[name]) and clean(value) != value:
            raise ConfigError(f"{where}: {name} holds control characters; write it without them")
    if not config.site_url:
        raise ConfigError(
            f"{where}: site_url is missing, and mails and feeds need it; add `site_url: https://…/`"
        )
    try:
        time_zone = ZoneInfo(chosen.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigError(
            f"{where}: there is no time zone {chosen.time_zone!r}; write an IANA name such as Europe/Moscow"
        ) from None
    language = str(config.theme.get("language", "en"))
    spoken = sorted({language, *chosen.languages})
    if chosen.prevailing not in (None, *spoken):
        raise ConfigError(
            f"{where}: prevailing: {chosen.prevailing!r} is none of {', '.join(spoken)}; correct it, "
            "or name it among the languages"
        )
    analytics = read_analytics(chosen.analytics)
    if analytics.counters and config.extra.get("analytics"):
        raise ConfigError(
            f"{where}: extra.analytics would count visitors who were not asked; "
            "take it out, since policysite asks for what stands below its own `analytics`"
        )
    _refuse_what_reads_todays_files(config)
    exclude = config.exclude_docs
    return SiteConfig(
        documents=Path(config.docs_dir),
        site_dir=Path(config.site_dir),
        site_url=config.site_url if config.site_url.endswith("/") else f"{config.site_url}/",
        site_name=config.site_name,
        language=language,
        languages=tuple(chosen.languages),
        time_zone=time_zone,
        announce=tuple(chosen.announce),
        since=chosen.since,
        prevailing=chosen.prevailing,
        pdf=chosen.pdf,
        analytics=analytics,
        extensions=_own_extensions(config),
        extension_configs=config.mdx_configs,
        include_from=_included_from(config),
        excluded=exclude.match_file if exclude else lambda _: False,
        file_rule=FileRule(named=_named_files(config, chosen)),
        brand=_brand(config),
        cache=Path(where).parent / ".cache" / "policysite",
    )


def _named_files(config: MkDocsConfig, chosen: PolicySiteOptions) -> tuple[str, ...]:
    """The files and patterns below the documents folder that mkdocs.yml names."""
    pictures = [config.theme[name] for name in ("logo", "favicon") if name in config.theme]
    paths = [*config.extra_css, *map(str, config.extra_javascript), *filter(None, pictures)]
    escaped = (glob.escape(str(path).partition("?")[0].removeprefix("./")) for path in paths)
    return (*escaped, *chosen.extra_files)


def _included_from(config: MkDocsConfig) -> tuple[Path, ...]:
    """The folders of the option ``base_path`` of pymdownx.snippets, counted from that of mkdocs.yml."""
    where = config.config_file_path
    named = [name for name in config.markdown_extensions if name in snippets.NAMES]
    bases = config.mdx_configs.get(named[-1], {}).get("base_path", ["."]) if named else []
    try:
        return tuple(
            Path(where).parent / os.fspath(base)
            for base in ([bases] if isinstance(bases, str | os.PathLike) else bases)
        )
    except (TypeError, ConfigurationError):
        raise ConfigError(
            f"{where}: {named[-1]}: base_path names no folder; write folders, such as `base_path: [includes]`"
        ) from None


def _own_extensions(config: MkDocsConfig) -> list[str]:
    """Those that mkdocs.yml names; what the ones read that other plugins add as objects, nobody knows."""
    return [each for each in config.markdown_extensions if isinstance(each, str)]


def _refuse_what_reads_todays_files(config: MkDocsConfig) -> None:
    """Refuse what would show words of today in versions of the past."""
    where = config.config_file_path
    for name in _own_extensions(config):
        if remedy := refused_extension(name, config.mdx_configs.get(name, {})):
            raise ConfigError(f"{where}: markdown_extensions: {remedy}")
    for name, hook in cast("dict[str, Any]", config.hooks).items():  # MkDocs types it as a list
        for event in CHANGES_MARKDOWN:
            if hasattr(hook, event):
                raise ConfigError(
                    f"{where}: hooks: {name} changes Markdown ({event}), and would change old versions too; "
                    "take that out of the hook, and commit the text as people should read it"
                )


def _file(path: str, content: bytes, config: MkDocsConfig) -> File:
    file = File(path, None, config.site_dir, use_directory_urls=True)
    file.content_bytes = content
    return file


def _deferred(path: str) -> ExtraScriptValue:
    script = ExtraScriptValue(path)
    script.defer = True
    return script


def _hashed(name: str, content: bytes) -> str:
    """A name that changes with the content, so that no browser shows a new page in an old style."""
    file = Path(name)
    return f"{file.stem}.{hashlib.sha256(content).hexdigest()[:8]}{file.suffix}"


def _brand(config: MkDocsConfig) -> Brand:
    """The company's colours; a style that is not in the documents folder says nothing of them."""
    files = (Path(config.docs_dir, str(path).partition("?")[0]) for path in config.extra_css)
    styles = (file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file())
    return read_brand(config.theme.get("palette"), styles)


def _set_language(config: MkDocsConfig, language: str) -> None:
    if config.theme.name == "material":
        config.theme["language"] = spoken_by_theme(language, folders=config.theme.dirs)
    elif "language" in config.theme:
        config.theme["language"] = language


@contextmanager
def _explained(config_file: Path, tell: Callable[[str], None] = lambda _: None) -> Iterator[_Logged]:
    """Say what MkDocs logs as one refusal; answers what it logs, and ``tell`` gets it at once."""
    logged = _Logged(tell)
    logger = logging.getLogger("mkdocs")
    logger.addHandler(logged)
    try:
        yield logged
    except ConfigurationError as error:
        raise ConfigError(
            f"{config_file}: {_one_line(str(error))}; correct it or name another with --config"
        ) from error
    except Abort as error:
        if isinstance(error.__cause__, PolicyError):
            raise error.__cause__ from error
        said = "; ".join(logged.errors or [*logged.warnings, _one_line(str(error))])
        raise ConfigError(f"{config_file}: {said}; correct it") from error
    finally:
        logger.removeHandler(logged)


class _Logged(logging.Handler):
    """Keeps what MkDocs logs as warnings and as errors, a line each."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self.warnings: list[str] = []
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        is_error = record.levelno >= logging.ERROR
        if record.name == LiveReloadServer.__module__ and not is_error:
            return  # what a browser asked for
        if record.name == set_exclusions.__module__ and not is_error:
            return  # what lies in the documents folder, in whose place the committed files come
        line = _one_line(record.getMessage())
        (self.errors if is_error else self.warnings).append(line)
        self._tell(f"{'error' if is_error else 'warning'}: {line}")


def _one_line(message: str) -> str:
    return " ".join(message.split()).rstrip(".!")
