"""Columns of a table that came, went or moved."""

from __future__ import annotations

from collections.abc import Sequence

from generator.redline.merge.lines import Line, Woven
from generator.redline.model import Change, ColumnDeleted, ColumnInserted, ColumnMoved
from generator.rendered.blocks import Block, Element


def find_columns(lines: Sequence[Line]) -> dict[int, tuple[int, list[int]]]:
    """Lines that are cells of a column that came or went: which column, and all lines of it."""
    cells: dict[tuple[bool, Element], list[Element]] = {}
    found: dict[tuple[bool, Element, int], list[int]] = {}
    for at, line in enumerate(lines):
        for is_new, block in ((False, line.old), (True, line.new)):
            row, cell, table = _cell_of(block)
            if row is None or cell is None or table is None:
                continue
            row_cells = cells.setdefault((is_new, row), [])
            if cell not in row_cells:
                row_cells.append(cell)
            if (line.old is None) == is_new and (line.new is None) != is_new and _in_kept_row(line):
                found.setdefault((is_new, table, row_cells.index(cell)), []).append(at)
    return {at: (key[2], lines) for key, lines in found.items() if len(lines) > 1 for at in lines}


def pair_columns(changes: list[Change]) -> None:
    """Let a column that went and came with the same header be one that moved."""
    gone = [change for change in changes if isinstance(change, ColumnDeleted) and change.header]
    for deleted in gone:
        for at, came in enumerate(changes):
            if isinstance(came, ColumnInserted) and came.header == deleted.header:
                changes[at] = ColumnMoved(header=came.header, place=came.place, anchor=came.anchor)
                changes.remove(deleted)
                break


def row_of(line: Line) -> Woven | None:
    return next((woven for woven in line.path if woven.tag == "tr"), None)


def _in_kept_row(line: Line) -> bool:
    row = row_of(line)
    return row is not None and row.old is not None and row.new is not None


def _cell_of(block: Block | None) -> tuple[Element | None, Element | None, Element | None]:
    """The row, the cell and the table that a block is in."""
    found: dict[str, Element] = {}
    for element in block.path if block is not None else ():
        found.setdefault("cell" if element.tag in ("td", "th") else element.tag, element)
    return found.get("tr"), found.get("cell"), found.get("table")
