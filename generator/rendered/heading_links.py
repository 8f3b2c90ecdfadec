"""Links in headings that lead to the heading itself. They belong to the page, not to the policy."""

from __future__ import annotations

from selectolax.lexbor import LexborNode

from generator.rendered.attributes import classes_of, written_attribute
from generator.rendered.elements import HEADINGS, PUBLISHED_BLOCKS

PERMALINK = "headerlink"
"""The class that Python-Markdown gives to the sign beside a heading."""

HEADING_LINK = "toclink"
"""The class of a heading's link to itself (Python-Markdown's ``anchorlink_class``)."""


def is_permalink(node: LexborNode) -> bool:
    """Whether a link is only a sign beside a heading that leads to it, with any class and any sign."""
    heading, target = _heading_around(node), written_attribute(node, "href") or ""
    if heading is None or not target.startswith("#"):
        return False
    if PERMALINK in classes_of(node):
        return True
    has_words = any(map(str.isalnum, node.text())) or node.css_first("img") is not None
    return target == f"#{written_attribute(heading, 'id')}" and not has_words


def leads_to_its_heading(node: LexborNode) -> bool:
    """Whether a link is in a heading and leads there. Its target then follows from the heading's words."""
    heading = _heading_around(node)
    return heading is not None and written_attribute(node, "href") == f"#{written_attribute(heading, 'id')}"


def _heading_around(node: LexborNode) -> LexborNode | None:
    """The heading that holds the link, or None if the link is not directly in one."""
    above = node.parent if node.tag == "a" else None
    while above is not None and above.tag not in HEADINGS:
        above = None if above.tag in PUBLISHED_BLOCKS else above.parent
    return above
