"""Makes HTML safe to show: what acts is removed, what a reader sees stays."""

from __future__ import annotations

import re

import nh3

from generator.markdown.identifiers import is_reserved, kept_classes, with_plain_names
from generator.rendered.attributes import leading_number
from generator.rendered.characters import clean
from generator.rendered.elements import NEVER_SHOWN, PUBLISHED_BLOCKS
from generator.rendered.urls import IMAGE_SCHEMES, LINK_SCHEMES, image_source, link_target

NOSCRIPT = re.compile(r"</?noscript\b[^>]*>", re.IGNORECASE)
WEB_URL = re.compile(r"""((?:href|src)=["'])(?=https?:)""", re.IGNORECASE)
STAND_IN = "\U0010fffd"
STAND_IN_BEFORE_URL = re.compile(f"{STAND_IN}(?=https?:)", re.IGNORECASE)
LARGEST_SPAN = 1000  # https://html.spec.whatwg.org/#dom-tdth-colspan


def clean_html(html: str) -> str:
    """The HTML without anything that acts, such as scripts, event handlers and forms.

    Two things are hidden from nh3. It would drop a web URL that is not well formed, such as
    ``https://{{ host }}/``; with a character before it, the URL passes as a relative one. And it would show
    the tags inside a ``noscript`` as text.
    """
    prepared = WEB_URL.sub(rf"\1{STAND_IN}", NOSCRIPT.sub("", html))
    return with_plain_names(clean(STAND_IN_BEFORE_URL.sub("", CLEANER.clean(prepared))))


def _kept_attribute(tag: str, name: str, value: str) -> str | None:
    """The value that an attribute keeps, or None if the attribute is removed."""
    if name in {"id", "name"}:
        return None if is_reserved(clean(value)) else value
    if name == "class":
        return kept_classes(tag, value)
    if name in {"colspan", "rowspan"}:
        number = leading_number(value)
        return None if number is None else str(min(max(number, 0), LARGEST_SPAN))
    if name == "href":
        return None if link_target(value) is None else value
    if name == "src":
        return None if image_source(value) is None else value
    return value


CLEANER = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS | PUBLISHED_BLOCKS - {"body"},
    clean_content_tags=set(NEVER_SHOWN),
    attributes={
        "*": {"class", "dir", "id", "lang", "title"},
        "a": {"href", "name"},
        "abbr": {"title"},
        "col": {"span"},
        "colgroup": {"span"},
        "details": {"open"},
        "img": {"alt", "height", "src", "width"},
        "li": {"value"},
        "ol": {"reversed", "start", "type"},
        "td": {"align", "colspan", "rowspan", "style"},
        "th": {"align", "colspan", "rowspan", "scope", "style"},
    },
    attribute_filter=_kept_attribute,
    filter_style_properties={"text-align"},
    link_rel=None,
    url_schemes=set(LINK_SCHEMES | IMAGE_SCHEMES),
)
"""Allows every element that a reader sees and the attributes that count or style it."""
