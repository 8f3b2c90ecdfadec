"""The headings of a rendered text: links to clauses, the table of contents, and the title; pure."""

from __future__ import annotations

import html
import re
from itertools import islice
from typing import Any

from generator.language import Language

LEADING_HEADING = re.compile(r"\s*<h1\b[^>]*>.*?</h1>", re.DOTALL)
TITLE_START = re.compile(r"<h1(?=[\s>])")
CLAUSE = re.compile(r'<(h[2-6])\b([^>]*?\bid="([^"]+)"[^>]*)>(.*?)</\1>', re.DOTALL)
HEADING = re.compile(r'<h([1-6])\b[^>]*?\bid="([^"]+)"[^>]*>(.*?)</h\1>', re.DOTALL)
WHOLE_HEADING = re.compile(r"<h([1-6])(?=[\s>])(.*?)</h\1>", re.DOTALL)
CLAUSE_LINK = re.compile(r'<a class="(?:ps-clause|headerlink)".*?</a>', re.DOTALL)
TAG = re.compile(r"<[^>]*>")


def with_clause_links(text: str, *, language: Language) -> str:
    """The text with a link to itself at each heading that has an id."""

    def linked(heading: re.Match[str]) -> str:
        tag, attributes, anchor, words = heading.groups()
        if "headerlink" in words:
            return heading[0]
        label = html.escape(language("clause_link", clause=html.unescape(TAG.sub("", words)).strip()))
        link = (
            f'<a class="ps-clause" href="#{anchor}" aria-label="{label}" title="{label}"'
            " data-search-exclude>§</a>"
        )
        return f"<{tag}{attributes}>{words}{link}</{tag}>"

    return CLAUSE.sub(linked, text)


def table_of_contents(content: str) -> list[dict[str, Any]]:
    """The headings with ids, nested in the shape that Python-Markdown's toc extension returns."""
    root: list[dict[str, Any]] = []
    above: list[dict[str, Any]] = []
    for found in HEADING.finditer(content):
        level, anchor, words = int(found[1]), found[2], CLAUSE_LINK.sub("", found[3])
        entry: dict[str, Any] = {
            "level": level,
            "id": anchor,
            "name": TAG.sub("", words).strip(),
            "children": [],
        }
        while above and above[-1]["level"] >= level:
            above.pop()
        (above[-1]["children"] if above else root).append(entry)
        above.append(entry)
    return root


def with_one_title(markup: str, *, after: bool) -> str:
    """The markup with at most one ``h1``, or with none if it comes ``after`` a title.

    Any other ``h1`` becomes an ``h2`` whose ``data-level`` makes it look as before. It has no quotes because
    the markup may itself be inside an attribute.
    """
    kept = 0 if after else 1
    first = 0
    for found in islice(TITLE_START.finditer(markup), kept):
        end = markup.find("</h1>", found.end())
        first = end + len("</h1>") if end >= 0 else len(markup)
    rest = TITLE_START.sub("<h2 data-level=1", markup[first:]).replace("</h1>", "</h2>")
    return markup[:first] + rest


def with_levels_in_order(markup: str, *, below_title: bool) -> str:
    """The text with no heading more than one level below the heading above it.

    If it is ``below_title``, none is on the title's level; otherwise the first heading is the title. Where
    that changes a level, ``data-level`` has the level that the heading looks like.
    """
    above = [0] if below_title else []

    def placed(heading: re.Match[str]) -> str:
        level = int(heading[1])
        while above and above[-1] >= level:
            above.pop()
        above.append(level)
        own = min(len(above), 6)
        return heading[0] if own == level else f'<h{own} data-level="{level}"{heading[2]}</h{own}>'

    return WHOLE_HEADING.sub(placed, markup)


def split_heading(text: str, *, title: str) -> tuple[str, str]:
    """The first heading of a text, and the rest. A text without a heading gets its title as one."""
    if found := LEADING_HEADING.match(text):
        return found[0], text[found.end() :]
    return ("" if "<h1" in text else f"<h1>{html.escape(title, quote=False)}</h1>"), text
