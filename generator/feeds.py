"""Atom feeds (RFC 4287) of what was published: one for the site, one for each document."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

ATOM = "http://www.w3.org/2005/Atom"
NEWEST = 50
"""How many entries a feed holds; the history has all of them."""


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


def atom_feed(
    entries: Sequence[Entry],
    *,
    title: str,
    author: str,
    identity: str,
    address: str,
    page: str,
    site_url: str,
) -> bytes:
    """The entries, newest first, as a feed at ``address``; ``page`` is what it is the feed of."""
    newest = sorted(entries, key=lambda entry: (entry.published_at, entry.identity), reverse=True)
    feed = ET.Element("feed", {"xmlns": ATOM})
    ET.SubElement(feed, "id").text = _urn(identity)
    ET.SubElement(feed, "title").text = title
    ET.SubElement(feed, "updated").text = _time(newest[0].published_at)
    ET.SubElement(ET.SubElement(feed, "author"), "name").text = author
    ET.SubElement(feed, "link", {"rel": "self", "href": urljoin(site_url, address)})
    ET.SubElement(feed, "link", {"rel": "alternate", "href": urljoin(site_url, page)})
    for entry in newest:
        element = ET.SubElement(feed, "entry", {"xml:lang": entry.language})
        ET.SubElement(element, "id").text = _urn(entry.identity)
        ET.SubElement(element, "title").text = entry.title
        ET.SubElement(element, "link", {"rel": "alternate", "href": urljoin(site_url, entry.page)})
        ET.SubElement(element, "published").text = _time(entry.published_at)
        ET.SubElement(element, "updated").text = _time(entry.published_at)
        ET.SubElement(element, "summary").text = entry.summary
        ET.SubElement(element, "content", {"type": "html"}).text = entry.markup
    return xml_file(feed)


def xml_file(root: ET.Element) -> bytes:
    """The element as a file that people can read, too."""
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()


def _urn(identity: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, identity).urn


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
