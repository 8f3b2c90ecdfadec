"""Attributes of parsed elements, as browsers read them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborNode

from generator.rendered.elements import COUNTED_LIST_TYPES, COUNTED_NUMBERS

LEADING_NUMBER = re.compile(r"[ \t\n\f\r]*([-+]?[0-9]{1,9})")


def written_attribute(node: LexborNode, name: str) -> str | None:
    """The attribute's value, empty if only its name is written, or None if it is absent."""
    attributes = node.attributes
    return (attributes[name] or "") if name in attributes else None


def classes_of(node: LexborNode) -> frozenset[str]:
    """The classes of the element."""
    return frozenset((written_attribute(node, "class") or "").split())


def counted_attributes(tag: str, attributes: Mapping[str, str | None]) -> dict[str, str]:
    """The attributes of an element that a reader sees, where they differ from their default.

    A number is written as browsers read it, so ``start=" 3"`` equals ``start="3"``. The value of
    ``reversed`` is empty.
    """
    counted = {
        name: str(number)
        for name, default in COUNTED_NUMBERS.get(tag, {}).items()
        if (number := leading_number(attributes.get(name))) not in {None, default}
    }
    if tag == "ol":
        if (kind := attributes.get("type")) in COUNTED_LIST_TYPES:
            counted["type"] = str(kind)
        if "reversed" in attributes:
            counted["reversed"] = ""
    return counted


def leading_number(written: str | None) -> int | None:
    """The number with which an attribute's value begins, or None if it begins with none."""
    found = LEADING_NUMBER.match(written or "")
    return int(found[1]) if found else None
