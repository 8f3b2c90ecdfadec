"""One text that a change touches, as the rules see it, and how a rule names a line of it."""

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
    """A document's text before (None: the document is new) and after a change.

    ``version`` is what the change would publish, None where a reader would see nothing of it; the text before
    is then the one that stands for it. ``is_upcoming``: the text is that of the upcoming file.

    ``path`` is the repository's, ``former_path`` is the one before, below the documents folder; ``raw`` and
    ``old_raw`` are the bytes. ``earlier`` are the versions before
    the change, oldest first, and ``today`` is the day on which the change is published, in the site's time
    zone.
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
    place: SiteDocument
    today: date

    @property
    def is_new_document(self) -> bool:
        """Whether readers get a document that they did not have; a translation is not one."""
        return self.old is None and self.place.translation_of is None

    @property
    def is_visible(self) -> bool:
        """Whether a reader would see the change."""
        return self.version is not None

    @cached_property
    def lines(self) -> Sequence[str]:
        """The new text by lines."""
        return self.raw.decode("utf-8", "replace").splitlines()

    @cached_property
    def new_lines(self) -> Sequence[tuple[int, str]]:
        """The lines, with their numbers, that the text before did not have."""
        known = set(self.old_raw.decode("utf-8", "replace").splitlines())
        return [(number, line) for number, line in enumerate(self.lines, 1) if line not in known]

    def earlier_statements(self) -> Sequence[tuple[str, FrontMatter]]:
        """What each earlier version said of itself, newest first, and the text that is replaced."""
        stated = [(f"the version of {version.label}", version.front) for version in reversed(self.earlier)]
        return [*stated, *([("the text before", self.old.front)] if self.old else [])]

    def error(self, text: str, *, key: str | None = None, line: int | None = None) -> Finding:
        """Something to correct, in a line of its own or in that of the front matter's ``key``."""
        return Finding(path=self.path, line=line or self._line_of(key), text=text, error=True)

    def warning(self, text: str, *, key: str | None = None, line: int | None = None) -> Finding:
        """Something to check again, in a line of its own or in that of the front matter's ``key``."""
        return Finding(path=self.path, line=line or self._line_of(key), text=text, error=False)

    def _line_of(self, key: str | None) -> int | None:
        """The line of the key, else the first one; None without a key."""
        if key is None:
            return None
        return line_of(key, self.lines)


def line_of(key: str, lines: Sequence[str]) -> int:
    """The line of a key of the front matter, else the first one."""
    starts = (f"{key}:", f'"{key}":', f"'{key}':")
    return next((number for number, line in enumerate(lines, 1) if line.startswith(starts)), 1)
