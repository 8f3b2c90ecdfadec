"""The words of the interface, from one YAML file per language. The words of policies are not in them."""

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


@dataclass(frozen=True, slots=True)
class Language:
    """The texts of one language. A text that is missing in it is English."""

    code: str
    texts: Mapping[str, str | Mapping[str, str]]

    def __call__(self, key: str, *, count: int | None = None, **values: object) -> str:
        """The text under ``key``, in the plural form of ``count`` (CLDR), with ``values`` filled in."""
        text = self.texts[key]
        if not isinstance(text, str):
            form = Locale.parse(self.code, sep="-").plural_form(count or 0)
            text = text.get(form, text["other"])
        return text.format(count=count, **values)

    @property
    def direction(self) -> str:
        """The direction of writing: ``ltr`` or ``rtl``."""
        return str(Locale.parse(self.code, sep="-").text_direction)

    def name_of(self, code: str) -> str:
        """The name of a language in this one, such as ``Russian``."""
        names = Locale.parse(self.code, sep="-").languages
        return str(names.get(code.replace("-", "_")) or names.get(code.partition("-")[0], code))

    def date(self, day: date) -> str:
        """The day in words, such as ``22 November 2026``."""
        return _date_in_words(day, self("date_pattern"), self.code.replace("-", "_"))


@cache
def _date_in_words(day: date, pattern: str, locale: str) -> str:
    return format_date(day, format=pattern, locale=locale)


def reading_in(code: str) -> str:
    """The words of a link to a text in this language, in that language; its name if they are missing."""
    language = load_language(code)
    if language.code in (code, code.partition("-")[0]):
        return language("read_in", language=language("language_name"))
    try:
        name = Locale.parse(code, sep="-").get_display_name()
    except (UnknownLocaleError, ValueError):
        name = None
    return name[0].upper() + name[1:] if name else code


@cache
def load_language(code: str) -> Language:
    """The language of ``code``, of its first part (``pt`` for ``pt-BR``), or English."""
    english = _read("en") or {}
    for name in (code, code.partition("-")[0]):
        texts = _read(name)
        if texts is not None:
            return Language(code=name, texts={**english, **texts})
    return Language(code="en", texts=english)


def _read(code: str) -> dict[str, str | Mapping[str, str]] | None:
    file = FOLDER / f"{code}.yml"
    if not file.is_file():
        return None
    texts: dict[str, str | Mapping[str, str]] = yaml.safe_load(file.read_text(encoding="utf8"))
    return texts
