"""The changes as sentences of a language; they count and quote, and never guess what a change means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
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
    Location,
    Merged,
    Moved,
    Reformatted,
    Relinked,
    Renumbered,
    Retagged,
    Split,
    TitleChanged,
    WithdrawalChanged,
    WordChange,
)
from generator.redline.tell.number_runs import NumberRun, is_named, number_runs

QUOTED_LENGTH = 90
MOST_WORD_CHANGES = 3
LISTS = ("ul", "ol")
NAMED = ("pre", "th", "td", "dt", "dd", "summary", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedChange:
    """A change as a sentence.

    ``where`` is the heading above it, "" before the first. ``anchor`` is its id in the marked text, None for
    a change outside the text.
    """

    kind: str
    where: str
    text: str
    anchor: str | None


def in_sentences(changes: Sequence[Change], language: Language) -> list[ListedChange]:
    """The changes, in the same order."""
    return [
        ListedChange(
            kind=change.kind,
            where=change.location.heading if change.location else "",
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
    old, new = (_day(day, language) for day in (change.old, change.new))
    key = "changed" if old and new else "added" if new else "removed"
    return language(f"redline_effective_{key}", old=old, new=new)


def _day(day: date | str | None, language: Language) -> str:
    """The day in words, in quotation marks if it is no date, empty if there is none."""
    if isinstance(day, str):
        return quoted(day, language)
    return language.date(day) if day else ""


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
    if change.location and change.location.part == "heading":
        return language(f"{key}_section" if len(texts) > 1 else f"{key}_heading", text=first)
    if not texts[0] and len(texts) == 1:
        return language(f"{key}_empty", place=location_in_words(change.location, language))
    place = location_in_words(change.location, language)
    return language(key, count=len(texts), place=place, text=first)


@_words.register
def _(change: Edited, language: Language) -> str:
    return _at(change, _edits(change.words, language), language)


def _edits(words: tuple[WordChange, ...], language: Language) -> str:
    sentences = [_edit(word, language) for word in words[:MOST_WORD_CHANGES]]
    if len(words) > MOST_WORD_CHANGES:
        sentences.append(language("redline_more", count=len(words) - MOST_WORD_CHANGES))
    return "; ".join(sentences)


def _edit(word: WordChange, language: Language) -> str:
    old, new = quoted(word.old, language), quoted(word.new, language)
    key = "replaced" if word.old and word.new else "added" if word.new else "removed"
    return language(f"redline_words_{key}", old=old, new=new)


@_words.register
def _(change: Moved, language: Language) -> str:
    text, count = quoted(change.texts[0], language), len(change.texts)
    if change.location and change.location.part == "heading":
        sentence = language("redline_moved_section", count=count, text=text)
    else:
        source = location_in_words(change.source, language, heading=True)
        key = "redline_moved_rows" if change.location and change.location.part == "row" else "redline_moved"
        sentence = language(key, count=count, text=text, source=source)
    return f"{sentence}; {_edits(change.words, language)}" if change.words else sentence


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
    """The name of a block for a reader, by the elements around it."""
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
    sentences = [
        language("redline_gained", text=text, form=language(f"redline_form_{n}")) for n in change.gained
    ]
    sentences += [
        language("redline_lost", text=text, form=language(f"redline_form_{n}")) for n in change.lost
    ]
    return _at(change, "; ".join(sentences), language)


@_words.register
def _(change: Renumbered, language: Language) -> str:
    found = number_runs(change.labels)
    sentences = [_number_run(run, language) for run in found[:MOST_WORD_CHANGES]]
    if len(found) > MOST_WORD_CHANGES:
        sentences.append(language("redline_more", count=len(found) - MOST_WORD_CHANGES))
    return "; ".join(sentences)


def _number_run(run: NumberRun, language: Language) -> str:
    if is_named(run):
        return language("redline_renumbered", old=run.old, new=run.new)
    return language(f"redline_renumbered_{run.part}", count=run.count, old=run.old, new=run.new)


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
    sentence = language(f"redline_attribute_{key}", old=change.old or "1", new=change.new or "1")
    return _at(change, sentence, language)


@_words.register
def _(_change: LayoutChanged, language: Language) -> str:
    return language("redline_layout")


def _at(change: Change, sentence: str, language: Language) -> str:
    return language("redline_at", place=location_in_words(change.location, language), change=sentence)


def location_in_words(location: Location | None, language: Language, *, heading: bool = False) -> str:
    """The location in words; with ``heading``, also the heading above it."""
    if location is None:
        return ""
    title = quoted(location.title, language)
    words = language(f"redline_part_{location.part}", number=location.number, title=title)
    if heading and location.heading:
        return language("redline_under", place=words, heading=quoted(location.heading, language))
    return words


def quoted(text: str, language: Language) -> str:
    """The text in the language's quotation marks, cut at a word where it is long."""
    if len(text) > QUOTED_LENGTH:
        cut = text.rfind(" ", QUOTED_LENGTH // 2, QUOTED_LENGTH)
        text = text[: cut if cut > 0 else QUOTED_LENGTH].rstrip(" ,;:.") + " …"
    return language("redline_quoted", text=text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
