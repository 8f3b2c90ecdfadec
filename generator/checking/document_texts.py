"""Reads the texts that the checks need: before and after a change, and of all documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from generator.checking.broken_links import LinkedPage
from generator.checking.changed_text import ChangedText
from generator.checking.missing_corrections import missing_corrections
from generator.checking.report import Finding
from generator.git.document_paths import in_repository, is_document_path
from generator.git.repository import Repository
from generator.git.steps import UNCOMMITTED
from generator.markdown.renderer import Renderer
from generator.markdown.surroundings import Surroundings
from generator.site.config import SiteConfig
from generator.site.urls import SiteDocument
from generator.versions.document import Document, read_document
from generator.versions.document_history import SavedText
from generator.versions.version import Version, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTexts:
    """Reads the texts of one site's documents. ``folder`` is the documents folder in the repository."""

    config: SiteConfig
    repository: Repository
    renderer: Renderer
    folder: str

    def path_of(self, document: SiteDocument) -> str:
        """The path of the document in the repository, or its last path."""
        return in_repository(self.folder, document.history.path)

    def drafts(self, document: SiteDocument, *, today: date) -> Iterator[ChangedText]:
        """The texts of a document that the draft changes: the current one, the upcoming one, or both."""
        for number, file in enumerate(document.history.files):
            if file.texts[-1].commit == UNCOMMITTED:
                yield self._changed(document, file.texts, is_upcoming=number > 0, today=today)

    def committed(self, document: SiteDocument, version: Version) -> ChangedText:
        """The text of a published or merged version, beside the text that it replaces."""
        versions = document.history.versions
        followed = versions[version.follows - 1] if version.follows else None
        raw = self.repository.read(version.source_blob)
        old_raw = self.repository.read(followed.source_blob) if followed else None
        return ChangedText(
            path=in_repository(self.folder, version.path),
            former_path=followed.path if followed else None,
            raw=raw,
            old_raw=old_raw or b"",
            old=None if old_raw is None else read_document(old_raw, self.renderer),
            new=read_document(raw, self.renderer),
            earlier=versions[: version.number - 1],
            version=version,
            is_upcoming=version.path in document.history.upcoming_paths,
            document=document,
            today=version.published_on,
        )

    def pages(self, documents: Sequence[SiteDocument], *, draft: bool) -> Iterator[LinkedPage]:
        """All documents with their links and ids, with the draft or as they were before it."""
        for document in documents:
            history = document.history
            texts = history.texts if draft else [text for text in history.texts if text.commit != UNCOMMITTED]
            removed = history.ended_at is not None and (draft or history.gaps[-1].removed != UNCOMMITTED)
            if not texts or removed:
                continue
            raw = self.repository.read(texts[-1].blob)
            yield LinkedPage(
                document=document,
                path=in_repository(self.folder, texts[-1].path),
                html=self._read(texts[-1], raw).html,
                text=raw.decode("utf-8", "replace"),
            )

    def missing_corrections(self, text: ChangedText) -> Iterator[Finding]:
        """An error for each correction of the current text that the upcoming text lacks."""
        file, version = text.document.history.upcoming, text.version
        if file is None or version is None or text.is_upcoming:
            return iter(())
        versions = in_order(text.document.history.versions)
        ahead = [one for one in versions if one.line > version.line and one.is_pending(text.today)]
        if not ahead:
            return iter(())
        upcoming = self._read(file.texts[-1], self.repository.read(file.texts[-1].blob))
        return missing_corrections(text, upcoming.body, upcoming_path=file.path)

    def lines(self, path: str) -> Sequence[str]:
        """The lines of a file of the working tree, or none if it does not exist."""
        blob = self.repository.work_tree.files(folder=self.folder).get(path)
        return self.repository.read(blob).decode("utf-8", "replace").splitlines() if blob else ()

    def other_files(self, files: Mapping[str, str], *, folder: str) -> dict[str, str]:
        """The blobs of the documents folder's other files, by their paths below it."""
        skipped = len(folder) + 1 if folder else 0
        return {
            path[skipped:]: blob
            for path, blob in files.items()
            if not is_document_path(path, folder=folder) and not self.config.excluded(path[skipped:])
        }

    def _changed(
        self, document: SiteDocument, texts: Sequence[SavedText], *, is_upcoming: bool, today: date
    ) -> ChangedText:
        new, versions = texts[-1], document.history.versions
        raw = self.repository.read(new.blob)
        rendered = self._read(new, raw)
        drafted = [one for one in versions if one.commit == UNCOMMITTED and one.source_blob == new.blob]
        version = drafted[-1] if drafted else None
        before = self._before(document, texts, rendered, version)
        old_raw = self.repository.read(before.blob) if before else b""
        return ChangedText(
            path=in_repository(self.folder, new.path),
            former_path=texts[-2].path if len(texts) > 1 else None,
            raw=raw,
            old_raw=old_raw,
            old=self._read(before, old_raw) if before else None,
            new=rendered,
            earlier=[one for one in versions if one.commit != UNCOMMITTED],
            version=version,
            is_upcoming=is_upcoming,
            document=document,
            today=today,
        )

    def _before(
        self, document: SiteDocument, texts: Sequence[SavedText], new: Document, version: Version | None
    ) -> SavedText | None:
        """The text before: the version that the new one follows, or the version that looks the same."""
        versions = document.history.versions
        if version is not None:
            return _saved(versions[version.follows - 1]) if version.follows else None
        same = [one for one in versions if one.content_sha256 == new.content_sha256]
        return _saved(same[-1]) if same else texts[max(-2, -len(texts))]

    def _read(self, text: SavedText, raw: bytes) -> Document:
        around = Surroundings(
            path=in_repository(self.folder, text.path),
            folder=self.folder,
            files=self.repository.files_at(text.commit),
        )
        return read_document(raw, self.renderer, around)


def _saved(version: Version) -> SavedText:
    return SavedText(commit=version.commit, path=version.path, blob=version.source_blob)
