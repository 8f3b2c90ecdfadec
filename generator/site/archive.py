"""Writes the permanent pages of a document: each version, each change, and the list of versions.

The files of a version are made once. Everything that they depend on is named, so that a later build with the
same input takes them from the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from generator.language import load_language
from generator.markdown.python_markdown import as_source
from generator.rendered.characters import clean
from generator.site.document_pages import DocumentPages
from generator.site.document_view import ChangeSize, DocumentView
from generator.site.headings import with_one_title
from generator.site.history_json import Digests, in_force_json
from generator.site.history_pages import HistoryPage
from generator.site.output import Output, nothing
from generator.site.pdf import Printer
from generator.site.plain_text import plain_text
from generator.site.redline_json import redline_json
from generator.site.redlines import Redlines, RedlineTexts
from generator.site.urls import SiteDocument
from generator.site.version_texts import VersionTexts
from generator.versions.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The facts about a version's files that other files state; ``size`` is None for the first version."""

    digests: Digests
    size: ChangeSize | None

    def with_pdf(self, sha256: str) -> Written:
        """The same, with the digest of the version's PDF."""
        copies = {**self.digests.copies, "pdf": sha256}
        return replace(self, digests=self.digests._replace(copies=copies))


class _VersionFiles(NamedTuple):
    """The result of writing a version: digests, how much it changed, and older files that its text shows."""

    page_sha256: str
    redline_sha256: str | None
    copies_sha256: dict[str, str]
    size: ChangeSize | None
    images: dict[str, str]

    @classmethod
    def from_json(cls, answer: Any) -> _VersionFiles:
        """The same from the cache, where JSON has made lists of tuples."""
        page, redline, copies, size, images = answer
        return cls(
            page, redline, copies, size and ChangeSize(*size)._replace(first_changes=tuple(size[3])), images
        )


