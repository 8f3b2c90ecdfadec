"""Resolves the links of a text: a link to a source file becomes a link to its page; pure.

A rendered text keeps its links as they were written. They are resolved when a page, a feed or an email is
made from it. A link that leads nowhere becomes plain text.
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
from generator.versions.slugs import slug_of

LINKED = re.compile(r"<(?:a|img)\b|data-old-href", re.IGNORECASE)
HTML_SUFFIX = re.compile(r"\.html?$", re.IGNORECASE)

LINKS = {"a[href]": "href", "[data-old-href]": "data-old-href"}
"""The attributes that hold a link. A redline keeps the old target beside the new one."""

MakeLink = Callable[[str], str]
"""Makes a link from a path on the site."""

FindFile = Callable[[str], str | None]
"""Returns the path on the site of a file that is not a document, given its path in the documents folder."""

FindPicture = Callable[[str, str], str | None]
"""Returns the path on the site of a picture, given its path in the repository and its blob."""


class Links:
    """Finds the pages of documents by any path that their sources ever had."""

    def __init__(self, documents: Sequence[SiteDocument]) -> None:
        self._pages: dict[str, str] = {}
        for document in sorted(documents, key=lambda document: document.history.ended_at is not None):
            upcoming = map(slug_of, document.history.upcoming_paths)
            for slug in (document.slug, *document.former_slugs, *upcoming):
                self._pages.setdefault(slug, document.page_path)

    def resolve(
        self,
        markup: str,
        *,
        source: str,
        make_link: MakeLink,
        find_file: FindFile,
        find_picture: FindPicture = lambda _path, _blob: None,
        here: str = "",
    ) -> str:
        """The markup with its links and images as a page needs them.

        ``source`` is the path that the text had; its relative links start there. ``here`` is the page that
        links inside the text lead to; without it they stay as they are. A picture is the one that the version
        had. If the version had none, the image stays as it is written, even if a file has that name today.
        """
        if not LINKED.search(markup):
            return markup
        tree = LexborHTMLParser(f"<body>{markup}")
        for node, attribute in _linked(tree):
            written = node.attributes[attribute] or ""
            link = self._link(written, source=source, make_link=make_link, find_file=find_file, here=here)
            if link is not None:
                if link != written:
                    node.attrs[attribute] = link
            elif attribute == "href":
                del node.attrs["href"]
        for image in tree.css("img"):
            path, blob = read_sign(image.attributes.get(PICTURE) or "")
            picture = find_picture(path, blob) if blob else None
            if picture is not None:
                image.attrs["src"] = make_link(picture)
            if blob:
                del image.attrs[PICTURE]
        body = tree.body
        return (body.inner_html or "") if body else ""

    def _link(
        self, written: str, *, source: str, make_link: MakeLink, find_file: FindFile, here: str
    ) -> str | None:
        try:
            parts = urlsplit(written)
        except ValueError:
            return None
        if here and written.startswith("#"):
            return f"{make_link(here)}{written}"
        if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
            return written
        path = self.find(unquote(parts.path), source=source, find_file=find_file)
        if path is None:
            return None
        return urlunsplit(("", "", make_link(path), parts.query, parts.fragment))

    def find(self, link: str, *, source: str, find_file: FindFile) -> str | None:
        """The path on the site that a relative link leads to; None if it leads nowhere.

        A link may be relative to the source file or, as a browser would see it, to the page.
        """
        for base in (posixpath.dirname(source), slug_of(source)):
            target = posixpath.normpath(posixpath.join(base, link))
            slug = slug_of(HTML_SUFFIX.sub("", "" if target == "." else target))
            path = self._pages.get(slug)
            if path is None:
                path = find_file(target)
            if path is not None:
                return path
        return None


def _linked(tree: LexborHTMLParser) -> Iterator[tuple[LexborNode, str]]:
    for selector, attribute in LINKS.items():
        for node in tree.css(selector):
            yield node, attribute
