"""The words of mails and pages, one YAML file per language; what a policy says is never in here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import yaml
from babel import Locale, UnknownLocaleError
from babel.dates import format_date

FOLDER = Path(__file__).parent / "languages"
FALLBACK = "en"

Texts = Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Language:
    """The texts of one language, each with its plural forms where it counts something."""

    code: str
    texts: Texts

    def __call__(self, key: str, *, count: int = 0, **values: object) -> str:
        """The text under ``key``, in the plural form of ``count`` (CLDR), with ``values`` filled in."""
        text = self.texts[key]
        if not isinstance(text, str):
            text = text[self._locale.plural_form(count)]
        return text.format(count=count, **values)

    def date(self, day: date) -> str:
        """The day in words, such as ``22 November 2026``."""
        return format_date(day, format=self("date_pattern"), locale=self._locale)

    def name_of(self, tag: str) -> str:
        """What this language calls the language of ``tag``, such as ``German``."""
        try:
            return Locale.parse(tag, sep="-").get_display_name(self._locale) or tag
        except (UnknownLocaleError, ValueError):
            return tag

    @property
    def direction(self) -> str:
        """``ltr``, or ``rtl`` for a language written from right to left."""
        return direction_of(self.code)

    @property
    def _locale(self) -> Locale:
        return Locale.parse(self.code, sep="-")


@cache
def load_language(tag: str) -> Language:
    """The language of ``tag``, or of its first part (``ru`` for ``ru-BY``), or English."""
    for code in (tag, tag.partition("-")[0], FALLBACK):
        file = FOLDER / f"{code}.yml"
        if code in spoken():
            texts: Texts = yaml.safe_load(file.read_text(encoding="utf8"))
            return Language(code=code, texts=texts)
    raise FileNotFoundError(FOLDER / f"{FALLBACK}.yml")


def direction_of(tag: str) -> str:
    """How the language of ``tag`` is written: ``ltr``, or ``rtl`` from right to left."""
    try:
        return Locale.parse(tag, sep="-").text_direction
    except (UnknownLocaleError, ValueError):
        return "ltr"


@cache
def spoken() -> frozenset[str]:
    """The languages that have words of their own here."""
    return frozenset(file.stem for file in FOLDER.glob("*.yml"))
