"""Redlines: what changed between two versions of a policy, for people."""

from __future__ import annotations

from functools import cache

import markdown

from generator.redline.align import read_units
from generator.redline.blocks import read_blocks
from generator.redline.html import write_html
from generator.redline.weave import weave


def redline_html(old: str, new: str) -> str:
    """The redline of two rendered texts, as an HTML fragment."""
    vocabulary: dict[str, str] = {}
    sides = (read_units(read_blocks(side), vocabulary) for side in (old, new))
    return write_html(weave(next(sides), next(sides), vocabulary))


def redline_markdown(old: str, new: str) -> str:
    """The redline of two Markdown texts without front matter, as an HTML fragment."""
    renderer = _renderer()
    return redline_html(renderer.reset().convert(old), renderer.reset().convert(new))


@cache
def _renderer() -> markdown.Markdown:
    return markdown.Markdown(extensions=["toc", "tables", "fenced_code"])
