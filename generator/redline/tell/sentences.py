"""The changes in plain words of a language, for people; it counts and quotes, and never guesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from generator.language import Language
from generator.redline.model import (
    AttributeChanged,
    Change,
    ColumnDeleted,
    ColumnInserted,
    ColumnMoved,
    Deleted,
    Edited,
    EffectiveDateChanged,
    ImageChanged,
    Inserted,
    LayoutChanged,
    Merged,
    Moved,
    Place,
    Reformatted,
    Relinked,
    Renumbered,
    Retagged,
    Split,
    TitleChanged,
    WithdrawalChanged,
    WordChange,
)
from generator.redline.tell.numbers import Shift, is_named, shifts

QUOTED_LENGTH = 90
MOST_WORD_CHANGES = 3
LISTS = ("ul", "ol")
NAMED = ("pre", "th", "td", "dt", "dd", "summary", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A change in plain words; ``where`` is the heading above it, "" before the first."""

    kind: str
    where: str
    text: str
    anchor: str | None


def tell(changes: Sequence[Change], language: Language) -> list[Told]:
    """All changes in the order of the text, the title and the date before it."""
    return [
        Told(
            kind=change.kind,
            where=change.place.heading if change.place else "",
            text=_capital(_words(change, language)),
            anchor=change.anchor,
        )
        for change in changes
    ]


@singledispatch
def _words(change: Change, language: Language) -> str:
    raise NotImplementedError(change)


@_words.register
def _(change: TitleChanged, language: Language) -> str:
    if change.old is None:
        return language("redline_title_added", new=quoted(change.new or "", language))
    if change.new is None:
        return language("redline_title_removed", old=quoted(change.old, language))
    old, new = quoted(change.old, language), quoted(change.new, language)
    return language("redline_title_changed", old=old, new=new)


@_words.register
def _(change: EffectiveDateChanged, language: Language) -> str:
    old = language.date(change.old) if change.old else ""
    new = language.date(change.new) if change.new else ""
    key = "changed" if old and new else "added" if new else "removed"
    return language(f"redline_effective_{key}", old=old, new=new)


@_words.register
def _(change: WithdrawalChanged, language: Language) -> str:
    old = language.date(change.old) if change.old else ""
    new = language.date(change.new) if change.new else ""
    key = "changed" if old and new else "added" if new else "removed"
    return language(f"redline_withdrawn_{key}", old=old, new=new)


@_words.register
def _(change: Inserted, language: Language) -> str:
    return _blocks("redline_inserted", change, change.texts, language)


@_words.register
def _(change: Deleted, language: Language) -> str:
    return _blocks("redline_deleted", change, change.texts, language)


def _blocks(key: str, change: Change, texts: tuple[str, ...], language: Language) -> str:
    first = quoted(texts[0], language)
    if change.place and change.place.part == "heading":
        return language(f"{key}_section" if len(texts) > 1 else f"{key}_heading", text=first)
    if not texts[0] and len(texts) == 1:
        return language(f"{key}_empty", place=place_words(change.place, language))
    place = place_words(change.place, language)
    return language(key, count=len(texts), place=place, text=first)


@_words.register
def _(change: Edited, language: Language) -> str:
    return _at(change, _edits(change.words, language), language)


def _edits(words: tuple[WordChange, ...], language: Language) -> str:
    told = [_edit(word, language) for word in words[:MOST_WORD_CHANGES]]
    if len(words) > MOST_WORD_CHANGES:
        told.append(language("redline_more", count=len(words) - MOST_WORD_CHANGES))
    return "; ".join(told)


def _edit(word: WordChange, language: Language) -> str:
    old, new = quoted(word.old, language), quoted(word.new, language)
    key = "replaced" if word.old and word.new else "added" if word.new else "removed"
    return language(f"redline_words_{key}", old=old, new=new)


@_words.register
def _(change: Moved, language: Language) -> str:
    text, count = quoted(change.texts[0], language), len(change.texts)
    if change.place and change.place.part == "heading":
        told = language("redline_moved_section", count=count, text=text)
    else:
        source = place_words(change.source, language, heading=True)
        key = "redline_moved_rows" if change.place and change.place.part == "row" else "redline_moved"
        told = language(key, count=count, text=text, source=source)
    return f"{told}; {_edits(change.words, language)}" if change.words else told


