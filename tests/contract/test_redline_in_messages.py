"""The excerpts that the generator writes for messages: the sender can cut both forms at the same words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.policy_repository import plain_renderer

from generator.language import load_language
from generator.redline import Redline, RenderedVersion, compare, excerpt_html, excerpt_text
from subscribers.messages.excerpt import excerpt
from subscribers.messages.links import LinkTargets

TARGETS = LinkTargets.of("https://policies.example/")
GOLDEN = Path(__file__).parents[1] / "golden" / "redline"
NAMES = sorted(file.name[:-7] for file in GOLDEN.glob("*.old.md"))
CODE = "    first\n\n    second\n\n"
CASES = {
    name: [(GOLDEN / f"{name}.{side}.md").read_text(encoding="utf8") for side in ("old", "new")]
    for name in NAMES
} | {
    "code": [f"One.\n\n{CODE}Two.", f"One.\n\n{CODE.replace('second', 'third')}Two."],
    "rule": ["One.\n\n---\n\nTwo.", "One.\n\nTwo.\n\n---\n\nThree."],
    "image": ["One.\n\nTwo.", "One.\n\n![](a.png)\n\nTwo."],
    "loose list": ["* One.\n\n    More.\n\n* Two.", "* One.\n\n    Less.\n\n* Two.\n\n* Three."],
    "raw markup": [
        "<details><summary>One</summary>Two</details>\n\nThree",
        "<details><summary>One</summary>Four</details>\n\nThree",
    ],
}


def compared(name: str) -> Redline:
    old, new = (RenderedVersion(plain_renderer().render(text)) for text in CASES[name])
    return compare(old, new)


@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_redline_is_cut_at_the_same_words_as_html_and_as_text(name: str, language: str) -> None:
    words = load_language(language)
    redline = compared(name)
    html, text = excerpt_html(redline, words).markup, excerpt_text(redline, words)
    whole = excerpt(html, text, limit_bytes=10**6, targets=TARGETS)
    assert whole.is_whole
    assert whole.text == text.strip()
    packed = re.sub(r"(?<=>)\n+(?=<|$)", "", whole.html)
    cut = excerpt(html, text, limit_bytes=len(packed.encode()) - 1, targets=TARGETS)
    assert not cut.is_whole
    assert cut.text == whole.text.rpartition("\n\n")[0]
    shown = re.sub(r"\s+", "", cut.html)
    assert re.sub(r"\s+", "", whole.html).startswith(shown)
    assert bool(shown) == bool(cut.text)
