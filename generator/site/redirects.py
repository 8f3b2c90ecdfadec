"""Redirects from the paths that a renamed document had before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from generator.site.document_pages import DocumentPages
from generator.site.document_view import DocumentView
from generator.site.output import Output, nothing
from generator.site.urls import SiteDocument


def write_redirects(
    views: Iterable[DocumentView], output: Output, *, pages: DocumentPages, copies: Mapping[str, str]
) -> None:
    """Write a redirect at each former path of a page, unless something else is there now.

    A file that browsers do not open as a page, such as a feed, is written to both paths. ``copies`` are the
    suffixes of a version's copies by their form.
    """
    for view in views:
        document = view.document
        for slug in document.former_slugs:
            former = replace(document, slug=slug)
            paths = zip(_pages(view, former), _pages(view, document), strict=True)
            moved = [(old, new) for old, new in paths if not output.has(f"{old}index.html")]
            made_of = ("moved", document.language, moved)
            output.write_or_reuse(
                made_of, partial(_redirect, moved, document.language, output, pages), read=nothing
            )
            files = zip(_files(view, former, copies), _files(view, document, copies), strict=True)
            for old, new in files:
                if not output.has(old):
                    output.repeat(new, at=old)


def _redirect(moved: Sequence[tuple[str, str]], language: str, output: Output, pages: DocumentPages) -> None:
    for old, new in moved:
        page = pages.redirect(old, to=new, language=language)
        output.file(f"{old}index.html", page.encode())


def _pages(view: DocumentView, document: SiteDocument) -> list[str]:
    """The pages of the view's document, at the paths that ``document`` gives them."""
    history = [page.path.removeprefix(view.document.history_path) for page in view.history_pages]
    return [
        document.page_path,
        document.in_force_path,
        *(f"{document.history_path}{page}" for page in history),
        *map(document.version_path, view.versions),
        *map(document.change_path, view.versions[1:]),
        *map(document.since_path, view.versions[:-1]),
        *([document.comparison_path] if len(view.versions) > 1 else []),
    ]


def _files(view: DocumentView, document: SiteDocument, copies: Mapping[str, str]) -> list[str]:
    """The other files of the view's document, at the paths that ``document`` gives them."""
    return [
        document.feed_path,
        document.json_feed_path,
        document.fragment_path,
        document.in_force_json_path,
        *(document.copy_path(version, suffix) for version in view.versions for suffix in copies.values()),
    ]
