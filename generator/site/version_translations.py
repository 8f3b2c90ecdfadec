"""Finds which version of the original each version of a translation translates; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.versions.version import Version, in_order


def translated_versions(original: Sequence[Version], translation: Sequence[Version]) -> Mapping[int, Version]:
    """By number of the translation's versions: the newest version of the original when it was published.

    If the original had an upcoming text then, a translation that takes effect no earlier translates that
    text, and any other translates the current one. A version from before the original's first one translates
    none.
    """
    found: dict[int, Version] = {}
    for version in translation:
        before = [other for other in original if other.position <= version.position]
        if before:
            found[version.number] = _translated(version, before)
    return found


def _translated(version: Version, before: Sequence[Version]) -> Version:
    lines: dict[int, list[Version]] = {}
    for other in in_order(before):
        lines.setdefault(other.line, []).append(other)
    first, *ahead = lines.values()
    applying = [line for line in ahead if line[0].effective_on <= version.effective_on]
    return (applying[-1] if applying else first)[-1]


def translations_of(original: Sequence[Version], translation: Sequence[Version]) -> Mapping[int, Version]:
    """The newest version of the translation that translates each version of the original, by number."""
    translated = translated_versions(original, translation)
    return {
        translated[version.number].number: version for version in translation if version.number in translated
    }
