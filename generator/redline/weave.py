"""Both texts in one: blocks of the old and the new side in an order, and in elements, that suit both.

Whoever keeps the new side of the woven text reads the new document, whoever keeps the old side the old one.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from generator.redline.align import Unit, align, align_columns, cells_of, pair_cells
from generator.redline.blocks import Block, Element
from generator.redline.changes import Place
from generator.redline.moves import find_moves
from generator.redline.words import Stretch, Words, compare_words

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
SHORT = 150
"""Words of a paragraph that is shown twice, deleted and inserted, when it becomes a list item or was one.

Only so do both sides come back with all their items. Longer ones are too much to read twice.
"""

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


@dataclass(frozen=True, slots=True)
class OtherEnd:
    """Where the other end of a move is: its id, its place, and whether that is further down."""

    anchor: str
    place: Place
    is_below: bool


@dataclass(eq=False, slots=True)
class Line:
    """A block of the woven text.

    ``stretches`` is None where the words are the same; else it speaks of ``old_words`` and ``new_words``,
    which may be parts of what several blocks hold. ``joints``: at which old words another old block began,
    and its tag. ``split``: whether the old block began in a line before. ``move``: a number that the line
    where a block was has in common with the line where it is; 0 if it stayed. ``anchors``: ids of changes.
    ``other_end``: of the first line of a move at either end.
    """

    old: Block | None
    new: Block | None
    path: tuple[Woven, ...] = ()
    stretches: list[Stretch] | None = None
    old_words: Words | None = None
    new_words: Words | None = None
    joints: dict[int, str] = field(default_factory=dict)
    split: bool = False
    move: int = 0
    anchors: tuple[str, ...] = ()
    other_end: OtherEnd | None = None

    @property
    def is_changed(self) -> bool:
        """Whether anything in it is told as a change."""
        one_sided = self.old is None or self.new is None
        return one_sided or bool(self.anchors) or any(not part.kept for part in self.stretches or ())

    def keeps_text(self) -> bool:
        """Whether some of the words are on both sides."""
        if self.old is None or self.new is None:
            return False
        if self.stretches is None or self.new_words is None:
            return any(map(str.isalnum, self.new.markup))
        return any(
            part.kept and any(map(str.isalnum, "".join(self.new_words.words[part.new_start : part.new_end])))
            for part in self.stretches
        )


def weave(old: Sequence[Unit], new: Sequence[Unit], vocabulary: dict[str, str]) -> list[Line]:
    """The lines of the woven text."""
    weaver = _Weaver(vocabulary)
    groups = [(range(olds[0], olds[-1] + 1), range(news[0], news[-1] + 1)) for olds, news in align(old, new)]
    gaps: list[tuple[range, range]] = []
    i = j = 0
    for olds, news in [*groups, (range(len(old), len(old)), range(len(new), len(new)))]:
        gaps.append((range(i, olds.start), range(j, news.start)))
        i, j = olds.stop, news.stop
    weaver.move(old, new, gaps)
    for (gone, come), (olds, news) in zip_longest(gaps, groups, fillvalue=(range(0), range(0))):
        for at in gone:
            weaver.deleted += old[at].blocks
        for at in come:
            weaver.inserted += new[at].blocks
        if olds:
            weaver.keep([old[at] for at in olds], [new[at] for at in news])
    weaver.place_gap(())
    drop_false_moves(weaver.lines)
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
    moved: dict[Block, tuple[int, Block]] = field(default_factory=dict)
    columns: dict[tuple[Element, int, Element, int], list[tuple[int, int]]] = field(default_factory=dict)

    def move(self, old: Sequence[Unit], new: Sequence[Unit], gaps: Sequence[tuple[range, range]]) -> None:
        """Number the moves among the units without a partner, and remember where their blocks went."""
        left = [at for gone, _ in gaps for at in gone]
        right = [at for _, come in gaps for at in come]
        for number, pairs in enumerate(find_moves(old, new, left, right), 1):
            for i, j in pairs:
                for block, other in zip(old[i].blocks, new[j].blocks, strict=True):
                    self.moved[block] = number, other
                    self.moved[other] = number, block

    def keep(self, old: Sequence[Unit], new: Sequence[Unit]) -> None:
        """Add units that are the same; several blocks on a side were merged or split."""
        if len(old) + len(new) > 2:
            self._keep_merged(
                [b for unit in old for b in unit.blocks], [b for unit in new for b in unit.blocks]
            )
        elif old[0].row is None or new[0].row is None:
            self._keep_blocks(old[0].blocks, new[0].blocks)
        else:
            for cell, new_cell in pair_cells(old[0], new[0], self._columns_of(old[0], new[0])):
                self._keep_blocks(cell, new_cell)

    def _columns_of(self, old: Unit, new: Unit) -> list[tuple[int, int]]:
        """Which columns are the same: as the first rows of these tables show it."""
        shape = [(unit.blocks[0].path[0], len(cells_of(unit))) for unit in (old, new)]
        key = (*shape[0], *shape[1])
        if key not in self.columns:
            self.columns[key] = align_columns(old, new)
        return self.columns[key]

    def _keep_blocks(self, old: Sequence[Block], new: Sequence[Block]) -> None:
        for block, new_block in zip(old, new, strict=False):
            self._keep_block(block, new_block)
        self.deleted += old[len(new) :]
        self.inserted += new[len(old) :]

    def _keep_block(self, old: Block, new: Block) -> None:
        if not self._fits(old, new):
            self.deleted.append(old)
            self.inserted.append(new)
            return
        path, tag = self._joined_path(old, new)
        line = Line(old, new, path, joints={0: tag} if tag else {})
        if old.markup != new.markup:
            line.old_words, line.new_words = old.words(self.vocabulary), new.words(self.vocabulary)
            line.stretches = compare_words(line.old_words, line.new_words)
        self._add(line)

    def _add(self, line: Line) -> None:
        self.place_gap(line.path)
        self.lines.append(line)
        self.path = line.path

    def _joined_path(self, old: Block, new: Block) -> tuple[tuple[Woven, ...], str]:
        """Where the two blocks stand as one, and the old one's tag if the element there cannot say it."""
        pairs, tag = join_paths(old.path, new.path)
        for pair in pairs:
            for one, other in (pair, pair[::-1]):
                if one is not None and _is_whole(one, other):
                    self.partner[one] = other
        return tuple(self.shared.setdefault(pair, Woven(*pair, holds_kept=True)) for pair in pairs), tag

    def _fits(self, old: Block, new: Block) -> bool:
        """Whether HTML allows the elements of both in one another, and none has to be cut that cannot be."""
        becomes_item = (old.holder is None) != (new.holder is None)
        if becomes_item and len(old.words(self.vocabulary)) <= SHORT:
            return False
        pairs, _ = join_paths(old.path, new.path)
        tags = [woven.tag if woven is not None else "div" for _, woven in pairs]
        if not all(may_hold(parent, child) for parent, child in zip(["body", *tags], tags, strict=False)):
            return False
        return all(
            one is None or not _is_whole(one, other) or self.partner.get(one, other) is other
            for pair in pairs
            for one, other in (pair, pair[::-1])
        )

    def _keep_merged(self, old: Sequence[Block], new: Sequence[Block]) -> None:
        """Add lines for the new blocks, each with those words of the old blocks that went there."""
        old_words = Words.joined([block.words(self.vocabulary) for block in old])
        new_words = Words.joined([block.words(self.vocabulary) for block in new])
        begins = _begins(old, self.vocabulary)
        ends = [*list(_begins(new, self.vocabulary))[1:], len(new_words)]
        parts = cut_stretches(compare_words(old_words, new_words), ends, begins, old_words)
        starts = [
            (block, begins[part[0].old_start])
            for block, part in zip(new, parts, strict=True)
            if part and part[0].old_start in begins and part[-1].old_end > part[0].old_start
        ]
        if not all(self._fits(other, block) for block, other in starts):
            self.deleted += old
            self.inserted += new
            return
        for block, part in zip(new, parts, strict=True):
            gone, mine, gone_after = _without_whole_blocks(part, begins, len(old_words))
            self.deleted += gone
            if not mine or mine[0].old_start == mine[-1].old_end:
                self.inserted.append(block)
            else:
                self._keep_part(block, mine, (old_words, new_words), begins)
            self.deleted += gone_after

    def _keep_part(
        self, block: Block, mine: list[Stretch], words: tuple[Words, Words], begins: dict[int, Block]
    ) -> None:
        start, end = mine[0].old_start, mine[-1].old_end
        line = Line(None, block, stretches=mine, old_words=words[0], new_words=words[1])
        line.joints = {at: other.tag for at, other in begins.items() if start < at < end}
        if start in begins:
            line.old = begins[start]
            line.path, tag = self._joined_path(line.old, block)
            if tag:
                line.joints[start] = tag
        else:
            line.split = True
            line.old = begins[max(at for at in begins if at < start)]
            depth = 0
            while depth < min(len(self.path), len(block.path)) and self.path[depth].new is block.path[depth]:
                depth += 1
            line.path = self._extend(self.path[:depth], block.path, 1, depth)
        self._add(line)

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
                if block in self.moved:
                    self._note_move(line, block)
                base = (before[:ends], before[:common], after[:starts])[phase]
                line.path = self._extend(base, block.path, side, common)
                waiting.append((phase, depth, side, line))
        waiting.sort(key=lambda entry: entry[:3])
        self.lines += [line for *_, line in waiting]
        self.deleted, self.inserted = [], []

    def _note_move(self, line: Line, block: Block) -> None:
        line.move, other = self.moved[block]
        if line.new is not None:
            line.old_words, line.new_words = other.words(self.vocabulary), block.words(self.vocabulary)
            line.stretches = compare_words(line.old_words, line.new_words)

    def _extend(
        self, base: tuple[Woven, ...], path: tuple[Element, ...], side: int, common: int
    ) -> tuple[Woven, ...]:
        """The place of a block that one side only has: as deep in ``base`` as HTML allows."""
        while True:
            of_side = [woven for woven in base if (woven.new if side else woven.old) is not None]
            rest = path[len(of_side) :]
            if not base or not rest or may_hold(base[-1].tag, rest[0].tag):
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


