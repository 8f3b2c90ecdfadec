"""Compares two versions of a text, as a site shows them."""

from __future__ import annotations

import gc
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from generator.redline.match.common_words import forget_phrases
from generator.redline.match.units import read_units
from generator.redline.merge.lines import Line
from generator.redline.merge.texts import weave
from generator.redline.model import (
    Change,
    EffectiveDateChanged,
    LayoutChanged,
    TitleChanged,
    WithdrawalChanged,
    count_by_kind,
)
from generator.redline.tell.changes import find_changes
from generator.redline.tell.redline import Redline
from generator.rendered.blocks import read_blocks
from generator.rendered.characters import INVISIBLE
from generator.rendered.visible import visible_text
from generator.rendered.words import Vocabulary


@dataclass(frozen=True, slots=True)
class Side:
    """One version of a text: a rendered, cleaned fragment of HTML, and what stands beside it."""

    html: str
    title: str | None = None
    effective_on: date | None = None
    withdrawn_on: date | None = None


def compare(old: Side, new: Side) -> Redline:
    """The redline from one version to another; each difference that makes a version is among its changes."""
    with uncollected():
        lines, vocabulary = weave_html(_folded(old.html), _folded(new.html))
        found, words = find_changes(lines, vocabulary)
    forget_phrases()
    if not found and visible_text(old.html).tokens != visible_text(new.html).tokens:
        found = [LayoutChanged()]
    beside: list[Change] = []
    if old.title != new.title:
        beside.append(TitleChanged(old=old.title, new=new.title))
    if old.effective_on != new.effective_on:
        beside.append(EffectiveDateChanged(old=old.effective_on, new=new.effective_on))
    if old.withdrawn_on != new.withdrawn_on:
        beside.append(WithdrawalChanged(old=old.withdrawn_on, new=new.withdrawn_on))
    changes = (*beside, *found)
    return Redline(
        changes=changes,
        counts={**count_by_kind(changes), **words},
        lines=tuple(lines),
        vocabulary=vocabulary,
    )


def weave_html(old: str, new: str) -> tuple[list[Line], Vocabulary]:
    """Both fragments in one, and the characters that stand for their words."""
    vocabulary = Vocabulary()
    blocks = [read_blocks(side) for side in (old, new)]
    for block in (block for side in blocks for block in side if "<" in block.markup):
        vocabulary.add_cuts(block.markup)
    units = [read_units(side, vocabulary) for side in blocks]
    return weave(units[0], units[1], vocabulary), vocabulary


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python from looking for garbage: among so many objects in use that takes as long as the work."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _folded(fragment: str) -> str:
    """The fragment without characters that nobody sees (versions.md, 16)."""
    return INVISIBLE.sub("", unicodedata.normalize("NFC", fragment))
