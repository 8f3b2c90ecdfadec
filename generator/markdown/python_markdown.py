"""Converts texts of any size and kind with Python-Markdown, and refuses those that would take too long.

Its parser recurses into nested text, and searches the rest of the text for the end of everything that is
opened. So the cost is estimated first, and too high an estimate is refused. It is the same on every machine.
"""

from __future__ import annotations

import html
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from traceback import walk_tb
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, SubElement

import markdown
from markdown.blockparser import BlockParser
from markdown.extensions.tables import TableProcessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString, Registry

from generator.markdown.cost import BUDGET, SHORT, cost_of_blocks, cost_of_text

SIGN = re.compile(r"[\[\]<&*_`!\\\x02]|  \n")
"""The characters with which ``KNOWN_PATTERNS`` begin, and the one that the parser uses for stored parts."""

KNOWN_PATTERNS = frozenset({
    "autolink", "automail", "backtick", "em_strong", "entity", "escape", "footnote", "html", "image_link",
    "image_reference", "linebreak", "link", "reference", "short_image_ref", "short_reference",
})  # fmt: skip
KNOWN_TREEPROCESSORS = frozenset({
    "attr_list", "footnote", "footnote-duplicate", "inline", "prettify", "toc", "unescape",
})  # fmt: skip
TABLE = "table"
BEFORE_INLINE = 21  # Python-Markdown's own "inline" has 20
STANDARD = sys.stdlib_module_names
MARKDOWN_ITSELF = re.compile(r"markdown(\.(?!extensions\b).*)?")
MEMORY_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
LONGEST_REASON = 200

MANY_BLOCKS = 500
SPAN = re.compile(r"\b(?:col|row)span\s*=\s*[\"']?\s*([0-9]{1,9})", re.IGNORECASE)
MOST_SPANNED = 100_000
"""Columns and rows that the cells of a text span together; browsers stop at 1,000 columns of one cell."""

Result = TypeVar("Result")


class UnrenderableError(Exception):
    """A text that cannot be rendered. The message says why, and what to do."""


class Converter:
    """Converts Markdown to HTML with the given extensions. After an error it is as good as new.

    With ``keeps_every_cell``, a table row keeps cells that have no column in the header.
    """

    def __init__(
        self,
        extensions: Sequence[str],
        configs: Mapping[str, Mapping[str, object]] | None = None,
        *,
        keeps_every_cell: bool = True,
    ) -> None:
        self._keeps_every_cell = keeps_every_cell
        self._extensions = list(extensions)
        self._configs = {name: dict(options) for name, options in (configs or {}).items()}
        self._markdown = self._new_markdown()

    def convert(self, text: str) -> str:
        """The HTML, including the raw HTML of the text. It is not safe to show."""
        try:
            return on_fresh_stack(self._convert, text)
        except RecursionError as error:
            raise UnrenderableError(
                "the text is nested too deeply to be rendered; flatten its lists"
            ) from error

    def _convert(self, text: str) -> str:
        self._texts.cost = 0.0
        self._texts.add(cost_of_blocks(text))
        if sum(map(int, SPAN.findall(text))) > MOST_SPANNED:
            raise UnrenderableError(
                f"its cells span more than {MOST_SPANNED:,} columns and rows; correct `colspan` and `rowspan`"
            )
        try:
            return self._markdown.reset().convert(text)
        except (RecursionError, UnrenderableError, MemoryError):
            self._markdown = self._new_markdown()
            raise
        except Exception as error:  # no error of an extension on one text may stop the others
            self._markdown = self._new_markdown()
            raise UnrenderableError(
                f"{_raised_by(error)} fails on the text ({reason_of(error)}); "
                "correct the text, or leave that extension out (markdown_extensions in mkdocs.yml)"
            ) from error

    def _new_markdown(self) -> markdown.Markdown:
        made = markdown.Markdown(extensions=self._extensions, extension_configs=self._configs)
        self._texts = _Texts(made)
        self._texts.may_leave_plain = _has_only(made.inlinePatterns, KNOWN_PATTERNS) and _has_only(
            made.treeprocessors, KNOWN_TREEPROCESSORS
        )
        made.treeprocessors.register(self._texts, "texts", BEFORE_INLINE)
        made.parser.__class__ = _Parser
        if self._keeps_every_cell and TABLE in made.parser.blockprocessors:
            made.parser.blockprocessors[TABLE].__class__ = _Table
        return made


def as_source(text: str) -> str:
    """The Markdown source as HTML, which is shown for a text that is refused."""
    return f"<pre>{html.escape(text, quote=False)}</pre>"


def on_fresh_stack(function: Callable[[str], Result], text: str) -> Result:
    """The function's result. If it recurses too deeply, it is called again in a thread of its own.

    A new thread has an empty stack, so how deeply a text may nest does not depend on the caller.
    """
    try:
        return function(text)
    except RecursionError:
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(function, text).result()


def _raised_by(error: BaseException) -> str:
    """The extension whose code raised the error, or Python-Markdown."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    foreign = [name for name in modules if name != __name__ and name.partition(".")[0] not in STANDARD]
    extensions = [name for name in foreign if not MARKDOWN_ITSELF.fullmatch(name)]
    return f"the extension {extensions[-1]}" if extensions else "Python-Markdown"


def reason_of(error: BaseException) -> str:
    """The error on one line, with the same words in every run."""
    said = MEMORY_ADDRESS.sub("", " ".join(str(error).split()))[:LONGEST_REASON]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _has_only(registry: Registry[Any], names: frozenset[str]) -> bool:
    return sum(name in registry for name in names) == len(registry)


class _Blocks(deque[str]):
    """Blocks that are taken from the front, for which a list would move all others each time."""

    def pop(self, index: int = -1) -> str:  # as a list has it
        return self.popleft() if index == 0 else super().pop()


class _Parser(BlockParser):
    def parseBlocks(self, parent: Element, blocks: list[str]) -> None:  # noqa: N802 - its name
        taken: Any = _Blocks(blocks) if len(blocks) > MANY_BLOCKS else blocks
        super().parseBlocks(parent, taken)


class _Table(TableProcessor):
    """Tables whose rows keep cells that have no column in the header. Python-Markdown 3.11 drops them."""

    def _build_row(self, row: str, parent: Element, align: Sequence[str | None]) -> None:
        table: Any = super()  # the stubs have none of this
        table._build_row(row, parent, align)
        beyond = [cell.strip(" ") for cell in table._split_row(row)[len(align) :]]
        while beyond and not beyond[-1]:
            beyond.pop()
        for text in beyond:
            cell = SubElement(parent[-1], "td")
            cell.text = text


class _Texts(Treeprocessor):
    """Adds up the cost of each text before the inline patterns see it, and hides texts without any sign."""

    cost = 0.0
    may_leave_plain = False

    def run(self, root: Element) -> None:
        for element in root.iter():
            if element.text:
                element.text = self._seen(element.text)
            if element.tail:
                element.tail = self._seen(element.tail)

    def _seen(self, text: str) -> str:
        if isinstance(text, AtomicString):
            return text
        if not SIGN.search(text):
            return AtomicString(text) if self.may_leave_plain else text
        if len(text) > SHORT:
            self.add(cost_of_text(text))
        return text

    def add(self, cost: float) -> None:
        self.cost += cost
        if self.cost > BUDGET:
            raise UnrenderableError(
                "the text would take too long to be rendered; close the brackets and tags that it opens, "
                "or divide its longest paragraph"
            )
