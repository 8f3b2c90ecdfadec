"""Documents that a change removes: readers and users would never hear that they no longer apply."""

from __future__ import annotations

from collections.abc import Iterator

from generator.checking.report import Finding
from generator.site.urls import SiteDocument
from generator.versions.version import withdrawal


def removal_findings(place: SiteDocument, *, path: str) -> Iterator[Finding]:
    """An error where users are notified of the document's changes, and would not be of its end."""
    if withdrawal(place.history.versions) is not None:
        return
    title = place.history.versions[-1].title
    if not place.announced:
        yield Finding(
            path=path,
            line=None,
            text=f"“{title}” is removed; its page will say that it was withdrawn",
            error=False,
        )
        return
    yield Finding(
        path=path,
        line=None,
        text=f"“{title}” is removed, and nobody would be notified; put the file back and write "
        "`withdrawn: DATE` (the day on which it ends) with a `summary` in its front matter; "
        "once that is announced the file may go. If the file was renamed, rename it in one change "
        "and rewrite it in another",
        error=True,
    )