def drop_false_moves(lines: Sequence[Line]) -> None:
    """Take the number from moves that passed no text that both sides have: they are edits in place."""
    kept = 0
    places: dict[int, tuple[list[int], list[int]]] = {}
    for line in lines:
        if line.move:
            places.setdefault(line.move, ([], []))[line.old is None].append(kept)
        elif line.keeps_text():
            kept += 1
    for line in lines:
        if line.move:
            sources, targets = places[line.move]
            passed = sources and targets and (max(sources) < min(targets) or max(targets) < min(sources))
            if not passed:
                line.move, line.stretches = 0, None


def _begins(blocks: Sequence[Block], vocabulary: dict[str, str]) -> dict[int, Block]:
    """At which of the words of all blocks together each block begins."""
    begins: dict[int, Block] = {}
    at = 0
    for block in blocks:
        begins[at] = block
        at += len(block.words(vocabulary))
    return begins


def cut_stretches(
    stretches: list[Stretch], new_ends: Sequence[int], begins: Container[int], old: Words
) -> list[list[Stretch]]:
    """The stretches for each of several new blocks in a row.

    On the old side a cut is where a block began, or at a space: elsewhere no block can be split.
    """
    parts: list[list[Stretch]] = []
    for new_end in new_ends[:-1]:
        part, stretches = _cut_at(stretches, new_end, begins, old)
        parts.append(part)
    return [*parts, stretches]


