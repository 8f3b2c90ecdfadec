"""Both texts in one: blocks of the old and the new side in an order, and in elements, that suit both.

Whoever keeps the new side of the woven text reads the new document, whoever keeps the old side the old one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from generator.redline.align import Unit, align, align_cells
from generator.redline.blocks import Block, Element
from generator.redline.words import Stretch, compare_words

ROLES = {
    "ul": "list", "ol": "list", "menu": "list", "dir": "list",
    "td": "cell", "th": "cell",
    "thead": "rows", "tbody": "rows", "tfoot": "rows",
}  # fmt: skip
"""Elements that may become one another in place."""

MAY_REPEAT = frozenset({
    "address", "article", "aside", "blockquote", "center", "dir", "div", "dl", "figure", "footer",
    "form", "header", "main", "menu", "nav", "ol", "section", "table", "tbody", "tfoot", "thead", "ul",
})  # fmt: skip
"""Elements that read the same when they are cut in two."""

CHILDREN = {
    "ul": ("li",), "ol": ("li",), "menu": ("li",), "dir": ("li",),
    "table": ("caption", "thead", "tbody", "tfoot", "tr"),
    "thead": ("tr",), "tbody": ("tr",), "tfoot": ("tr",),
    "tr": ("td", "th"), "dl": ("dt", "dd", "div"),
}  # fmt: skip
PARENTS = {
    "li": ("ul", "ol", "menu", "dir"), "td": ("tr",), "th": ("tr",),
    "tr": ("table", "thead", "tbody", "tfoot"),
    "thead": ("table",), "tbody": ("table",), "tfoot": ("table",), "caption": ("table",),
}  # fmt: skip
NO_BLOCKS = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "hr"])


@dataclass(eq=False, slots=True)
class Woven:
    """An element of the woven text: of both sides, or of one.

    ``holds_kept``: there is text of both sides in it, though only one side has the element.
    """

    old: Element | None
    new: Element | None
    holds_kept: bool = False

    @property
    def tag(self) -> str:
        """The tag in the woven text; an element that kept text has left is a plain division."""
        if self.new is not None:
            return self.new.tag
        return self.old.tag if self.old is not None and not self.holds_kept else "div"


@dataclass(eq=False, slots=True)
class Line:
    """A block of the woven text. ``stretches`` is None where the words are the same."""

    old: Block | None
    new: Block | None
    path: tuple[Woven, ...] = ()
    stretches: list[Stretch] | None = None
    joint_tag: str = ""
    """The tag that the block had on the old side, where the woven text has no element for it."""


def weave(old: Sequence[Unit], new: Sequence[Unit], vocabulary: dict[str, str]) -> list[Line]:
    """The lines of the woven text."""
    weaver = _Weaver(vocabulary)
    i = j = 0
    for i_next, j_next in [*align(old, new), (len(old), len(new))]:
        for unit in old[i:i_next]:
            weaver.delete(unit.blocks)
        for unit in new[j:j_next]:
            weaver.insert(unit.blocks)
        if i_next < len(old):
            weaver.keep(old[i_next], new[j_next])
        i, j = i_next + 1, j_next + 1
    weaver.place_gap(())
    return weaver.lines


@dataclass
class _Weaver:
    vocabulary: dict[str, str]
    lines: list[Line] = field(default_factory=list)
    deleted: list[Block] = field(default_factory=list)
    inserted: list[Block] = field(default_factory=list)
    path: tuple[Woven, ...] = ()  # of the last kept line
    shared: dict[tuple[Element | None, Element | None], Woven] = field(default_factory=dict)
    alone: dict[Element, Woven] = field(default_factory=dict)
    partner: dict[Element, Element | None] = field(default_factory=dict)

    def delete(self, blocks: Sequence[Block]) -> None:
        self.deleted += blocks

    def insert(self, blocks: Sequence[Block]) -> None:
        self.inserted += blocks

    def keep(self, old: Unit, new: Unit) -> None:
        if old.row is None or new.row is None:
            self._keep_blocks(old.blocks, new.blocks)
            return
        for cell, new_cell in align_cells(old, new):
            self._keep_blocks(cell, new_cell)

    def _keep_blocks(self, old: Sequence[Block], new: Sequence[Block]) -> None:
        for block, new_block in zip(old, new, strict=False):
            self._keep_block(block, new_block)
        self.delete(old[len(new) :])
        self.insert(new[len(old) :])

    def _keep_block(self, old: Block, new: Block) -> None:
        joined = _join_paths(old.path, new.path)
        if joined is None or not self._fits(joined):
            self.delete([old])
            self.insert([new])
            return
        line = Line(old, new, joint_tag=joined[-1] if isinstance(joined[-1], str) else "")
        pairs = [pair for pair in joined if not isinstance(pair, str)]
        for element, new_element in pairs:
            if element is not None and element.tag not in MAY_REPEAT:
                self.partner[element] = new_element
            if new_element is not None and new_element.tag not in MAY_REPEAT:
                self.partner[new_element] = element
        line.path = tuple(self.shared.setdefault(pair, Woven(*pair, holds_kept=True)) for pair in pairs)
        if old.markup != new.markup:
            line.stretches = compare_words(old.words(self.vocabulary).code, new.words(self.vocabulary).code)
        self.place_gap(line.path)
        self.lines.append(line)
        self.path = line.path

    def _fits(self, joined: list[tuple[Element | None, Element | None] | str]) -> bool:
        """Whether elements that cannot be cut in two stay whole."""
        for pair in joined:
            if isinstance(pair, str):
                continue
            for one, other in (pair, pair[::-1]):
                if (
                    one is not None
                    and one.tag not in MAY_REPEAT
                    and self.partner.get(one, other) is not other
                ):
                    return False
        return True

    def place_gap(self, after: tuple[Woven, ...]) -> None:
        """Put what was deleted and inserted since the last kept line where both sides find it."""
        before = self.path
        common = 0
        while common < min(len(before), len(after)) and before[common] is after[common]:
            common += 1
        waiting: list[tuple[int, int, int, Line]] = []
        for side, blocks in enumerate((self.deleted, self.inserted)):
            phase = 0
            for block in blocks:
                ends = _depth(block.path, before, common, side)
                starts = _depth(block.path, after, common, side)
                mine = 0 if ends > common else 2 if starts > common else 1
                phase = max(phase, mine)
                depth = (-ends, 0, starts)[phase]
                line = Line(block, None) if side == 0 else Line(None, block)
                base = (before[:ends], before[:common], after[:starts])[phase]
                line.path = self._extend(base, block.path, side, common)
                waiting.append((phase, depth, side, line))
        waiting.sort(key=lambda entry: entry[:3])
        self.lines += [line for *_, line in waiting]
        self.deleted, self.inserted = [], []

    def _extend(
        self, base: tuple[Woven, ...], path: tuple[Element, ...], side: int, common: int
    ) -> tuple[Woven, ...]:
        """The place of a block that one side only has: as deep in ``base`` as HTML allows."""
        while True:
            of_side = [woven for woven in base if (woven.new if side else woven.old) is not None]
            rest = path[len(of_side) :]
            if not base or not rest or _may_hold(base[-1].tag, rest[0].tag):
                break
            if len(base) <= common and base[-1].tag not in MAY_REPEAT:
                break
            base = base[:-1]
        return base + tuple(
            self.alone.setdefault(element, Woven(None, element) if side else Woven(element, None))
            for element in rest
        )


def _depth(path: tuple[Element, ...], line: tuple[Woven, ...], common: int, side: int) -> int:
    """How many of a line's elements the block of one side stands in, too."""
    depth = at = 0
    for number, woven in enumerate(line):
        element = woven.new if side else woven.old
        if element is None:
            if number < common:
                depth = number + 1
        elif at < len(path) and path[at] is element and woven.tag != "div":
            at += 1
            depth = number + 1
        else:
            break
    return depth


