"""Finds documents that a change removes although users were not notified that they end."""

from __future__ import annotations

from collections.abc import Iterator

from generator.checking.report import Finding
from generator.site.urls import SiteDocument
from generator.versions.version import withdrawal


def removal_findings(document: SiteDocument, *, path: str) -> Iterator[Finding]:
    """An error if users are notified of the document's changes, otherwise a warning."""
    if withdrawal(document.history.versions) is not None:
        return
    title = document.history.versions[-1].title
    if not document.announced:
        yield Finding(
            path=path,
            line=None,
            text=f"this change removes “{title}”; its page will say that it was withdrawn",
            error=False,
        )
        return
    yield Finding(
        path=path,
        line=None,
        text=f"this change removes “{title}”, and nobody would be notified; restore the file, and add "
        "`withdrawn: DATE` (the day on which the document ends) and a `summary` to its front matter. "
        "You can delete the file once that is announced. If you renamed the file, rename it in one pull "
        "request "
        "and rewrite its text in another",
        error=True,
    )