def _without_whole_blocks(
    part: list[Stretch], begins: Mapping[int, Block], length: int
) -> tuple[list[Block], list[Stretch], list[Block]]:
    """The stretches less old blocks at either end of which nothing is left, and those blocks."""
    bounds = [*sorted(begins), length]
    first: list[Block] = []
    while part and not part[0].kept and part[0].new_start == part[0].new_end and part[0].old_start in begins:
        end = bounds[bounds.index(part[0].old_start) + 1]
        if end > part[0].old_end:
            break
        first.append(begins[part[0].old_start])
        rest = Stretch(False, end, part[0].old_end, part[0].new_start, part[0].new_end)
        part = _filled([rest, *part[1:]])
    last: list[Block] = []
    if part and not part[-1].kept and part[-1].new_start == part[-1].new_end and part[-1].old_end in bounds:
        final = part[-1]
        inside = [at for at in bounds[:-1] if final.old_start <= at < final.old_end]
        if inside:
            last = [begins[at] for at in inside]
            part = _filled(
                [*part[:-1], Stretch(False, final.old_start, inside[0], final.new_start, final.new_end)]
            )
    return first, part, last


def _cut_at(
    stretches: list[Stretch], new_end: int, begins: Container[int], old: Words
) -> tuple[list[Stretch], list[Stretch]]:
    """The stretches up to a new word, and the rest.

    On the old side the cut is where a block began, or at a space: elsewhere no block can be split.
    """
    at = next((n for n, part in enumerate(stretches) if part.new_end >= new_end), len(stretches))
    if at == len(stretches):
        return stretches, []
    first, rest = stretches[: at + 1], stretches[at + 1 :]
    last = first.pop()
    if last.kept:
        cut = last.old_start + new_end - last.new_start
        first.append(Stretch(True, last.old_start, cut, last.new_start, new_end))
        rest.insert(0, Stretch(True, cut, last.old_end, new_end, last.new_end))
    else:
        first.append(Stretch(False, last.old_start, last.old_start, last.new_start, new_end))
        rest.insert(0, Stretch(False, last.old_start, last.old_end, new_end, last.new_end))
    first, rest = _filled(first), _filled(rest)
    if not rest or rest[0].old_start == len(old):
        return first, rest
    start = gone = rest[0].old_start
    changed = rest[0].old_end if not rest[0].kept else start
    places = [i for i in range(start, changed + 1) if i in begins or (i < len(old) and old.spaced(i))]
    gone = max((i for i in places if i in begins), default=max(places, default=changed))
    while gone < len(old) and not (gone in begins or old.spaced(gone)):
        gone += 1
    return _without_start(first, rest, gone)


