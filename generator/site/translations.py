"""Which version of a document a version of its translation translates; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.versions.history import Version


def translated_versions(original: Sequence[Version], translation: Sequence[Version]) -> Mapping[int, Version]:
    """By the translation's version numbers: the newest version of the original when each was published.

    A version that came before the original had any translates none.
    """
    found: dict[int, Version] = {}
    for version in translation:
        before = [other for other in original if other.position <= version.position]
        if before:
            found[version.number] = before[-1]
    return found


def translations_of(original: Sequence[Version], translation: Sequence[Version]) -> Mapping[int, Version]:
    """By the original's version numbers: the newest version of the translation that translates it."""
    translated = translated_versions(original, translation)
    return {
        translated[version.number].number: version for version in translation if version.number in translated
    }
