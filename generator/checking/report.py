"""The result of a check: findings, and what would be published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from generator.site.redlines import RedlineTexts
from generator.versions.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An error to correct, or a warning. ``path`` is relative to the repository."""

    path: str
    line: int | None
    text: str
    error: bool

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {'error' if self.error else 'warning'}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A document as it would be published. ``redline`` is None for a new document or a new translation."""

    path: str
    former_path: str | None
    document: Document
    effective_on: date
    is_translation: bool
    redline: RedlineTexts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A document that the change removes."""

    path: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherFile:
    """A new or changed file of the documents folder that is not a document.

    ``left_out`` says why the file is not published and what to do; it is None if the file is published.
    """

    path: str
    is_new: bool
    left_out: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of a check."""

    findings: tuple[Finding, ...]
    proposals: tuple[Proposal, ...]
    removals: tuple[Removal, ...] = ()
    files: tuple[OtherFile, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether there are no errors."""
        return not any(finding.error for finding in self.findings)
