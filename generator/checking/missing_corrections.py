"""Finds corrections of the current text that are missing from the upcoming text, which will replace it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rapidfuzz.distance import Indel

from generator.checking.changed_text import ChangedText
from generator.checking.report import Finding

CONTEXT = (3, 2, 1)
"""How many words on each side of a correction are used to find its place in another text."""

BEGIN, END = "\2", "\3"
"""Mark the beginning and the end of a text; no text contains these characters."""

QUOTED_WORDS = 12


def missing_corrections(
    corrected: ChangedText, upcoming_text: str, *, upcoming_path: str
) -> Iterator[Finding]:
    """An error for each correction of the current text that the upcoming text lacks."""
    if corrected.old is None or corrected.version is None:
        return
    old, new, later = (body.split() for body in (corrected.old.body, corrected.new.body, upcoming_text))
    for removed, added in _corrections(old, new, later):
        yield corrected.error(
            f"{_quoted(removed, added)} is missing from {upcoming_path}, so it would be lost when that text "
            "takes effect; make the same correction there"
        )


def _corrections(
    old: Sequence[str], new: Sequence[str], later: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """The words removed and added from old to new where the later text still has the old words."""
    old, new = [BEGIN, *old, END], [BEGIN, *new, END]
    words = f" {BEGIN} {' '.join(later)} {END} "
    blocks = Indel.opcodes(old, new).as_matching_blocks()
    for block, following in pairwise(blocks):
        removed = old[block.a + block.size : following.a]
        added = new[block.b + block.size : following.b]
        before, after = new[block.b : block.b + block.size], new[following.b : following.b + following.size]
        if (removed or added) and _is_missing(removed, added, before=before, after=after, words=words):
            yield removed, added


def _is_missing(
    removed: Sequence[str], added: Sequence[str], *, before: Sequence[str], after: Sequence[str], words: str
) -> bool:
    """Whether the text has the removed words, and not the added ones, between the same words as here."""

    def has(*parts: Sequence[str]) -> bool:
        return f" {' '.join(word for part in parts for word in part)} " in words

    for length in CONTEXT:
        left, right = before[-length:], after[:length]
        if has(left, added, right):
            return False
        if has(left, removed, right):
            return True
    left, right = before[-CONTEXT[0] :], after[: CONTEXT[0]]
    return bool(removed) and (has(left, removed) or has(removed, right))


def _quoted(removed: Sequence[str], added: Sequence[str]) -> str:
    old, new = (
        " ".join(words[:QUOTED_WORDS]) + (" …" if len(words) > QUOTED_WORDS else "")
        for words in (removed, added)
    )
    if not removed:
        return f"the addition “{new}”"
    return f"the removal of “{old}”" if not added else f"the correction of “{old}” to “{new}”"
