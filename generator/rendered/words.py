"""The words of a block, and what became of them between two blocks.

A word is what stands between spaces, less the punctuation around it; in scripts without spaces it is a
character. Words are kept as HTML, so nothing is escaped or unescaped on the way.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import pairwise

from generator.rendered.elements import IMAGE, UNCLEANED_WORDS
from generator.rendered.number_labels import LONGEST, label_length
from generator.rendered.plain_signs import in_plain_text, script_of
from generator.rendered.tags import Form, attributes_of, tag_name

RULE = "\ufffcrule"
"""What stands for a horizontal rule among the words."""

SHOWN_RULE = "―――"
"""What people see of a rule that stands in running text now, because what it divided became one."""

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
JOINED = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059\u105e-\u1060"
    "\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u17b4-\u17d3\u17dd\u3099\u309a"
)
"""Vowel signs and tone marks that stand on the character before (Unicode: marks within ``UNSPACED``)."""

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
VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip

PICTURE = "data-picture"
"""An attribute that names the content of an image, set by ``generator.redline.pictures``."""

FIRST_SIGN = 2  # those before it stand between cells, and for numbers
SHORT = 2000  # characters of a block that is remembered


class Vocabulary(dict[str, str]):
    """The words of a whole comparison, each with the character that stands for it.

    ``cuts``: words that have formatting in them on one side, and where it begins or ends.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cuts: dict[str, set[int]] = {}

    def add_cuts(self, markup: str) -> None:
        """Note the words in which formatting begins or ends, as in ``word[s](a.md)``."""
        if not CUT_WORD.search(markup):
            return
        words, leads, forms = _read(markup)
        for start, end in _glued(words, leads, forms):
            places = [0]
            for word in words[start:end]:
                places.append(places[-1] + len(word))
            if end - start > 1:
                self.cuts.setdefault("".join(words[start:end]), set()).update(places[1:-1])


class Words:
    """The words of one block with what stands before each and the inline elements around each.

    ``leads``: the white space, line breaks and empty anchors before a word, as HTML. ``code`` has one
    character for each word, equal for equal words. ``label``: how many words the number at the start takes.
    """

    __slots__ = ("code", "forms", "label", "leads", "words")

    def __init__(self, markup: str, vocabulary: Vocabulary, *, is_heading: bool = False) -> None:
        read = _read if len(markup) > SHORT else _read_once
        self.words, self.leads, self.forms = read(markup)
        if vocabulary.cuts:
            self._cut(vocabulary.cuts)
        self.code = "".join(
            [
                vocabulary.get(word) or vocabulary.setdefault(word, chr(len(vocabulary) + FIRST_SIGN))
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
        """The words of several blocks as those of one."""
        words = cls("", Vocabulary())
        words.words = tuple(word for part in parts for word in part.words)
        words.leads = tuple(lead for part in parts for lead in part.leads)
        words.forms = tuple(form for part in parts for form in part.forms)
        words.code = "".join(part.code for part in parts)
        return words

    def __len__(self) -> int:
        return len(self.words)

    def _cut(self, cuts: Mapping[str, set[int]]) -> None:
        """Cut the words where formatting begins or ends in them on either side."""
        words: list[str] = []
        leads: list[str] = []
        forms: list[Form] = []
        for start, end in _glued(self.words, self.leads, self.forms):
            whole = "".join(self.words[start:end])
            ends = cuts.get(whole, set())
            from_start = 0
            for at in range(start, end):
                word, length = self.words[at], len(self.words[at])
                places = [0, *sorted(place - from_start for place in ends), length]
                places = [place for place in places if 0 <= place <= length]
                pieces = [word[a:b] for a, b in pairwise(places) if a < b] or [word]
                words += pieces
                leads += [self.leads[at], *[""] * (len(pieces) - 1)]
                forms += [self.forms[at]] * len(pieces)
                from_start += length
        self.words, self.leads, self.forms = tuple(words), tuple(leads), tuple(forms)

    def text(self, start: int, end: int) -> str:
        """Some of the words as plain text; an image is its description in brackets."""
        shown: list[tuple[str, Form, bool]] = []
        for at in range(start, end):
            word, form = self.words[at], self.forms[at]
            if form and any("footnote-backref" in tag for tag in form):
                continue
            if word == RULE:
                word = SHOWN_RULE
            if word.startswith("<"):
                attributes = attributes_of(word)
                word = f"[{attributes.get('alt') or attributes.get('src', '')}]"
            said = html.unescape(word)
            meaning = _meaning(form)
            if meaning and (at + 1 == end or _meaning(self.forms[at + 1]) != meaning):
                said += f" ({html.unescape(meaning)})"
            shown.append((said, form, at > start and self.spaced(at)))
        return in_plain_text(shown)

    def count(self, start: int, end: int) -> int:
        """How many of the words have a letter or a digit."""
        return sum(any(map(str.isalnum, word)) for word in self.words[start:end])

    def spaced(self, at: int) -> bool:
        """Whether there is a space before a word."""
        lead = self.leads[at]
        return lead == " " or (lead != "" and has_space(lead))

    def can_be_cut(self, at: int) -> bool:
        """Whether a block may have been cut before a word: at a space, or in a script that has none."""
        return self.spaced(at) or any(
            IS_UNSPACED_SIGN.match(word) for word in self.words[max(0, at - 1) : at + 1]
        )


def _read(markup: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Form, ...]]:
    """The words, leads and forms of a block."""
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
            elif name in VOID:
                lead += piece
            else:
                opened.append((piece, len(words), len(lead)))
                form = (*form, piece)
    return tuple(words), tuple(leads), tuple(forms)


def _glued(words: Sequence[str], leads: Sequence[str], forms: Sequence[Form]) -> Iterator[tuple[int, int]]:
    """Words of a text that are one but for the formatting in them: where each begins and ends.

    What is raised or lowered is a word of its own: 30¹ is not 301.
    """
    start = 0
    for at in range(1, len(words) + 1):
        joins = at < len(words) and not leads[at] and forms[at] != forms[at - 1]
        raised = joins and (script_of(forms[at]) or script_of(forms[at - 1]))
        if joins and not raised and WORD.fullmatch(words[at]) and WORD.fullmatch(words[at - 1]):
            continue
        yield start, at
        start = at


# Most blocks of a version are those of the one before.
_read_once = lru_cache(maxsize=4096)(_read)


@cache
def has_space(lead: str) -> bool:
    """Whether what stands before a word separates it from the word before."""
    return "<br" in lead or bool(re.search(r"\s|&nbsp;", re.sub("<[^>]*>", "", lead)))


def _meaning(form: Form) -> str:
    """What an abbreviation around a word is said to mean, as HTML."""
    meanings = [attributes_of(start).get("title", "") for start in form if start.startswith("<abbr")]
    return " ".join(meanings[-1].split()) if meanings else ""


def _compared(word: str, form: Form) -> str:
    """A word as it is compared: of an image, only its source, its text and the picture itself count.

    In an abbreviation its meaning counts too.
    """
    if word.startswith("<img"):
        attributes = attributes_of(word)
        picture = attributes.get(PICTURE, "").partition(" ")[0]
        return f"\ufffc{attributes.get('src', '')} {attributes.get('alt', '')} {picture}"
    meaning = _meaning(form) if form else ""
    return f"{word}\ufffc{meaning}" if meaning else word
