"""The woven text as HTML: the whole new text with what changed marked in it."""

from __future__ import annotations

import html as escaping
from collections.abc import Sequence
from dataclasses import dataclass

from generator.language import Language
from generator.redline.match.formatting import annotated_form
from generator.redline.match.words import Stretch
from generator.redline.merge.lines import Line, Woven
from generator.redline.merge.nesting import may_hold
from generator.redline.tell.numbers import is_renumbering
from generator.redline.tell.sentences import place_words
from generator.rendered.blocks import Block, Element, start_tag, whole_number
from generator.rendered.tags import Form, tag_name
from generator.rendered.words import IDENTITY, RULE, SHOWN_RULE, TAG

UNSPACED = ' data-unspaced=""'
"""On a split: the old text has no space there, as in Chinese."""

MERGED = '<span data-change="merge"></span>'
LISTS = frozenset(("ul", "ol", "menu", "dir"))


def write_html(lines: Sequence[Line], language: Language | None = None, *, anchored: bool = True) -> str:
    """The lines as one HTML fragment.

    With a language, marks are announced in hidden words (class ``rl-said``) and the ends of a move lead to
    each other; who wants either side back drops those. ``anchored``: each change has its id.
    """
    writer = _Writer(language, anchored, opened=_to_be_opened(lines, all_of_them=not anchored))
    for line in lines:
        writer.write(line)
    markup = writer.close()
    return markup.replace(RULE, SHOWN_RULE) if language is not None else markup


def _to_be_opened(lines: Sequence[Line], *, all_of_them: bool) -> set[Woven]:
    """The blocks that a reader may close (``details``) and that hold changes, at any depth."""
    return {
        woven
        for line in lines
        if all_of_them or line.is_changed
        for woven in line.path
        if woven.tag == "details"
    }


class _Writer:
    def __init__(self, language: Language | None, anchored: bool, opened: set[Woven]) -> None:
        self.to_be_opened = opened
        self.notes = Notes(language, anchored)
        self.anchored = anchored
        self.pieces: list[str] = []
        self.opened: list[Woven] = []
        self.items: set[Element] = set()
        self.shown: dict[Woven, int] = {}  # the number that a browser gave the last item of a list

    def write(self, line: Line) -> None:
        path = [woven for woven in line.path if woven.tag != "hr"]
        if line.new is None and path and path[-1].tag in LISTS and may_hold(_tag_at(path, -2), "div"):
            path.pop()  # text straight in a list: it cannot be marked there
        depth = 0
        while depth < min(len(self.opened), len(path)) and self.opened[depth] is path[depth]:
            depth += 1
        self.close_to(depth)
        for woven in path[depth:]:
            self.pieces.append(start_tag(woven.tag, self.attributes(woven)))
            self.opened.append(woven)
        if self.anchored:
            self.pieces += [f'<span class="rl-change" id="{anchor}"></span>' for anchor in line.anchors]
        self.pieces.append(inside(line, self.notes))

    def close_to(self, depth: int) -> None:
        while len(self.opened) > depth:
            woven = self.opened.pop()
            self.pieces.append(f"</{woven.tag}>\n")
            self.shown.pop(woven, None)

    def close(self) -> str:
        self.close_to(0)
        return "".join(self.pieces)

    def attributes(self, woven: Woven) -> dict[str, str | None]:
        """Of the start tag: those of the newer side, and what the element was."""
        source = woven.new or woven.old
        assert source is not None
        attributes = dict(source.attributes)
        if woven.new is None or not self.anchored:
            attributes.pop("id", None)
        if woven in self.to_be_opened:
            attributes["open"] = ""
        if woven.tag == "li":
            self.number(source, attributes)
            if woven.new in self.items:  # the rest of an item that was cut has no bullet of its own
                attributes["style"] = "list-style: none"
            if woven.new is not None:
                self.items.add(woven.new)
        old_tag = woven.tag
        if woven.old is not None:
            old_tag = woven.old.tag
        elif woven.holds_kept and woven.tag not in ("p", "div"):
            old_tag = "div"
        if old_tag != woven.tag:
            attributes |= {"data-change": "retag", "data-old-tag": old_tag}
        return attributes

    def number(self, item: Element, attributes: dict[str, str | None]) -> None:
        """Let an item of a numbered list keep its number, whatever was deleted or cut before it."""
        parent = self.opened[-1] if self.opened else None
        if not item.number or parent is None or "reversed" in (parent.new or parent.old or item).attributes:
            return
        start = (parent.new or parent.old or item).attributes.get("start")
        expected = self.shown.get(parent, whole_number(start, 1) - 1) + 1
        self.shown[parent] = item.number
        if item.number != expected:
            attributes["value"] = str(item.number)


