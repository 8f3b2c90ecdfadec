"""Blocks that were split or merged: which words of the old blocks went to which new block."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from generator.redline.match.words import ChangedWords, ComparedWords, KeptWords, WordSpan, compare_words
from generator.rendered.blocks import Block
from generator.rendered.words import Words


@dataclass(frozen=True, slots=True, eq=False)
class RemovedBlock:
    """An old block of which nothing is left here; ``move`` numbers its move, 0 if it did not move."""

    block: Block
    move: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class AddedBlock:
    """A new block that has nothing of the old ones here.

    If it moved, ``move`` is the number of its move, and ``words`` compares it with the old block elsewhere.
    """

    block: Block
    move: int = 0
    words: ComparedWords | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KeptPart:
    """A new block with the old words that went there, the first of them from ``old``.

    ``is_split_off``: ``old`` began in an earlier block. ``merged`` has the tags of the old blocks after it,
    by the word at which each began.
    """

    old: Block
    new: Block
    words: ComparedWords
    merged: Mapping[int, str]
    is_split_off: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Division:
    """Old blocks divided among new ones; ``starts`` are the pairs of blocks that begin together."""

    old: Sequence[Block]
    new: Sequence[Block]
    parts: Sequence[RemovedBlock | AddedBlock | KeptPart]
    starts: Sequence[tuple[Block, Block]]


def divide(old: Sequence[Block], new: Sequence[Block]) -> Division | None:
    """The old blocks divided among the new ones; None if all old or all new blocks are without words.

    Other blocks without words, such as an empty item, take no part: they are added or removed.
    """
    with_words, new_with_words = ([block for block in side if len(block.words)] for side in (old, new))
    if not with_words or not new_with_words:
        return None
    compared = compare_words(
        Words.joined([block.words for block in with_words]),
        Words.joined([block.words for block in new_with_words]),
    )
    begins = _begins(with_words)
    ends = [*list(_begins(new_with_words))[1:], len(compared.new)]
    spans_of = dict(zip(new_with_words, _cut_spans(compared, ends, begins), strict=True))
    starts = [
        (begins[spans[0].old.start], block)
        for block, spans in spans_of.items()
        if spans and spans[0].old.start in begins and spans[-1].old.stop > spans[0].old.start
    ]
    first = old.index(with_words[0])
    parts: list[RemovedBlock | AddedBlock | KeptPart] = [RemovedBlock(block) for block in old[:first]]
    for block in new:
        if block not in spans_of:
            parts.append(AddedBlock(block))
            continue
        before, spans, after = _without_whole_blocks(spans_of[block], begins, len(compared.old))
        parts += map(RemovedBlock, before)
        if spans and spans[0].old.start < spans[-1].old.stop:
            parts.append(_kept_part(block, ComparedWords(compared.old, compared.new, spans), begins))
        else:
            parts.append(AddedBlock(block))
        parts += map(RemovedBlock, after)
    parts += [RemovedBlock(block) for block in old[first:] if block not in with_words]
    return Division(old=old, new=new, parts=parts, starts=starts)


def _kept_part(block: Block, words: ComparedWords, begins: Mapping[int, Block]) -> KeptPart:
    start, end = words.first_old, words.spans[-1].old.stop
    return KeptPart(
        old=begins[start if start in begins else max(at for at in begins if at < start)],
        new=block,
        words=words,
        merged={at: other.tag for at, other in begins.items() if start < at < end},
        is_split_off=start not in begins,
    )


def _begins(blocks: Sequence[Block]) -> dict[int, Block]:
    """At which of the words of all blocks together each block begins."""
    begins: dict[int, Block] = {}
    at = 0
    for block in blocks:
        begins[at] = block
        at += len(block.words)
    return begins


def _cut_spans(
    compared: ComparedWords, new_ends: Sequence[int], begins: Container[int]
) -> list[list[WordSpan]]:
    """The spans of each new block, which end at ``new_ends``; old blocks begin at ``begins``."""
    rest = list(compared.spans)
    cut: list[list[WordSpan]] = []
    for new_end in new_ends[:-1]:
        first, rest = _cut_at(rest, new_end, begins, compared.old)
        cut.append(first)
    return [*cut, rest]


def _without_whole_blocks(
    spans: list[WordSpan], begins: Mapping[int, Block], length: int
) -> tuple[list[Block], list[WordSpan], list[Block]]:
    """The spans without old blocks at either end of which no word is left, and those blocks."""
    bounds = [*sorted(begins), length]
    before: list[Block] = []
    while spans and _is_deletion(spans[0]) and spans[0].old.start in begins:
        first = spans[0]
        end = bounds[bounds.index(first.old.start) + 1]
        if end > first.old.stop:
            break
        before.append(begins[first.old.start])
        spans = _filled([ChangedWords(range(end, first.old.stop), first.new), *spans[1:]])
    after: list[Block] = []
    if spans and _is_deletion(spans[-1]) and spans[-1].old.stop in bounds:
        last = spans[-1]
        inside = [at for at in bounds[:-1] if at in last.old]
        if inside:
            after = [begins[at] for at in inside]
            spans = _filled([*spans[:-1], ChangedWords(range(last.old.start, inside[0]), last.new)])
    return before, spans, after


def _is_deletion(span: WordSpan) -> bool:
    return isinstance(span, ChangedWords) and not span.new


def _cut_at(
    spans: list[WordSpan], new_end: int, begins: Container[int], old: Words
) -> tuple[list[WordSpan], list[WordSpan]]:
    """The spans up to a new word, and the rest.

    The old words are cut where a block began, at a space, or in a script without spaces, because blocks
    cannot be split elsewhere.
    """
    at = next((n for n, span in enumerate(spans) if span.new.stop >= new_end), len(spans))
    if at == len(spans):
        return spans, []
    parts = _cut_span(spans[at], new_end)
    first, rest = _filled([*spans[:at], parts[0]]), _filled([parts[1], *spans[at + 1 :]])
    if not rest or rest[0].old.start == len(old):
        return first, rest
    start = rest[0].old.start
    changed = rest[0].old.stop if isinstance(rest[0], ChangedWords) else start
    positions = [i for i in range(start, changed + 1) if i in begins or (i < len(old) and old.can_be_cut(i))]
    cut = max((i for i in positions if i in begins), default=max(positions, default=changed))
    while cut < len(old) and not (cut in begins or old.can_be_cut(cut)):
        cut += 1
    return _with_deleted_start(first, rest, cut)


def _cut_span(span: WordSpan, new_end: int) -> tuple[WordSpan, WordSpan]:
    """The parts of a span before and after a new word; all changed old words are in the second one."""
    new = range(span.new.start, new_end), range(new_end, span.new.stop)
    if isinstance(span, KeptWords):
        cut = span.old.start + len(new[0])
        return KeptWords(range(span.old.start, cut), new[0]), KeptWords(range(cut, span.old.stop), new[1])
    return ChangedWords(range(span.old.start, span.old.start), new[0]), ChangedWords(span.old, new[1])


def _with_deleted_start(
    first: list[WordSpan], rest: list[WordSpan], cut: int
) -> tuple[list[WordSpan], list[WordSpan]]:
    """The first and the remaining spans, with old words before ``cut`` as deleted at the end of the first."""
    start, new_start = rest[0].old.start, rest[0].new.start
    if cut == start:
        return first, rest
    deleted = ChangedWords(range(start, cut), range(new_start, new_start))
    added_to = new_start
    remaining: list[WordSpan] = []
    for span in rest:
        if isinstance(span, KeptWords):
            if span.old.start >= cut:
                remaining.append(span)
                continue
            kept_from = min(span.old.stop, cut)
            added_to = span.new.start + kept_from - span.old.start
            remaining.append(KeptWords(range(kept_from, span.old.stop), range(added_to, span.new.stop)))
        elif span.old.start > cut:
            remaining.append(span)
        else:
            added_to = span.new.stop
            gone = range(max(cut, span.old.start), max(cut, span.old.stop))
            remaining.append(ChangedWords(gone, range(added_to, added_to)))
    added = ChangedWords(range(cut, cut), range(new_start, added_to))
    return [*first, deleted], _filled([added, *remaining])


def _filled(spans: Sequence[WordSpan]) -> list[WordSpan]:
    """The spans that have any words."""
    return [span for span in spans if span.old or span.new]
