"""One text that a change adds or edits, in the form that the checks need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from generator.checking.report import Finding
from generator.site.urls import SiteDocument
from generator.versions.document import Document
from generator.versions.front_matter import FrontMatter
from generator.versions.version import Version


@dataclass(frozen=True, kw_only=True)
class ChangedText:
    """The text of a document before and after a change.

    ``old`` is None for a new document. ``version`` is the version that the change would publish, or None if
    readers would see no difference; ``old`` is then the version that looks the same. ``is_upcoming`` says
    whether the text is in the upcoming file (``privacy.upcoming.md``).

    ``path`` is relative to the repository, ``former_path`` to the documents folder. ``raw`` and ``old_raw``
    are the bytes of the files. ``earlier`` are the versions before the change, oldest first. ``today`` is the
    day on which the change is published, in the site's time zone.
    """

    path: str
    former_path: str | None
    raw: bytes
    old_raw: bytes
    old: Document | None
    new: Document
    earlier: Sequence[Version]
    version: Version | None
    is_upcoming: bool
    document: SiteDocument
    today: date

    @property
    def is_new_document(self) -> bool:
        """Whether the document is new. A new translation is not a new document."""
        return self.old is None and self.document.translation_of is None

    @property
    def is_visible(self) -> bool:
        """Whether a reader would see the change."""
        return self.version is not None

    @cached_property
    def lines(self) -> Sequence[str]:
        """The lines of the new text."""
        return self.raw.decode("utf-8", "replace").splitlines()

    @cached_property
    def new_lines(self) -> Sequence[tuple[int, str]]:
        """The lines that the old text did not have, with their numbers."""
        known = set(self.old_raw.decode("utf-8", "replace").splitlines())
        return [(number, line) for number, line in enumerate(self.lines, 1) if line not in known]

    def earlier_statements(self) -> Sequence[tuple[str, FrontMatter]]:
        """The front matter of all earlier versions, newest first, and of the old text, each with a name."""
        stated = [(f"version {version.label}", version.front) for version in reversed(self.earlier)]
        return [*stated, *([("the previous text", self.old.front)] if self.old else [])]

    def error(self, text: str, *, key: str | None = None, line: int | None = None) -> Finding:
        """A finding that must be corrected, at ``line`` or at the line of the front matter's ``key``."""
        return Finding(path=self.path, line=line or self._line_of(key), text=text, error=True)

    def warning(self, text: str, *, key: str | None = None, line: int | None = None) -> Finding:
        """A finding that may be right as it is, at ``line`` or at the line of the front matter's ``key``."""
        return Finding(path=self.path, line=line or self._line_of(key), text=text, error=False)

    def _line_of(self, key: str | None) -> int | None:
        """The number of the key's line, or None without a key."""
        if key is None:
            return None
        return line_of(key, self.lines)


def line_of(key: str, lines: Sequence[str]) -> int:
    """The number of the line with this key of the front matter, or 1 if there is none."""
    starts = (f"{key}:", f'"{key}":', f"'{key}':")
    return next((number for number, line in enumerate(lines, 1) if line.startswith(starts)), 1)
