"""The ids, names and classes that a text may use: its own anchors, and what extensions and the theme need.

A theme's scripts find their configuration by id (``__config``), scripts of a page find elements by ``name``
as if they were variables, and a class such as ``fixed-top`` can lay a text over the page around it.
"""

from __future__ import annotations

import re

from pygments.token import STANDARD_TYPES

RESERVED_ID = re.compile(
    # Of Material (all begin so), of our own pages and redlines, of MkDocs' built-in themes.
    r"__.*|ps-.*|rl-.*|mkdocs[_-].*|(?:navbar|toc)-collapse|theme-menu|(?:search|keyboard)ModalLabel",
    re.DOTALL,
)
# Classes that Python-Markdown and PyMdown Extensions write, and that Material's reference gives for texts.
CLASSES = frozenset({
    "footnote", "footnote-ref", "footnote-backref", "toc", "toctitle", "headerlink", "admonition",
    "admonition-title", "inline", "end", "note", "abstract", "summary", "tldr", "info", "todo",
    "tip", "hint", "important", "success", "check", "done", "question", "help", "faq", "warning",
    "caution", "attention", "failure", "fail", "missing", "danger", "error", "bug", "example",
    "snippet", "quote", "cite", "tabbed-set", "tabbed-alternate", "tabbed-labels", "tabbed-content",
    "tabbed-block", "ps-tabs", "ps-tab", "ps-tab-label", "ps-icon",
    "task-list", "task-list-item", "task-list-control", "task-list-indicator",
    "highlight", "highlighttable", "codehilite", "linenos", "linenodiv", "code", "filename", "hll",
    "mermaid", "arithmatex", "critic", "keys", "twemoji", "emojione", "gemoji", "emoji",
    "md-button", "md-button--primary", "grid", "cards", "card",
})  # fmt: skip
FAMILIES = re.compile(r"language-[\w+#.-]+|key-[\w-]+")
HIGHLIGHTED = frozenset(STANDARD_TYPES.values()) - {""}
"""Classes that Pygments writes on a ``span``: one to three letters."""
TAG = re.compile(r"<(/?)(\w+)\b([^<>]*)>")
ID = re.compile(r'\sid="([^"]*)"')
NAME = re.compile(r'\sname="([^"]*)"')
GIVEN = re.compile(
    # As raw HTML, and as attr_list has it: {#id}, {: #id .class }.
    r"""<[a-z][^<>]*?\s(?:id|name)\s*=\s*["']?([^"'\s<>]+)|\{:?[^{}\n#]*\#([^\s{}]+)""",
    re.IGNORECASE,
)


def is_reserved(name: str) -> bool:
    """Whether an id belongs to the theme or to the page around the text."""
    return RESERVED_ID.fullmatch(name) is not None


def kept_classes(tag: str, written: str) -> str | None:
    """The classes that are kept, or None if none is."""
    kept = [
        name
        for name in written.split()
        if name in CLASSES or FAMILIES.fullmatch(name) or (tag == "span" and name in HIGHLIGHTED)
    ]
    return " ".join(kept) or None


def with_plain_names(cleaned: str) -> str:
    """Cleaned HTML in which old anchors (``<a name>``) became ids, and forms became divisions.

    In what the cleaner writes, ``<`` and ``>`` are escaped within attributes.
    """
    if ' name="' not in cleaned and "<form" not in cleaned:
        return cleaned
    return TAG.sub(_plain, cleaned)


def reserved_in(body: str) -> list[tuple[int, str]]:
    """The reserved ids that a Markdown text uses, each with its line, from 1."""
    given = ((found.start(), found[1] or found[2]) for found in GIVEN.finditer(body))
    return [(body.count("\n", 0, start) + 1, name) for start, name in given if is_reserved(name)]


def _plain(tag: re.Match[str]) -> str:
    slash, name, attributes = tag.groups()
    if name == "form":
        name = "div"
    named = NAME.search(attributes)
    if named:
        anchor = "" if ID.search(attributes) else f' id="{named[1]}"'
        attributes = NAME.sub("", attributes) + anchor
    return f"<{slash}{name}{attributes}>"
