"""The redlines of a site. Each pair of texts is compared once; the result is kept in the cache."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Callable, MutableMapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from importlib.metadata import version as installed_version
from pathlib import Path

from generator import redline
from generator.language import Language
from generator.redline import ListedChange, RenderedVersion
from generator.redline.model import LayoutChanged
from generator.site.shorten import shorten_to_one_line
from generator.versions.version import Version

WORDS_INSERTED = "words_inserted"
WORDS_DELETED = "words_deleted"
FIRST_CHANGES = 3
LONGEST_CHANGE = 200
COMPARING_PACKAGES = ("selectolax", "rapidfuzz", "Babel")
COMPARING_SOURCES = ("redline/**/*.py", "rendered/**/*.py", "language.py", "languages/*.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedlineTexts:
    """A redline in the forms in which it is shown. Links are as they were written in the sources.

    ``html`` is the whole new text with its changes marked, ``side_by_side`` the changes in two columns.
    ``mail_html`` and ``mail_text`` are the changes with their context, for an email; ``omitted`` is how many
    changes they leave out.
    """

    counts: dict[str, int]
    changes: tuple[ListedChange, ...]
    html: str
    side_by_side: str
    mail_html: str
    mail_text: str
    omitted: int

    def first_changes(self, title: str) -> tuple[str, ...]:
        """The first changes, each with the heading above it unless that is the ``title``."""
        return tuple(
            shorten_to_one_line(
                f"{change.where.rstrip('.:')}: {change.text}"
                if change.where not in ("", title)
                else change.text,
                LONGEST_CHANGE,
            )
            for change in self.changes[:FIRST_CHANGES]
        )

    @property
    def words_inserted(self) -> int:
        """How many words were added."""
        return self.counts.get(WORDS_INSERTED, 0)

    @property
    def words_deleted(self) -> int:
        """How many words were removed."""
        return self.counts.get(WORDS_DELETED, 0)


class Redlines:
    """Compares versions, and keeps the results in ``cache``.

    ``rendered`` returns the rendered text of a version; ``renderer`` identifies the renderer.
    """

    def __init__(
        self,
        cache: MutableMapping[str, str],
        *,
        rendered: Callable[[Version], RenderedVersion],
        renderer: str,
    ) -> None:
        self._cache = cache
        self._rendered = rendered
        self._renderer = renderer
        self.failed: list[str] = []
        """Warnings about comparisons that failed; their results are not kept."""

    def between(self, old: Version, new: Version, *, language: Language) -> RedlineTexts:
        """The changes from one version to the other, in words of the language."""
        made_by = f"{_comparer_version()}-{self._renderer}-{language.code}"
        days = days_between(old, new)
        key = f"redline-{made_by}-{old.made_of}-{new.made_of}-{days[0] or ''}-{days[1] or ''}"
        key += f"-{old.withdrawn_on or ''}-{new.withdrawn_on or ''}"
        kept = self._cache.get(key)
        if kept is None:
            sides = tuple(
                replace(self._rendered(version), effective_on=day, withdrawn_on=version.withdrawn_on)
                for version, day in zip((old, new), days, strict=True)
            )
            try:
                texts = redline_texts(*sides, language=language)
            except Exception as error:  # one pair of texts must not stop the build of all others
                self.failed.append(_failure(new, error))
                return unmarked_texts(sides[1], language=language)
            self._cache[key] = json.dumps(asdict(texts), ensure_ascii=False, separators=(",", ":"))
            return texts
        values = json.loads(kept)
        changes = tuple(ListedChange(**change) for change in values.pop("changes"))
        return RedlineTexts(changes=changes, **values)


def unmarked_texts(new: RenderedVersion, *, language: Language) -> RedlineTexts:
    """The page content if a comparison fails: the new text, and a note that its changes are not marked."""
    note = language("redline_failed")
    paragraph = f"<p><strong>{html.escape(note)}</strong></p>\n"
    return RedlineTexts(
        counts={LayoutChanged.kind: 1},
        changes=(ListedChange(kind=LayoutChanged.kind, where="", text=note, anchor=None),),
        html=f"{paragraph}{new.html}",
        side_by_side=paragraph,
        mail_html=paragraph,
        mail_text=f"{note}\n",
        omitted=0,
    )


def _failure(new: Version, error: Exception) -> str:
    return (
        f"{new.path}, version {new.label}: its changes cannot be marked ({type(error).__name__}: {error}), "
        "and the page says so; please report this with both texts"
    )


def redline_texts(old: RenderedVersion, new: RenderedVersion, *, language: Language) -> RedlineTexts:
    """The redline of two rendered texts, in words of the language."""
    compared = redline.compare(old, new)
    excerpt = redline.excerpt_html(compared, language)
    return RedlineTexts(
        counts=compared.counts,
        changes=tuple(redline.list_changes(compared, language)),
        html=redline.html(compared, language),
        side_by_side=redline.side_by_side_html(compared, language),
        mail_html=excerpt.markup,
        mail_text=redline.excerpt_text(compared, language),
        omitted=excerpt.omitted,
    )


def days_between(old: Version, new: Version) -> tuple[date | None, date | None]:
    """The effective dates that a redline compares. They follow from the history, not from the texts.

    A change that takes effect when it is published does not announce that it no longer states a date.
    """
    if new.withdrawn_on or (new.announces is None and old.text_sha256 != new.text_sha256):
        return None, None
    return None if old.withdrawn_on else old.announces, new.announces


def comparing_sources() -> list[Path]:
    """All files of the generator, besides what renders the texts, that decide what a redline says."""
    generator = Path(__file__).parents[1]
    files = {file for pattern in COMPARING_SOURCES for file in generator.glob(pattern)}
    return sorted({Path(__file__), *files})


@cache
def _comparer_version() -> str:
    """A digest of everything, besides the texts, that decides what a redline says."""
    digest = hashlib.sha256()
    for name in COMPARING_PACKAGES:
        digest.update(f"{name} {installed_version(name)}\n".encode())
    for source in comparing_sources():
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
