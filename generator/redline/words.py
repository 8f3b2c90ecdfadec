"""The words of a block, and what became of them between two blocks.

A word is what stands between spaces, less the punctuation around it; in scripts without spaces it is a
character. Words are kept as HTML, so nothing is escaped or unescaped on the way.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from rapidfuzz.distance import Indel, LCSseq

RULE = "\ufffcrule"
"""What stands for a horizontal rule among the words."""

ISLAND = 2
"""Whole words that are not worth keeping between two changes."""

LARGE_ISLAND = 3
"""The same between two changes of twice as many words each."""

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
LABEL = re.compile(r"[(\[]?(?:\d+(?:\.\d+)*[.)\]]*|(?:[A-Za-z]|[ivxlcIVXLC]+)[.)\]]+)")
IS_UNSPACED = re.compile(rf"[{UNSPACED}]")
TAG_NAME = re.compile(r"</?([^\s/>]+)")
ATTRIBUTE = re.compile(r"\s([^\s=\">]+)=\"([^\"]*)\"")
TAG = re.compile(r"<[^>\"]*(?:\"[^\"]*\"[^>\"]*)*>")
IDENTITY = re.compile(r"\s(?:id|name)=\"[^\"]*\"")
WORDS_OF_THEIR_OWN = frozenset({
    "img", "input", "video", "audio", "canvas", "meter", "progress", "embed",
})  # fmt: skip
VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip

Form = tuple[str, ...]
"""The start tags of the inline elements around a word, outermost first."""


class Words:
    """The words of one block with what stands before each and the inline elements around each.

    ``leads``: the white space, line breaks and empty anchors before a word, as HTML. ``code`` has one
    character for each word, equal for equal words. ``label``: how many words the number at the start takes.
    """

    __slots__ = ("code", "forms", "label", "leads", "words")

    def __init__(self, markup: str, vocabulary: dict[str, str]) -> None:
        self.words: list[str] = []
        self.leads: list[str] = []
        self.forms: list[Form] = []
        self._read(markup)
        self.code = "".join(
            [
                vocabulary.get(word) or vocabulary.setdefault(word, chr(len(vocabulary) + 1))
                for word in map(_compared, self.words)
            ]
        )
        self.label = _label_length(self.words[:5], self.leads[:5])

    @classmethod
    def joined(cls, parts: Sequence[Words]) -> Words:
        """The words of several blocks as those of one."""
        words = cls("", {})
        for part in parts:
            words.words += part.words
            words.leads += part.leads
            words.forms += part.forms
        words.code = "".join(part.code for part in parts)
        return words

    def __len__(self) -> int:
        return len(self.words)

    def text(self, start: int, end: int) -> str:
        """Some of the words as plain text; an image is its description in brackets."""
        pieces: list[str] = []
        for at in range(start, end):
            word = self.words[at]
            if any("footnote-backref" in tag for tag in self.forms[at]):
                continue
            pieces.append(" " * (at > start and self.spaced(at)))
            if word == RULE:
                word = "―――"
            image = attributes_of(word).get("alt") or attributes_of(word).get("src", "")
            pieces.append(f"[{image}]" if word.startswith("<") else word)
        return html.unescape("".join(pieces))

    def count(self, start: int, end: int) -> int:
        """How many of the words have a letter or a digit."""
        return sum(any(map(str.isalnum, word)) for word in self.words[start:end])

    def spaced(self, at: int) -> bool:
        """Whether there is a space before a word."""
        lead = self.leads[at]
        return lead == " " or (lead != "" and has_space(lead))

    def _read(self, markup: str) -> None:
        words, leads, forms = self.words, self.leads, self.forms
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
                if name in WORDS_OF_THEIR_OWN:
                    words.append(piece)
                    leads.append(lead)
                    forms.append(form)
                    lead = ""
                elif name in VOID:
                    lead += piece
                else:
                    opened.append((piece, len(words), len(lead)))
                    form = (*form, piece)


def _label_length(words: list[str], leads: list[str]) -> int:
    """How many of the first words are a number such as ``4.2``, ``(a)`` or ``iv.``."""
    length = next((at for at in range(1, len(words)) if leads[at]), 0)
    return length if length and LABEL.fullmatch("".join(words[:length])) else 0


@cache
def has_space(lead: str) -> bool:
    """Whether what stands before a word separates it from the word before."""
    return "<br" in lead or bool(re.search(r"\s|&nbsp;", re.sub("<[^>]*>", "", lead)))


@cache
def tag_name(start: str) -> str:
    """The name in a tag."""
    found = TAG_NAME.match(start)
    return found[1] if found else ""


@cache
def attributes_of(start: str) -> dict[str, str]:
    """The attributes in a start tag, their values as HTML."""
    return dict(ATTRIBUTE.findall(start))


def _compared(word: str) -> str:
    """A word as it is compared: of an image, only its source and its text count."""
    if word.startswith("<img"):
        attributes = attributes_of(word)
        return f"\ufffc{attributes.get('src', '')} {attributes.get('alt', '')}"
    return word


@dataclass(frozen=True, slots=True)
class Stretch:
    """Old words ``old_start:old_end`` became new words ``new_start:new_end``, or stayed (``kept``)."""

    kept: bool
    old_start: int
    old_end: int
    new_start: int
    new_end: int

    @property
    def size(self) -> int:
        """How many words it has on both sides together."""
        return self.old_end - self.old_start + self.new_end - self.new_start


MOST_CELLS = 200_000_000
"""Of a table of common subsequences, one bit each (25 MB)."""


HUGE = 10_000
"""Words of a block that takes too long to be compared with many others word by word."""

PHRASE = 3


def alike(old: str, new: str, at_least: float) -> float:
    """Twice the common words to all words of two codes; 0 if that is less than asked for.

    Of two huge codes the order does not count.
    """
    if 2 * min(len(old), len(new)) < at_least * (len(old) + len(new)):
        return 0.0
    if max(len(old), len(new)) <= HUGE:
        return Indel.normalized_similarity(old, new, score_cutoff=at_least)
    common = sum((Counter(old) & Counter(new)).values())
    share = 2 * common / (len(old) + len(new))
    return share if share >= at_least else 0.0


def contained(code: str, other: str, at_least: float) -> int:
    """How many words of the shorter code the other one has in the same order; 0 if too small a share."""
    code, other = sorted((code, other), key=len)
    shortest = len(code)
    if len(other) <= HUGE:
        common = LCSseq.similarity(code, other, score_cutoff=int(at_least * shortest))
    else:
        common = sum(code[at : at + PHRASE] in other for at in range(0, shortest, PHRASE)) * PHRASE
    return common if common >= at_least * shortest else 0


def common_runs(old: str, new: str) -> list[tuple[int, int, int]]:
    """A common subsequence of two codes as runs: where in old, where in new, how long.

    It is a longest one unless both codes are huge; then it is found between unique phrases.
    """
    start = _common_prefix(old, new)
    end = _common_prefix(old[start:][::-1], new[start:][::-1])
    runs = [(0, 0, start)] if start else []
    middle = old[start : len(old) - end], new[start : len(new) - end]
    runs += [(start + i, start + j, length) for i, j, length in _middle_runs(*middle)]
    if end:
        runs.append((len(old) - end, len(new) - end, end))
    return runs


def _middle_runs(old: str, new: str) -> list[tuple[int, int, int]]:
    if not old or not new:
        return []
    if len(old) * len(new) <= MOST_CELLS:
        return [
            (block.a, block.b, block.size)
            for block in LCSseq.editops(old, new).as_matching_blocks()
            if block.size
        ]
    for size in (12, 6, 3, 1):
        if anchors := _unique_phrases(old, new, size):
            break
    else:
        return []
    runs: list[tuple[int, int, int]] = []
    ends = [(-1, -1), *anchors, (len(old), len(new))]
    for (i, j), (i_next, j_next) in pairwise(ends):
        if i >= 0:
            runs.append((i, j, 1))
        between = common_runs(old[i + 1 : i_next], new[j + 1 : j_next])
        runs += [(i + 1 + a, j + 1 + b, length) for a, b, length in between]
    return runs


def _unique_phrases(old: str, new: str, size: int) -> list[tuple[int, int]]:
    """Where phrases that occur once on each side begin, in an order that both sides share."""
    places = [_once(text, size) for text in (old, new)]
    both = sorted((at, places[1][phrase]) for phrase, at in places[0].items() if phrase in places[1])
    return [both[n] for n in heaviest_chain([(i, j, 1.0) for i, j in both])]


def _once(text: str, size: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for at in range(len(text) - size + 1):
        phrase = text[at : at + size]
        found[phrase] = -1 if phrase in found else at
    return {phrase: at for phrase, at in found.items() if at >= 0}


def _common_prefix(old: str, new: str) -> int:
    """How many characters two texts begin with in common."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def heaviest_chain(pairs: Sequence[tuple[int, int, float]], *, touching: bool = False) -> list[int]:
    """Which of the pairs (old place, new place, weight) to keep so that none cross and most weight stays.

    Answers positions in ``pairs``, in the order of places. Ties fall to the earlier pair. Two pairs may have
    a place in common only if they may be ``touching``.
    """
    order = sorted(range(len(pairs)), key=lambda n: (pairs[n][0], pairs[n][1] if touching else -pairs[n][1]))
    width = 1 + max((pair[1] for pair in pairs), default=0)
    tree: list[tuple[float, int]] = [(0.0, -1)] * (width + 1)  # Fenwick tree: the best weight up to a place
    before: dict[int, int] = {}
    best = (0.0, -1)
    for n in order:
        _, place, weight = pairs[n]
        top = (0.0, -1)
        at = place + touching
        while at > 0:
            if tree[at][0] > top[0]:
                top = tree[at]
            at &= at - 1
        before[n] = top[1]
        mine = (top[0] + weight, n)
        if mine[0] > best[0]:
            best = mine
        at = place + 1
        while at <= width:
            if mine[0] > tree[at][0]:
                tree[at] = mine
            at += at & -at
    chain: list[int] = []
    n = best[1]
    while n >= 0:
        chain.append(n)
        n = before[n]
    return chain[::-1]


