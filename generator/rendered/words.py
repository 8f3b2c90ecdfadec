"""The words of a block: as text, as codes that can be compared, and where they may be divided."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise

from generator.rendered.number_labels import LONGEST, label_length
from generator.rendered.plain_signs import in_plain_text
from generator.rendered.splitting import (
    CUT_WORD,
    IS_UNSPACED_SIGN,
    SplitWords,
    split_into_words,
    words_without_formatting,
)
from generator.rendered.tags import Form, attributes_of

RULE = "\ufffcrule"
"""The word that a horizontal rule is among other words."""

SHOWN_RULE = "―――"
"""How a horizontal rule is shown inside running text, after the blocks around it were merged."""

PICTURE = "data-picture"
"""An attribute that names the content of an image; ``generator.redline.pictures`` sets it."""

FIRST_CODE = 2  # character 0 separates table cells, and character 1 stands for any number


class Vocabulary(dict[str, str]):
    """The words of both texts of a comparison, each with the character that stands for it.

    ``cuts``: the words in which formatting begins or ends in one of the texts, and after how many characters.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cuts: dict[str, set[int]] = {}

    def add_cuts(self, markup: str) -> None:
        """Note the words in which formatting begins or ends, as in ``word<a>s</a>``."""
        if not CUT_WORD.search(markup):
            return
        split = split_into_words(markup)
        for whole in words_without_formatting(split):
            ends = [0]
            for at in whole:
                ends.append(ends[-1] + len(split.words[at]))
            if len(whole) > 1:
                word = "".join(split.words[at] for at in whole)
                self.cuts.setdefault(word, set()).update(ends[1:-1])


class Words:
    """The words of one block, what precedes each, and the inline elements around each.

    ``leads`` holds the white space, line breaks and empty anchors before each word, as HTML. ``code`` has one
    character for each word; equal words have equal characters. ``label`` counts the words that are the number
    at the start of the block, such as "4.2".
    """

    __slots__ = ("code", "forms", "label", "leads", "words")

    def __init__(self, markup: str, vocabulary: Vocabulary, *, is_heading: bool = False) -> None:
        split = split_into_words(markup)
        if vocabulary.cuts:
            split = _cut(split, vocabulary.cuts)
        self.words, self.leads, self.forms = split
        self.code = "".join(
            [
                vocabulary.get(word) or vocabulary.setdefault(word, chr(len(vocabulary) + FIRST_CODE))
                for word in map(_compared, self.words, self.forms)
            ]
        )
        self.label = label_length(
            self.words,
            [self.spaced(at) for at in range(min(LONGEST + 1, len(self.words)))],
            is_heading=is_heading,
        )

    @classmethod
    def joined(cls, parts: Sequence[Words]) -> Words:
        """The words of several blocks as those of one block without a number."""
        words = cls("", Vocabulary())
        words.words = tuple(word for part in parts for word in part.words)
        words.leads = tuple(lead for part in parts for lead in part.leads)
        words.forms = tuple(form for part in parts for form in part.forms)
        words.code = "".join(part.code for part in parts)
        return words

    def __len__(self) -> int:
        return len(self.words)

    def text(self, which: range | None = None) -> str:
        """The words, or some of them, as plain text; an image is its description in brackets."""
        which = range(len(self.words)) if which is None else which
        shown: list[tuple[str, Form, bool]] = []
        for at in which:
            word, form = self.words[at], self.forms[at]
            if form and any("footnote-backref" in tag for tag in form):
                continue
            if word == RULE:
                word = SHOWN_RULE
            if word.startswith("<"):
                attributes = attributes_of(word)
                word = f"[{attributes.get('alt') or attributes.get('src', '')}]"
            text = html.unescape(word)
            meaning = _meaning(form)
            if meaning and (at + 1 == which.stop or _meaning(self.forms[at + 1]) != meaning):
                text += f" ({html.unescape(meaning)})"
            shown.append((text, form, at > which.start and self.spaced(at)))
        return in_plain_text(shown)

    def count(self, which: range | None = None) -> int:
        """How many of the words have a letter or a digit."""
        words = self.words if which is None else self.words[which.start : which.stop]
        return sum(any(map(str.isalnum, word)) for word in words)

    def spaced(self, at: int) -> bool:
        """Whether there is a space before a word."""
        lead = self.leads[at]
        return lead == " " or (lead != "" and has_space(lead))

    def can_be_cut(self, at: int) -> bool:
        """Whether a block may be divided before a word: at a space, or in a script without spaces."""
        return self.spaced(at) or any(
            IS_UNSPACED_SIGN.match(word) for word in self.words[max(0, at - 1) : at + 1]
        )


def _cut(split: SplitWords, cuts: Mapping[str, set[int]]) -> SplitWords:
    """The words, divided where formatting begins or ends in them in either text."""
    words: list[str] = []
    leads: list[str] = []
    forms: list[Form] = []
    for whole in words_without_formatting(split):
        ends = cuts.get("".join(split.words[at] for at in whole), set())
        from_start = 0
        for at in whole:
            word, length = split.words[at], len(split.words[at])
            positions = [0, *sorted(position - from_start for position in ends), length]
            positions = [position for position in positions if 0 <= position <= length]
            pieces = [word[a:b] for a, b in pairwise(positions) if a < b] or [word]
            words += pieces
            leads += [split.leads[at], *[""] * (len(pieces) - 1)]
            forms += [split.forms[at]] * len(pieces)
            from_start += length
    return SplitWords(tuple(words), tuple(leads), tuple(forms))


@cache
def has_space(lead: str) -> bool:
    """Whether what precedes a word separates it from the word before."""
    return "<br" in lead or bool(re.search(r"\s|&nbsp;", re.sub("<[^>]*>", "", lead)))


def _meaning(form: Form) -> str:
    """The ``title`` of the abbreviation around a word, as HTML."""
    meanings = [attributes_of(start).get("title", "") for start in form if start.startswith("<abbr")]
    return " ".join(meanings[-1].split()) if meanings else ""


def _compared(word: str, form: Form) -> str:
    """A word as it is compared.

    Of an image, its source, its description and its content count; of an abbreviation, also its meaning.
    """
    if word.startswith("<img"):
        attributes = attributes_of(word)
        picture = attributes.get(PICTURE, "").partition(" ")[0]
        return f"\ufffc{attributes.get('src', '')} {attributes.get('alt', '')} {picture}"
    meaning = _meaning(form) if form else ""
    return f"{word}\ufffc{meaning}" if meaning else word
