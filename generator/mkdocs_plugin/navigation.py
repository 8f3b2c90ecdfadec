"""The navigation of a page: in the page's language, and short on archive pages."""

from __future__ import annotations

from collections.abc import Mapping

from mkdocs.structure import StructureItem
from mkdocs.structure.files import File
from mkdocs.structure.nav import Link, Navigation, Section
from mkdocs.structure.pages import Page

MOST_ARCHIVE_LINKS = 20
"""A site with more pages shows only its start page in the navigation of archive pages."""


def translated_navigation(nav: Navigation, translations: Mapping[str, File]) -> Navigation:
    """The navigation with each document replaced by its translation, if there is one.

    ``translations`` are the files of the translations, by the source path of the document they translate.
    """

    def translated(item: StructureItem) -> StructureItem:
        if isinstance(item, Section):
            return Section(item.title, [translated(child) for child in item.children])
        if isinstance(item, Page):
            return translations.get(item.file.src_uri, item.file).page or item
        return item

    result = Navigation([translated(item) for item in nav.items], nav.pages)
    home = nav.homepage and translated(nav.homepage)
    result.homepage = home if isinstance(home, Page) else None
    return result


def with_link(nav: Navigation, title: str, path: str) -> Navigation:
    """The navigation with a link to a page that MkDocs does not know, at the end."""
    result = Navigation([*nav.items, Link(title, path)], nav.pages)
    result.homepage = nav.homepage
    return result


def archive_navigation(nav: Navigation) -> Navigation:
    """The navigation of archive pages: the site's own, unless it would be larger than their texts."""
    if len(nav.pages) <= MOST_ARCHIVE_LINKS:
        return nav
    start = [page for page in nav.pages if page.is_homepage]
    short = Navigation(list(start), start)
    short.homepage = nav.homepage
    return short
