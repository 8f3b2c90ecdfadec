"""Whole redlines of small texts, kept as they should read. ``RENEW_GOLDEN=1 pytest`` writes them again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.policy_repository import plain_renderer

from generator.language import load_language
from generator.redline import RenderedVersion, compare, excerpt_text, html, list_changes

FOLDER = Path(__file__).parents[1] / "golden" / "redline"
ENGLISH = load_language("en")


def readable(name: str) -> str:
    """The list of changes, the text of the message and the marked text."""
    old, new = (
        RenderedVersion(plain_renderer().render((FOLDER / f"{name}.{side}.md").read_text(encoding="utf8")))
        for side in ("old", "new")
    )
    compared = compare(old, new)
    listed = [f"{change.kind}: {change.text} ({change.where})" for change in list_changes(compared, ENGLISH)]
    return "\n".join([*listed, "", excerpt_text(compared, ENGLISH), "", html(compared, ENGLISH)])


@pytest.mark.parametrize("name", sorted(file.name[:-7] for file in FOLDER.glob("*.old.md")))
def test_a_redline_reads_as_it_did(name: str) -> None:
    expected = FOLDER / f"{name}.redline.txt"
    if os.environ.get("RENEW_GOLDEN"):
        expected.write_text(readable(name), encoding="utf8")
    assert readable(name) == expected.read_text(encoding="utf8")