class Archive:
    """Writes the permanent pages of one document after the other."""

    def __init__(
        self,
        output: Output,
        *,
        texts: VersionTexts,
        redlines: Redlines,
        pages: DocumentPages,
        printer: Printer | None,
    ) -> None:
        self._output = output
        self._printer = printer
        self._texts = texts
        self._redlines = redlines
        self._pages = pages

    def write(self, view: DocumentView) -> Mapping[int, Written]:
        """Write all pages of the document but its own. Returns what was written, by version number."""
        written = {version.number: self._write_or_reuse_version(view, version) for version in view.versions}
        if self._printer is not None:
            for version in view.versions:
                printed = self._print(view, version, self._printer)
                written[version.number] = written[version.number].with_pdf(printed)
        self._write_all_since(view)
        self._write_history_pages(view, {number: one.size for number, one in written.items()})
        self._write_current(view)
        return written

    def _write_or_reuse_version(self, view: DocumentView, version: Version) -> Written:
        old, new = view.followed(version), view.version(version.number + 1)
        made_of = (
            "version",
            *self._shared_input(view),
            version,
            old,
            new and (new.label, new.published_at),
            view.statuses[version.number],
            view.days_withdrawn_by(version),
            view.is_first_to_come(version),
            view.all_that_changes(version) if version in view.upcoming else None,
            view.version(version.returns_to or 0),
            version is view.shown,
            version.number in view.since,
            view.translates.get(version.number),
            [kin.counterparts.get(version.number) for kin in view.relatives],
        )
        files = self._output.write_or_reuse(
            made_of, partial(self._write_version, view, version), read=_VersionFiles.from_json
        )
        self._texts.keep(files.images)
        return Written(
            digests=Digests(files.page_sha256, files.redline_sha256, files.copies_sha256), size=files.size
        )

    def _shared_input(self, view: DocumentView) -> tuple[object, ...]:
        """Everything that all pages of a document depend on."""
        document = view.document
        return (
            (document.history.id, document.slug, document.language, document.announced, view.withdrawn_on),
            view.shown.title,
            [(kin.document.page_path, kin.document.language) for kin in view.relatives],
            view.prevailing,
        )

    def _write_version(self, view: DocumentView, version: Version) -> _VersionFiles:
        with self._texts.collecting_images() as images:
            document, old = view.document, view.followed(version)
            text = self._texts.on_page(
                self._texts.html(version), version, page=document.version_path(version)
            )
            page = self._output.page(self._pages.version(view, version, text))
            plain = plain_text(self._texts.anywhere(self._texts.html(version), version, here=""))
            copies = {
                "markdown": self._output.file(document.copy_path(version, "md"), self._texts.source(version)),
                "text": self._output.file(document.copy_path(version, "txt"), plain.encode()),
            }
            if old is None:
                return _VersionFiles(page, None, copies, None, images)
            redline = self._redline(old, version, document)
            change = self._write_change(view, version, redline)
            size = ChangeSize(
                redline.words_inserted,
                redline.words_deleted,
                len(redline.changes),
                redline.first_changes(version.title),
            )
            return _VersionFiles(page, change, copies, size, images)

    def _print(self, view: DocumentView, version: Version, printer: Printer) -> str:
        """Write the version's PDF and return its SHA-256."""
        document = view.document
        text = self._texts.anywhere(self._texts.html(version), version, here=document.version_path(version))
        page = self._pages.printed(view, version, text)
        try:
            printed = printer.printed(page)
        except Exception as error:  # one text that cannot be laid out must not stop the copies of all others
            printer.failed.append(
                f"{version.path}, version {version.label}: its PDF shows the source because it cannot be "
                f"laid out ({type(error).__name__}: {error}); simplify its markup"
            )
            source = as_source(self._texts.source(version).decode("utf-8", "replace"))
            printed = printer.printed(self._pages.printed(view, version, source))
        return self._output.file(document.copy_path(version, "pdf"), printed)

    def _write_current(self, view: DocumentView) -> None:
        """Write the pages and files that a document has once, besides its own page."""
        document, shown = view.document, view.shown
        self._output.page(self._pages.in_force(view))
        self._output.file(document.in_force_json_path, in_force_json(view))
        if len(view.versions) > 1:
            self._output.page(self._pages.comparison(view))
        text = self._texts.anywhere(self._texts.html(shown), shown, here=document.page_path)
        self._output.file(document.fragment_path, clean(self._pages.fragment(view, text)).encode())

    def _write_change(self, view: DocumentView, version: Version, redline: RedlineTexts) -> str:
        document = view.document
        page = document.change_path(version)
        self._output.page(self._pages.change(view, version, self._on_page(redline, version, page=page)))
        raw = redline_json(
            document.history.id,
            version,
            redline,
            absolute=partial(self._texts.anywhere, version=version, here=page),
            nothing=load_language(document.language)("redline_nothing"),
        )
        return self._output.file(f"{page}redline.json", raw)

    def _write_all_since(self, view: DocumentView) -> None:
        last = view.last
        older = [
            version for version in view.versions if version is not last and version.number not in view.since
        ]
        for history, group in groupby(older, key=view.history_page_path):
            versions = tuple(group)
            made_of = ("older since", *self._shared_input(view), history, [old.label for old in versions])
            self._output.write_or_reuse(
                made_of, partial(self._redirect_to_history, view, versions), read=nothing
            )
        for number in sorted(view.since):
            old = view.versions[number - 1]
            steps = view.since_then(old)
            made_of = ("since", *self._shared_input(view), old, steps, last, view.statuses[last.number])
            images: Mapping[str, str] = self._output.write_or_reuse(
                made_of, partial(self._write_since, view, old), read=dict
            )
            self._texts.keep(images)

    def _redirect_to_history(self, view: DocumentView, older: Sequence[Version]) -> None:
        document = view.document
        for old in older:
            to = f"{view.history_page_path(old)}#{old.label}"
            page = self._pages.redirect(document.since_path(old), to=to, language=document.language)
            self._output.file(f"{document.since_path(old)}index.html", page.encode())

    def _write_since(self, view: DocumentView, old: Version) -> dict[str, str]:
        with self._texts.collecting_images() as images:
            document, last = view.document, view.last
            redline = self._redline(old, last, document)
            redline = self._on_page(redline, last, page=document.since_path(old))
            self._output.page(self._pages.since(view, old, redline))
            return images

    def _write_history_pages(self, view: DocumentView, sizes: Mapping[int, ChangeSize | None]) -> None:
        for page in view.history_pages:
            listed = [
                (version, view.statuses[version.number], sizes[version.number]) for version in page.versions
            ]
            returned = [
                (view.version(version.returns_to or 0), view.days_withdrawn_by(version))
                for version in page.versions
            ]
            since = view.since & {version.number for version in page.versions}
            first, links = view.versions[0], [(one.path, one.years) for one in view.history_pages]
            made_of = (
                "history",
                *self._shared_input(view),
                listed,
                returned,
                since,
                first,
                links,
                len(view.versions),
            )
            self._output.write_or_reuse(
                made_of, partial(self._write_history_page, view, page, sizes), read=nothing
            )

    def _write_history_page(
        self, view: DocumentView, page: HistoryPage, sizes: Mapping[int, ChangeSize | None]
    ) -> None:
        self._output.page(self._pages.history(view, page, sizes))

    def _redline(self, old: Version, new: Version, document: SiteDocument) -> RedlineTexts:
        return self._redlines.between(old, new, language=load_language(document.language))

    def _on_page(self, redline: RedlineTexts, version: Version, *, page: str) -> RedlineTexts:
        """The redline below the page's own title, with links that work on this page."""

        def resolved(markup: str) -> str:
            return with_one_title(self._texts.on_page(markup, version, page=page), after=True)

        return replace(redline, html=resolved(redline.html), side_by_side=resolved(redline.side_by_side))
