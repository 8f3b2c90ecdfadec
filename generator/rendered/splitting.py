"""Cuts the inline HTML of a block into words.

A word is the text between two spaces, without the punctuation around it. In scripts without spaces, each
character is a word. Words are kept as HTML, so nothing is escaped or unescaped on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from generator.rendered.elements import IMAGE, UNCLEANED_WORDS
from generator.rendered.tags import Form, script_of, tag_name

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
JOINED = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u105e-\u1060"
    "\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u17b4-\u17d3\u17dd\u3099\u309a"
)
"""Vowel signs and tone marks that combine with the character before (Unicode: marks in ``UNSPACED``)."""

DASHES = "—–…|"
MARKS = re.escape(DASHES + ".,;:!?()[]{}\"'“”‘’«»‹›„‚*、。「」『』・，．：；？！（）【】¿¡،؛؟۔।॥")
INNER = re.escape(".,;:!?()[]{}\"'“”‘’«»‹›„‚*¿¡،؛؟۔।॥")
LETTER = rf"(?:[^\s<&{MARKS}{UNSPACED}]|&(?:amp|lt|gt);)"
PIECE = re.compile(
    rf"(?P<word>{LETTER}+(?:[{INNER}]+{LETTER}+)*)"
    r"|(?P<space>(?:\s|&nbsp;)+)"
    r"|(?P<tag><!--.*?-->|<[^>\"]*(?:\"[^\"]*\"[^>\"]*)*>)"
    rf"|(?P<sign>[{UNSPACED}][{JOINED}]*|[{MARKS}]{{4,}}|.)",
    re.DOTALL,
)
WORD = re.compile(rf"{LETTER}+(?:[{INNER}]+{LETTER}+)*")
CUT_WORD = re.compile(rf"{LETTER}(?:</?[a-z][^>]*>)+{LETTER}")
IS_UNSPACED = re.compile(rf"[{UNSPACED}]")
IS_UNSPACED_SIGN = re.compile(rf"[{UNSPACED}\u3000-\u303f\uff00-\uffef]")  # with punctuation of full width
TAG = re.compile(r"<[^>\"]*(?:\"[^\"]*\"[^>\"]*)*>")
IDENTITY = re.compile(r"\s(?:id|name)=\"[^\"]*\"")
NEVER_CLOSED = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip

SHORT = 2000
"""Characters of a block whose words are remembered; most blocks of a version are in the one before, too."""


class SplitWords(NamedTuple):
    """The words of a block, what precedes each, and the inline elements around each.

    ``leads`` holds the white space, line breaks and empty anchors before each word, as HTML.
    """

    words: tuple[str, ...]
    leads: tuple[str, ...]
    forms: tuple[Form, ...]


def split_into_words(markup: str) -> SplitWords:
    """The words in the inline HTML of one block."""
    return _split(markup) if len(markup) > SHORT else _split_once(markup)


def words_without_formatting(split: SplitWords) -> Iterator[range]:
    """The positions of each word as it would be if no formatting began or ended inside it.

    ``word<em>s</em>`` is two words in ``split``, and one here. Raised and lowered text is a word of its own,
    because 30¹ is not 301.
    """
    words, leads, forms = split
    start = 0
    for at in range(1, len(words) + 1):
        joins = at < len(words) and not leads[at]
        raised = joins and (script_of(forms[at]) or script_of(forms[at - 1]))
        if joins and not raised and WORD.fullmatch(words[at]) and WORD.fullmatch(words[at - 1]):
            continue
        yield range(start, at)
        start = at


def _split(markup: str) -> SplitWords:
    words: list[str] = []
    leads: list[str] = []
    forms: list[Form] = []
    opened: list[tuple[str, int, int]] = []  # start tag, words and length of the lead when it came
    form: Form = ()
    lead = ""
    for found in PIECE.finditer(markup):
        kind, piece = found.lastgroup, found[0]
        if kind == "space":
            lead += piece
        elif kind != "tag":
            words.append(piece)
            leads.append(lead)
            forms.append(form)
            lead = ""
        elif piece.startswith("<!"):
            continue
        elif piece.startswith("</"):
            if opened:
                start, words_before, lead_before = opened.pop()
                if words_before == len(words) and IDENTITY.search(start):
                    lead = f"{lead[:lead_before]}{start}{lead[lead_before:]}{piece}"
                form = form[:-1]
        else:
            name = tag_name(piece)
            if name == IMAGE or name in UNCLEANED_WORDS:
                words.append(piece)
                leads.append(lead)
                forms.append(form)
                lead = ""
            elif name in NEVER_CLOSED:
                lead += piece
            else:
                opened.append((piece, len(words), len(lead)))
                form = (*form, piece)
    return SplitWords(tuple(words), tuple(leads), tuple(forms))


_split_once = lru_cache(maxsize=4096)(_split)
