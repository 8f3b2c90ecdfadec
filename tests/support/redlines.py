"""Redlines of Markdown texts, and three sentences that have nothing in common."""

from __future__ import annotations

from generator.language import load_language
from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.redline import Redline, RenderedVersion, compare

RENDERER = Renderer(DEFAULT_EXTENSIONS, {})
ENGLISH, RUSSIAN = load_language("en"), load_language("ru")
LONG = "We collect your name, your address and what you buy from us, and keep it for five years in all."
OTHER = "Our staff is trained every spring in how to look after the data of customers and of visitors."
THIRD = "Requests are answered within thirty days by the team that is named at the end of this text."


def redline(old: str, new: str) -> Redline:
    """The redline of two Markdown texts."""
    return compare(RenderedVersion(RENDERER.render(old)), RenderedVersion(RENDERER.render(new)))
