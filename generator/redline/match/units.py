"""The units that are matched: the blocks of a text, and the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from generator.rendered.blocks import Block, Element


class Unit:
    """A block, or all blocks of a table row.

    ``key`` is equal for units that read and look the same.
    """

    __slots__ = ("_code", "blocks", "key", "row")

    def __init__(self, blocks: list[Block], row: Element | None) -> None:
        self.blocks = blocks
        self.row = row
        self.key = "\0".join(
            [" ".join(element.tag for element in blocks[0].path)]
            + [" ".join(block.markup.split()) for block in blocks]
        )
        self._code: str | None = None

    @property
    def code(self) -> str:
        """One character for each word, without the number at the start of a block."""
        if self._code is None:
            self._code = "\0".join(block.words.code[block.words.label :] for block in self.blocks)
        return self._code

    @property
    def shape(self) -> str:
        """The same with one character for all words that have a digit: "section 4" equals "section 5"."""
        return "\0".join(
            "".join(
                "\1" if any(map(str.isdigit, word)) else code
                for word, code in zip(words.words[words.label :], words.code[words.label :], strict=True)
            )
            for words in (block.words for block in self.blocks)
        )

    @property
    def is_number(self) -> bool:
        """Whether it is the number of a part of the text, and nothing else."""
        return not self.code and len(self.blocks) == 1 and self.blocks[0].words.label > 0

    @property
    def has_words(self) -> bool:
        """Whether there is a letter or a digit in it."""
        return any(block.words.count() for block in self.blocks)

    @property
    def is_picture(self) -> bool:
        """Whether it is one image and nothing else."""
        words = self.blocks[0].words.words
        return len(self.blocks) == len(words) == 1 and words[0].startswith("<img")

    @property
    def containers(self) -> tuple[Element, ...]:
        """The lists, cells and quotations around it, which units have to share to be merged."""
        return self.blocks[0].containers


def read_units(blocks: Iterable[Block]) -> list[Unit]:
    """The blocks as units; all blocks of a table row are one."""
    units: list[Unit] = []
    for row, group in groupby(blocks, key=_row_of):
        if row is None:
            units += [Unit([block], None) for block in group]
        else:
            units.append(Unit(list(group), row))
    return units


def _row_of(block: Block) -> Element | None:
    return next((element for element in block.path if element.tag == "tr"), None)
