"""What the front matter must say about a change: a summary, the kind of change, and its effective date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from generator.checking.changed_text import ChangedText
from generator.checking.report import Finding
from generator.versions.front_matter import FrontMatter

LONGEST_NOTICE = timedelta(days=366)  # further ahead, a date is more often a slip than a plan


def statement_findings(text: ChangedText) -> Iterator[Finding]:
    """What a changed text leaves unsaid, or repeats from an earlier version."""
    front = text.new.front
    if front == FrontMatter() and any(problem.refused for problem in text.new.problems):
        return  # none was read, so all would be missing
    if text.new.title is None:
        yield text.warning("has no title; add `title:` to the front matter, or a heading")
    if front.effective and front.effective - text.today > LONGEST_NOTICE:
        yield text.warning(
            f"`effective` is more than a year ahead ({front.effective}); is that meant?", key="effective"
        )
    if not text.place.announced:
        return
    if text.old is None:
        yield from _findings_of_a_new_document(text)
    elif text.is_visible:
        yield from _repeated_statements(text)
        yield from _findings_of_a_change(text, text.old.front)
    elif (text.old.front.summary, text.old.front.change) != (front.summary, front.change):
        yield text.warning(
            "nothing visible changed, so there is no new version and nobody is notified; "
            "only a version that is not published yet takes over the new front matter",
            key="summary",
        )


def _findings_of_a_new_document(text: ChangedText) -> Iterator[Finding]:
    if not text.is_new_document:
        return
    front = text.new.front
    if front == FrontMatter():
        yield text.warning(
            "is a new document without front matter, so the email about it can only name it; "
            "write `summary` (what it is) and `impact` (what it means for readers)"
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
            yield text.error(f"`summary` is the same as in {which}; describe this change", key="summary")
            break
    if front.change == "editorial":
        return
    for which, earlier in text.earlier_statements():
        if _same(front.impact, earlier.impact):
            yield text.error(
                f"`impact` is the same as in {which}; say what this change means for readers", key="impact"
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
            "`change` is missing, so it counts as material; write material or editorial", key="change"
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
            "`effective` is the same as in the version before; enter the date of this change", key="effective"
        )
    elif new.effective < text.today:
        past = text.error if material else text.warning
        yield past(f"`effective` ({new.effective}) is past; write today or a later day", key="effective")


def _findings_of_a_withdrawal(text: ChangedText, old: FrontMatter, new: FrontMatter) -> Iterator[Finding]:
    assert new.withdrawn is not None
    if new.withdrawn != old.withdrawn and new.withdrawn < text.today:
        yield text.error(
            f"`withdrawn` ({new.withdrawn}) is past; write today or a later day", key="withdrawn"
        )
    if new.withdrawn - text.today > LONGEST_NOTICE:
        yield text.warning(
            f"`withdrawn` is more than a year ahead ({new.withdrawn}); is that meant?", key="withdrawn"
        )
    if text.old is not None and text.old.body.split() != text.new.body.split():
        yield text.warning(
            "the words change too, although the document is to end; withdraw it without other changes",
            key="withdrawn",
        )


def _same(new: str | None, earlier: str | None) -> bool:
    """Whether a reader would take the two for the same words."""
    return bool(new and earlier) and _words(new or "") == _words(earlier or "")


def _words(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!… ")
