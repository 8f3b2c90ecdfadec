"""Finds links that a change breaks: to missing files, and to clauses that no longer have their id."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

from generator.checking.report import Finding
from generator.site.links import Links
from generator.site.urls import SiteDocument

OF_THE_PAGE = ("", "top")
"""Fragments that exist on every page (https://html.spec.whatwg.org/#scroll-to-the-fragment-identifier)."""

OF_THE_THEME = "__"


@dataclass(frozen=True, kw_only=True)
class LinkedPage:
    """A document with its links and ids. ``text`` is the content of its file."""

    document: SiteDocument
    path: str
    html: str
    text: str

    @cached_property
    def tree(self) -> LexborHTMLParser:
        """The rendered text."""
        return LexborHTMLParser(f"<body>{self.html}")

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids that a link can lead to."""
        tree = self.tree
        named = [node.attributes.get("id") for node in tree.css("[id]")]
        named += [node.attributes.get("name") for node in tree.css("a[name]")]
        return frozenset(filter(None, named))

    @cached_property
    def links(self) -> tuple[tuple[str, bool], ...]:
        """Each target once, as written, and whether it is the source of a picture."""
        links = [(node.attributes.get("href") or "", False) for node in self.tree.css("a[href]")]
        links += [(node.attributes.get("src") or "", True) for node in self.tree.css("img[src]")]
        return tuple(dict.fromkeys(links))


class BrokenLink(NamedTuple):
    """A link that leads nowhere: the id of its document, the target as written, and the reason."""

    document: str
    written: str
    reason: str


def broken_links(pages: Collection[LinkedPage], links: Links, *, files: Collection[str]) -> list[BrokenLink]:
    """The links that lead nowhere. ``files`` are the other files' paths below the documents folder."""
    by_path = {page.document.page_path: page for page in pages}
    found = []
    for page in pages:
        for written, is_picture in page.links:
            reason = _why_broken(written, page, by_path, links, files=files, is_picture=is_picture)
            if reason:
                found.append(BrokenLink(page.document.history.id, written, reason))
    return found


def link_findings(
    before: Collection[BrokenLink], after: Collection[BrokenLink], pages: Collection[LinkedPage]
) -> Iterator[Finding]:
    """A warning, with its line, for each link that the change has broken."""
    known = {(broken.document, broken.written) for broken in before}
    by_id = {page.document.history.id: page for page in pages}
    for broken in after:
        if (broken.document, broken.written) in known:
            continue
        page = by_id[broken.document]
        yield Finding(path=page.path, line=_line_of(broken.written, page), text=broken.reason, error=False)


def _why_broken(
    written: str,
    page: LinkedPage,
    by_path: Mapping[str, LinkedPage],
    links: Links,
    *,
    files: Collection[str],
    is_picture: bool,
) -> str:
    try:
        parts = urlsplit(written)
    except ValueError:
        return f"the link `{written}` is not a valid URL; correct it"
    if parts.scheme or parts.netloc or parts.path.startswith("/"):
        return ""
    target: LinkedPage | None = page
    if parts.path:
        path = unquote(parts.path)
        found = links.find(
            path, source=page.document.history.path, find_file=lambda file: file if file in files else None
        )
        if found is None:
            what = f"picture `{written}`" if is_picture else f"link `{written}` leads to a file that"
            return f"the {what} does not exist{_suggested(path, page, by_path, files)}"
        target = by_path.get(found)
    fragment = unquote(parts.fragment)
    if target is None or fragment in OF_THE_PAGE or fragment.startswith(OF_THE_THEME):
        return ""
    if fragment in target.ids or parts.fragment in target.ids:
        return ""
    close = difflib.get_close_matches(fragment, sorted(target.ids), n=1)
    remedy = (
        f"; did you mean `#{close[0]}`?" if close else "; give the clause its id back, or correct the link"
    )
    return f"the link `{written}` leads to no clause: {target.path} has no id `{fragment}`{remedy}"


def _suggested(path: str, page: LinkedPage, by_path: Mapping[str, LinkedPage], files: Collection[str]) -> str:
    known = [other.document.history.path for other in by_path.values() if other is not page]
    close = difflib.get_close_matches(path, [*known, *files], n=1, cutoff=0.7)
    return f"; did you mean `{close[0]}`?" if close else "; correct it, or add the file"


def _line_of(written: str, page: LinkedPage) -> int | None:
    spellings = "|".join(map(re.escape, (written, unquote(written))))
    target = re.compile(rf"[(<\"' :=](?:{spellings})(?=[)>\"'\s]|$)")
    lines = enumerate(page.text.splitlines(), 1)
    return next((number for number, line in lines if target.search(line)), None)
