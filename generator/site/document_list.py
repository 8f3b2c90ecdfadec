"""The lists on the site's own pages: documents by folder, withdrawn ones, and new publications; pure."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from generator.site.document_view import ChangeSize, DocumentView
from generator.site.urls import SiteDocument
from generator.versions.version import Version

RECENT = "recent-changes/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDocument:
    """A document in a list. Its ``translations`` are listed beside it and nowhere else.

    ``apart`` tells it from documents with a title that looks the same; it is empty if there are none.
    """

    view: DocumentView
    title: str
    apart: str
    translations: tuple[SiteDocument, ...]

    @property
    def document(self) -> SiteDocument:
        """The document with its paths."""
        return self.view.document

    @property
    def coming_on(self) -> date | None:
        """The day on which its next version takes effect; None if no version is upcoming."""
        return min((version.effective_on for version in self.view.upcoming), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The documents of one folder, by title. ``name`` is empty if it is the only folder."""

    name: str
    documents: tuple[ListedDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A version in a list of recent changes; ``size`` is None for the first version of a document."""

    listed: ListedDocument
    version: Version
    size: ChangeSize | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentList:
    """All documents of a site. The document that was withdrawn last is the first of ``withdrawn``."""

    folders: tuple[Folder, ...]
    withdrawn: tuple[ListedDocument, ...]
    by_id: Mapping[str, ListedDocument]

    @property
    def count(self) -> int:
        """How many documents are in force, without translations."""
        return sum(len(folder.documents) for folder in self.folders)


def document_list(views: Sequence[DocumentView]) -> DocumentList:
    """The documents in the order in which they are listed."""
    living = {c.document.history.id: c for c in views if c.document.history.ended_at is None}
    titles = Counter(_look(view.shown.title) for view in views)
    listed = {
        view.document.history.id: ListedDocument(
            view=view,
            title=view.shown.title,
            apart=view.document.slug if titles[_look(view.shown.title)] > 1 else "",
            translations=tuple(
                other.document
                for other in living.values()
                if other.document.translation_of == view.document.history.id
            ),
        )
        for view in views
    }
    ended = [one for one in listed.values() if one.document.history.id not in living]
    return DocumentList(
        folders=tuple(
            _folders(listed[one] for one, c in living.items() if c.document.translation_of is None)
        ),
        withdrawn=tuple(
            sorted(
                ended, key=lambda one: (one.view.withdrawn_on or date.min, one.document.slug), reverse=True
            )
        ),
        by_id=listed,
    )


def publications(views: Iterable[DocumentView]) -> list[tuple[DocumentView, Version]]:
    """Every version of every document, the newest publication first."""
    everything = [(view, version) for view in views for version in view.versions]
    return sorted(everything, key=lambda one: (one[1].published_at, one[0].document.history.id), reverse=True)


def recent_changes_path(documents: Iterable[SiteDocument]) -> str | None:
    """The path of the recent changes; None if a document has or had that path."""
    slugs = [slug for document in documents for slug in (document.slug, *document.former_slugs)]
    return None if any(f"{slug}/".startswith(RECENT) for slug in slugs) else RECENT


def _folders(documents: Iterable[ListedDocument]) -> Iterator[Folder]:
    by_folder: dict[str, list[ListedDocument]] = {}
    for document in documents:
        by_folder.setdefault(posixpath.dirname(document.document.slug), []).append(document)
    for folder in sorted(by_folder, key=lambda folder: (folder != "", _in_words(folder).casefold())):
        yield Folder(
            name=_in_words(folder) if len(by_folder) > 1 else "",
            documents=tuple(
                sorted(by_folder[folder], key=lambda one: (one.title.casefold(), one.document.slug))
            ),
        )


def _in_words(folder: str) -> str:
    """``privacy-policies/eu`` as a heading: ``Privacy policies / Eu``."""
    parts = (part.replace("-", " ").replace("_", " ").strip() for part in folder.split("/"))
    return " / ".join(part[:1].upper() + part[1:] for part in parts)


def _look(title: str) -> str:
    """The title without case, blanks and signs: titles that are equal in it look the same to a reader."""
    return "".join(filter(str.isalnum, title.casefold())) or title
