"""A document as its pages show it on one day: its current, upcoming and past versions; values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

from generator.site.config import SiteConfig
from generator.site.history_pages import HistoryPage, history_pages
from generator.site.urls import SiteDocument
from generator.site.version_status import Period, VersionStatus, periods, version_statuses
from generator.site.version_translations import translated_versions, translations_of
from generator.versions.version import Version, in_force, in_order, upcoming, withdrawal


class ChangeSize(NamedTuple):
    """How much a version changed: words added and removed, and its changes, the first few in words."""

    words_inserted: int
    words_deleted: int
    changes: int
    first_changes: tuple[str, ...]

    @property
    def left(self) -> int:
        """How many changes are not among the first few."""
        return self.changes - len(self.first_changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """The same document in another language.

    ``counterparts`` are its versions, by the number of the version here with the same content.
    """

    document: SiteDocument
    counterparts: Mapping[int, Version] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class DocumentView:
    """A document as its pages show it on one day.

    - ``shown``: the version on the document's own page.
    - ``upcoming``: the other versions that have not taken effect yet.
    - ``called_off``: versions that were announced and will not take effect.
    - ``last``: the version that will apply once all upcoming ones have taken effect.
    - ``since``: the numbers of the versions with a page of everything that changed from them to ``last``.
    - ``original``: the document that this one translates.
    - ``translates``: the version of the original that each version here translates, by number.
    - ``overtaken_by``: the original's current version, if this translation has not followed it yet.
    - ``prevailing``: the language of the text that prevails over this one, if mkdocs.yml names one.
    - ``withdrawn_on``: the day on which the document ended, if that day has come; ``end``: the version that
      withdraws it.
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
        """The version with this number; None if there is none."""
        return self.versions[number - 1] if 0 < number <= len(self.versions) else None

    def followed(self, version: Version) -> Version | None:
        """The version that this one changes."""
        return self.version(version.follows or 0)

    def steps_to(self, coming: Version) -> Sequence[Version]:
        """The versions between the one shown and an upcoming one, which comes last."""
        steps: list[Version] = []
        step: Version | None = coming
        while step is not None and step is not self.shown and step.effective_on > self.shown.effective_on:
            steps.append(step)
            step = None if step.withdraws else self.followed(step)
        return steps[::-1]

    def all_that_changes(self, coming: Version) -> str:
        """The page that compares the version shown with an upcoming one."""
        if coming.follows == self.shown.number:
            return self.document.change_path(coming)
        if coming is self.last and self.shown.number in self.since:
            return self.document.since_path(self.shown)
        return f"{self.document.comparison_path}?from={self.shown.label}&to={coming.label}"

    def amends(self, version: Version) -> bool:
        """Whether it changes an upcoming version that takes effect on the same day."""
        before = self.followed(version)
        return (
            before is not None
            and not version.withdraws
            and version.line == before.line
            and version.published_on < version.effective_on == before.effective_on
        )

    def is_first_to_come(self, version: Version) -> bool:
        """Whether it is the next version that takes effect."""
        return bool(self.upcoming) and self.upcoming[0] is version

    def days_withdrawn_by(self, version: Version) -> tuple[date, ...]:
        """The effective dates of the announced changes that this version withdraws."""
        return tuple(sorted({self.versions[number - 1].effective_on for number in version.withdraws}))

    def replaces_announced(self, version: Version) -> bool:
        """Whether a change that it withdraws comes anyway: on another day, or in other words."""
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
        """When each version was in force, newest first."""
        return periods(self.versions, withdrawn_on=None if self.end else self.withdrawn_on)

    @cached_property
    def history_pages(self) -> tuple[HistoryPage, ...]:
        """The pages of the list of versions, newest first."""
        return history_pages(self.versions, path=self.document.history_path)

    def history_page_path(self, version: Version) -> str:
        """The page of the list of versions that this version is on."""
        return next(page.path for page in self.history_pages if version.label[:4] >= page.years[:4])


def make_document_views(
    documents: Sequence[SiteDocument], *, config: SiteConfig, day: date
) -> list[DocumentView]:
    """Every document as its pages show it on the day."""
    by_id = {document.history.id: document for document in documents}
    return [_view(document, by_id, config=config, day=day) for document in documents]


def _view(
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
    """One withdrawn version for each announced day that the document's own page calls off.

    A day is named until it has passed, and as long as the page shows the version that withdraws it.
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
    """Whether a translation has followed this version of its original; an upcoming one does not count."""
    return any(
        (version.line, version.number) >= (original.line, original.number)
        for version in translated
        if version.line <= original.line
    )


def _shown(document: SiteDocument, *, day: date) -> Version:
    """The version on the document's own page: the current one, the last of an ended document, or the next."""
    versions = document.history.versions
    if (present := in_force(versions, day=day)) is not None:
        return present
    return versions[-1] if document.history.ended_at else upcoming(versions, day=day)[0]


def _family(document: SiteDocument, by_id: Mapping[str, SiteDocument]) -> list[SiteDocument]:
    """The same document in other languages."""
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