def compare_words(old: Words, new: Words) -> list[Stretch]:
    """What became of the words of one block: kept and changed stretches in turn.

    Where the number at the start changed, it is a stretch of its own.
    """
    label, new_label = old.label, new.label
    if not (label and new_label) or old.code[:label] == new.code[:new_label]:
        return _without_islands(_stretches(old, new, 0, 0), new)
    number = Stretch(False, 0, label, 0, new_label)
    return [number, *_without_islands(_stretches(old, new, label, new_label), new)]


def _stretches(old: Words, new: Words, i: int, j: int) -> list[Stretch]:
    runs = [(i + a, j + b, length) for a, b, length in common_runs(old.code[i:], new.code[j:])]
    stretches: list[Stretch] = []
    for i_next, j_next, length in [*runs, (len(old), len(new), 0)]:
        if i < i_next or j < j_next:
            stretches.append(Stretch(False, i, i_next, j, j_next))
        i, j = i_next + length, j_next + length
        if length:
            kept = Stretch(True, i_next, i, j_next, j)
            if stretches and stretches[-1].kept:
                before = stretches.pop()
                kept = Stretch(True, before.old_start, i, before.new_start, j)
            stretches.append(kept)
    return stretches


def _without_islands(stretches: list[Stretch], new: Words) -> list[Stretch]:
    """Stretches in which few kept words between two changes count as changed: they are easier to read."""
    result: list[Stretch] = []
    for stretch in stretches:
        result.append(stretch)
        while len(result) >= 3 and not result[-1].kept:
            left, kept, right = result[-3:]
            if not _is_island(left, kept, right, new):
                break
            whole = Stretch(False, left.old_start, right.old_end, left.new_start, right.new_end)
            result[-3:] = [whole]
    return result


def _is_island(left: Stretch, kept: Stretch, right: Stretch, new: Words) -> bool:
    """Whether a kept stretch has few whole words; parts of words at its ends count for none."""
    words = sum(new.spaced(at) for at in range(kept.new_start, min(kept.new_end + 1, len(new)))) - 1
    words += (
        sum(IS_UNSPACED.match(word) is not None for word in new.words[kept.new_start : kept.new_end]) // 2
    )
    if words <= ISLAND:
        return True
    return words <= LARGE_ISLAND and 2 * words <= min(left.size, right.size)
