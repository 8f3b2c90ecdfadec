"""Estimates how long Python-Markdown takes for what grows faster than the text, in nanoseconds.

The factors are nanoseconds for each character and sign, measured with Python-Markdown 3.11. They are the same
on every machine, so a text is refused everywhere or nowhere.
"""

from __future__ import annotations

import re
from collections import Counter

BUDGET = 2e9
"""Estimated nanoseconds for what grows faster than the text; no text of 3,684 real versions needs a tenth."""
SHORT = 50
"""Characters of a text that is too short to cost anything."""
UNDERLINE = re.compile(r"^[=-]+ *$", re.MULTILINE)
FENCE = re.compile(r"^(?:`{3}|~{3})", re.MULTILINE)
TAG = re.compile(
    # Not elements that are never nested, nor a URL such as <https://a.example>.
    r"<(/?)(?!(?:br|hr|img|input|wbr|col|p|li|dt|dd|td|th|tr|option)\b|[\w.+-]+[:@])[A-Za-z]"
)
INLINE_TAG = re.compile(r"</?[A-Za-z]")
NOTE = re.compile(r"\[\^([^\]\s]+)\](?!:)")
OPENED_TAG = re.compile(r"<[A-Za-z/?](?![^<>]*>)")
OPENED_SECTION = re.compile(r"<!\[(?![^<>]*>)")
QUOTE_SIGNS = re.compile(r"^(?:[ ]{0,3}+>[ ]?+){10,}", re.MULTILINE)
DEEPEST_QUOTE = 300
"""The number of levels at which Python's recursion limit ends the parsing."""


def cost_of_blocks(text: str) -> float:
    """The cost of dividing a text into blocks."""
    cost = len(text) * (
        0.2 * len(FENCE.findall(text))
        + 40.0 * len(OPENED_TAG.findall(text))
        + 400.0 * len(OPENED_SECTION.findall(text))
    )
    if cost > BUDGET:
        return cost
    cost += 100.0 * _deepest_tag(text) ** 2  # of selectolax 1.0, which reads it, and of the redline
    notes = Counter(NOTE.findall(text))
    cost += 120.0 * len(notes) ** 2 + 800.0 * sum(times**2 for times in notes.values())
    for chunk in text.split("\n\n"):
        if len(chunk) > SHORT:
            levels = max((signs.count(">") for signs in QUOTE_SIGNS.findall(chunk)), default=0)
            underlines = len(UNDERLINE.findall(chunk))
            cost += len(chunk) * (60.0 * min(levels, DEEPEST_QUOTE) + 40.0 * max(0, underlines - 1))
    return cost


def cost_of_text(text: str) -> float:
    """The cost of the inline patterns on a text of one block."""
    factor = 0.3 * sum(map(text.count, "*_`\\<&["))
    if "[" in text:
        factor += 200.0 * _unclosed(text, r"[\[\]]", "[")
    if "](" in text:
        factor += 100.0 * _unclosed(text, r"[()]", "(")
    if "<" in text:
        factor += 40.0 * len(OPENED_TAG.findall(text))
    return len(text) * factor + 2.0 * len(INLINE_TAG.findall(text)) ** 2


def _deepest_tag(text: str) -> int:
    """How deeply the raw HTML nests, judged by its tags alone."""
    depth = deepest = 0
    for closing in TAG.findall(text):
        depth = max(0, depth - 1) if closing else depth + 1
        deepest = max(deepest, depth)
    return deepest


def _unclosed(text: str, signs: str, opening: str) -> int:
    depth = 0
    for sign in re.findall(signs, text):
        depth = depth + 1 if sign == opening else max(0, depth - 1)
    return depth
