"""Words of other people inside a Markdown report: they stay words, whatever they are made of."""

from __future__ import annotations

import re

SIGNS = re.compile(r"[\\`*_{}\[\]()#+!|~=$&<>@:]|(?<=www)\.|^[-.]|(?<=^\d)[.)]", re.IGNORECASE)
"""What Markdown or GitHub could take for more than itself."""

NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
SPLIT = {"@": "&#64;<!-- -->", ":": "&#58;<!-- -->"}
"""GitHub makes mentions and links of finished text too, so a comment divides it."""

UNSEEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def as_words(text: str) -> str:
    """The text on one line, so that it can write no heading, link, picture, table or mention."""
    line = " ".join(UNSEEN.sub(" ", text).split())
    return SIGNS.sub(_reference, line)


def as_code(text: str) -> str:
    """The same in the letters of code."""
    return f"<code>{as_words(text)}</code>"


def with_code(text: str) -> str:
    """A sentence of ours, in which what stands between two backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one that has no other is only a sign
        parts[-2:] = ["`".join(parts[-2:])]
    return "".join(as_code(part) if number % 2 else _in_a_sentence(part) for number, part in enumerate(parts))


def _in_a_sentence(part: str) -> str:
    """Keeps the blanks around what is code."""
    blanks = re.fullmatch(r"(\s*)(.*?)(\s*)", part, re.DOTALL)
    assert blanks is not None
    before, words, after = blanks.groups()
    return f"{' ' if before else ''}{as_words(words)}{' ' if after else ''}"


def _reference(sign: re.Match[str]) -> str:
    found = sign[0]
    return NAMED.get(found) or SPLIT.get(found) or f"&#{ord(found)};"