@_words.register
def _(change: Split, language: Language) -> str:
    return _at(change, language("redline_split", text=quoted(change.text, language)), language)


@_words.register
def _(change: Merged, language: Language) -> str:
    return _at(change, language("redline_merged"), language)


@_words.register
def _(change: Retagged, language: Language) -> str:
    old, new = _shape(change.old, language), _shape(change.new, language)
    if old == new:
        depths = [sum(tag in LISTS for tag in tags) for tags in (change.old, change.new)]
        key = "same" if depths[0] == depths[1] else "inwards" if depths[0] < depths[1] else "outwards"
        return _at(change, language(f"redline_retagged_{key}", count=change.count), language)
    return _at(change, language("redline_retagged", count=change.count, old=old, new=new), language)


def _shape(tags: tuple[str, ...], language: Language) -> str:
    """What a block is to a reader, by the elements around it."""
    for tag in reversed(tags):
        if tag in (*NAMED, *LISTS):
            return language(f"redline_shape_{tag}")
    return language("redline_shape_p")


@_words.register
def _(change: Relinked, language: Language) -> str:
    key = "added" if change.old is None else "removed" if change.new is None else "changed"
    text = quoted(change.text, language)
    return _at(change, language(f"redline_link_{key}", text=text, old=change.old, new=change.new), language)


@_words.register
def _(change: Reformatted, language: Language) -> str:
    text = quoted(change.text, language)
    told = [language("redline_gained", text=text, form=language(f"redline_form_{n}")) for n in change.gained]
    told += [language("redline_lost", text=text, form=language(f"redline_form_{n}")) for n in change.lost]
    return _at(change, "; ".join(told), language)


@_words.register
def _(change: Renumbered, language: Language) -> str:
    found = shifts(change.labels)
    told = [_shift(shift, language) for shift in found[:MOST_WORD_CHANGES]]
    if len(found) > MOST_WORD_CHANGES:
        told.append(language("redline_more", count=len(found) - MOST_WORD_CHANGES))
    return "; ".join(told)


def _shift(shift: Shift, language: Language) -> str:
    if is_named(shift):
        return language("redline_renumbered", old=shift.old, new=shift.new)
    return language(f"redline_renumbered_{shift.part}", count=shift.count, old=shift.old, new=shift.new)


@_words.register
def _(change: ColumnInserted, language: Language) -> str:
    return language("redline_column_added", text=quoted(change.header, language))


@_words.register
def _(change: ColumnDeleted, language: Language) -> str:
    return language("redline_column_removed", text=quoted(change.header, language))


@_words.register
def _(change: ColumnMoved, language: Language) -> str:
    return language("redline_column_moved", text=quoted(change.header, language))


@_words.register
def _(change: ImageChanged, language: Language) -> str:
    if change.old_source != change.new_source:
        key, old, new = "redline_image_source", change.old_source, change.new_source
    elif change.old_text == change.new_text:
        key, old, new = "redline_image_replaced", change.old_text or change.old_source, ""
    else:
        key, old, new = "redline_image_text", change.old_text, change.new_text
    return _at(change, language(key, old=quoted(old, language), new=quoted(new, language)), language)


@_words.register
def _(change: AttributeChanged, language: Language) -> str:
    key = change.name if change.name in ("start", "colspan", "rowspan") else "other"
    told = language(f"redline_attribute_{key}", old=change.old or "1", new=change.new or "1")
    return _at(change, told, language)


@_words.register
def _(_change: LayoutChanged, language: Language) -> str:
    return language("redline_layout")


def _at(change: Change, told: str, language: Language) -> str:
    return language("redline_at", place=place_words(change.place, language), told=told)


def place_words(place: Place | None, language: Language, *, heading: bool = False) -> str:
    """The place in words, with the heading above it if that is wanted."""
    if place is None:
        return ""
    told = language(f"redline_part_{place.part}", number=place.number, title=quoted(place.title, language))
    if heading and place.heading:
        return language("redline_under", place=told, heading=quoted(place.heading, language))
    return told


def quoted(text: str, language: Language) -> str:
    """The text in the language's quotation marks, cut at a word where it is long."""
    if len(text) > QUOTED_LENGTH:
        cut = text.rfind(" ", QUOTED_LENGTH // 2, QUOTED_LENGTH)
        text = text[: cut if cut > 0 else QUOTED_LENGTH].rstrip(" ,;:.") + " …"
    return language("redline_quoted", text=text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
