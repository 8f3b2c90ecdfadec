"""The permanent pages of a document: every version, every change, all that changed since, the history.

Each version's files are made once: what they depend on is named in full, so that a build which finds it
unchanged takes them from the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from generator.language import load_language
from generator.markdown.python_markdown import as_source
from generator.rendered.characters import clean
from generator.site import history_json
from generator.site.document_pages import DocumentPages
from generator.site.document_view import ChangeSize, DocumentView, HistoryPage
from generator.site.feeds import Entry, feed_title
from generator.site.headings import with_one_title
from generator.site.history_json import Digests
from generator.site.output import Output
from generator.site.pdf import Printer
from generator.site.plain_text import plain_text
from generator.site.redlines import Redlines, RedlineTexts
from generator.site.urls import SiteDocument
from generator.site.version_texts import VersionTexts
from generator.versions.version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a version's files have to say to other files; ``size`` is None for the first version."""

    digests: Digests
    size: ChangeSize | None


class Archive:
    """Writes the permanent pages of one document after the other."""

    def __init__(
        self,
        output: Output,
        *,
        rendering: VersionTexts,
        redlines: Redlines,
        pages: DocumentPages,
        printer: Printer | None,
    ) -> None:
        self._output = output
        self._printer = printer
        self._rendering = rendering
        self._redlines = redlines
        self._pages = pages

    def write(self, chapter: DocumentView) -> Mapping[int, Written]:
        """Write all pages of the document but its own; answers what came of each version, by number."""
        written = {version.number: self._version(chapter, version) for version in chapter.versions}
        if self._printer is not None:
            for version in chapter.versions:
                self._print(chapter, version, self._printer)
        self._since(chapter)
        self._history(chapter, {number: one.size for number, one in written.items()})
        self._write_present(chapter)
        return written

    def entry(self, chapter: DocumentView, version: Version) -> Entry:
        """The version's entry in a feed."""
        place, old = chapter.place, chapter.followed(version)
        language = load_language(place.language)
        effective = (
            f"{language('withdrawn_version_banner')}."
            if chapter.standings[version.number].withdrawn_by
            else language("effective_from", effective=language.date(version.effective_on))
        )
        how = "called_off_replaced" if chapter.replaces_announced(version) else "called_off"
        called_off = [
            f"{language(how, effective=language.date(day))}." for day in chapter.days_withdrawn_by(version)
        ]
        page = place.change(version) if old else place.version(version)
        if old:
            redline = self._redline(old, version, place)
            markup, first = redline.mail_html, "".join(redline.first_changes(version.title)[:1])
            left = len(redline.changes) - 1
        else:
            markup, first, left = self._rendering.html(version), language("first_version"), 0
        what = version.front.summary or (
            f"{first}; {language('redline_more', count=left)}" if left > 0 else first
        )
        return Entry(
            identity=f"{place.document.id}/{version.label}",
            title=feed_title(version.title, what),
            page=page,
            published_at=version.published_at,
            summary=" ".join((*called_off, f"{what.rstrip('.')}.", effective)),
            markup=self._rendering.anywhere(markup, version, here=page),
            language=place.language,
        )

    def _version(self, chapter: DocumentView, version: Version) -> Written:
        old, new = chapter.followed(version), chapter.version(version.number + 1)
        made_of = (
            "version",
            *self._frame(chapter),
            version,
            old,
            new and (new.label, new.published_at),
            chapter.standings[version.number],
            chapter.days_withdrawn_by(version),
            chapter.is_first_to_come(version),
            chapter.all_that_changes(version) if version in chapter.upcoming else None,
            chapter.version(version.returns_to or 0),
            version is chapter.shown,
            version.number in chapter.since,
            chapter.translates.get(version.number),
            [kin.counterparts.get(version.number) for kin in chapter.relatives],
        )
        page, change, size, images = self._output.kept(made_of, lambda: self._write_version(chapter, version))
        self._rendering.keep(images)
        return Written(digests=Digests(page, change), size=size and _size(*size))

    def _frame(self, chapter: DocumentView) -> tuple[object, ...]:
        """What all pages of a document depend on."""
        place = chapter.place
        return (
            (place.document.id, place.slug, place.language, place.announced, chapter.withdrawn_on),
            chapter.shown.title,
            [(kin.place.address, kin.place.language) for kin in chapter.relatives],
            chapter.prevailing,
        )

    def _write_version(self, chapter: DocumentView, version: Version) -> list[object]:
        with self._rendering.noting_images() as images:
            place, old = chapter.place, chapter.followed(version)
            text = self._rendering.on_page(
                self._rendering.html(version), version, page=place.version(version)
            )
            page = self._output.page(self._pages.version(chapter, version, text))
            self._output.file(place.copy(version, "md"), self._rendering.source(version))
            plain = plain_text(self._rendering.anywhere(self._rendering.html(version), version, here=""))
            self._output.file(place.copy(version, "txt"), plain.encode())
            if old is None:
                return [page, None, None, images]
            redline = self._redline(old, version, place)
            change = self._write_change(chapter, version, redline)
            size = [
                redline.words_inserted,
                redline.words_deleted,
                len(redline.changes),
                redline.first_changes(version.title),
            ]
            return [page, change, size, images]

    def _print(self, chapter: DocumentView, version: Version, printer: Printer) -> None:
        place = chapter.place
        text = self._rendering.anywhere(self._rendering.html(version), version, here=place.version(version))
        page = self._pages.printed(chapter, version, text)
        try:
            printed = printer.printed(page)
        except Exception as error:  # one text that cannot be laid out must not stop the copies of all others
            printer.failed.append(
                f"{version.path}, version {version.label}: its PDF shows the source, since it cannot be laid "
                f"out ({type(error).__name__}: {error}); write it simpler"
            )
            source = as_source(self._rendering.source(version).decode("utf-8", "replace"))
            printed = printer.printed(self._pages.printed(chapter, version, source))
        self._output.file(place.copy(version, "pdf"), printed)

    def _write_present(self, chapter: DocumentView) -> None:
        """What is there once for each document, beside its own page."""
        place, shown = chapter.place, chapter.shown
        self._output.page(self._pages.in_force(chapter))
        self._output.file(place.in_force_data, history_json.in_force_json(chapter))
        if len(chapter.versions) > 1:
            self._output.page(self._pages.comparison(chapter))
        text = self._rendering.anywhere(self._rendering.html(shown), shown, here=place.address)
        self._output.file(place.fragment, clean(self._pages.fragment(chapter, text)).encode())

    def _write_change(self, chapter: DocumentView, version: Version, redline: RedlineTexts) -> str:
        place = chapter.place
        page = place.change(version)
        self._output.page(self._pages.change(chapter, version, self._on_page(redline, version, page=page)))
        raw = history_json.redline_json(
            place.document.id,
            version,
            redline,
            absolute=partial(self._rendering.anywhere, version=version, here=page),
            nothing=load_language(place.language)("redline_nothing"),
        )
        return self._output.file(f"{page}redline.json", raw)

    def _since(self, chapter: DocumentView) -> None:
        last = chapter.last
        older = [
            version
            for version in chapter.versions
            if version is not last and version.number not in chapter.since
        ]
        for history, group in groupby(older, key=chapter.history_address):
            led = tuple(group)
            made_of = ("older since", *self._frame(chapter), history, [old.label for old in led])
            self._output.kept(made_of, partial(self._lead_to_history, chapter, led))
        for number in sorted(chapter.since):
            old = chapter.versions[number - 1]
            steps = chapter.since_then(old)
            made_of = ("since", *self._frame(chapter), old, steps, last, chapter.standings[last.number])
            images = self._output.kept(made_of, partial(self._write_since, chapter, old))
            self._rendering.keep(images)

    def _lead_to_history(self, chapter: DocumentView, older: Sequence[Version]) -> None:
        place = chapter.place
        for old in older:
            to = f"{chapter.history_address(old)}#{old.label}"
            page = self._pages.redirect(place.since(old), to=to, language=place.language)
            self._output.file(f"{place.since(old)}index.html", page.encode())

    def _write_since(self, chapter: DocumentView, old: Version) -> object:
        with self._rendering.noting_images() as images:
            place, last = chapter.place, chapter.last
            redline = self._redline(old, last, place)
            redline = self._on_page(redline, last, page=place.since(old))
            self._output.page(self._pages.since(chapter, old, redline))
            return images

    def _history(self, chapter: DocumentView, sizes: Mapping[int, ChangeSize | None]) -> None:
        for page in chapter.history_pages:
            listed = [
                (version, chapter.standings[version.number], sizes[version.number])
                for version in page.versions
            ]
            returned = [
                (chapter.version(version.returns_to or 0), chapter.days_withdrawn_by(version))
                for version in page.versions
            ]
            since = chapter.since & {version.number for version in page.versions}
            first, links = chapter.versions[0], [(one.address, one.years) for one in chapter.history_pages]
            made_of = (
                "history",
                *self._frame(chapter),
                listed,
                returned,
                since,
                first,
                links,
                len(chapter.versions),
            )
            self._output.kept(made_of, partial(self._write_history, chapter, page, sizes))

    def _write_history(
        self, chapter: DocumentView, page: HistoryPage, sizes: Mapping[int, ChangeSize | None]
    ) -> None:
        self._output.page(self._pages.history(chapter, page, sizes))

    def _redline(self, old: Version, new: Version, place: SiteDocument) -> RedlineTexts:
        return self._redlines.between(old, new, language=load_language(place.language))

    def _on_page(self, redline: RedlineTexts, version: Version, *, page: str) -> RedlineTexts:
        """The redline below the page's own title, with links that work on the page at this address."""

        def resolved(markup: str) -> str:
            return with_one_title(self._rendering.on_page(markup, version, page=page), after=True)

        return replace(redline, html=resolved(redline.html), side_by_side=resolved(redline.side_by_side))


def _size(inserted: int, deleted: int, changes: int, first: Sequence[str]) -> ChangeSize:
    return ChangeSize(inserted, deleted, changes, tuple(first))
