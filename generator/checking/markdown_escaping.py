"""Escapes texts for a Markdown report, so that nothing in them becomes markup."""

from __future__ import annotations

import re

SIGNS = re.compile(r"[\\`*_{}\[\]()#+!|~=$&<>@:]|(?<=www)\.|^[-.]|(?<=^\d)[.)]", re.IGNORECASE)
"""Characters that Markdown or GitHub could read as markup."""

NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
SPLIT = {"@": "&#64;<!-- -->", ":": "&#58;<!-- -->"}
"""GitHub also makes mentions and links in rendered text, so a comment splits them."""

UNSEEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def as_words(text: str) -> str:
    """The text on one line, so that it can write no heading, link, picture, table or mention."""
    line = " ".join(UNSEEN.sub(" ", text).split())
    return SIGNS.sub(_reference, line)


def as_code(text: str) -> str:
    """The text as code, escaped in the same way."""
    return f"<code>{as_words(text)}</code>"


def with_code(text: str) -> str:
    """A message of the check. Text between two backticks becomes code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a single backtick is only a character
        parts[-2:] = ["`".join(parts[-2:])]
    return "".join(as_code(part) if number % 2 else _in_a_sentence(part) for number, part in enumerate(parts))


def _in_a_sentence(part: str) -> str:
    """Escape the text between two pieces of code, and keep the spaces around it."""
    blanks = re.fullmatch(r"(\s*)(.*?)(\s*)", part, re.DOTALL)
    assert blanks is not None
    before, words, after = blanks.groups()
    return f"{' ' if before else ''}{as_words(words)}{' ' if after else ''}"


def _reference(sign: re.Match[str]) -> str:
    found = sign[0]
    return NAMED.get(found) or SPLIT.get(found) or f"&#{ord(found)};"
