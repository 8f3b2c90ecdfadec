"""Which elements of two texts can be one, and which may stand in which (HTML Living Standard)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from generator.redline.merge.lines import Woven
from generator.rendered.blocks import Element

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


@dataclass(frozen=True, slots=True)
class Joined:
    """The elements around two blocks that become one, outermost first, as pairs of old and new.

    ``old_tag`` is that of the old block if none of the elements says it, else "".
    """

    pairs: list[tuple[Element | None, Element | None]]
    old_tag: str = ""

    def is_allowed(self) -> bool:
        """Whether HTML allows these elements in one another."""
        tags = [new.tag if new is not None else "div" for _, new in self.pairs]
        return all(may_hold(parent, child) for parent, child in pairwise(["body", *tags]))


def join_paths(old: tuple[Element, ...], new: tuple[Element, ...]) -> Joined:
    """Which elements around two blocks become one."""
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
    """The same where only the innermost elements become one, because those around them are others already."""
    pairs: list[tuple[Element | None, Element | None]] = [(element, None) for element in old[:-1]]
    pairs += [(None, element) for element in new[:-1]]
    return Joined([*pairs, (old[-1], new[-1])])


def is_whole(element: Element, other: Element | None) -> bool:
    """Whether an element must not be cut in two; list items are, where the nesting changed."""
    return element.tag not in MAY_REPEAT and not (element.tag == "li" and other is None)


def may_hold(parent: str, child: str) -> bool:
    """Whether HTML allows an element directly in another."""
    return (
        parent not in NO_BLOCKS
        and child in CHILDREN.get(parent, (child,))
        and parent in PARENTS.get(child, (parent,))
    )


def shared_depth(path: tuple[Element, ...], line: tuple[Woven, ...], common: int, side: int) -> int:
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
