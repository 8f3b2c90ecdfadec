"""Which elements of the old and the new text become one, and which may be in which (HTML Living Standard)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from generator.redline.merge.lines import EditedLine, KeptLine, MergedElement, Path
from generator.redline.merge.parts import Part, SameBlock
from generator.redline.merge.splits import AddedBlock, Division, KeptPart, RemovedBlock
from generator.rendered.blocks import Block, Element

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


NestedPart = KeptLine | EditedLine | RemovedBlock | AddedBlock
"""A line that both texts have, or a block of one text that has no elements of the merged text yet."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The elements around two blocks that become one block, outermost first, as pairs of old and new.

    ``old_tag`` is the tag of the old block if none of the elements says it, else "".
    """

    pairs: Sequence[tuple[Element | None, Element | None]]
    old_tag: str = ""

    def is_allowed(self) -> bool:
        """Whether HTML allows these elements in one another."""
        tags = [new.tag if new is not None else "div" for _, new in self.pairs]
        return all(may_hold(parent, child) for parent, child in pairwise(["body", *tags]))


class Nesting:
    """Makes the elements of a merged text; an element that must not be cut in two is merged only once.

    ``items_stay``: paragraphs that became list items, or were list items, are kept. ``repeats``: some blocks
    are shown twice, removed and added, so that both texts come back with all their elements.
    """

    def __init__(self, *, items_stay: bool) -> None:
        self.items_stay = items_stay
        self.repeats = False
        self.elements = OneTextElements()
        self._shared: dict[tuple[Element | None, Element | None], MergedElement] = {}
        self._partner: dict[Element, Element | None] = {}
        self._path: Path = ()  # of the last line that both texts have

    def nest(self, parts: Iterable[Part]) -> Iterator[NestedPart]:
        """The parts; those of both texts are lines in elements of the merged text."""
        for part in parts:
            match part:
                case RemovedBlock() | AddedBlock():
                    yield part
                case SameBlock():
                    yield from self._nest_block(part)
                case Division():
                    yield from self._nest_division(part)

    def _nest_block(self, block: SameBlock) -> Iterator[NestedPart]:
        joined = self._join(block.old, block.new)
        if joined is None:
            yield RemovedBlock(block.old)
            yield AddedBlock(block.new)
            return
        self._path = path = self._merged(joined)
        if block.words is None:
            yield KeptLine(path=path, old=block.old, new=block.new, old_tag=joined.old_tag)
        else:
            yield EditedLine(
                path=path, old=block.old, new=block.new, words=block.words, old_tag=joined.old_tag
            )

    def _nest_division(self, division: Division) -> Iterator[NestedPart]:
        if not all(self._join(*blocks) for blocks in division.starts):
            yield from map(RemovedBlock, division.old)
            yield from map(AddedBlock, division.new)
            return
        for part in division.parts:
            yield self._nest_part(part) if isinstance(part, KeptPart) else part

    def _nest_part(self, part: KeptPart) -> EditedLine:
        old_tag = ""
        if part.is_split_off:
            depth = 0
            path = part.new.path
            while depth < min(len(self._path), len(path)) and self._path[depth].new is path[depth]:
                depth += 1
            self._path = self.elements.path_inside(self._path[:depth], path, is_new=True, common=depth)
        else:
            joined = join_paths(part.old.path, part.new.path)
            self._path, old_tag = self._merged(joined), joined.old_tag
        return EditedLine(
            path=self._path,
            old=part.old,
            new=part.new,
            words=part.words,
            old_tag=old_tag,
            merged=part.merged,
            is_split_off=part.is_split_off,
        )

    def _join(self, old: Block, new: Block) -> Joined | None:
        """The elements around both; None if HTML forbids them, or if one would be cut that must not be."""
        became_item = (old.holder is None) != (new.holder is None)
        if became_item and not self.items_stay:
            self.repeats = True
            return None
        if not (old.path and new.path):
            joined = join_paths(old.path, new.path)
            return joined if joined.is_allowed() else None
        choices = [join_paths(old.path, new.path)]
        if self.items_stay or old.begins_holder == new.begins_holder:
            choices.append(join_innermost(old.path, new.path))
        for joined in choices:
            if joined.is_allowed() and all(
                one is None or not _is_whole(one, other) or self._partner.get(one, other) is other
                for pair in joined.pairs
                for one, other in (pair, pair[::-1])
            ):
                return joined
        self.repeats = True
        return None

    def _merged(self, joined: Joined) -> Path:
        """The elements as elements of the merged text."""
        for pair in joined.pairs:
            for one, other in (pair, pair[::-1]):
                if one is not None and _is_whole(one, other):
                    self._partner[one] = other
        return tuple(
            self._shared.setdefault(pair, MergedElement(*pair, holds_kept=True)) for pair in joined.pairs
        )


class OneTextElements:
    """The elements of the merged text that only one of the texts has."""

    def __init__(self) -> None:
        self._elements: dict[Element, MergedElement] = {}

    def path_inside(self, base: Path, path: Sequence[Element], *, is_new: bool, common: int) -> Path:
        """The elements around a block of one text: as many of ``base`` as HTML allows, then the block's own.

        Of ``base``, the first ``common`` elements go on after the block; they are left only if they may be
        cut in two.
        """
        while True:
            of_text = [element for element in base if _side(element, is_new=is_new) is not None]
            rest = path[len(of_text) :]
            if not base or not rest or may_hold(base[-1].tag, rest[0].tag):
                break
            if len(base) <= common and base[-1].tag not in MAY_REPEAT:
                break
            base = base[:-1]
        return base + tuple(
            self._elements.setdefault(
                element, MergedElement(None, element) if is_new else MergedElement(element, None)
            )
            for element in rest
        )


def join_paths(old: tuple[Element, ...], new: tuple[Element, ...]) -> Joined:
    """The elements around two blocks, of which those with the same role become one."""
    roles, new_roles = [[element.role for element in path] for path in (old, new)]
    if roles == new_roles:
        return Joined(list(zip(old, new, strict=True)))
    if roles == new_roles[:-1]:
        return Joined([*zip(old, new, strict=False), (None, new[-1])], old[-1].tag if old else "body")
    if roles[:-1] == new_roles:
        return Joined(list(zip(old, new, strict=False)), old[-1].tag)
    same = 1 if old and new else 0
    while same < min(len(old), len(new)) and roles[-1 - same] == new_roles[-1 - same]:
        same += 1
    above, new_above = len(old) - same, len(new) - same
    top = 0
    while top < min(above, new_above) and roles[top] == new_roles[top]:
        top += 1
    pairs: list[tuple[Element | None, Element | None]] = list(zip(old[:top], new[:top], strict=True))
    pairs += [(element, None) for element in old[top:above]]
    pairs += [(None, element) for element in new[top:new_above]]
    pairs += zip(old[above:], new[new_above:], strict=True)
    return Joined(pairs)


def join_innermost(old: tuple[Element, ...], new: tuple[Element, ...]) -> Joined:
    """The same, where only the innermost elements become one, because others are merged already."""
    pairs: list[tuple[Element | None, Element | None]] = [(element, None) for element in old[:-1]]
    pairs += [(None, element) for element in new[:-1]]
    return Joined([*pairs, (old[-1], new[-1])])


def may_hold(parent: str, child: str) -> bool:
    """Whether HTML allows an element directly in another."""
    return (
        parent not in NO_BLOCKS
        and child in CHILDREN.get(parent, (child,))
        and parent in PARENTS.get(child, (parent,))
    )


def shared_depth(path: Sequence[Element], merged: Path, common: int, *, is_new: bool) -> int:
    """How many of the merged elements are around a block of one text, too.

    Among the first ``common`` ones, those that only the other text has count as well.
    """
    depth = at = 0
    for number, element in enumerate(merged):
        own = _side(element, is_new=is_new)
        if own is None:
            if number < common:
                depth = number + 1
        elif at < len(path) and path[at] is own and element.tag != "div":
            at += 1
            depth = number + 1
        else:
            break
    return depth


def _side(element: MergedElement, *, is_new: bool) -> Element | None:
    return element.new if is_new else element.old


def _is_whole(element: Element, other: Element | None) -> bool:
    """Whether an element must not be cut in two; list items may be, where the nesting changed."""
    return element.tag not in MAY_REPEAT and not (element.tag == "li" and other is None)
