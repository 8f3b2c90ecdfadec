"""Start tags as HTML: their names and attributes, and what they mean for the words inside them."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

TAG_NAME = re.compile(r"</?([^\s/>]+)")
ATTRIBUTE = re.compile(r"\s([^\s=\">]+)=\"([^\"]*)\"")

Form = tuple[str, ...]
"""The start tags of the inline elements around a word, outermost first."""

Script = Literal["", "note", "sup", "sub"]

STRUCK = frozenset({"del", "s", "strike"})


@cache
def tag_name(start: str) -> str:
    """The name in a tag."""
    found = TAG_NAME.match(start)
    return found[1] if found else ""


@cache
def attributes_of(start: str) -> dict[str, str]:
    """The attributes in a start tag, their values as HTML."""
    return dict(ATTRIBUTE.findall(start))


@cache
def is_struck(form: Form) -> bool:
    """Whether the policy itself strikes the word through."""
    return any(tag_name(start) in STRUCK for start in form)


@cache
def script_of(form: Form) -> Script:
    """Whether a word is raised or lowered, or the number of a note."""
    names = [tag_name(start) for start in form]
    if is_note_number(form):
        return "note"
    raised = "sup" in names
    if raised and any(attributes_of(start).get("href", "").startswith("#") for start in form):
        return "note"
    return "sup" if raised else "sub" if "sub" in names else ""


def is_note_number(form: Form) -> bool:
    """Whether a word is the number of a footnote."""
    return any("footnote-ref" in attributes_of(start).get("class", "").split() for start in form)
