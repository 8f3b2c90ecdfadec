"""The woven text as HTML: the whole new text with what changed marked in it."""

from __future__ import annotations

from collections.abc import Sequence

from generator.redline.blocks import Block, Element, start_tag
from generator.redline.weave import Line, Woven
from generator.redline.words import IDENTITY, Form, attributes_of, tag_name

LISTS = frozenset(("ul", "ol", "menu", "dir"))
SAME = {"b": "strong", "i": "em"}


def write_html(lines: Sequence[Line]) -> str:
    """The lines as one HTML fragment."""
    pieces: list[str] = []
    opened: list[Woven] = []
    items: set[Element] = set()
    for line in lines:
        depth = 0
        while depth < min(len(opened), len(line.path)) and opened[depth] is line.path[depth]:
            depth += 1
        pieces += [f"</{woven.tag}>\n" for woven in reversed(opened[depth:])]
        pieces += [_start(woven, items) for woven in line.path[depth:] if woven.tag != "hr"]
        opened = [woven for woven in line.path if woven.tag != "hr"]
        pieces.append(_inside(line))
    pieces += [f"</{woven.tag}>\n" for woven in reversed(opened)]
    return "".join(pieces)


def _start(woven: Woven, items: set[Element]) -> str:
    if woven.new is None:
        assert woven.old is not None
        attributes = {name: value for name, value in woven.old.attributes.items() if name != "id"}
        if woven.holds_kept:
            attributes |= {"data-change": "retag", "data-old-tag": woven.old.tag}
        return start_tag(woven.tag, attributes)
    attributes = dict(woven.new.attributes)
    if woven.tag == "li":
        if woven.new in items:  # the rest of an item that was cut has no bullet of its own
            attributes["style"] = "list-style: none"
        items.add(woven.new)
    old_tag = woven.old.tag if woven.old is not None else "div" if woven.holds_kept else woven.tag
    if woven.old is None and woven.tag in ("p", "div"):
        old_tag = woven.tag
    if old_tag != woven.tag:
        attributes |= {"data-change": "retag", "data-old-tag": old_tag}
    return start_tag(woven.tag, attributes)


def _inside(line: Line) -> str:
    if line.new is None:
        assert line.old is not None
        mark = _whole(line.old, "del", line.move, _without_ids(line.old.markup))
        if line.path and line.path[-1].tag in LISTS:  # text straight in a list has to look like an item
            return f'<li data-change="retag" data-old-tag="{line.path[-1].tag}">{mark}</li>'
        return mark
    if line.old is None:
        if line.move and line.stretches:
            return _marked(line)
        return _whole(line.new, "ins", line.move, line.new.markup)
    if line.stretches is None:
        return _rule(line.new) or "".join(map(_joint, line.joints.values())) + line.new.markup
    return _marked(line)


def _whole(block: Block, tag: str, move: int, markup: str) -> str:
    return f"{_mark(tag, move)}{_rule(block) or markup}</{tag}>"


def _mark(tag: str, move: int = 0) -> str:
    return f'<{tag} class="rl" data-move="{move}">' if move else f'<{tag} class="rl">'


def _rule(block: Block) -> str:
    return start_tag("hr", block.path[-1].attributes) + "\n" if block.tag == "hr" else ""


def _joint(old_tag: str) -> str:
    return f'<span data-change="merge" data-old-tag="{old_tag}"></span>'


def _without_ids(markup: str) -> str:
    return IDENTITY.sub("", markup) if "id=" in markup or "name=" in markup else markup


def _marked(line: Line) -> str:
    assert line.old_words is not None
    assert line.new_words is not None
    assert line.stretches
    writer = _InlineWriter((_mark("ins", line.move),) if line.move else ())
    old, new = line.old_words, line.new_words
    first, new_first = line.stretches[0].old_start, line.stretches[0].new_start
    if line.split:
        writer.sign('<span data-change="split"></span>')
    for stretch in line.stretches:
        if not stretch.kept:
            for i in range(stretch.old_start, stretch.old_end):
                if i in line.joints:
                    writer.sign(_joint(line.joints[i]))
                writer.add("del", _without_ids(old.leads[i]) if i > first else "", old.forms[i], old.words[i])
            for j in range(stretch.new_start, stretch.new_end):
                writer.add("ins", new.leads[j] if j > new_first else "", new.forms[j], new.words[j])
            continue
        for i, j in zip(
            range(stretch.old_start, stretch.old_end), range(stretch.new_start, stretch.new_end), strict=True
        ):
            spaced = i > first and old.spaced(i), j > new_first and new.spaced(j)
            lead, form = new.leads[j], new.forms[j]
            if old.forms[i] != form:
                form = _changed_form(old.forms[i], form)
            if i in line.joints:
                writer.sign(_joint(line.joints[i]))
            elif spaced == (True, False):
                writer.add("del", " ", form, "")
            elif spaced == (False, True):
                writer.add("ins", lead, form, "")
                lead = ""
            writer.add("", lead, form, new.words[j])
    return writer.close()


class _InlineWriter:
    """Writes words, opening and closing marks and inline elements as they come."""

    def __init__(self, outermost: Form) -> None:
        self.outermost = outermost
        self.pieces: list[str] = []
        self.opened: list[str] = []

    def add(self, mark: str, lead: str, form: Form, text: str) -> None:
        wanted = [*self.outermost, *form]
        if mark:
            wanted.append(_mark(mark))
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


def _kind(start: str) -> str:
    name = tag_name(start)
    return SAME.get(name, name)


def _changed_form(old: Form, new: Form) -> Form:
    """The inline elements around a word that both sides have, saying what they were."""
    left = {_kind(start): start for start in old}
    form: list[str] = []
    gained: list[int] = []
    for start in new:
        before = left.pop(_kind(start), None)
        if before is None:
            gained.append(len(form))
            form.append(start)
        elif _kind(start) == "a" and _target(before) != _target(start):
            form.append(f'{start[:-1]} data-change="relink" data-old-href="{_target(before)}">')
        else:
            form.append(start)
    lost = [start for kind, start in left.items()]
    for at in gained:
        form[at] = f'{form[at][:-1]} data-change="reformat" data-old-tag="span">'
    for start in lost:
        link = f' data-old-href="{_target(start)}"' if _kind(start) == "a" else ""
        form.append(f'<span data-change="reformat" data-old-tag="{tag_name(start)}"{link}>')
    return tuple(form)


def _target(start: str) -> str:
    return attributes_of(start).get("href", "")