def _without_start(
    first: list[Stretch], rest: list[Stretch], gone: int
) -> tuple[list[Stretch], list[Stretch]]:
    """Old words before ``gone`` count as deleted at the end of the first part."""
    start = rest[0].old_start
    if gone == start:
        return first, rest
    first = [*first, Stretch(False, start, gone, rest[0].new_start, rest[0].new_start)]
    added_from = added_to = rest[0].new_start
    left: list[Stretch] = []
    for part in rest:
        if part.old_start >= gone and (part.old_start > gone or part.kept):
            left.append(part)
        elif part.kept:
            kept_from = min(part.old_end, gone)
            added_to = part.new_start + kept_from - part.old_start
            left.append(Stretch(True, kept_from, part.old_end, added_to, part.new_end))
        else:
            added_to = part.new_end
            left.append(
                Stretch(False, max(gone, part.old_start), max(gone, part.old_end), added_to, added_to)
            )
    return first, _filled([Stretch(False, gone, gone, added_from, added_to), *left])


def _filled(stretches: list[Stretch]) -> list[Stretch]:
    return [part for part in stretches if part.old_start < part.old_end or part.new_start < part.new_end]


def join_paths(
    old: tuple[Element, ...], new: tuple[Element, ...]
) -> tuple[list[tuple[Element | None, Element | None]], str]:
    """Which elements around two blocks become one, and the tag of the old block if none of them says it."""
    roles = [[ROLES.get(element.tag, element.tag) for element in path] for path in (old, new)]
    if roles[0] == roles[1]:
        return list(zip(old, new, strict=True)), ""
    if roles[0] == roles[1][:-1]:
        return [*zip(old, new, strict=False), (None, new[-1])], old[-1].tag if old else "body"
    if roles[0][:-1] == roles[1]:
        return list(zip(old, new, strict=False)), old[-1].tag
    same = 1 if old and new else 0
    while same < min(len(old), len(new)) and roles[0][-1 - same] == roles[1][-1 - same]:
        same += 1
    above, new_above = len(old) - same, len(new) - same
    top = 0
    while top < min(above, new_above) and roles[0][top] == roles[1][top]:
        top += 1
    pairs: list[tuple[Element | None, Element | None]] = list(zip(old[:top], new[:top], strict=True))
    pairs += [(element, None) for element in old[top:above]]
    pairs += [(None, element) for element in new[top:new_above]]
    pairs += zip(old[above:], new[new_above:], strict=True)
    return pairs, ""


def _is_whole(element: Element, other: Element | None) -> bool:
    """Whether an element must not be cut in two; list items are, where the nesting changed."""
    return element.tag not in MAY_REPEAT and not (element.tag == "li" and other is None)


def may_hold(parent: str, child: str) -> bool:
    """Whether HTML allows an element directly in another."""
    return (
        parent not in NO_BLOCKS
        and child in CHILDREN.get(parent, (child,))
        and parent in PARENTS.get(child, (parent,))
    )
