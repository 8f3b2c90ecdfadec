"""What is aligned: the blocks of a text, those of a table row together."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from generator.rendered.blocks import Block, Element
from generator.rendered.words import Vocabulary


class Unit:
    """A block, or all blocks of a table row.

    ``key`` is equal for units that read and look the same.
    """

    __slots__ = ("_code", "blocks", "key", "row", "vocabulary")

    def __init__(self, blocks: list[Block], row: Element | None, vocabulary: Vocabulary) -> None:
        self.blocks = blocks
        self.row = row
        self.vocabulary = vocabulary
        self.key = "\0".join(
            [" ".join(element.tag for element in blocks[0].path)]
            + [" ".join(block.markup.split()) for block in blocks]
        )
        self._code: str | None = None

    @property
    def code(self) -> str:
        """One character for each word, number label left out."""
        if self._code is None:
            self._code = "\0".join(
                words.code[words.label :] for words in (block.words(self.vocabulary) for block in self.blocks)
            )
        return self._code

    @property
    def shape(self) -> str:
        """The same with a sign for each word that has a digit: "see section 4" is "see section 5"."""
        return "\0".join(
            "".join(
                "\1" if any(map(str.isdigit, word)) else sign
                for word, sign in zip(words.words[words.label :], words.code[words.label :], strict=True)
            )
            for words in (block.words(self.vocabulary) for block in self.blocks)
        )

    @property
    def is_number(self) -> bool:
        """Whether it is a number of a part of the text, and nothing else."""
        return not self.code and len(self.blocks) == 1 and self.blocks[0].words(self.vocabulary).label > 0

    @property
    def has_words(self) -> bool:
        """Whether there is a letter or a digit in it."""
        return any(
            words.count(0, len(words)) for words in (block.words(self.vocabulary) for block in self.blocks)
        )

    @property
    def is_picture(self) -> bool:
        """Whether it is one image and nothing else."""
        words = self.blocks[0].words(self.vocabulary).words
        return len(self.blocks) == len(words) == 1 and words[0].startswith("<img")

    @property
    def place(self) -> tuple[Element, ...]:
        """What it shares with units that it can be merged with."""
        return self.blocks[0].place


def read_units(blocks: Iterable[Block], vocabulary: Vocabulary) -> list[Unit]:
    """The blocks, those of one table row together."""
    units: list[Unit] = []
    for row, group in groupby(blocks, key=_row_of):
        if row is None:
            units += [Unit([block], None, vocabulary) for block in group]
        else:
            units.append(Unit(list(group), row, vocabulary))
    return units


def _row_of(block: Block) -> Element | None:
    return next((element for element in block.path if element.tag == "tr"), None)
