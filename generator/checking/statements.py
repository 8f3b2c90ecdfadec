"""What the front matter must say about a change: a summary, the kind of change, and its effective date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from generator.checking.changed import ChangedText
from generator.checking.findings import Finding
from generator.versions.front_matter import FrontMatter

LONGEST_NOTICE = timedelta(days=366)  # further ahead, a date is more often a slip than a plan


def statement_findings(text: ChangedText) -> Iterator[Finding]:
    """What a changed text leaves unsaid, or repeats from the version before."""
    old, new, front = text.old, text.new, text.new.front
    if front == FrontMatter() and any(problem.refused for problem in new.problems):
        return  # none was read, so all would be missing
    if new.title is None:
        yield text.warning("has no title; add `title:` to the front matter, or a heading")
    if front.effective and front.effective - text.today > LONGEST_NOTICE:
        yield text.warning(
            f"`effective` is more than a year ahead ({front.effective}); is that meant?", key="effective"
        )
    if old is None or not text.place.announced:
        return
    if old.content_sha256 != new.content_sha256:
        yield from _findings_of_a_change(text, old.front, front)
    elif (old.front.summary, old.front.change) != (front.summary, front.change):
        yield text.warning("nothing visible changed, so this is no version and nobody is told", key="summary")


def _findings_of_a_change(text: ChangedText, old: FrontMatter, new: FrontMatter) -> Iterator[Finding]:
    material = new.change != "editorial"
    if new.summary is None:
        yield text.error("`summary` is missing; say in plain words what changed", key="summary")
    elif new.summary == old.summary:
        yield text.error(
            "`summary` is still that of the version before; say what this change does", key="summary"
        )
    if new.change is None:
        yield text.warning(
            "`change` is missing, so it counts as material; write material or editorial", key="change"
        )
    if new.effective is None:
        if material and new.effective_text is None:
            yield text.error(
                "`effective` is missing; write the day from which the change applies", key="effective"
            )
    elif new.effective == old.effective and material:
        yield text.error(
            "`effective` is still that of the version before; write this change's own day", key="effective"
        )
    elif new.effective < text.today:
        past = text.error if material else text.warning
        yield past(f"`effective` ({new.effective}) is past; write today or a later day", key="effective")
