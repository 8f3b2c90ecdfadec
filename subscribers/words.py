"""The fixed sentences of messages and declarations, one YAML file for each language.

Each package that writes to people has its own folder ``languages``. The text of a policy is never part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from babel import Locale, UnknownLocaleError
from babel.dates import format_date

FALLBACK = "en"

Texts = Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language; a sentence that counts something has its plural forms."""

    language: str
    texts: Texts

    def __call__(self, key: str, *, count: int = 0, **values: object) -> str:
        """The sentence under ``key``, in the plural form for ``count`` (CLDR), with ``values`` filled in."""
        text = self.texts[key]
        if not isinstance(text, str):
            text = text[self._locale.plural_form(count)]
        return text.format(count=count, **values)

    def date(self, day: date) -> str:
        """The day in words, such as ``22 November 2026``."""
        return format_date(day, format=self("date_pattern"), locale=self._locale)

    def name_of(self, language: str) -> str:
        """The name of another language in this one, such as ``German`` for ``de``."""
        try:
            return Locale.parse(language, sep="-").get_display_name(self._locale) or language
        except (UnknownLocaleError, ValueError):
            return language

    @property
    def direction(self) -> str:
        """``ltr``, or ``rtl`` if the language is written from right to left."""
        return direction_of(self.language)

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.language, sep="-")


@cache
def load_words(folder: Path, language: str) -> Words:
    """The words of ``language``, else of its first part (``ru`` for ``ru-BY``), else in English."""
    for code in (language, language.partition("-")[0], FALLBACK):
        if code in languages_in(folder):
            texts: Texts = yaml.safe_load((folder / f"{code}.yml").read_text(encoding="utf8"))
            return Words(language=code, texts=texts)
    raise FileNotFoundError(folder / f"{FALLBACK}.yml")


@cache
def languages_in(folder: Path) -> frozenset[str]:
    """The languages that have a file in ``folder``."""
    return frozenset(file.stem for file in folder.glob("*.yml"))


def direction_of(language: str) -> str:
    """The direction in which ``language`` is written: ``ltr``, or ``rtl`` from right to left."""
    try:
        return Locale.parse(language, sep="-").text_direction
    except (UnknownLocaleError, ValueError):
        return "ltr"
