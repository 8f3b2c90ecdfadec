"""Checks when a change takes effect, compared with other changes and with the translated document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from generator.checking.changed_text import ChangedText, line_of
from generator.checking.report import Finding
from generator.site.urls import SiteDocument
from generator.site.version_translations import translated_versions
from generator.versions.document_history import History
from generator.versions.lineage import current_path
from generator.versions.version import upcoming


def contradictions(
    history: History, lines: Callable[[str], Sequence[str]] = lambda _: ()
) -> Iterator[tuple[str, Finding]]:
    """The errors about contradictory dates, each with the commit that contains it.

    ``lines`` returns the lines of a file by its path, to find the line of a key.
    """
    for warning in history.warnings:
        if warning.refused:
            line = line_of(warning.key, lines(warning.path)) if warning.key else None
            yield warning.commit, Finding(path=warning.path, line=line, text=warning.text, error=True)


def day_findings(text: ChangedText) -> Iterator[Finding]:
    """Findings about other changes that have not taken effect, and about misnamed upcoming files."""
    yield from _misnamed(text)
    version = text.version
    if version is None:
        return
    versions = text.document.history.versions
    before = [
        other
        for other in upcoming(versions, day=text.today)
        if other.effective_on < version.effective_on and other in text.earlier
    ]
    if before and version in upcoming(versions, day=text.today):
        first = before[-1]
        if first.text_sha256 == version.text_sha256:
            yield text.error(
                f"version {first.label} has the same text and takes effect on {first.effective_on}; "
                f"to change its date, add `withdraws: {first.label}`",
                key="effective",
            )
        else:
            yield text.warning(
                f"version {first.label} takes effect before this one, on {first.effective_on}; "
                f"if this version replaces it, add `withdraws: {first.label}`",
                key="effective",
            )


def translation_findings(text: ChangedText, original: SiteDocument | None) -> Iterator[Finding]:
    """A finding if a translation takes effect before the text that it translates."""
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
        condition = "" if together else "if this is the translation of that text, "
        yield found(
            f"this translation takes effect on {version.effective_on}, but the newest text of "
            f"{original.history.path} on {translated.effective_on}; "
            f"{condition}write `effective: {translated.effective_on}`",
            key="effective",
        )


def _misnamed(text: ChangedText) -> Iterator[Finding]:
    if text.old is not None or text.is_upcoming:
        return
    name = PurePosixPath(text.path).name
    current = current_path(name)
    if current is not None:
        yield text.error(
            f"there is no {current} beside this file, so it would become a document of its own; rename it to "
            f"{current}, and state in `effective` when it takes effect"
        )
    elif swapped := re.fullmatch(r"(.+)\.upcoming(\.[a-z]{2,3}(?:-\w+)*)(\.\w+)", name, re.IGNORECASE):
        stem, language, suffix = swapped.groups()
        yield text.error(
            "this file would become a document of its own; "
            f"rename the upcoming text to {stem}{language}.upcoming{suffix}"
        )