@dataclass(frozen=True, slots=True)
class Notes:
    """Words beside the marks; without a language there are none, and no hidden ones unless anchored."""

    language: Language | None
    anchored: bool

    def said(self, key: str) -> str:
        """For those who hear the page: what begins here."""
        if self.language is None or not self.anchored:
            return ""
        return f'<span class="rl-said">{escaping.escape(self.language(f"redline_said_{key}"))} </span>'

    def moved(self, line: Line) -> str:
        """Where the block came from or went."""
        if self.language is None or line.other_end is None:
            return ""
        end = line.other_end
        key = "redline_moved_to" if line.new is None else "redline_moved_from"
        if end.place.part == "heading":
            key += "_below" if end.is_below else "_above"
        text = escaping.escape(self.language(key, place=place_words(end.place, self.language, heading=True)))
        if not self.anchored:
            return f'<span class="rl-moved">{text}</span> '
        return f'<a class="rl-moved" href="#{line.other_end.anchor}">{text}</a> '


def inside(line: Line, notes: Notes) -> str:
    """What the block of a line holds, with its marks."""
    if line.new is None:
        assert line.old is not None
        mark = _whole(line, line.old, "del", notes)
        if line.path and line.path[-1].tag in LISTS:  # text straight in a list
            tag = "div" if may_hold(_tag_at(line.path, -2), "div") else "li"
            return f'<{tag} data-change="retag" data-old-tag="{line.path[-1].tag}">{mark}</{tag}>'
        return mark
    if line.old is None:
        return (
            notes.moved(line) + _marked(line, notes)
            if line.stretches and not rule(line.new)
            else _whole(line, line.new, "ins", notes)
        )
    if line.stretches is None:
        return rule(line.new) or "".join(map(_tag_sign, line.joints.values())) + line.new.markup
    return _marked(line, notes)


def _tag_at(path: Sequence[Woven], place: int) -> str:
    return path[place].tag if len(path) >= -place else "body"


def _whole(line: Line, block: Block, tag: str, notes: Notes) -> str:
    markup = block.markup if tag == "ins" else without_ids(block.markup)
    said = notes.said("moved" if line.move else tag)
    return f"{notes.moved(line)}{mark(tag, move=line.move)}{said}{rule(block) or markup}</{tag}>"


def mark(tag: str, *, move: int = 0, change: str = "") -> str:
    """The start tag of a mark."""
    moved = f' data-move="{move}"' if move else ""
    changed = f' data-change="{change}"' if change else ""
    return f'<{tag} class="rl"{moved}{changed}>'


def rule(block: Block) -> str:
    """The tag of a horizontal rule; "" for any other block."""
    return start_tag("hr", block.path[-1].attributes) + "\n" if block.tag == "hr" else ""


def _joint(line: Line, at: int) -> str:
    """What stands at a word where an old block began, or nothing."""
    if at not in line.joints:
        return ""
    if line.stretches and at == line.stretches[0].old_start:
        return _tag_sign(line.joints[at])
    return f'<span data-change="merge" data-old-tag="{line.joints[at]}"></span>'


