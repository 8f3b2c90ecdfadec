"""Finds misspelt keys of the front matter, and values that YAML cuts off."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from generator.checking.changed_text import ChangedText
from generator.checking.report import Finding
from generator.versions.front_matter import KEYS, FrontMatter, cut_values

CLOSE = 0.75
"""How similar to a known key a misspelt one must be: "sumary" has 0.92, "owner" and "tags" at most 0.5."""

KEYS_OF_OTHER_PROGRAMS = frozenset({
    "author", "authors", "comments", "date", "description", "draft", "hide", "icon", "robots", "search",
    "social", "status", "subtitle", "tags", "template", "versions",
})  # fmt: skip
"""Keys that MkDocs, its themes and plugins, and GitHub's own documentation read."""

IMPORTANT_KEYS = frozenset({"summary", "impact", "change", "effective", "withdrawn", "withdraws"})
"""Keys that change what readers see, so that a misspelt one is an error and not only a warning."""

SYNONYMS = {
    "changed": "change",
    "change_type": "change",
    "kind": "change",
    "effective_date": "effective",
    "effective_from": "effective",
    "effective_on": "effective",
    "date_effective": "effective",
    "in_force": "effective",
    "valid_from": "effective",
    "summary_of_changes": "summary",
    "what_changed": "summary",
    "approver": "approved_by",
    "withdraw": "withdrawn",
    "withdrawn_on": "withdrawn",
    "заголовок": "title",
    "название": "title",
    "изменение": "change",
    "изменения": "change",
    "вступает_в_силу": "effective",
    "действует_с": "effective",
    "дата": "effective",
    "сводка": "summary",
    "резюме": "summary",
    "кратко": "summary",
    "значение": "impact",
    "влияние": "impact",
    "последствия": "impact",
    "версия": "version",
    "утвердил": "approved_by",
    "утверждено": "approved_by",
    "отменено": "withdrawn",
}
"""Words that people use instead of a known key, in English and in Russian."""


def key_findings(text: ChangedText) -> Iterator[Finding]:
    """A finding for each misspelt key, and for each value that YAML cuts off at a ``#``."""
    front = text.new.front
    for key in front.unknown:
        meant = _meant(key)
        if meant is None:
            continue
        found = text.error if meant in IMPORTANT_KEYS and _is_missing(front, meant) else text.warning
        yield found(f"`{key}` is not a known key, so it is ignored; did you mean `{meant}`?", key=key)
    for key, line in cut_values("\n".join(text.lines)):
        yield text.warning(
            f"the value of `{key}` ends before the #, because YAML reads the rest of the line as a comment; "
            f'if the # is part of the text, put the value in quotes: {key}: "…"',
            line=line,
        )


def _meant(key: str) -> str | None:
    """The known key that was probably meant, or None."""
    plain = re.sub(r"[^\w]+", "_", key.strip().casefold()).strip("_")
    if plain in KEYS_OF_OTHER_PROGRAMS:
        return None
    if plain in SYNONYMS:
        return SYNONYMS[plain]
    close = difflib.get_close_matches(plain, KEYS, n=1, cutoff=CLOSE)
    return close[0] if close else None


def _is_missing(front: FrontMatter, key: str) -> bool:
    return getattr(front, key, None) is None and not (key == "effective" and front.effective_text)
