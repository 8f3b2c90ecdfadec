"""What the rules and the report need, gathered from the history: texts before and after, pages, redlines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from urllib.parse import urljoin

from generator.checking.changed import ChangedText
from generator.checking.findings import Proposal
from generator.checking.links import Page
from generator.language import load_language
from generator.redline import Side
from generator.site.addresses import Place
from generator.site.config import SiteConfig
from generator.site.links import Links
from generator.site.redlines import RedlineTexts, redline_texts
from generator.versions.document import Document, Renderer, read_document
from generator.versions.history import SavedText, in_repository
from generator.versions.repository import UNCOMMITTED, Repository, is_document_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathering:
    """Reads the texts of one site's documents, which are below ``folder`` in the repository."""

    config: SiteConfig
    repository: Repository
    renderer: Renderer
    folder: str

    def path_of(self, place: Place) -> str:
        """Where the document is, or was last, in the repository."""
        return in_repository(self.folder, place.document.path)

    def draft(self, place: Place, *, today: date) -> ChangedText:
        """The text that a draft brings, and the one that it replaces."""
        texts = place.document.texts
        return self._changed(
            place,
            texts[-2] if len(texts) > 1 else None,
            texts[-1],
            earlier=len([version for version in place.document.versions if version.commit != UNCOMMITTED]),
            today=today,
        )

    def proposal(self, text: ChangedText, links: Links) -> Proposal:
        """The document as it would be published, with its redline."""
        former = in_repository(self.folder, text.former_path) if text.former_path else None
        return Proposal(
            path=text.path,
            former_path=former if former != text.path else None,
            document=text.new,
            is_translation=text.place.translation_of is not None,
            redline=None
            if text.old is None
            else self._redline(text.old, text.new, place=text.place, links=links),
        )

    def pages(self, places: Sequence[Place], *, draft: bool) -> Iterator[Page]:
        """The living documents as their links see them, with the draft or as they were before it."""
        for place in places:
            document = place.document
            texts = (
                document.texts if draft else [text for text in document.texts if text.commit != UNCOMMITTED]
            )
            removed = document.ended_at is not None and (draft or document.gaps[-1].removed != UNCOMMITTED)
            if not texts or removed:
                continue
            raw = self.repository.read(texts[-1].blob)
            yield Page(
                place=place,
                path=in_repository(self.folder, texts[-1].path),
                html=read_document(raw, self.renderer).html,
                text=raw.decode("utf-8", "replace"),
            )

    def beside(self, files: Mapping[str, str]) -> dict[str, str]:
        """The blobs of those files of the repository that the site publishes as they are, by their paths."""
        return {
            path: blob
            for path, blob in files.items()
            if not is_document_path(path, folder=self.folder) and not self.config.excluded(self.below(path))
        }

    def below(self, path: str) -> str:
        """A path of the repository as one below the documents folder."""
        return path.removeprefix(f"{self.folder}/") if self.folder else path

    def _changed(
        self, place: Place, old: SavedText | None, new: SavedText, *, earlier: int, today: date
    ) -> ChangedText:
        raw = self.repository.read(new.blob)
        old_raw = self.repository.read(old.blob) if old else b""
        return ChangedText(
            path=in_repository(self.folder, new.path),
            former_path=old.path if old else None,
            raw=raw,
            old_raw=old_raw,
            old=read_document(old_raw, self.renderer) if old else None,
            new=read_document(raw, self.renderer),
            earlier=place.document.versions[:earlier],
            place=place,
            today=today,
        )

    def _redline(self, old: Document, new: Document, *, place: Place, links: Links) -> RedlineTexts:
        compared = redline_texts(_side(old), _side(new), language=load_language(place.language))
        locate = partial(urljoin, self.config.site_url)
        mail = links.resolve(
            compared.mail_html, source=place.document.path, locate=locate, file_address=lambda _: None
        )
        return replace(compared, mail_html=mail)


def _side(document: Document) -> Side:
    return Side(html=document.html, title=document.front.title, effective_on=document.front.effective)
