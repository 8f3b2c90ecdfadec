"""Checks what the front matter says about a change: its summary, impact, kind and effective date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from generator.checking.changed_text import ChangedText
from generator.checking.report import Finding
from generator.versions.front_matter import FrontMatter

LONGEST_NOTICE = timedelta(days=366)  # a later date is more often a typing mistake than a plan


def statement_findings(text: ChangedText) -> Iterator[Finding]:
    """Findings about keys that are missing, wrong, or repeated from an earlier version."""
    front = text.new.front
    if front == FrontMatter() and any(problem.refused for problem in text.new.problems):
        return  # the front matter could not be read, so every key would seem to be missing
    if text.new.title is None:
        yield text.warning("the document has no title; add `title` to the front matter, or add a heading")
    if front.effective and front.effective - text.today > LONGEST_NOTICE:
        yield text.warning(
            f"`effective` is more than a year ahead ({front.effective}); check the date", key="effective"
        )
    if not text.document.announced:
        return
    if text.old is None:
        yield from _findings_of_a_new_document(text)
    elif text.is_visible:
        yield from _repeated_statements(text)
        yield from _findings_of_a_change(text, text.old.front)
    elif (text.old.front.summary, text.old.front.change) != (front.summary, front.change):
        yield text.warning(
            "readers see no difference, so there is no new version and nobody is notified; "
            "the new front matter is used only if the version is not published yet",
            key="summary",
        )


def _findings_of_a_new_document(text: ChangedText) -> Iterator[Finding]:
    if not text.is_new_document:
        return
    front = text.new.front
    if front == FrontMatter():
        yield text.warning(
            "this new document has no front matter, so the email about it can only give its title; "
            "add `summary` (what the document is) and `impact` (what it means for readers)"
        )
        return
    if front.summary is None:
        yield text.error("`summary` is missing; say in plain words what this new document is", key="summary")
    if front.impact is None:
        yield text.error("`impact` is missing; say what this new document means for readers", key="impact")


def _repeated_statements(text: ChangedText) -> Iterator[Finding]:
    front = text.new.front
    for which, earlier in text.earlier_statements():
        if _same(front.summary, earlier.summary):
            yield text.error(
                f"`summary` is unchanged from {which}; describe what this change does", key="summary"
            )
            break
    if front.change == "editorial":
        return
    for which, earlier in text.earlier_statements():
        if _same(front.impact, earlier.impact):
            yield text.error(
                f"`impact` is unchanged from {which}; say what this change means for readers", key="impact"
            )
            break


def _findings_of_a_change(text: ChangedText, old: FrontMatter) -> Iterator[Finding]:
    new = text.new.front
    material = new.change != "editorial"
    if new.summary is None:
        yield text.error("`summary` is missing; say in plain words what changed", key="summary")
    if new.impact is None and material:
        yield text.error("`impact` is missing; say what the change means for readers", key="impact")
    if new.change is None:
        yield text.warning(
            "`change` is missing, so this counts as a material change; write `material` or `editorial`",
            key="change",
        )
    if new.withdrawn is not None:
        yield from _findings_of_a_withdrawal(text, old, new)
    elif new.effective is None:
        if material and new.effective_text is None:
            yield text.error(
                "`effective` is missing; enter the date the change takes effect", key="effective"
            )
    elif new.effective == old.effective and material:
        yield text.error(
            "`effective` is unchanged from the previous version; enter the date this change takes effect",
            key="effective",
        )
    elif new.effective < text.today:
        past = text.error if material else text.warning
        yield past(
            f"`effective` ({new.effective}) is in the past; enter today or a later date", key="effective"
        )


def _findings_of_a_withdrawal(text: ChangedText, old: FrontMatter, new: FrontMatter) -> Iterator[Finding]:
    assert new.withdrawn is not None
    if new.withdrawn != old.withdrawn and new.withdrawn < text.today:
        yield text.error(
            f"`withdrawn` ({new.withdrawn}) is in the past; enter today or a later date", key="withdrawn"
        )
    if new.withdrawn - text.today > LONGEST_NOTICE:
        yield text.warning(
            f"`withdrawn` is more than a year ahead ({new.withdrawn}); check the date", key="withdrawn"
        )
    if text.old is not None and text.old.body.split() != text.new.body.split():
        yield text.warning(
            "the text changes in the same step as the document is withdrawn; withdraw it without other "
            "changes",
            key="withdrawn",
        )


def _same(new: str | None, earlier: str | None) -> bool:
    """Whether the two are the same apart from case, spaces and the full stop at the end."""
    return bool(new and earlier) and _words(new or "") == _words(earlier or "")


def _words(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!… ")