def _join_paths(
    old: tuple[Element, ...], new: tuple[Element, ...]
) -> list[tuple[Element | None, Element | None] | str] | None:
    """Which elements around two blocks become one; None if the blocks cannot be shown as one.

    A last entry that is a string is the tag that the block itself had.
    """
    roles = [[ROLES.get(element.tag, element.tag) for element in path] for path in (old, new)]
    if roles[0] == roles[1]:
        return list(zip(old, new, strict=True))
    if roles[0] == roles[1][:-1]:
        return [*zip(old, new, strict=False), (None, new[-1]), old[-1].tag if old else "body"]
    if roles[0][:-1] == roles[1]:
        return [*zip(old, new, strict=False), old[-1].tag]
    if not old or not new:
        return None
    pairs: list[tuple[Element | None, Element | None] | str] = []
    at = 0
    for number, element in enumerate(old[:-1]):
        found = next((j for j in range(at, len(new) - 1) if roles[1][j] == roles[0][number]), None)
        if found is None:
            pairs.append((element, None))
        else:
            pairs += [(None, other) for other in new[at:found]]
            pairs.append((element, new[found]))
            at = found + 1
    pairs += [(None, other) for other in new[at:-1]]
    pairs.append((old[-1], new[-1]))
    tags = [pair[1].tag if pair[1] is not None else "div" for pair in pairs if not isinstance(pair, str)]
    if not all(_may_hold(parent, child) for parent, child in zip(["body", *tags], tags, strict=False)):
        return None
    return pairs


def _may_hold(parent: str, child: str) -> bool:
    """Whether HTML allows an element directly in another."""
    return (
        parent not in NO_BLOCKS
        and child in CHILDREN.get(parent, (child,))
        and parent in PARENTS.get(child, (parent,))
    )
