"""Words in plain text: signs keep the meaning of raised, lowered and struck words."""

from __future__ import annotations

from itertools import groupby

from generator.rendered.tags import Form, Script, is_struck, script_of

RAISED = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
LOWERED = str.maketrans("0123456789+-−=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
TRADE_MARKS = {"TM": "™", "SM": "℠"}
ORDINALS = frozenset({"st", "nd", "rd", "th", "e", "er", "re", "ère", "ème", "nde", "o", "a"})
"""Raised after a number without changing it: 1st, 2nd, 1er (fr), 3ème (fr), 1o (es, pt)."""

STRUCK_SIGN = "~~"  # as GitHub's Markdown and many messengers write it


def in_plain_text(words: list[tuple[str, Form, bool]]) -> str:
    """The words as plain text; each comes with the elements around it and whether a space precedes it."""
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
    """The text with the signs of its script; ``after`` is the character before it."""
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
    """Equal for neighbours that get signs together; each note has its own number."""
    script = script_of(form)
    return script, form if script == "note" else ()
