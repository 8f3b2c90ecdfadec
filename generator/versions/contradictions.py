"""What in a text contradicts the history before it, in words that say what counts instead and what to do.

The words are those of a warning where it is past, and of an error of ``policy-site check`` while it is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from generator.versions.version import Version


class Contradiction(NamedTuple):
    """A contradiction; ``key`` is what of the front matter it is about, None for the whole text."""

    key: str | None
    text: str


NO_DAY = Contradiction(
    "effective",
    "`effective` is missing, so nothing says when this overtakes the current text, and it is not published; "
    "write the day",
)


def before_pending(stated: date, pending: Version, *, key: str) -> Contradiction:
    """The text states a day, under the key, before that of the version that it is built on."""
    return Contradiction(
        key,
        f"`{key}` ({stated}) is before {pending.effective_on}, the day of version {pending.label}, so that "
        f"day counts; write no earlier one, or `withdraws: {pending.label}` if that is not to happen",
    )


def unknown_label(stated: str, pending: Sequence[Version]) -> Contradiction:
    """The text withdraws what is not still to come."""
    labels = ", ".join(version.label for version in pending)
    known = f"pending are {labels}" if labels else "none is pending"
    return Contradiction(
        "withdraws",
        f"`withdraws` names {stated[:40]!r}, which is no version still to take effect ({known}); "
        "correct the label, or leave `withdraws` out",
    )


def removed_early(pending: Version) -> Contradiction:
    """The upcoming file went before its day, and no word says why."""
    return Contradiction(
        "withdraws",
        f"the upcoming text was removed before {pending.effective_on}, so the change announced for that day "
        f"is withdrawn; write `withdraws: {pending.label}` and a `summary` that says so",
    )


def ended_early(pending: Version) -> Contradiction:
    """The document ends before its upcoming text would take effect, and no word says what becomes of that."""
    return Contradiction(
        "withdraws",
        f"the document ends before {pending.effective_on}, so the change announced for that day is "
        f"withdrawn; write `withdraws: {pending.label}`, and remove the upcoming file",
    )


def removed_late(applying: Version) -> Contradiction:
    """The upcoming file went after its day, although no other holds its text."""
    return Contradiction(
        None,
        f"the upcoming text took effect on {applying.effective_on} and applies, but its file was removed; "
        "put its text into this file",
    )


def not_moved_over(applying: Version) -> Contradiction:
    """The upcoming file is edited after its day."""
    return Contradiction(
        None,
        f"the text of this file took effect on {applying.effective_on}; move it over the current file, which "
        "holds the one before it, and edit it then",
    )


def overtaken(version: Version, overtaking: Version) -> Contradiction | None:
    """The current text is corrected, but the upcoming one applies when the correction would take effect."""
    if overtaking.effective_on <= version.published_on:
        return Contradiction(
            None,
            f"the upcoming text took effect on {overtaking.effective_on}, so this one does not apply any "
            "more; move the upcoming file over this one first, and edit it then",
        )
    if overtaking.effective_on <= version.effective_on:
        return Contradiction(
            "effective",
            f"the upcoming text takes effect on {overtaking.effective_on}, so this one, of "
            f"{version.effective_on}, never does; write an earlier day, or change the upcoming text",
        )
    return None
