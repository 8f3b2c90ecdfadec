"""The changes with their context side by side: the old text and the new one, each with only its own marks.

A moved block has all its edits where it is now, since nothing stands beside it.
"""

from __future__ import annotations

import html as escaping
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from generator.language import Language
from generator.redline.match.formatting import differing_form
from generator.redline.merge.lines import Line, Woven
from generator.redline.show.excerpt import CONTEXT, GAP, new_numbers_told
from generator.redline.show.html import MERGED, InlineWriter, Notes, inside, mark, rule, without_ids
from generator.redline.tell.redline import Redline
from generator.rendered.blocks import Block, Element, start_tag
from generator.rendered.words import RULE, SHOWN_RULE

Side = Literal["old", "new"]
SIDES: tuple[Side, Side] = ("old", "new")
NEVER_ALONE = frozenset(("dl", "dt", "dd", "details", "summary"))
"""Elements that are not allowed without others, which stand in other rows."""


def side_by_side_html(redline: Redline, language: Language) -> str:
    """Two columns; each row holds a block of the old text and what it is in the new one.

    What lies between the changes and their context is left out.
    """
    rows = list(_rows(redline.lines))
    changed = [at for at, lines in enumerate(rows) if any(line.is_to_be_quoted for line in lines)]
    near = {at + step for at in changed for step in range(-CONTEXT, CONTEXT + 1)}
    shown = sorted(near & set(range(len(rows))))
    row = _Rows(Notes(language, anchored=False)).row
    pieces = [f"{'' if at - 1 in near or at == shown[0] else GAP}{row(rows[at])}" for at in shown]
    told = [sentence for _, sentence in new_numbers_told(redline, language)]
    numbers = [f'<p class="rl-gap">{escaping.escape(sentence, quote=False)}.</p>\n' for sentence in told]
    heads = f"<div>{language('redline_before')}</div><div>{language('redline_after')}</div>"
    shown_rows = "".join([*numbers, *pieces])
    return f'<div class="rl-sides"><div class="rl-row rl-heads">{heads}</div>\n{shown_rows}</div>'


def _rows(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines that stand beside each other: one, or a table row; a deletion beside what came in its place."""
    rows = [list(group) for _, group in groupby(lines, key=lambda line: _table_row(line) or line)]
    waiting: list[Line] = []
    for row in rows:
        if waiting and not (row[0].old is None and not row[0].move):
            yield waiting
            waiting = []
        if row[0].new is None and not row[0].move:
            waiting = row
        else:
            yield [*waiting, *row]
            waiting = []
    if waiting:
        yield waiting


def _table_row(line: Line) -> Woven | None:
    return next((woven for woven in line.path if woven.tag == "tr"), None)


@dataclass
class _Rows:
    """Writes one row after the other; an item is shown as one where its own text is shown first."""

    notes: Notes
    items: set[Element] = field(default_factory=set)

    def row(self, lines: Sequence[Line]) -> str:
        cells = "".join(f'<div class="rl-{side}">{self.cell(lines, side)}</div>' for side in SIDES)
        return f'<div class="rl-row">{cells}</div>\n'.replace(RULE, SHOWN_RULE)

    def cell(self, lines: Sequence[Line], side: Side) -> str:
        pieces: list[str] = []
        opened: list[Element] = []
        for line in lines:
            block = line.old if side == "old" else line.new
            if block is None:
                continue
            path = [element for element in block.path if element.tag != "hr"]
            depth = 0
            while depth < min(len(opened), len(path)) and opened[depth] is path[depth]:
                depth += 1
            pieces += [f"</{_tag(element)}>" for element in reversed(opened[depth:])]
            pieces += [self.start(element, block) for element in path[depth:]]
            opened = path
            pieces.append(self.text(line, block, side))
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

    def text(self, line: Line, block: Block, side: Side) -> str:
        if line.old is None or line.new is None:
            return without_ids(inside(line, self.notes))
        if line.stretches is None or line.old_words is None or line.new_words is None:
            return rule(block) or without_ids(block.markup)
        words, tag = (line.old_words, "del") if side == "old" else (line.new_words, "ins")
        writer = InlineWriter(())
        begun = False
        for part in line.stretches:
            start, end = (part.old_start, part.old_end) if side == "old" else (part.new_start, part.new_end)
            for at in range(start, end):
                lead = without_ids(words.leads[at]) if begun else ""
                form = words.forms[at]
                if part.kept:
                    step = at - start
                    forms = (
                        line.old_words.forms[part.old_start + step],
                        line.new_words.forms[part.new_start + step],
                    )
                    form = differing_form(form, forms[side == "old"])
                if begun and side == "old" and at in line.joints:
                    writer.sign(MERGED)
                form = tuple(map(without_ids, form))
                writer.add("" if part.kept else mark(tag), lead, form, words.words[at])
                begun = True
        return writer.close()


def _tag(element: Element) -> str:
    return "div" if element.tag in NEVER_ALONE else element.tag
