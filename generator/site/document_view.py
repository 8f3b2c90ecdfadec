"""A document with all that its pages tell of it on one day; values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from generator.site.config import SiteConfig
from generator.site.urls import SiteDocument
from generator.site.version_status import Period, VersionStatus, periods, version_statuses
from generator.site.version_translations import translated_versions, translations_of
from generator.versions.version import Version, in_force, in_order, upcoming, withdrawal

LONG_HISTORY = 100
"""Versions on one page, at most; a longer history is divided by years."""

SHORTEST_PAGE = 20
"""Versions on the first page of a history that is divided, at least."""


class ChangeSize(NamedTuple):
    """How many words a version added and removed, how many changes it made, and the first in words."""

    words_inserted: int
    words_deleted: int
    changes: int
    first_changes: tuple[str, ...]

    @property
    def left(self) -> int:
        """The changes that are not among the first."""
        return self.changes - len(self.first_changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """A page of the history: its versions, newest first, and the years that they are of, such as ``2024``."""

    path: str
    years: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """A document that says the same in another language.

    ``counterparts`` are its versions, by the number of the version here that each says the same as.
    """

    document: SiteDocument
    counterparts: Mapping[int, Version] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class DocumentView:
    """A document on one day.

    ``shown`` is the version on its own page, ``upcoming`` are the others still to come, ``called_off`` those
    that were to come and will not. ``last`` is the one that overtakes all others, ``since`` are the numbers
    of those with a page of what changed from them to it. ``original`` is the document that this one
    translates, ``translates`` the version of it that each version here translates, ``overtaken_by`` its
    version in force that this translation has not followed yet. ``prevailing`` is the language of the text
    that prevails over this one, where somebody has said so. ``withdrawn_on`` is the day on which the document
    ended, if that day has come; ``end`` is the version that says so, on that day or before.
    """

    document: SiteDocument
    statuses: Mapping[int, VersionStatus]
    shown: Version
    upcoming: Sequence[Version]
    called_off: Sequence[Version]
    last: Version
    since: frozenset[int]
    relatives: Sequence[Relative]
    original: SiteDocument | None
    translates: Mapping[int, Version]
    overtaken_by: Version | None
    prevailing: str | None
    withdrawn_on: date | None
    end: Version | None

    @property
    def versions(self) -> tuple[Version, ...]:
        """Oldest first."""
        return self.document.history.versions

    def version(self, number: int) -> Version | None:
        """The version of this number, if there is one."""
        return self.versions[number - 1] if 0 < number <= len(self.versions) else None

    def followed(self, version: Version) -> Version | None:
        """The version that this one changes."""
        return self.version(version.follows or 0)

    def steps_to(self, coming: Version) -> Sequence[Version]:
        """The versions that lead from the one shown to one still to come, oldest first."""
        steps: list[Version] = []
        step: Version | None = coming
        while step is not None and step is not self.shown and step.effective_on > self.shown.effective_on:
            steps.append(step)
            step = None if step.withdraws else self.followed(step)
        return steps[::-1]

    def all_that_changes(self, coming: Version) -> str:
        """The page that compares the version shown with one still to come."""
        if coming.follows == self.shown.number:
            return self.document.change_path(coming)
        if coming is self.last and self.shown.number in self.since:
            return self.document.since_path(self.shown)
        return f"{self.document.comparison_path}?from={self.shown.label}&to={coming.label}"

    def amends(self, version: Version) -> bool:
        """Whether it changes a text that was still to take effect on the same day."""
        before = self.followed(version)
        return (
            before is not None
            and not version.withdraws
            and version.line == before.line
            and version.published_on < version.effective_on == before.effective_on
        )

    def is_first_to_come(self, version: Version) -> bool:
        """Whether it is the next version to take effect."""
        return bool(self.upcoming) and self.upcoming[0] is version

    def days_withdrawn_by(self, version: Version) -> tuple[date, ...]:
        """The days on which something was announced that will not happen because of this version."""
        return tuple(sorted({self.versions[number - 1].effective_on for number in version.withdraws}))

    def replaces_announced(self, version: Version) -> bool:
        """Whether what it withdraws comes all the same: on another day, or with other words."""
        withdrawn = [self.versions[number - 1] for number in version.withdraws]
        return version.effective_on > version.published_on or any(
            version.text_sha256 == one.text_sha256 for one in withdrawn
        )

    def since_then(self, old: Version) -> tuple[Version, ...]:
        """The versions from ``old`` to the last one, newest first."""
        later = self.versions[old.number :]
        return tuple(reversed(later if self.last in later else (self.last, *later)))

    @cached_property
    def periods(self) -> Sequence[Period]:
        """What was in force when, newest first."""
        return periods(self.versions, withdrawn_on=None if self.end else self.withdrawn_on)

    @cached_property
    def history_pages(self) -> tuple[HistoryPage, ...]:
        """The whole history on one page, or by years where it is long; newest first."""
        by_year: dict[str, list[Version]] = {}
        for version in reversed(self.versions):
            by_year.setdefault(version.label[:4], []).append(version)
        years = sorted(by_year, reverse=True)  # dates run backwards in real histories
        newest = years
        if len(self.versions) > LONG_HISTORY:
            counts = accumulate(len(by_year[year]) for year in years)
            newest = years[: 1 + next(n for n, count in enumerate(counts) if count >= SHORTEST_PAGE)]
        return (
            HistoryPage(
                path=self.document.history_path,
                years=newest[0] if len(newest) == 1 else f"{newest[-1]}–{newest[0]}",
                versions=tuple(version for version in reversed(self.versions) if version.label[:4] in newest),
            ),
            *(
                HistoryPage(
                    path=f"{self.document.history_path}{year}/", years=year, versions=tuple(by_year[year])
                )
                for year in years[len(newest) :]
            ),
        )

    def history_page_path(self, version: Version) -> str:
        """The page of the history that has the version."""
        return next(page.path for page in self.history_pages if version.label[:4] >= page.years[:4])


def make_document_views(
    documents: Sequence[SiteDocument], *, config: SiteConfig, day: date
) -> list[DocumentView]:
    """Every document as it stands on the day."""
    by_id = {document.history.id: document for document in documents}
    return [_chapter(document, by_id, config=config, day=day) for document in documents]


def _chapter(
    document: SiteDocument, by_id: Mapping[str, SiteDocument], *, config: SiteConfig, day: date
) -> DocumentView:
    versions = document.history.versions
    shown = _shown(document, day=day)
    original = by_id.get(document.translation_of or "")
    translates = translated_versions(original.history.versions, versions) if original else {}
    ahead = _shown(original, day=day) if original else None
    ended_at = document.history.ended_at
    end = withdrawal(versions)
    removed_on = ended_at.astimezone(config.time_zone).date() if ended_at and not end else None
    relatives = [
        Relative(document=other, counterparts=_counterparts(document, other, original=original))
        for other in _family(document, by_id)
        if other.history.ended_at is None
    ]
    spoken = {relative.document.language for relative in relatives}
    status = version_statuses(versions, day=day, withdrawn_on=removed_on)
    last = in_order(versions)[-1]
    return DocumentView(
        document=document,
        statuses=status,
        shown=shown,
        upcoming=[version for version in upcoming(versions, day=day) if version is not shown],
        called_off=_called_off(status, versions, shown=shown, day=day),
        last=last,
        since=_since(versions, last=last, most=config.since),
        relatives=relatives,
        original=original,
        translates=translates,
        overtaken_by=ahead if ahead and not _follows(ahead, translates.values()) else None,
        prevailing=config.prevailing if config.prevailing in spoken else None,
        withdrawn_on=end.effective_on if end and end.effective_on <= day else removed_on,
        end=end,
    )


def _called_off(
    status: Mapping[int, VersionStatus], versions: Sequence[Version], *, shown: Version, day: date
) -> list[Version]:
    """The version of each announced day that is to be called off on the document's own page.

    Until the day has passed, and as long as the page shows the version that withdraws it.
    """
    found: dict[date, Version] = {}
    for version in versions:
        by = status[version.number].withdrawn_by
        if by is not None and (version.effective_on >= day or by is shown):
            found[version.effective_on] = version
    return list(found.values())


def _since(versions: Sequence[Version], *, last: Version, most: int) -> frozenset[int]:
    others = [version.number for version in versions if version is not last]
    return frozenset(others[max(0, len(others) - most) :])


def _follows(original: Version, translated: Iterable[Version]) -> bool:
    """Whether a translation has followed its original's version; an upcoming one does not stand for it."""
    return any(
        (version.line, version.number) >= (original.line, original.number)
        for version in translated
        if version.line <= original.line
    )


def _shown(document: SiteDocument, *, day: date) -> Version:
    """The version on the document's own page: in force, else the last of an ended one, else the next."""
    versions = document.history.versions
    if (present := in_force(versions, day=day)) is not None:
        return present
    return versions[-1] if document.history.ended_at else upcoming(versions, day=day)[0]


def _family(document: SiteDocument, by_id: Mapping[str, SiteDocument]) -> list[SiteDocument]:
    """The documents that say the same in other languages."""
    first = document.translation_of or document.history.id
    return [
        other
        for other in by_id.values()
        if first in (other.history.id, other.translation_of) and other is not document
    ]


def _counterparts(
    document: SiteDocument, other: SiteDocument, *, original: SiteDocument | None
) -> Mapping[int, Version]:
    if other is original:
        return translated_versions(other.history.versions, document.history.versions)
    if other.translation_of == document.history.id:
        return translations_of(document.history.versions, other.history.versions)
    return {}
