"""The page layout: one page of the theme with placeholders, into which other pages are filled; pure.

So the theme is rendered once for each language of the interface, not once for each of a thousand versions.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass

DEPTH = 12  # deeper than any link of a theme itself, so a link that leads up so far leads to the root
PATH = "/".join(["policysite-layout", *map(str, range(1, DEPTH))]) + "/"
SOURCE = "policysite-layout.md"
TITLE = "policysite-layout-title"
DESCRIPTION = "policysite-layout-description"
CONTENT = "<!-- policysite-layout-content, in place of an <h1> -->"
HEAD = "<!-- policysite-layout-head -->"
ROOT = r"\.\./" * (DEPTH - 1) + r"\.\."
MARK = re.compile("|".join([ROOT, *map(re.escape, (PATH, SOURCE, TITLE, DESCRIPTION, CONTENT, HEAD))]))

PAGE_LANGUAGE = re.compile(r'(<html\b[^>]*?\blang=")[^"]*')


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The content of a page, without the theme around it.

    ``content`` and ``head`` are markup, ``title`` and ``description`` are text.
    """

    path: str
    language: str
    title: str
    description: str
    content: str
    head: str


class PageLayout:
    """A page that the theme rendered at ``PATH`` with the other placeholders in it."""

    def __init__(self, rendered: str) -> None:
        self.sha256 = hashlib.sha256(rendered.encode()).hexdigest()
        self._texts = MARK.split(rendered)
        self._marks = MARK.findall(rendered)

    def fill(self, article: Article) -> str:
        """The finished page."""
        values = {
            PATH: article.path,
            SOURCE: "",
            TITLE: html.escape(article.title),
            DESCRIPTION: html.escape(article.description),
            CONTENT: article.content,
            HEAD: article.head,
        }
        root = "/".join([".."] * article.path.count("/")) or "."
        parts = [self._texts[0]]
        for mark, text in zip(self._marks, self._texts[1:], strict=True):
            parts += (values.get(mark, root), text)
        return "".join(parts)


def in_language(page: str, language: str) -> str:
    """The page with the language of its text, in which the theme may have no words."""
    return PAGE_LANGUAGE.sub(lambda found: f"{found[1]}{language}", page, count=1)
