"""Compares two versions of a text as a site shows them: match, merge, tell."""

from __future__ import annotations

import gc
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from generator.redline.match.similarity import forget_phrases
from generator.redline.match.units import read_units
from generator.redline.merge.lines import Line
from generator.redline.merge.texts import merge_texts
from generator.redline.model import (
    Change,
    EffectiveDateChanged,
    LayoutChanged,
    TitleChanged,
    WithdrawalChanged,
    count_by_kind,
)
from generator.redline.tell.changes import list_changes
from generator.redline.tell.redline import Redline
from generator.rendered.blocks import read_blocks
from generator.rendered.characters import INVISIBLE, folded
from generator.rendered.visible import visible_text
from generator.rendered.words import Vocabulary


class StatedDates(NamedTuple):
    """The dates in the front matter; a date that cannot be read is given as it is written.

    Two versions may state different dates and yet take effect on the same day, for instance if both dates
    are past. Such dates are compared if nothing else differs, because every version differs in something.
    """

    effective: date | str | None = None
    withdrawn: date | None = None


NONE_STATED = StatedDates()


@dataclass(frozen=True, slots=True)
class RenderedVersion:
    """One version of a text: a rendered and cleaned fragment of HTML, its title and its days."""

    html: str
    title: str | None = None
    effective_on: date | None = None
    withdrawn_on: date | None = None
    stated_dates: StatedDates = NONE_STATED


def compare(old: RenderedVersion, new: RenderedVersion) -> Redline:
    """The redline from one version to another; its changes include every difference that makes a version."""
    with garbage_collection_paused():
        lines = merge_html(_folded(old.html), _folded(new.html))
        in_text, words, listed = list_changes(lines)
    forget_phrases()
    if not in_text and visible_text(old.html).tokens != visible_text(new.html).tokens:
        in_text = [LayoutChanged()]
    changes = (*_changes_beside_the_text(old, new), *in_text)
    changes = changes or tuple(_changes_of_stated_dates(old.stated_dates, new.stated_dates))
    return Redline(changes=changes, counts={**count_by_kind(changes), **words}, lines=listed)


def _changes_beside_the_text(old: RenderedVersion, new: RenderedVersion) -> Iterator[Change]:
    if folded(old.title or "") != folded(new.title or ""):
        yield TitleChanged(old=old.title, new=new.title)
    if old.effective_on != new.effective_on:
        yield EffectiveDateChanged(old=old.effective_on, new=new.effective_on)
    if old.withdrawn_on != new.withdrawn_on:
        yield WithdrawalChanged(old=old.withdrawn_on, new=new.withdrawn_on)


def _changes_of_stated_dates(old: StatedDates, new: StatedDates) -> Iterator[Change]:
    if old.effective != new.effective:
        yield EffectiveDateChanged(old=old.effective, new=new.effective)
    if old.withdrawn != new.withdrawn:
        yield WithdrawalChanged(old=old.withdrawn, new=new.withdrawn)


def merge_html(old: str, new: str) -> list[Line]:
    """Two fragments of HTML as one merged text."""
    vocabulary = Vocabulary()
    sides = [read_blocks(fragment, vocabulary) for fragment in (old, new)]
    for block in (block for side in sides for block in side if "<" in block.markup):
        vocabulary.add_cuts(block.markup)
    return merge_texts(*map(read_units, sides))


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Pause the garbage collector, which would take as long as the comparison with so many live objects."""
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
