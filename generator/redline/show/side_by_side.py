"""A redline in two columns: the old text and the new one, each with only its own marks.

A moved block has all its marks in its new location, because there is no old text beside it.
"""

from __future__ import annotations

import html as escaping
from collections.abc import Iterator, Sequence
from itertools import groupby

from generator.language import Language
from generator.redline.match.formatting import differing_form
from generator.redline.match.words import KeptWords
from generator.redline.merge.lines import (
    DeletedLine,
    EditedLine,
    InsertedLine,
    KeptLine,
    MovedAwayLine,
    MovedHereLine,
    table_row,
)
from generator.redline.show.excerpt import CONTEXT, GAP, new_number_sentences
from generator.redline.show.line_html import (
    MERGED,
    Announcements,
    InlineWriter,
    line_html,
    mark,
    rule,
    without_ids,
)
from generator.redline.tell.redline import ListedLine, Redline
from generator.rendered.blocks import Block, Element, start_tag
from generator.rendered.words import RULE, SHOWN_RULE

NEVER_ALONE = frozenset(("dl", "dt", "dd", "details", "summary"))
"""Elements that HTML does not allow without others, which are in other rows here."""


def side_by_side_html(redline: Redline, language: Language) -> str:
    """Two columns; each row holds a block of the old text and the same block of the new text.

    Text further away from the changes is left out.
    """
    rows = list(_rows(redline.lines))
    changed = [at for at, row in enumerate(rows) if any(listed.is_in_excerpts for listed in row)]
    near = {at + step for at in changed for step in range(-CONTEXT, CONTEXT + 1)}
    shown = sorted(near & set(range(len(rows))))
    writer = _Writer(language)
    pieces = [f"{'' if at - 1 in near or at == shown[0] else GAP}{writer.row(rows[at])}" for at in shown]
    sentences = [sentence for _, sentence in new_number_sentences(redline, language)]
    numbers = [f'<p class="rl-gap">{escaping.escape(sentence, quote=False)}.</p>\n' for sentence in sentences]
    heads = f"<div>{language('redline_before')}</div><div>{language('redline_after')}</div>"
    shown_rows = "".join([*numbers, *pieces])
    return f'<div class="rl-sides"><div class="rl-row rl-heads">{heads}</div>\n{shown_rows}</div>'


def _rows(lines: Sequence[ListedLine]) -> Iterator[list[ListedLine]]:
    """The lines that share a row: one line, a table row, or a deletion with the insertion that follows it."""
    waiting: list[ListedLine] = []
    for _, group in groupby(lines, key=lambda listed: table_row(listed.line) or listed):
        row = list(group)
        if waiting and not isinstance(row[0].line, InsertedLine):
            yield waiting
            waiting = []
        if isinstance(row[0].line, DeletedLine):
            waiting = row
        else:
            yield [*waiting, *row]
            waiting = []
    if waiting:
        yield waiting


class _Writer:
    """Writes one row after the other; only the first text of an item is shown with a bullet."""

    def __init__(self, language: Language) -> None:
        self.announcements = Announcements(language, anchored=False)
        self.items: set[Element] = set()

    def row(self, lines: Sequence[ListedLine]) -> str:
        old, new = self.cell(lines, is_new=False), self.cell(lines, is_new=True)
        cells = f'<div class="rl-old">{old}</div><div class="rl-new">{new}</div>'
        return f'<div class="rl-row">{cells}</div>\n'.replace(RULE, SHOWN_RULE)

    def cell(self, lines: Sequence[ListedLine], *, is_new: bool) -> str:
        """The blocks of one text, in the elements around them."""
        pieces: list[str] = []
        opened: list[Element] = []
        for listed in lines:
            shown = self.content(listed, is_new=is_new)
            if shown is None:
                continue
            block, content = shown
            path = [element for element in block.path if element.tag != "hr"]
            depth = 0
            while depth < min(len(opened), len(path)) and opened[depth] is path[depth]:
                depth += 1
            pieces += [f"</{_tag(element)}>" for element in reversed(opened[depth:])]
            pieces += [self.start(element, block) for element in path[depth:]]
            opened = path
            pieces.append(content)
        pieces += [f"</{_tag(element)}>" for element in reversed(opened)]
        return "".join(pieces)

    def start(self, element: Element, block: Block) -> str:
        if element.tag in NEVER_ALONE:
            return f'<div class="rl-{element.tag}">'
        attributes = {name: value for name, value in element.attributes.items() if name != "id"}
        if element.number:
            attributes["value"] = str(element.number)
        if element.tag == "li":
            if element is not block.holder or element in self.items:
                attributes["style"] = "list-style: none"
            self.items.add(element)
        return start_tag(element.tag, attributes)

    def content(self, listed: ListedLine, *, is_new: bool) -> tuple[Block, str] | None:
        """The block of one text and what it contains; None if the text does not have it."""
        match listed.line:
            case InsertedLine(new=block) | MovedHereLine(new=block):
                return (block, without_ids(line_html(listed, self.announcements))) if is_new else None
            case DeletedLine(old=block) | MovedAwayLine(old=block):
                return None if is_new else (block, without_ids(line_html(listed, self.announcements)))
            case KeptLine() as line:
                block = line.new if is_new else line.old
                return block, rule(block) or without_ids(block.markup)
            case EditedLine() as line:
                return (line.new, _new_words(line)) if is_new else (line.old, _old_words(line))


def _old_words(line: EditedLine) -> str:
    """The old words, with marks on those that are gone."""
    old, new = line.words.old, line.words.new
    writer = InlineWriter(())
    for span in line.words.spans:
        for step, i in enumerate(span.old):
            form, is_kept = old.forms[i], isinstance(span, KeptWords)
            if is_kept:
                form = differing_form(form, new.forms[span.new[step]])
            if i in line.merged:
                writer.sign(MERGED)
            lead = "" if i == line.words.first_old else without_ids(old.leads[i])
            writer.add("" if is_kept else mark("del"), lead, tuple(map(without_ids, form)), old.words[i])
    return writer.close()


def _new_words(line: EditedLine) -> str:
    """The new words, with marks on those that were added."""
    old, new = line.words.old, line.words.new
    writer = InlineWriter(())
    for span in line.words.spans:
        for step, j in enumerate(span.new):
            form, is_kept = new.forms[j], isinstance(span, KeptWords)
            if is_kept:
                form = differing_form(form, old.forms[span.old[step]])
            lead = "" if j == line.words.first_new else without_ids(new.leads[j])
            writer.add("" if is_kept else mark("ins"), lead, tuple(map(without_ids, form)), new.words[j])
    return writer.close()


def _tag(element: Element) -> str:
    return "div" if element.tag in NEVER_ALONE else element.tag
