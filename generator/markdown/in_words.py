"""Writes controls and drawings as characters and words: ticked boxes, icons, the labels of tabs.

The cleaner removes controls, and a redline compares words. So anything that an extension shows with a control
or a picture of its own becomes text first; otherwise readers would agree to something that they never saw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from selectolax.lexbor import LexborHTMLParser, LexborNode

CONTROLLED = re.compile(
    r"<(?:input|select|textarea|button|meter|progress)\b"
    r"|tabbed-set|progress-bar|task-list-indicator|critic comment",
    re.IGNORECASE,
)
BOXES = {("checkbox", True): "☑", ("checkbox", False): "☐", ("radio", True): "◉", ("radio", False): "○"}
UNSHOWN_INPUTS = frozenset(("hidden", "image", "file", "password"))
GAUGES = ("meter", "progress")
WIDTH = re.compile(r"width:\s*([0-9.]+%)")
TABS = "ps-tabs"
TAB = "ps-tab"
TAB_LABEL = "ps-tab-label"
ICON_SETS = re.compile(r"^(?:material|octicons|simple|fontawesome-(?:solid|regular|brands))-|-(?:16|24)$")


def in_words(markup: str) -> str:
    """The HTML with its controls written as characters and words; unchanged if it has none."""
    if not CONTROLLED.search(markup):
        return markup
    tree = LexborHTMLParser(f"<!doctype html><body>{markup}")
    if tree.body is None:
        return markup
    for tabs in reversed(tree.css("div.tabbed-set")):  # inner ones first
        _divide(tabs)
    for indicator in tree.css("span.task-list-indicator"):
        indicator.decompose()
    for comment in tree.css("span.critic.comment"):
        comment.insert_before(" ")
    for bar in tree.css("div.progress-bar"):
        width = WIDTH.search(bar.attributes.get("style") or "")
        if width and not bar.text(deep=True).strip():
            bar.insert_child(width[1])
    for control in tree.css("input, select, textarea, button, meter, progress"):
        _say(control)
    return tree.body.inner_html or ""


def icon_in_words(
    _index: str,
    shortname: str,
    _alias: str | None,
    characters: str | None,
    _alt: str,
    _title: str | None,
    _category: str | None,
    _options: Mapping[str, object],
    _markdown: object,
) -> Element | str:
    """An emoji as its characters, an icon as its name in brackets. Called by pymdownx.emoji."""
    if characters:
        return "".join(chr(int(code, 16)) for code in characters.split("-"))
    element = Element("span", {"class": "ps-icon"})
    element.text = f"[{ICON_SETS.sub('', shortname.strip(':')).replace('-', ' ')}]"
    return element


def _divide(tabs: LexborNode) -> None:
    """Replace a set of tabs by all its texts, one below the other, each after its label."""
    children = list(tabs.iter())
    named = [child for child in children if "tabbed-labels" in _classes(child)]
    contents = [child for child in children if "tabbed-content" in _classes(child)]
    labels = [one for holder in (tabs, *named) for one in holder.iter() if one.tag == "label"]
    blocks = [one for holder in contents for one in holder.iter() if "tabbed-block" in _classes(one)]
    blocks = blocks or contents
    parts = [
        f'<div class="{TAB}"><p class="{TAB_LABEL}"><strong>{label.inner_html}</strong></p>'
        f"{block.inner_html}</div>"
        for label, block in zip(labels, blocks, strict=False)
    ]
    if labels and len(labels) == len(blocks):
        tabs.attrs["class"] = TABS
        tabs.inner_html = "".join(parts)


def _say(control: LexborNode) -> None:
    tag, attributes = control.tag, control.attributes
    if tag == "input":
        kind = (attributes.get("type") or "text").lower()
        box = BOXES.get((kind, "checked" in attributes))
        value = "" if kind in UNSHOWN_INPUTS else attributes.get("value") or ""
        control.replace_with(box or (f"[{value}]" if value else ""))
    elif tag == "select":
        options = control.css("option")
        chosen = [option for option in options if "selected" in option.attributes] or options[:1]
        signs = [
            f"{'◉' if any(option.mem_id == one.mem_id for one in chosen) else '○'} {option.text().strip()}"
            for option in options
        ]
        control.replace_with(" ".join(signs))
    elif tag in GAUGES:
        level, most = attributes.get("value") or "", attributes.get("max")
        control.replace_with(control.text().strip() or (f"{level} / {most}" if level and most else level))
    else:
        control.insert_before(" ")
        control.insert_after(" ")


def _classes(node: LexborNode) -> list[str]:
    return (node.attributes.get("class") or "").split()
