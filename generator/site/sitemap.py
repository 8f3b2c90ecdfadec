"""Files for search engines: ``sitemap.xml`` and ``robots.txt``; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from generator.site.data_files import xml_file
from generator.site.document_view import DocumentView
from generator.site.urls import SITEMAP

SITEMAP_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
ROBOTS_TEXT = "User-agent: *\nAllow: /\n\nSitemap: {sitemap}\n"


def sitemap(views: Sequence[DocumentView], *, other_pages: Iterable[str], site_url: str) -> bytes:
    """The permanent pages, each with the day on which its text was published.

    ``other_pages`` are the paths of pages without such a day.
    """
    pages: dict[str, str | None] = dict.fromkeys(other_pages)
    for view in views:
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
        ET.SubElement(url, "loc").text = urljoin(site_url, path)
        if day:
            ET.SubElement(url, "lastmod").text = day
    return xml_file(root)


def robots(site_url: str) -> bytes:
    """A ``robots.txt`` that allows everything and names the sitemap."""
    return ROBOTS_TEXT.format(sitemap=urljoin(site_url, SITEMAP)).encode()
