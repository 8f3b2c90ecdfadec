"""Finds letters of another alphabet that only look right, and invisible characters.

A person who reads the change cannot notice them. Only new lines are checked. A word is reported if all of
its letters could be from one alphabet, so "cооkies" with Cyrillic letters is reported, but "IT-отдел",
"β-testing" and "VIPов" are not.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import cache

from generator.checking.changed_text import ChangedText
from generator.checking.report import Finding

LOOK_ALIKES = {
    ("CYRILLIC", "LATIN"): ("АВЕЅІЈКМНОРСТХҮаеѕіјорсухүһԁԛԝӏ", "ABESIJKMHOPCTXYaesijopcyxyhdqwl"),
    ("GREEK", "LATIN"): ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανικρυχ", "ABEZHIKMNOPTYXoavikpux"),
    ("GREEK", "CYRILLIC"): ("ΑΒΕΗΙΚΜΟΡΤΧΓΠΦοανκρπγε", "АВЕНІКМОРТХГПФоанкрпге"),
}
"""Letters that look the same in most fonts (https://www.unicode.org/Public/security/latest/confusables.txt)."""

DRAWN_ALIKE: dict[tuple[str, str], frozenset[str]] = {}
for (_first, _second), (_letters, _twins) in LOOK_ALIKES.items():
    DRAWN_ALIKE[_first, _second] = DRAWN_ALIKE.get((_first, _second), frozenset()) | frozenset(_letters)
    DRAWN_ALIKE[_second, _first] = DRAWN_ALIKE.get((_second, _first), frozenset()) | frozenset(_twins)

ALPHABETS = {"LATIN": "Latin", "CYRILLIC": "Cyrillic", "GREEK": "Greek"}
WORD = re.compile(r"[^\W\d_]+")
ALONE = re.compile(r"(?<![^\s«„“\"(])[^\W\d_]+(?=[\s,;]|$)")
STYLED = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff]+")
EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
CODE_OR_LINK = re.compile(r"`[^`]*`|\]\([^)]*\)|<[^<>]*>|https?://\S+|\{[#.:][^}]*\}")
UNSEEN = re.compile(
    "[\u00ad\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\u061c\u3164\ufeff\uffa0"
    "\U000e0000-\U000e007f]"
)
SOFT_HYPHEN = "\u00ad"  # marks where a long word may be broken, so it is there on purpose
ORDERING = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
JOINERS = "\u200c\u200d"
SPACE_OF_ZERO_WIDTH = "\u200b"
WITHOUT_SPACES = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Thai, Lao, Tibetan, Burmese, Khmer, Japanese and Chinese, where a zero-width space lets a line break."""

LONGEST_SHOWN = 40


def letter_findings(text: ChangedText) -> Iterator[Finding]:
    """A warning for each word of a new line that mixes alphabets, and for each invisible character."""
    whole = "\n".join(text.lines)
    right_to_left = any(
        unicodedata.bidirectional(sign) in {"R", "AL"} for sign in set(whole) if sign.isalpha()
    )
    east_asian = bool(EAST_ASIAN.search(whole))
    for number, line in text.new_lines:
        read = html.unescape(line.removeprefix("\ufeff") if number == 1 else line)
        for word in sorted(_unseen_in(read, right_to_left=right_to_left)):
            yield text.warning(f"{word}; remove it", line=number)
        plain = UNSEEN.sub("", CODE_OR_LINK.sub(" ", read))
        for word in dict.fromkeys(WORD.findall(plain)):
            if strange := _strange_letters(word):
                yield text.warning(
                    f"“{_shown(word)}” mixes two alphabets: {strange}; type the word again", line=number
                )
        for word in _of_another_alphabet(plain):
            yield text.warning(
                f"“{word}” looks {ALPHABETS[_other_alphabet(word)]}, like the words around it, but its "
                "letters "
                f"are {ALPHABETS[_alphabet(word[0])]}; type it again",
                line=number,
            )
        if not east_asian:
            for word in dict.fromkeys(STYLED.findall(plain)):
                yield text.warning(
                    f"“{_shown(word)}” is written in decorative letters, which search and screen readers "
                    "do not "
                    f"understand; type “{unicodedata.normalize('NFKC', _shown(word))}”",
                    line=number,
                )


def _unseen_in(line: str, *, right_to_left: bool) -> set[str]:
    found = set()
    for match in UNSEEN.finditer(line):
        sign, before, after = match[0], line[: match.start()][-1:], line[match.end() :][:1]
        if sign == SOFT_HYPHEN or (right_to_left and ORDERING.match(sign)):
            continue
        if sign in JOINERS and not _may_be_joined(before + after):
            continue
        if sign == SPACE_OF_ZERO_WIDTH and WITHOUT_SPACES.search(before + after):
            continue
        if ord(sign) >= 0xE0000 and before and unicodedata.category(before) in {"So", "Cf"}:
            continue  # flags are written with these
        name = unicodedata.name(sign, "a character without a name").lower()
        around = _word_around(line, match.start())
        where = f" in “{_shown(around)}”" if around else ""
        found.add(f"there is an invisible character (U+{ord(sign):04X}, {name}){where}")
    return found


def _may_be_joined(neighbours: str) -> bool:
    """Whether a joiner between these signs does nothing, since their alphabets do not join letters."""
    return all(sign.isspace() or sign.isdigit() or _alphabet(sign) for sign in neighbours)


def _word_around(line: str, position: int) -> str:
    before = re.search(r"\S*$", line[:position])
    after = re.match(r"\S*", line[position:])
    return UNSEEN.sub("", f"{before[0] if before else ''}{after[0] if after else ''}")


def _strange_letters(word: str) -> str:
    """The letters of the word's rarer alphabet, if each of them has a twin in the other alphabet."""
    alphabets = [_alphabet(letter) for letter in word]
    used = {alphabet for alphabet in alphabets if alphabet}
    if len(used) != 2 or ("GREEK" in used and len(word) < 3):
        return ""  # units and formulas such as "kΩ" and "Δx" are not words
    for strange in sorted(used, key=alphabets.count):
        [other] = used - {strange}
        letters = [letter for letter in word if _alphabet(letter) == strange]
        if all(letter in DRAWN_ALIKE[strange, other] for letter in letters):
            shown = ", ".join(f"“{letter}”" for letter in dict.fromkeys(letters))
            return (
                f"{shown} is {ALPHABETS[strange]}"
                if len(set(letters)) == 1
                else (f"{shown} are {ALPHABETS[strange]}")
            )
    return ""


