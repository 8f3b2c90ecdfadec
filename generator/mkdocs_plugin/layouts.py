"""Renders the page layout that archive pages are filled into, by letting the theme render a page of marks."""

from __future__ import annotations

from jinja2 import Environment
from mkdocs.commands.build import get_context
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from generator.mkdocs_plugin import theme
from generator.mkdocs_plugin.files import made_file
from generator.mkdocs_plugin.finishing import Finisher
from generator.rendered.characters import clean
from generator.site import page_layout
from generator.site.page_layout import PageLayout

HEAD_END = "</head>"


def render_layout(
    language: str,
    nav: Navigation,
    *,
    env: Environment,
    config: MkDocsConfig,
    files: Files,
    finisher: Finisher,
) -> PageLayout:
    """The page layout in one language, with this navigation."""
    file = made_file(page_layout.SOURCE, b"", config)
    file.dest_uri = f"{page_layout.PATH}index.html"
    page = Page(page_layout.TITLE, file, config)
    page.content = page_layout.CONTENT
    page.meta = {
        "title": page_layout.TITLE,
        "description": page_layout.DESCRIPTION,
        "hide": ["navigation", "toc"],
    }
    theme.set_language(config, language)
    rendered = clean(env.get_template("main.html").render(get_context(nav, files, config, page)))
    rendered = config.plugins.on_post_page(rendered, page=page, config=config)
    rendered = finisher.layout(rendered, language=language)
    return PageLayout(rendered.replace(HEAD_END, page_layout.HEAD + HEAD_END, 1))
