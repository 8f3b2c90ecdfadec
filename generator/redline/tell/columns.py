"""Columns of a table that were added, removed or moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from generator.redline.merge.lines import (
    DeletedLine,
    InsertedLine,
    Line,
    MovedAwayLine,
    MovedHereLine,
    new_block,
    old_block,
    table_row,
)
from generator.redline.model import Change, ColumnDeleted, ColumnInserted, ColumnMoved
from generator.rendered.blocks import Block, Element


def find_columns(lines: Sequence[Line]) -> Mapping[int, int]:
    """The lines that are cells of an added or removed column, each with the column's first line."""
    cells: dict[tuple[bool, Element], list[Element]] = {}
    columns: dict[tuple[bool, Element, int], list[int]] = {}
    for at, line in enumerate(lines):
        for is_new, block in ((False, old_block(line)), (True, new_block(line))):
            row, cell, table = _cell_of(block)
            if row is None or cell is None or table is None:
                continue
            row_cells = cells.setdefault((is_new, row), [])
            if cell not in row_cells:
                row_cells.append(cell)
            if _is_of_one_text(line) and _is_in_kept_row(line):
                columns.setdefault((is_new, table, row_cells.index(cell)), []).append(at)
    return {at: column[0] for column in columns.values() if len(column) > 1 for at in column}


def with_moved_columns(changes: Sequence[Change]) -> list[Change]:
    """The changes, in which a column that was removed and added with the same header is one that moved."""
    result = list(changes)
    for deleted in changes:
        if not isinstance(deleted, ColumnDeleted) or not deleted.header:
            continue
        for at, added in enumerate(result):
            if isinstance(added, ColumnInserted) and added.header == deleted.header:
                result[at] = ColumnMoved(header=added.header, location=added.location, anchor=added.anchor)
                result.remove(deleted)
                break
    return result


def _is_of_one_text(line: Line) -> bool:
    return isinstance(line, InsertedLine | DeletedLine | MovedHereLine | MovedAwayLine)


def _is_in_kept_row(line: Line) -> bool:
    row = table_row(line)
    return row is not None and row.old is not None and row.new is not None


def _cell_of(block: Block | None) -> tuple[Element | None, Element | None, Element | None]:
    """The row, the cell and the table that a block is in."""
    found: dict[str, Element] = {}
    for element in block.path if block is not None else ():
        found.setdefault("cell" if element.tag in ("td", "th") else element.tag, element)
    return found.get("tr"), found.get("cell"), found.get("table")
