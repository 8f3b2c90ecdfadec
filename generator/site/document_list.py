"""What the pages of the site itself list: documents by folder, withdrawn ones, new publications; pure."""

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
    """A document in a list; ``apart`` tells it from those with a title that looks the same, else it is "".

    ``translations`` are listed beside it and nowhere else.
    """

    view: DocumentView
    title: str
    apart: str
    translations: tuple[SiteDocument, ...]

    @property
    def document(self) -> SiteDocument:
        """Where it is."""
        return self.view.document

    @property
    def coming_on(self) -> date | None:
        """The day on which its next version takes effect."""
        return min((version.effective_on for version in self.view.upcoming), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Documents of one folder by title; ``name`` is "" where there is no other folder."""

    name: str
    documents: tuple[ListedDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A version as news; ``size`` is None for the first one of its document."""

    listed: ListedDocument
    version: Version
    size: ChangeSize | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentList:
    """All documents of a site. ``withdrawn`` begins with the one that was withdrawn last."""

    folders: tuple[Folder, ...]
    withdrawn: tuple[ListedDocument, ...]
    by_id: Mapping[str, ListedDocument]

    @property
    def count(self) -> int:
        """How many documents apply, without their translations."""
        return sum(len(folder.documents) for folder in self.folders)


def document_list(views: Sequence[DocumentView]) -> DocumentList:
    """The documents as they are listed."""
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
    """Where the page of recent changes is; None where a document has or had that path."""
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
    """What a reader remembers of a title."""
    return "".join(filter(str.isalnum, title.casefold())) or title
