"""Feeds as files: Atom (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from generator.site.data_files import json_file, utc_time, xml_file

ATOM = "http://www.w3.org/2005/Atom"
JSON_FEED_VERSION = "https://jsonfeed.org/version/1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A published version. ``identity`` never changes, even if its page moves; links are absolute."""

    identity: str
    title: str
    page: str
    published_at: datetime
    summary: str
    markup: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The feed of a document or of the site. ``page`` is the path of its page; the newest entry is first."""

    title: str
    author: str
    identity: str
    page: str
    site_url: str
    language: str
    entries: Sequence[Entry]


def atom(feed: Feed, *, path: str) -> bytes:
    """The feed as Atom. ``path`` is where the file is on the site."""
    root = ET.Element("feed", {"xmlns": ATOM})
    ET.SubElement(root, "id").text = _urn(feed.identity)
    ET.SubElement(root, "title").text = feed.title
    ET.SubElement(root, "updated").text = utc_time(feed.entries[0].published_at)
    ET.SubElement(ET.SubElement(root, "author"), "name").text = feed.author
    ET.SubElement(root, "link", {"rel": "self", "href": urljoin(feed.site_url, path)})
    ET.SubElement(root, "link", {"rel": "alternate", "href": urljoin(feed.site_url, feed.page)})
    for entry in feed.entries:
        element = ET.SubElement(root, "entry", {"xml:lang": entry.language})
        ET.SubElement(element, "id").text = _urn(entry.identity)
        ET.SubElement(element, "title").text = entry.title
        ET.SubElement(element, "link", {"rel": "alternate", "href": urljoin(feed.site_url, entry.page)})
        ET.SubElement(element, "published").text = utc_time(entry.published_at)
        ET.SubElement(element, "updated").text = utc_time(entry.published_at)
        ET.SubElement(element, "summary").text = entry.summary
        ET.SubElement(element, "content", {"type": "html"}).text = entry.markup
    return xml_file(root)


def json_feed(feed: Feed, *, path: str) -> bytes:
    """The feed as JSON Feed. ``path`` is where the file is on the site."""
    value = {
        "version": JSON_FEED_VERSION,
        "title": feed.title,
        "home_page_url": urljoin(feed.site_url, feed.page),
        "feed_url": urljoin(feed.site_url, path),
        "language": feed.language,
        "authors": [{"name": feed.author}],
        "items": [
            {
                "id": _urn(entry.identity),
                "url": urljoin(feed.site_url, entry.page),
                "title": entry.title,
                "summary": entry.summary,
                "content_html": entry.markup,
                "date_published": utc_time(entry.published_at),
                "language": entry.language,
            }
            for entry in feed.entries
        ],
    }
    return json_file(value)


def _urn(identity: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, identity).urn
