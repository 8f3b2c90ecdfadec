"""Gives a fragment ids that differ from those of the page that includes it; its links change to match."""

from __future__ import annotations

import re
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser

NO_PART_OF_AN_ID = re.compile(r"[^\w-]+")


def with_own_ids(text: str, *, slug: str, home: str) -> str:
    """The text with each id behind ``policy-SLUG-``.

    ``home`` is the absolute URL of the document's page; links inside the text lead there.
    """
    prefix = "-".join(filter(None, ["policy", NO_PART_OF_AN_ID.sub("-", slug).strip("-")])) + "-"
    tree = LexborHTMLParser(f"<body>{text}")
    given = set()
    for node in tree.css("[id]"):
        name = node.attributes["id"] or ""
        given.add(name)
        node.attrs["id"] = prefix + name
    for node in tree.css("a[href]"):
        page, hash_sign, name = (node.attributes["href"] or "").partition("#")
        if hash_sign and page == home and unquote(name) in given:
            node.attrs["href"] = f"#{prefix}{name}"
    body = tree.body
    return (body.inner_html or "") if body else ""
