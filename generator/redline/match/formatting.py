"""Changes of the inline elements around a word that both texts have: links, emphasis, code."""

from __future__ import annotations

from dataclasses import dataclass

from generator.rendered.elements import FORMATTING, MADE_BY_RENDERER
from generator.rendered.heading_links import HEADING_LINK
from generator.rendered.tags import Form, attributes_of, tag_name

SAME = {"b": "strong", "i": "em"}
MADE_TARGETS = frozenset({*MADE_BY_RENDERER, HEADING_LINK})
"""Classes of links whose target does not count, because the renderer makes it up."""


@dataclass(frozen=True, slots=True)
class FormChange:
    """The elements that a word gained and lost, and where its link leads; None where it has no link."""

    gained: tuple[str, ...]
    lost: tuple[str, ...]
    old_target: str | None
    new_target: str | None


def form_change(old: Form, new: Form) -> FormChange:
    """The difference between an old and a new form."""
    before, after = ({_seen_as(start): start for start in form} for form in (old, new))
    return FormChange(
        gained=tuple(kind for kind in after if kind not in (*before, "a", "")),
        lost=tuple(kind for kind in before if kind not in (*after, "a", "")),
        old_target=_target_of(before.get("a")),
        new_target=_target_of(after.get("a")),
    )


def annotated_form(old: Form, new: Form) -> Form:
    """The new form, with attributes that say what each element was in the old one."""
    before = {_kind(start): start for start in old}
    form: list[str] = []
    for start in new:
        was = before.pop(_kind(start), None)
        if was is None:
            form.append(f'{start[:-1]} data-change="reformat" data-old-tag="span">')
        elif _kind(start) == "a" and _target_of(was) != _target_of(start):
            form.append(f'{start[:-1]} data-change="relink" data-old-href="{_target(was)}">')
        elif _kind(start) == "a" and _target(was) != _target(start) and _is_of_heading(start):
            form.append(f'{start[:-1]} data-old-href="{_target(was)}">')
        else:
            form.append(start)
    for start in before.values():
        target = f' data-old-href="{_target(start)}"' if _kind(start) == "a" else ""
        form.append(f'<span data-change="reformat" data-old-tag="{tag_name(start)}"{target}>')
    return tuple(form)


def differing_form(form: Form, other: Form) -> Form:
    """The form, with a mark on elements that the other one lacks, or around all where it has more."""
    if form == other:
        return form
    change = form_change(other, form)
    relinked = change.old_target != change.new_target
    marked = [
        f'{start[:-1]} data-change="relink">'
        if _kind(start) == "a" and relinked
        else f'{start[:-1]} data-change="reformat">'
        if _seen_as(start) in change.gained
        else start
        for start in form
    ]
    if change.lost or (relinked and change.new_target is None):
        marked.append('<span data-change="reformat">')
    return tuple(marked)


def _seen_as(start: str) -> str:
    """The name of the formatting that a reader sees in an element; "" if a reader sees none."""
    name = tag_name(start)
    return FORMATTING.get(name, name if name == "a" else "")


def _kind(start: str) -> str:
    name = tag_name(start)
    return SAME.get(name, name)


def _is_of_heading(start: str) -> bool:
    """Whether it is a heading's link to itself."""
    return HEADING_LINK in attributes_of(start).get("class", "").split()


def _target(start: str) -> str:
    return attributes_of(start).get("href", "")


def _target_of(start: str | None) -> str | None:
    if start is None or "href" not in attributes_of(start):
        return None  # an anchor leads nowhere
    is_made = not MADE_TARGETS.isdisjoint(attributes_of(start).get("class", "").split())
    return "#" if is_made else _target(start)
