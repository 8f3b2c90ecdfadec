"""Links of a text as the site serves them: sources become addresses, and what leads nowhere is no link; pure.

A text keeps its links as they were written; they are resolved when a page, a feed or a mail is made of it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser

from generator.addresses import Place
from generator.history import slug_of

LINKED = re.compile(r"<(?:a|img)\b", re.IGNORECASE)
HTML_SUFFIX = re.compile(r"\.html?$", re.IGNORECASE)

Locate = Callable[[str], str]
"""Makes a link of an address relative to the site's root."""


class Links:
    """Where the sources of a site are: documents by any path they ever had, and the other files."""

    def __init__(self, places: Sequence[Place], files: Iterable[str]) -> None:
        self._addresses: dict[str, str] = {}
        for place in sorted(places, key=lambda place: place.document.ended_at is not None):
            for slug in (place.slug, *place.former_slugs):
                self._addresses.setdefault(slug, place.address)
        self._files: Mapping[str, str] = {path: quote(path) for path in files}

    def resolve(self, markup: str, *, source: str, locate: Locate) -> str:
        """The fragment with its links and images as a page needs them.

        ``source`` is the path that the text had; a relative link in it counts from there.
        """
        if not LINKED.search(markup):
            return markup
        tree = LexborHTMLParser(f"<body>{markup}")
        for node in tree.css("a[href], img[src]"):
            attribute = "href" if node.tag == "a" else "src"
            written = node.attributes[attribute] or ""
            link = self._link(written, source=source, locate=locate)
            if link is not None:
                if link != written:
                    node.attrs[attribute] = link
            elif attribute == "href":
                del node.attrs["href"]
        body = tree.body
        return (body.inner_html or "") if body else ""

    def _link(self, written: str, *, source: str, locate: Locate) -> str | None:
        try:
            parts = urlsplit(written)
        except ValueError:
            return None
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
            return written
        address = self._address(unquote(parts.path), source=source)
        if address is None:
            return None
        return urlunsplit(("", "", locate(address), parts.query, parts.fragment))

    def _address(self, path: str, *, source: str) -> str | None:
        """What a relative link means: a path beside the source, or else an address beside its page."""
        for base in (posixpath.dirname(source), slug_of(source)):
            target = posixpath.normpath(posixpath.join(base, path))
            if target in self._files:
                return self._files[target]
            slug = slug_of(HTML_SUFFIX.sub("", "" if target == "." else target))
            if slug in self._addresses:
                return self._addresses[slug]
        return None
