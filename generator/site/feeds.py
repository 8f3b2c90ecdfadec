"""Feeds of what was published, of the site and of each document: Atom (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from generator.site.shorten import shorten_to_one_line

ATOM = "http://www.w3.org/2005/Atom"
JSON_FEED_VERSION = "https://jsonfeed.org/version/1.1"
NEWEST = 50
"""How many entries a feed holds; the history has all of them."""


LONGEST_TITLE = 120
"""Characters of an entry's title, at most; readers show them in one line."""


def feed_title(document: str, what: str) -> str:
    """The title of an entry: the document, and what changed as far as one line holds it."""
    return shorten_to_one_line(f"{document}: {what}", LONGEST_TITLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A publication. ``identity`` never changes, wherever its page moves; ``markup`` has absolute links."""

    identity: str
    title: str
    page: str
    published_at: datetime
    summary: str
    markup: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What is told of one document, or of the site, whose page is ``page``; the newest entry comes first."""

    title: str
    author: str
    identity: str
    page: str
    site_url: str
    language: str
    entries: Sequence[Entry]


def atom(feed: Feed, *, path: str) -> bytes:
    """The feed as Atom, at ``path``."""
    root = ET.Element("feed", {"xmlns": ATOM})
    ET.SubElement(root, "id").text = _urn(feed.identity)
    ET.SubElement(root, "title").text = feed.title
    ET.SubElement(root, "updated").text = _time(feed.entries[0].published_at)
    ET.SubElement(ET.SubElement(root, "author"), "name").text = feed.author
    ET.SubElement(root, "link", {"rel": "self", "href": urljoin(feed.site_url, path)})
    ET.SubElement(root, "link", {"rel": "alternate", "href": urljoin(feed.site_url, feed.page)})
    for entry in feed.entries:
        element = ET.SubElement(root, "entry", {"xml:lang": entry.language})
        ET.SubElement(element, "id").text = _urn(entry.identity)
        ET.SubElement(element, "title").text = entry.title
        ET.SubElement(element, "link", {"rel": "alternate", "href": urljoin(feed.site_url, entry.page)})
        ET.SubElement(element, "published").text = _time(entry.published_at)
        ET.SubElement(element, "updated").text = _time(entry.published_at)
        ET.SubElement(element, "summary").text = entry.summary
        ET.SubElement(element, "content", {"type": "html"}).text = entry.markup
    return xml_file(root)


def json_feed(feed: Feed, *, path: str) -> bytes:
    """The feed as JSON, at ``path``."""
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
                "date_published": _time(entry.published_at),
                "language": entry.language,
            }
            for entry in feed.entries
        ],
    }
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def xml_file(root: ET.Element) -> bytes:
    """The element as a file that people can read, too."""
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _urn(identity: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, identity).urn


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
