"""Divides the list of a document's versions into pages: one page, or one for each year; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from generator.versions.version import Version

LONG_HISTORY = 100
"""How many versions one page may have; a longer list is divided by years."""

SHORTEST_PAGE = 20
"""How many versions the first page of a divided list has at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """One page of the list: its versions, newest first, and their years, such as ``2024``."""

    path: str
    years: str
    versions: tuple[Version, ...]


def history_pages(versions: Sequence[Version], *, path: str) -> tuple[HistoryPage, ...]:
    """The pages of the list, newest first. ``path`` is the first of them; the others are below it."""
    by_year: dict[str, list[Version]] = {}
    for version in reversed(versions):
        by_year.setdefault(version.label[:4], []).append(version)
    years = sorted(by_year, reverse=True)  # dates run backwards in real histories
    newest = years
    if len(versions) > LONG_HISTORY:
        counts = accumulate(len(by_year[year]) for year in years)
        newest = years[: 1 + next(n for n, count in enumerate(counts) if count >= SHORTEST_PAGE)]
    return (
        HistoryPage(
            path=path,
            years=newest[0] if len(newest) == 1 else f"{newest[-1]}–{newest[0]}",
            versions=tuple(version for version in reversed(versions) if version.label[:4] in newest),
        ),
        *(
            HistoryPage(path=f"{path}{year}/", years=year, versions=tuple(by_year[year]))
            for year in years[len(newest) :]
        ),
    )
