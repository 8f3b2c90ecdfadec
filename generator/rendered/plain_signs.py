"""Words in plain text: what raised, lowered and struck words mean is kept in signs."""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import Literal

from generator.rendered.tags import Form, attributes_of, tag_name

Script = Literal["", "note", "sup", "sub"]

RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
TRADE_MARKS = {"TM": "™", "SM": "℠"}
ORDINALS = frozenset({"st", "nd", "rd", "th", "e", "er", "re", "ère", "ème", "nde", "o", "a"})
"""What is raised behind a number without changing it: 1st, 2nd, 1er (fr), 3ème (fr), 1o (es, pt)."""

STRUCK = frozenset({"del", "s", "strike"})
STRUCK_SIGN = "~~"  # as GitHub's Markdown and many messengers write it


def in_plain_text(words: list[tuple[str, Form, bool]]) -> str:
    """The words, each with the inline elements around it and whether a space stands before it."""
    pieces: list[str] = []
    for struck, stretch in groupby(words, key=lambda word: is_struck(word[1])):
        text = ""
        for (script, _), group in groupby(stretch, key=lambda word: _group(word[1])):
            inside = list(group)
            raw = "".join(" " * (n > 0 and spaced) + word for n, (word, _, spaced) in enumerate(inside))
            before = text or "".join(pieces)
            text += " " * (inside[0][2] and bool(before)) + _signed(raw, script, after=before[-1:])
        if struck:
            blank = " " * text.startswith(" ")
            text = f"{blank}{STRUCK_SIGN}{text.strip()}{STRUCK_SIGN}"
        pieces.append(text)
    return "".join(pieces)


def _signed(text: str, script: Script, *, after: str) -> str:
    """The text with the signs of its script; ``after`` is the sign before it."""
    if script == "note":
        return text if text.startswith("[") else f"[{text}]"
    if not script or not any(map(str.isalnum, text)):
        return text
    if script == "sup" and text in TRADE_MARKS:
        return TRADE_MARKS[text]
    if script == "sup" and after.isdigit() and text.lower() in ORDINALS:
        return text
    signs = text.translate(RAISED if script == "sup" else LOWERED)
    if all(sign not in text for sign in signs):
        return signs
    sign = "^" if script == "sup" else "_"
    return f"{sign}{text}" if text.isalnum() else f"{sign}({text})"


def _group(form: Form) -> tuple[Script, Form]:
    """Equal for neighbours that are signed together; each note has its own number."""
    script = script_of(form)
    return script, form if script == "note" else ()


@cache
def is_struck(form: Form) -> bool:
    """Whether the policy itself strikes the word through."""
    return any(tag_name(start) in STRUCK for start in form)


@cache
def script_of(form: Form) -> Script:
    """Whether a word is raised or lowered, or the number of a note."""
    names = [tag_name(start) for start in form]
    if is_note_number(form):
        return "note"
    raised = "sup" in names
    if raised and any(attributes_of(start).get("href", "").startswith("#") for start in form):
        return "note"
    return "sup" if raised else "sub" if "sub" in names else ""


def is_note_number(form: Form) -> bool:
    """Whether a word is the number of a footnote."""
    return any("footnote-ref" in attributes_of(start).get("class", "").split() for start in form)
