"""The old and the new text side by side, block by block, each with only its own marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from generator.language import Language
from generator.redline.blocks import Block, Element, start_tag
from generator.redline.comparing import Redline
from generator.redline.markup import InlineWriter, mark, rule, without_ids
from generator.redline.weave import Line, Woven

Side = Literal["old", "new"]


def side_by_side_html(redline: Redline, language: Language) -> str:
    """Two columns; each row holds a block of the old text and what it is in the new one."""
    rows = "".join(
        f'<div class="rl-row"><div class="rl-old">{_cell(lines, "old")}</div>'
        f'<div class="rl-new">{_cell(lines, "new")}</div></div>\n'
        for lines in _rows(redline.lines)
    )
    heads = f"<div>{language('redline_before')}</div><div>{language('redline_after')}</div>"
    return f'<div class="rl-sides"><div class="rl-row rl-heads">{heads}</div>\n{rows}</div>'


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


def _cell(lines: Sequence[Line], side: Side) -> str:
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
        pieces += [f"</{element.tag}>" for element in reversed(opened[depth:])]
        pieces += [_start(element) for element in path[depth:]]
        opened = path
        pieces.append(_text(line, block, side))
    pieces += [f"</{element.tag}>" for element in reversed(opened)]
    return "".join(pieces)


def _start(element: Element) -> str:
    attributes = {name: value for name, value in element.attributes.items() if name != "id"}
    if element.number:
        attributes["value"] = str(element.number)
    return start_tag(element.tag, attributes)


def _text(line: Line, block: Block, side: Side) -> str:
    tag = "del" if side == "old" else "ins"
    markup = rule(block) or without_ids(block.markup)
    if line.old is None or line.new is None:
        return f"{mark(tag, move=line.move)}{markup}</{tag}>"
    words = line.old_words if side == "old" else line.new_words
    if line.stretches is None or words is None:
        return markup
    writer = InlineWriter(())
    begun = False
    for part in line.stretches:
        start, end = (part.old_start, part.old_end) if side == "old" else (part.new_start, part.new_end)
        for at in range(start, end):
            lead = without_ids(words.leads[at]) if begun else ""
            form = tuple(map(without_ids, words.forms[at]))
            writer.add("" if part.kept else mark(tag), lead, form, words.words[at])
            begun = True
    return writer.close()
