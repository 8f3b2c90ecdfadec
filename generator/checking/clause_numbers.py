"""Finds clauses that have one number on the site and another on GitHub.

Python-Markdown nests a list that is indented by four spaces. GitHub nests it if it is indented as far as the
first word of the item above, and begins a list with the number that is written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser, LexborNode

from generator.checking.changed_text import ChangedText
from generator.checking.report import Finding
from generator.versions.document import Document

ATTRIBUTES = re.compile(r"\{[:#.][^}]*\}")
LONGEST_TEXT = 1_000_000  # characters; a longer text would take seconds, and no policy is that long
LONGEST_SHOWN = 40
MOST_FINDINGS = 3


def numbering_findings(text: ChangedText) -> Iterator[Finding]:
    """A warning for each of the first clauses whose numbers the change makes different on GitHub."""
    known = _differences(text.old) if text.old else {}
    new = {clause: numbers for clause, numbers in _differences(text.new).items() if clause not in known}
    for clause, (here, there) in list(new.items())[:MOST_FINDINGS]:
        shown = clause if len(clause) <= LONGEST_SHOWN else f"{clause[:LONGEST_SHOWN]}…"
        yield text.warning(
            f"“{shown}” has the number {here} on the site and {there} on GitHub; "
            "indent a list inside a list by four spaces, and begin each list with 1",
            line=_line_of(clause, text),
        )
    if len(new) > MOST_FINDINGS:
        yield text.warning(f"{len(new) - MOST_FINDINGS} more clauses have a different number on GitHub")


def _differences(document: Document) -> Mapping[str, tuple[str, str]]:
    """The number on the site and the number on GitHub of each clause whose words no other clause has."""
    if len(document.body) > LONGEST_TEXT or not re.search(r"^\s*\d+[.)]\s", document.body, re.MULTILINE):
        return {}
    here = _numbers(document.html)
    there = _numbers(MarkdownIt("commonmark").enable("table").render(document.body))
    return {
        clause: (number, there[clause])
        for clause, number in here.items()
        if clause in there and there[clause] != number
    }


def _numbers(markup: str) -> dict[str, str]:
    """The number of every item of a numbered list, such as ``2.1``, by the item's own words."""
    found: list[tuple[str, str]] = []
    body = LexborHTMLParser(f"<body>{markup}").body
    if body is not None:
        _collect(body, "", found)
    often = Counter(words for words, _ in found)
    return {words: number for words, number in found if words and often[words] == 1}


def _collect(node: LexborNode, above: str, found: list[tuple[str, str]]) -> None:
    waiting: list[tuple[LexborNode, str]] = [(node, above)]
    while waiting:
        parent, prefix = waiting.pop()
        number = _start(parent) - 1
        for child in parent.iter():
            below = prefix
            if parent.tag == "ol" and child.tag == "li":
                number += 1
                below = f"{prefix}.{number}" if prefix else str(number)
                found.append((_own_words(child), below))
            waiting.append((child, below))


def _start(node: LexborNode) -> int:
    written = node.attributes.get("start") or "" if node.tag == "ol" else ""
    return int(written) if re.fullmatch(r"-?\d{1,9}", written) else 1


def _own_words(item: LexborNode) -> str:
    """The first paragraph of an item, without the lists inside it."""
    words = []
    for child in item.iter(include_text=True):
        if child.tag in {"ol", "ul"}:
            break
        words.append(child.text(deep=True) or "")
        if child.tag == "p":
            break
    return " ".join(ATTRIBUTES.sub("", "".join(words)).split())


def _line_of(clause: str, text: ChangedText) -> int | None:
    first = clause.split(" ", maxsplit=1)[0]
    start = re.compile(rf"\s*\d+[.)]\s+{re.escape(first)}")
    candidates = [(number, line) for number, line in enumerate(text.lines, 1) if start.match(line)]
    return next(
        (number for number, line in candidates if clause[:20] in line),
        candidates[0][0] if candidates else None,
    )