def _of_another_alphabet(line: str) -> Iterator[str]:
    """Words of one alphabet that look as if they were in the alphabet of all other words of the line."""
    words = [(word, {_alphabet(letter) for letter in word}) for word in WORD.findall(line)]
    for word in dict.fromkeys(ALONE.findall(line)):
        strange, other = _alphabet(word[0]), _other_alphabet(word)
        if not other or (strange == "LATIN" and not word.islower()):
            continue  # "PC" and "HP" are names in a Russian text too
        others = [alphabets for said, alphabets in words if said != word]
        if len(others) >= 3 and all(alphabets == {other} for alphabets in others):
            yield word


def _other_alphabet(word: str) -> str:
    """The alphabet in which the word would look the same, or an empty string."""
    strange = _alphabet(word[0])
    return next(
        (
            other
            for (first, other), letters in DRAWN_ALIKE.items()
            if first == strange and all(letter in letters for letter in word)
        ),
        "",
    )


@cache
def _alphabet(letter: str) -> str:
    """LATIN, CYRILLIC or GREEK, or an empty string for any other character."""
    name = unicodedata.name(letter, "").partition(" ")[0] if letter.isalpha() else ""
    return name if name in ALPHABETS else ""


def _shown(word: str) -> str:
    return word if len(word) <= LONGEST_SHOWN else f"{word[:LONGEST_SHOWN]}…"
