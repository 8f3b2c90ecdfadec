"""When a change takes effect beside others: what the history refuses, and what it cannot know to be meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from rapidfuzz.distance import Indel

from generator.checking.changed_text import ChangedText, line_of
from generator.checking.report import Finding
from generator.site.urls import SiteDocument
from generator.site.version_translations import translated_versions
from generator.versions.history import History
from generator.versions.lineage import current_path
from generator.versions.version import upcoming

CONTEXT = (3, 2, 1)
"""How many words on each side of a correction are used to find it again in another text."""

BEGIN, END = "\2", "\3"
"""Stand for the ends of a text: no text has these signs."""

QUOTED_WORDS = 12


def contradictions(
    history: History, lines: Callable[[str], Sequence[str]] = lambda _: ()
) -> Iterator[tuple[str, Finding]]:
    """What contradicts the history before it, with its commit; ``lines`` are those of a file by its path."""
    for warning in history.warnings:
        if warning.refused:
            line = line_of(warning.key, lines(warning.path)) if warning.key else None
            yield warning.commit, Finding(path=warning.path, line=line, text=warning.text, error=True)


def day_findings(text: ChangedText) -> Iterator[Finding]:
    """A change beside another one that is still to come, and a file that is meant to be an upcoming text."""
    yield from _misnamed(text)
    version = text.version
    if version is None:
        return
    versions = text.place.history.versions
    before = [
        other
        for other in upcoming(versions, day=text.today)
        if other.effective_on < version.effective_on and other in text.earlier
    ]
    if before and version in upcoming(versions, day=text.today):
        first = before[-1]
        if first.text_sha256 == version.text_sha256:
            yield text.error(
                f"the same text takes effect on {first.effective_on} already; to move that day, "
                f"write `withdraws: {first.label}`",
                key="effective",
            )
        else:
            yield text.warning(
                f"version {first.label} still takes effect before this one, on {first.effective_on}; "
                f"if this one comes instead of it, write `withdraws: {first.label}`",
                key="effective",
            )


def missing_corrections(
    corrected: ChangedText, upcoming_text: str, *, upcoming_path: str
) -> Iterator[Finding]:
    """What a change of the current text corrects and the upcoming text, which overtakes it, does not have."""
    if corrected.old is None or corrected.version is None:
        return
    old, new, later = (body.split() for body in (corrected.old.body, corrected.new.body, upcoming_text))
    for removed, added in _corrections(old, new, later):
        yield corrected.error(
            f"{_quoted(removed, added)} is missing from {upcoming_path}, so it would be lost when that text "
            "takes effect; correct it there, too"
        )


def translation_findings(text: ChangedText, original: SiteDocument | None) -> Iterator[Finding]:
    """A translation that takes effect before what it translates."""
    version = text.version
    if version is None or original is None:
        return
    versions = original.history.versions
    translated = translated_versions(versions, [version]).get(version.number)
    if translated is None or not translated.is_pending(text.today):
        return
    if version.effective_on < translated.effective_on:
        together = translated.commit == version.commit
        found = text.error if together else text.warning
        so = "" if together else "if this translates that change, "
        yield found(
            f"takes effect on {version.effective_on}, but the newest text of {original.history.path} on "
            f"{translated.effective_on}; {so}write `effective: {translated.effective_on}`",
            key="effective",
        )


def _misnamed(text: ChangedText) -> Iterator[Finding]:
    if text.old is not None or text.is_upcoming:
        return
    name = PurePosixPath(text.path).name
    current = current_path(name)
    if current is not None:
        yield text.error(
            f"there is no {current} beside it, so it would be a document of its own; name it {current}: its "
            "`effective` says from when it applies"
        )
    elif swapped := re.fullmatch(r"(.+)\.upcoming(\.[a-z]{2,3}(?:-\w+)*)(\.\w+)", name, re.IGNORECASE):
        stem, language, suffix = swapped.groups()
        yield text.error(
            f"would be a document of its own; name the upcoming text {stem}{language}.upcoming{suffix}"
        )


def _corrections(
    old: Sequence[str], new: Sequence[str], later: Sequence[str]
) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """The words that changed from old to new and are as they were, in the same context, in the later text."""
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
    """Whether the removed words are there and not the added ones, by the words around them."""

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
