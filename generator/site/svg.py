"""Cleans SVG pictures, because a picture that is opened by itself is a page on the site's domain.

Only elements and attributes on a list are allowed. A picture with anything else is written again from
the tree of the standard library's parser, so that no two programs can read it differently. Animation is
removed too: ``set`` can turn a link into a script.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
XML = "http://www.w3.org/XML/1998/namespace"

# https://www.w3.org/TR/SVG2/eltindex.html, without links, scripts, other vocabularies, media and animation
ELEMENTS = frozenset({
    "circle", "clipPath", "defs", "desc", "ellipse", "feBlend", "feColorMatrix", "feComponentTransfer",
    "feComposite", "feConvolveMatrix", "feDiffuseLighting", "feDisplacementMap", "feDistantLight",
    "feDropShadow", "feFlood", "feFuncA", "feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feImage",
    "feMerge", "feMergeNode", "feMorphology", "feOffset", "fePointLight", "feSpecularLighting",
    "feSpotLight", "feTile", "feTurbulence", "filter", "g", "image", "line", "linearGradient", "marker",
    "mask", "path", "pattern", "polygon", "polyline", "radialGradient", "rect", "stop", "style", "svg",
    "switch", "symbol", "text", "textPath", "title", "tspan", "use", "view",
})  # fmt: skip
GROUPS = {"text": "tspan", "tspan": "tspan", "textPath": "tspan"}
"""The element that replaces a link, by the element around it; in all others it is a ``g``."""
WITHIN = re.compile(r"\s*#[^\s\"'()\\]*\s*")
RASTER = re.compile(r"\s*data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*", re.IGNORECASE)
FOREIGN_URL = re.compile(
    r"url\(\s*(?![\"']?(?:#|data:(?:font/|application/(?:x-)?font|image/(?:png|jpeg|gif|webp))[a-z0-9.+-]*;base64,))"
    r"(?:\"[^\"]*\"|'[^']*'|[^)\"']*)\s*\)",
    re.IGNORECASE,
)
STILL_LOADS = re.compile(r"\\|@import|image-set|image\(|src\(|javascript:|expression\(", re.IGNORECASE)
"""Other ways in which CSS can load something, and the sign with which they can be spelled differently."""
MOST_BYTES = 5_000_000
DEEPEST = 200


class UncleanableSvgError(ValueError):
    """The file is not an SVG picture that can be read safely; the message says why."""


def clean_svg(raw: bytes) -> bytes:
    """The picture without scripts, handlers, links, foreign markup and references to other places.

    A picture that has none of these stays as it is, byte for byte. Raises UncleanableSvgError if the file
    is not well-formed SVG in UTF-8, or if it declares entities.
    """
    text = _decoded(raw)
    root = _parsed(text)
    waiting = [(root, 1)]
    while waiting:
        element, depth = waiting.pop()
        if depth > DEEPEST:
            raise UncleanableSvgError("is nested too deeply")
        _clean(element)
        waiting.extend((child, depth + 1) for child in element)
    for prefix, namespace in (("", SVG), ("xlink", XLINK)):
        ET.register_namespace(prefix, namespace)  # of the process: others may take the prefix
    written = ET.tostring(root, encoding="unicode")
    if ET.canonicalize(written) == ET.canonicalize(text):
        return raw
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}'.encode()


def _decoded(raw: bytes) -> str:
    if len(raw) > MOST_BYTES:
        raise UncleanableSvgError(f"is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UncleanableSvgError("is not UTF-8") from None


def _parsed(text: str) -> ET.Element:
    if "<!ENTITY" in text:
        raise UncleanableSvgError("declares entities")
    try:
        root = ET.fromstring(text)  # noqa: S314 - without entities nothing expands, and nothing is loaded
    except (ET.ParseError, ValueError) as error:
        raise UncleanableSvgError(f"is not well-formed ({error})") from None
    if root.tag != f"{{{SVG}}}svg":
        raise UncleanableSvgError("is not an SVG picture")
    return root


def _clean(element: ET.Element) -> None:
    """Remove attributes and children that can act. The children of children are not checked."""
    for name, value in list(element.items()):
        if not _is_harmless(name, value, tag=_local(element)):
            del element.attrib[name]
        elif "url(" in value.lower():
            element.set(name, FOREIGN_URL.sub("url(#)", value))
    if _local(element) == "style":
        styles = FOREIGN_URL.sub("url(#)", element.text or "")
        element.text = "" if STILL_LOADS.search(styles) else styles
    before: ET.Element | None = None
    for child in list(element):
        if _local(child) == "a":
            child.tag = f"{{{SVG}}}{GROUPS.get(_local(element), 'g')}"
        if _local(child) in ELEMENTS:
            before = child
            continue
        element.remove(child)
        if child.tail and before is not None:
            before.tail = (before.tail or "") + child.tail
        elif child.tail:
            element.text = (element.text or "") + child.tail


def _is_harmless(name: str, value: str, *, tag: str) -> bool:
    if name in {"href", f"{{{XLINK}}}href"}:
        raster = tag in {"image", "feImage"} and RASTER.fullmatch(value)
        return bool(raster or (tag != "image" and WITHIN.fullmatch(value)))
    if name.startswith("{"):
        return name in {f"{{{XML}}}space", f"{{{XML}}}lang"}
    return not name.lower().startswith("on") and not STILL_LOADS.search(value)


def _local(element: ET.Element) -> str:
    """The name of an SVG element; empty for an element of another vocabulary."""
    vocabulary, _, name = element.tag.rpartition("}")
    return name if vocabulary == f"{{{SVG}" else ""
