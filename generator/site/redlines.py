"""The redlines of a site: made once for each pair of texts, kept in the cache in words of a language."""

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
COMPARING_PARTS = ("redline/**/*.py", "rendered/**/*.py", "language.py")
"""Every file of the generator that a redline of two rendered texts depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedlineTexts:
    """A redline as it is shown: links are as they were written in the sources.

    ``html`` is the whole new text with its marks, ``side_by_side`` the changes in two columns; ``mail_html``
    and ``mail_text`` are the changes with their context, ``omitted`` how many of them a mail leaves out.
    """

    counts: dict[str, int]
    changes: tuple[ListedChange, ...]
    html: str
    side_by_side: str
    mail_html: str
    mail_text: str
    omitted: int

    def first_changes(self, title: str) -> tuple[str, ...]:
        """The first changes with the headings above them but the ``title``, where the list is too long."""
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
        """How many words came in."""
        return self.counts.get(WORDS_INSERTED, 0)

    @property
    def words_deleted(self) -> int:
        """How many words went."""
        return self.counts.get(WORDS_DELETED, 0)


class Redlines:
    """Compares versions, of which ``side`` gives the rendered texts; kept is what was compared before.

    ``renderer`` is the version of what rendered them.
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
        """Warnings of comparisons that failed; their answers are not kept."""

    def between(self, old: Version, new: Version, *, language: Language) -> RedlineTexts:
        """What changed from the one to the other."""
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
    """What is shown where a comparison fails: the new text, and that its changes are not marked."""
    told = language("redline_failed")
    paragraph = f"<p><strong>{html.escape(told)}</strong></p>\n"
    return RedlineTexts(
        counts={LayoutChanged.kind: 1},
        changes=(ListedChange(kind=LayoutChanged.kind, where="", text=told, anchor=None),),
        html=f"{paragraph}{new.html}",
        side_by_side=paragraph,
        mail_html=paragraph,
        mail_text=f"{told}\n",
        omitted=0,
    )


def _failure(new: Version, error: Exception) -> str:
    return (
        f"{new.path}, version {new.label}: its changes cannot be marked ({type(error).__name__}: {error}), "
        "so the page says that they are not; please report this with both texts"
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
    """The days that a redline compares; they follow from the history, not from the texts.

    A change that takes effect on its publication does not announce that it states no day any more.
    """
    if new.withdrawn_on or (new.announces is None and old.text_sha256 != new.text_sha256):
        return None, None
    return None if old.withdrawn_on else old.announces, new.announces


@cache
def _comparer_version() -> str:
    """A digest of everything, besides the texts, that decides what a redline says."""
    package = Path(__file__).parents[1]
    sources = [
        Path(__file__),
        *(source for part in COMPARING_PARTS for source in package.glob(part)),
        *package.glob("languages/*.yml"),
    ]
    digest = hashlib.sha256()
    for name in COMPARING_PACKAGES:
        digest.update(f"{name} {installed_version(name)}\n".encode())
    for source in sorted(sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
