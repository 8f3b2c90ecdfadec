"""Writes and folds header lines with words of any language.

Python's own folding loses or doubles spaces between encoded words, and each version of Python does it
differently. Here every space of encoded text is inside an encoded word, since email clients ignore spaces
between two of them (RFC 2047, section 6.2).
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable, Iterator
from email.policy import Policy

LONGEST_WORD = 75  # RFC 2047, section 2; and no line with an encoded word is longer than 76
LONGEST_ENCODED_LINE = 76
LONGEST_LINE = 78  # RFC 5322, section 2.1.1
AROUND = len("=?utf-8?b??=")
ATOM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~")
# These need no escape in an encoded word of a name: RFC 2047, section 5, rule 3.
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")


class Header(str):
    """The text of a header, with its lines already written. Python's ``email`` calls ``fold`` on it."""

    name: str
    lines: str

    def __new__(cls, name: str, text: str, lines: str) -> Header:
        """``lines`` is everything after the colon and the space, with ``\\n`` as line ends."""
        header = super().__new__(cls, text)
        header.name = name
        header.lines = lines
        return header

    def fold(self, *, policy: Policy) -> str:
        """The header as it is sent."""
        return f"{self.name}: {self.lines}\n".replace("\n", policy.linesep)


def text_header(name: str, text: str) -> Header:
    """A header that has only words, such as Subject."""
    clean = _clean(text)
    lines = _plain(clean, at=len(name) + 2)
    return Header(name, clean, lines if lines is not None else _encoded(clean, at=len(name) + 2))


def address_header(name: str, display_name: str, address: str) -> Header:
    """A header with one email address in ASCII, such as From."""
    clean = _clean(display_name)
    if not clean:
        return Header(name, address, address)
    phrase = _phrase(clean, at=len(name) + 2)
    end = f"<{address}>"
    begin_at = len(name) + 2 if "\n" not in phrase else 0
    room = LONGEST_ENCODED_LINE - begin_at - len(phrase.rpartition("\n")[2])
    between = " " if len(end) < room else "\n "
    return Header(name, f"{_quoted(clean)} {end}", f"{phrase}{between}{end}")


def _clean(text: str) -> str:
    """One line without control characters or lone surrogates, so that no other header can be added."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    signs = (" " if unicodedata.category(sign) in {"Cc", "Zl", "Zp"} else sign for sign in whole)
    return "".join(signs).strip()


def _plain(text: str, *, at: int) -> str | None:
    """``text`` folded at single spaces, or None if a client could misread it without encoding."""
    if not text.isascii() or "=?" in text or "  " in text:
        return None
    lines = [""]
    for word in text.split(" "):
        begin_at = at if len(lines) == 1 else 1
        if not lines[-1]:
            lines[-1] = word
        elif begin_at + len(lines[-1]) + 1 + len(word) <= LONGEST_LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if any((at if number == 0 else 1) + len(line) > LONGEST_LINE for number, line in enumerate(lines)):
        return None
    return "\n ".join(lines)


def _phrase(name: str, *, at: int) -> str:
    if name.isascii() and "=?" not in name and at + len(_quoted(name)) <= LONGEST_LINE:
        return _quoted(name)
    return _encoded(name, at=at)


def _quoted(name: str) -> str:
    """The name in quotes, unless it has only plain letters (RFC 5322, section 3.2.5)."""
    if name.isascii() and "  " not in name and all(set(word) <= ATOM for word in name.split(" ")):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _encoded(text: str, *, at: int) -> str:
    """``text`` as encoded words, one on each line. The first line already has ``at`` characters."""
    letter, encode = min((("b", _base64), ("q", _quoted_printable)), key=lambda way: len(way[1](text)))
    pieces = _pieces(text, encode, at=at)
    return "\n ".join(f"=?utf-8?{letter}?{encode(piece)}?=" for piece in pieces)


def _pieces(text: str, encode: Callable[[str], str], *, at: int) -> Iterator[str]:
    """Cuts between characters and, where possible, not before a mark that belongs to a letter."""
    start = 0
    while start < len(text):
        room = min(LONGEST_WORD, LONGEST_ENCODED_LINE - (at if start == 0 else 1)) - AROUND
        end = start + 1
        while end < len(text) and len(encode(text[start : end + 1])) <= room:
            end += 1
        whole = end
        while end < len(text) and whole > start and unicodedata.combining(text[whole]):
            whole -= 1
        cut = end if end == len(text) or whole <= start else whole
        yield text[start:cut]
        start = cut


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _quoted_printable(text: str) -> str:
    return "".join(
        chr(byte) if byte in PLAIN else "_" if byte == 0x20 else f"={byte:02X}" for byte in text.encode()
    )
