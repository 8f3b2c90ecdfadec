"""Links of a text as the site serves them: sources become addresses, and what leads nowhere is no link; pure.

A text keeps its links as they were written; they are resolved when a page, a feed or a mail is made of it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import unquote, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from generator.redline.pictures import read_sign
from generator.rendered.words import PICTURE
from generator.site.urls import SiteDocument
from generator.versions.history import slug_of

LINKED = re.compile(r"<(?:a|img)\b|data-old-href", re.IGNORECASE)
HTML_SUFFIX = re.compile(r"\.html?$", re.IGNORECASE)

LINKS = {"a[href]": "href", "[data-old-href]": "data-old-href"}
"""Where a link can stand; a redline keeps the old target beside the new one."""

Locate = Callable[[str], str]
"""Makes a link of an address relative to the site's root."""

FileAddress = Callable[[str], str | None]
"""The address of a file that is no document, by its path below the documents folder."""

PictureAddress = Callable[[str, str], str | None]
"""The address of a picture, by its path in the repository and its blob."""


class Links:
    """Where the documents of a site are, by any path they ever had."""

    def __init__(self, documents: Sequence[SiteDocument]) -> None:
        self._addresses: dict[str, str] = {}
        for document in sorted(documents, key=lambda document: document.history.ended_at is not None):
            upcoming = map(slug_of, document.history.upcoming_paths)
            for slug in (document.slug, *document.former_slugs, *upcoming):
                self._addresses.setdefault(slug, document.page_path)

    def resolve(
        self,
        markup: str,
        *,
        source: str,
        locate: Locate,
        file_address: FileAddress,
        picture_address: PictureAddress = lambda _path, _blob: None,
        here: str = "",
    ) -> str:
        """The fragment with its links and images as a page needs them.

        ``source`` is the path that the text had; a relative link in it counts from there. ``here`` is the
        address for links inside the text; without it they stay as they are. A picture is the one that the
        version had: one that it lacked stays as it is written, whatever has that name today.
        """
        if not LINKED.search(markup):
            return markup
        tree = LexborHTMLParser(f"<body>{markup}")
        for node, attribute in _linked(tree):
            written = node.attributes[attribute] or ""
            link = self._link(written, source=source, locate=locate, file_address=file_address, here=here)
            if link is not None:
                if link != written:
                    node.attrs[attribute] = link
            elif attribute == "href":
                del node.attrs["href"]
        for image in tree.css("img"):
            path, blob = read_sign(image.attributes.get(PICTURE) or "")
            address = picture_address(path, blob) if blob else None
            if address is not None:
                image.attrs["src"] = locate(address)
            if blob:
                del image.attrs[PICTURE]
        body = tree.body
        return (body.inner_html or "") if body else ""

    def _link(
        self, written: str, *, source: str, locate: Locate, file_address: FileAddress, here: str
    ) -> str | None:
        try:
            parts = urlsplit(written)
        except ValueError:
            return None
        if here and written.startswith("#"):
            return f"{locate(here)}{written}"
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
            return written
        address = self.address(unquote(parts.path), source=source, file_address=file_address)
        if address is None:
            return None
        return urlunsplit(("", "", locate(address), parts.query, parts.fragment))

    def address(self, path: str, *, source: str, file_address: FileAddress) -> str | None:
        """What a relative link means: a path beside the source, or else an address beside its page."""
        for base in (posixpath.dirname(source), slug_of(source)):
            target = posixpath.normpath(posixpath.join(base, path))
            slug = slug_of(HTML_SUFFIX.sub("", "" if target == "." else target))
            address = self._addresses.get(slug)
            if address is None:
                address = file_address(target)
            if address is not None:
                return address
        return None


def _linked(tree: LexborHTMLParser) -> Iterator[tuple[LexborNode, str]]:
    for selector, attribute in LINKS.items():
        for node in tree.css(selector):
            yield node, attribute
