"""Keys of the front matter that are nearly those that count, and values that YAML cuts off."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from generator.checking.changed_text import ChangedText
from generator.checking.report import Finding
from generator.versions.front_matter import KEYS, FrontMatter, cut_values

CLOSE = 0.75
"""How alike a key must be; "sumary" has 0.92, "owner" and "tags" have at most 0.5."""

OF_OTHERS = frozenset({
    "author", "authors", "comments", "date", "description", "draft", "hide", "icon", "robots", "search",
    "social", "status", "subtitle", "tags", "template", "versions",
})  # fmt: skip
"""Keys that MkDocs, its themes and plugins, and GitHub's own documentation read."""

WEIGHTY = frozenset({"summary", "impact", "change", "effective", "withdrawn", "withdraws"})
"""Keys that change what readers are shown; a misspelt one would be ignored."""

OTHER_WORDS = {
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
"""Other words for a key, in English and in Russian."""


def key_findings(text: ChangedText) -> Iterator[Finding]:
    """Misspelt keys, each with the one that was meant, and values that end at a ``#``."""
    front = text.new.front
    for key in front.unknown:
        meant = _meant(key)
        if meant is None:
            continue
        found = text.error if meant in WEIGHTY and _is_missing(front, meant) else text.warning
        yield found(f"`{key}` means nothing here; did you mean `{meant}`?", key=key)
    for key, line in cut_values("\n".join(text.lines)):
        yield text.warning(
            f"`{key}` ends before the #, since YAML takes the rest of the line for a comment; "
            f'if the # belongs to the text, put the value in quotes: {key}: "…"',
            line=line,
        )


def _meant(key: str) -> str | None:
    """The key that counts and is nearly this one."""
    plain = re.sub(r"[^\w]+", "_", key.strip().casefold()).strip("_")
    if plain in OF_OTHERS:
        return None
    if plain in OTHER_WORDS:
        return OTHER_WORDS[plain]
    close = difflib.get_close_matches(plain, KEYS, n=1, cutoff=CLOSE)
    return close[0] if close else None


def _is_missing(front: FrontMatter, key: str) -> bool:
    return getattr(front, key, None) is None and not (key == "effective" and front.effective_text)
