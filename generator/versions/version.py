"""A version of a document, and which of several versions applies on a day. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from generator.markdown.surroundings import Picture
from generator.versions.front_matter import FrontMatter


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a document that readers saw, and from when.

    ``published_at`` is the committer time in UTC of the mainline commit that brought it, not the author's:
    a change counts from its arrival on the branch; ``published_on`` is its day in the site's time zone.
    ``effective_on`` is the day on which it actually takes effect, unless a later version withdraws it;
    ``front.effective`` is the stated day. ``path`` is below the documents folder. Of two versions of any
    documents the one with the lower ``position`` was published first, or both with one commit.

    ``line`` is 0 for the current text; the text of an upcoming file is on the next line, which overtakes it.
    ``follows`` is the number of the version that this one changes, None for the first. ``withdraws`` are the
    numbers of pending versions that will never take effect because of this one. ``text_sha256`` is
    ``content_sha256`` without the stated effective date. ``included`` are the files whose words the text
    includes, as paths and blobs of the repository, ``pictures`` those that it shows. A version is
    ``discovered`` if an earlier build published its commit without seeing it; nobody is notified of it.
    """

    document: str
    number: int
    label: str
    commit: str
    position: int
    path: str
    source_blob: str
    published_at: datetime
    published_on: date
    effective_on: date
    line: int
    follows: int | None
    withdraws: tuple[int, ...]
    returns_to: int | None
    content_sha256: str
    text_sha256: str
    front: FrontMatter
    title: str
    included: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()
    discovered: bool = False

    @property
    def made_of(self) -> str:
        """A name for the text together with the other files that it shows."""
        if not self.included and not self.pictures:
            return self.source_blob
        others = repr((self.included, self.pictures)).encode("utf-8", "surrogateescape")
        return f"{self.source_blob}-{hashlib.sha256(others).hexdigest()[:16]}"

    @property
    def withdrawn_on(self) -> date | None:
        """The day from which the document no longer applies, or None if this version does not end it."""
        return self.effective_on if self.front.withdrawn else None

    @property
    def announces(self) -> date | None:
        """The day on which it takes effect, if it states one or inherits one; else None."""
        stated = self.front.withdrawn or self.front.effective
        return self.effective_on if stated or self.effective_on > self.published_on else None

    def is_pending(self, day: date) -> bool:
        """Whether it takes effect after this day. One that took effect on publication never was."""
        return self.effective_on > max(day, self.published_on)


def in_order(versions: Sequence[Version]) -> list[Version]:
    """The versions that no other withdraws, each before those that overtake it."""
    withdrawn = {number for version in versions for number in version.withdraws}
    standing = (version for version in versions if version.number not in withdrawn)
    return sorted(standing, key=lambda version: (version.line, version.number))


def withdrawal(versions: Sequence[Version]) -> Version | None:
    """The version with which the document ends, or None if the last version does not end it."""
    last: Version | None = None
    for version in reversed(in_order(versions)):
        if version.withdrawn_on is None:
            break
        if last is None or version.effective_on <= last.effective_on:
            last = version
    return last


def in_force(versions: Sequence[Version], *, day: date) -> Version | None:
    """The version that applies on the day: the last in order that is effective. None if none is yet."""
    return next((version for version in reversed(in_order(versions)) if version.effective_on <= day), None)


def upcoming(versions: Sequence[Version], *, day: date) -> list[Version]:
    """The versions that take effect after the day, next first, without those overtaken before their day."""
    coming: list[Version] = []
    for version in reversed(in_order(versions)):
        if version.effective_on > day and all(version.effective_on < later.effective_on for later in coming):
            coming.append(version)
        elif version.effective_on <= day:
            break
    return coming[::-1]
