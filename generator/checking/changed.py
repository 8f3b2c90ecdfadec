"""One text that a change touches, as the rules see it, and how a rule names a line of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from generator.checking.findings import Finding
from generator.site.addresses import Place
from generator.versions.document import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedText:
    """A document's text before (None: the document is new) and after a change.

    ``path`` is the repository's, ``raw`` are the bytes after the change, and ``today`` is the day on which
    the change would be published, in the site's time zone.
    """

    path: str
    raw: bytes
    old: Document | None
    new: Document
    place: Place
    today: date

    def error(self, text: str, *, key: str | None = None) -> Finding:
        """Something to correct, in the line of the front matter's ``key``."""
        return Finding(path=self.path, line=self._line_of(key), text=text, error=True)

    def warning(self, text: str, *, key: str | None = None) -> Finding:
        """Something to check again, in the line of the front matter's ``key``."""
        return Finding(path=self.path, line=self._line_of(key), text=text, error=False)

    def _line_of(self, key: str | None) -> int | None:
        """The line of the key, else the first one; None without a key."""
        if key is None:
            return None
        lines: Sequence[bytes] = self.raw.splitlines()
        return next(
            (number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:".encode())), 1
        )
