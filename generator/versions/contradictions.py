"""Messages about dates and withdrawals in a text that contradict the earlier history.

They are warnings about past versions, and errors of ``policy-site check`` for a new text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from generator.versions.version import Version


class Contradiction(NamedTuple):
    """A contradiction. ``key`` is the front matter's key that it is about, or None for the whole text."""

    key: str | None
    text: str


NO_DAY = Contradiction(
    "effective",
    "`effective` is missing, so nobody knows when this upcoming text takes effect, and it is not published; "
    "enter the date",
)


def before_pending(stated: date, pending: Version, *, key: str) -> Contradiction:
    """The text states a date, under the key, before that of the pending version that it is built on."""
    return Contradiction(
        key,
        f"`{key}` ({stated}) is before {pending.effective_on}, when version {pending.label} takes effect, so "
        f"that date counts; enter that date or a later one, or add `withdraws: {pending.label}` if version "
        f"{pending.label} will not take effect",
    )


def unknown_label(stated: str, pending: Sequence[Version]) -> Contradiction:
    """The text withdraws a version that is not pending."""
    labels = ", ".join(version.label for version in pending)
    known = f"pending: {labels}" if labels else "no version is pending"
    return Contradiction(
        "withdraws",
        f"`withdraws` names {stated[:40]!r}, which is not a pending version ({known}); "
        "correct the label, or remove `withdraws`",
    )


def removed_early(pending: Version) -> Contradiction:
    """The upcoming file was removed before its date without `withdraws`."""
    return Contradiction(
        "withdraws",
        f"the upcoming text was removed before {pending.effective_on}, so the change announced for that date "
        f"is withdrawn; add `withdraws: {pending.label}` and a `summary` that says so",
    )


def ended_early(pending: Version) -> Contradiction:
    """The document ends before its upcoming text would take effect, without `withdraws`."""
    return Contradiction(
        "withdraws",
        f"the document ends before {pending.effective_on}, so the change announced for that date is "
        f"withdrawn; add `withdraws: {pending.label}`, and remove the upcoming file",
    )


def removed_late(applying: Version) -> Contradiction:
    """The upcoming file was removed after its date, although no other file has its text."""
    return Contradiction(
        None,
        f"the upcoming text took effect on {applying.effective_on} and still applies, but its file was "
        "removed; copy its text into this file",
    )


def not_moved_over(applying: Version) -> Contradiction:
    """The upcoming file is edited after its date."""
    return Contradiction(
        None,
        f"the text of this file took effect on {applying.effective_on}, but the current file still has the "
        "text "
        "before it; move this file over the current one first, and then edit it",
    )


def overtaken(version: Version, overtaking: Version) -> Contradiction | None:
    """The current text is corrected, but the upcoming one replaces it before the correction takes effect."""
    if overtaking.effective_on <= version.published_on:
        return Contradiction(
            None,
            f"the upcoming text took effect on {overtaking.effective_on}, so this text no longer applies; "
            "move the upcoming file over this one first, and then edit it",
        )
    if overtaking.effective_on <= version.effective_on:
        return Contradiction(
            "effective",
            f"the upcoming text takes effect on {overtaking.effective_on}, so this text, "
            f"which would take effect on {version.effective_on}, never does; enter an earlier date, or "
            "change "
            "the upcoming text",
        )
    return None