def _tag_sign(old_tag: str) -> str:
    """Says which tag a block had that stands in another element now; it is not shown."""
    return f'<span data-change="merge" data-old-tag="{old_tag}" hidden></span>'


def without_ids(markup: str) -> str:
    """The markup without ids: what is shown beside the new text must not have them twice."""
    if "id=" not in markup and "name=" not in markup:
        return markup
    return TAG.sub(lambda tag: IDENTITY.sub("", tag[0]), markup)


def _marked(line: Line, notes: Notes) -> str:
    assert line.old_words is not None
    assert line.new_words is not None
    assert line.stretches
    writer = InlineWriter((mark("ins", move=line.move),) if line.move else ())
    old, new = line.old_words, line.new_words
    first, new_first = line.stretches[0].old_start, line.stretches[0].new_start
    if line.split:
        writer.sign(f'<span data-change="split"{"" if old.spaced(first) else UNSPACED}></span>')
    for stretch in line.stretches:
        if stretch.kept:
            _write_kept(writer, line, stretch)
            continue
        is_number = stretch.old_start in line.references or is_renumbering(stretch, old, new)
        change = "renumber" if is_number else ""
        said = notes.said("del")
        for i in range(stretch.old_start, stretch.old_end):
            if sign := _joint(line, i):
                writer.sign(sign)
            lead = without_ids(old.leads[i]) if i > first else ""
            form = tuple(map(without_ids, old.forms[i]))
            writer.add(mark("del", change=change), lead + said, form, old.words[i])
            said = ""
        said = notes.said("ins")
        for j in range(stretch.new_start, stretch.new_end):
            lead = new.leads[j] if j > new_first else ""
            writer.add(mark("ins", change=change), lead + said, new.forms[j], new.words[j])
            said = ""
    return writer.close()


def _write_kept(writer: InlineWriter, line: Line, stretch: Stretch) -> None:
    assert line.old_words is not None
    assert line.new_words is not None
    assert line.stretches
    old, new = line.old_words, line.new_words
    first, new_first = line.stretches[0].old_start, line.stretches[0].new_start
    for i, j in zip(
        range(stretch.old_start, stretch.old_end), range(stretch.new_start, stretch.new_end), strict=True
    ):
        spaced = i > first and old.spaced(i), j > new_first and new.spaced(j)
        lead, form = new.leads[j], new.forms[j]
        if old.forms[i] != form:
            form = annotated_form(old.forms[i], form)
        if sign := _joint(line, i):
            writer.sign(sign)
        elif spaced == (True, False):
            writer.add(mark("del"), " ", form, "")
        elif spaced == (False, True):
            writer.add(mark("ins"), lead, form, "")
            lead = ""
        writer.add("", lead, form, new.words[j])


class InlineWriter:
    """Writes words, opening and closing marks and inline elements as they come."""

    def __init__(self, outermost: Form) -> None:
        self.outermost = outermost
        self.pieces: list[str] = []
        self.opened: list[str] = []

    def add(self, mark: str, lead: str, form: Form, text: str) -> None:
        wanted = [*self.outermost, *form]
        if mark:
            wanted.append(mark)
        depth = 0
        while depth < min(len(self.opened), len(wanted)) and self.opened[depth] == wanted[depth]:
            depth += 1
        self._close_to(depth)
        if mark:
            self.pieces += [*wanted[depth:], lead, text]
        else:
            self.pieces += [lead, *wanted[depth:], text]
        self.opened = wanted

    def sign(self, sign: str) -> None:
        """Write an element that stands for no word."""
        self._close_to(0)
        self.pieces.append(sign)

    def _close_to(self, depth: int) -> None:
        while len(self.opened) > depth:
            self.pieces.append(f"</{tag_name(self.opened.pop())}>")

    def close(self) -> str:
        self._close_to(0)
        return "".join(self.pieces)
