"""The content of one line of a redline, as HTML with its marks."""

from __future__ import annotations

import html as escaping
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.language import Language
from generator.redline.match.formatting import annotated_form
from generator.redline.match.words import KeptWords
from generator.redline.merge.lines import (
    DeletedLine,
    EditedLine,
    InsertedLine,
    KeptLine,
    MergedElement,
    MovedAwayLine,
    MovedHereLine,
)
from generator.redline.merge.nesting import may_hold
from generator.redline.tell.redline import ListedLine
from generator.redline.tell.sentences import location_in_words
from generator.rendered.blocks import Block, start_tag
from generator.rendered.splitting import IDENTITY, TAG
from generator.rendered.tags import Form, tag_name

UNSPACED = ' data-unspaced=""'
"""On a split: the old text has no space there, as in Chinese."""

MERGED = '<span data-change="merge"></span>'
LISTS = frozenset(("ul", "ol", "menu", "dir"))


@dataclass(frozen=True, slots=True)
class Announcements:
    """Words beside the marks; without a language there are none, and hidden ones only where ``anchored``."""

    language: Language | None
    anchored: bool

    def hidden(self, key: str) -> str:
        """Words for people who hear the page: what begins here."""
        if self.language is None or not self.anchored:
            return ""
        return f'<span class="rl-said">{escaping.escape(self.language(f"redline_said_{key}"))} </span>'

    def moved(self, listed: ListedLine) -> str:
        """Where the block came from, or where it went."""
        end = listed.other_end
        if self.language is None or end is None:
            return ""
        key = "redline_moved_to" if isinstance(listed.line, MovedAwayLine) else "redline_moved_from"
        if end.location.part == "heading":
            key += "_below" if end.is_below else "_above"
        location = location_in_words(end.location, self.language, heading=True)
        text = escaping.escape(self.language(key, place=location))
        if not self.anchored:
            return f'<span class="rl-moved">{text}</span> '
        return f'<a class="rl-moved" href="#{end.anchor}">{text}</a> '


def line_html(listed: ListedLine, announcements: Announcements) -> str:  # noqa: PLR0911 - one per kind
    """The content of a line, with its marks."""
    match listed.line:
        case KeptLine(new=block, old_tag=old_tag):
            return rule(block) or f"{_old_tag_sign(old_tag)}{block.markup}"
        case EditedLine() as line:
            return _marked(line, announcements)
        case InsertedLine(new=block):
            return _whole(block.markup, block, "ins", announcements)
        case MovedHereLine(new=block, move=move) as line:
            if rule(block) or not line.words.spans:
                return _whole(block.markup, block, "ins", announcements, listed=listed, move=move)
            return announcements.moved(listed) + _marked(line, announcements)
        case DeletedLine(old=block, path=path):
            return _in_list(path, _whole(without_ids(block.markup), block, "del", announcements))
        case MovedAwayLine(old=block, path=path, move=move):
            markup = without_ids(block.markup)
            return _in_list(path, _whole(markup, block, "del", announcements, listed=listed, move=move))


def tag_at(path: Sequence[MergedElement], position: int) -> str:
    """The tag at a position from the end of a path; that of the body where the path is shorter."""
    return path[position].tag if len(path) >= -position else "body"


def mark(tag: str, *, move: int = 0, change: str = "") -> str:
    """The start tag of a mark."""
    moved = f' data-move="{move}"' if move else ""
    changed = f' data-change="{change}"' if change else ""
    return f'<{tag} class="rl"{moved}{changed}>'


def rule(block: Block) -> str:
    """The tag of a horizontal rule; "" for any other block."""
    return start_tag("hr", block.path[-1].attributes) + "\n" if block.tag == "hr" else ""


def without_ids(markup: str) -> str:
    """The markup without ids, which the new text beside it may have, too."""
    if "id=" not in markup and "name=" not in markup:
        return markup
    return TAG.sub(lambda tag: IDENTITY.sub("", tag[0]), markup)


def _whole(
    markup: str,
    block: Block,
    tag: str,
    announcements: Announcements,
    *,
    listed: ListedLine | None = None,
    move: int = 0,
) -> str:
    """A whole block in one mark; ``listed`` is the line of a moved block."""
    moved = announcements.moved(listed) if listed is not None else ""
    hidden = announcements.hidden("moved" if move else tag)
    return f"{moved}{mark(tag, move=move)}{hidden}{rule(block) or markup}</{tag}>"


def _in_list(path: Sequence[MergedElement], marked: str) -> str:
    """A deleted block; if it was text straight in a list, in an element that HTML allows there."""
    if not path or path[-1].tag not in LISTS:
        return marked
    tag = "div" if may_hold(tag_at(path, -2), "div") else "li"
    return f'<{tag} data-change="retag" data-old-tag="{path[-1].tag}">{marked}</{tag}>'


def _old_tag_sign(old_tag: str) -> str:
    """A hidden element that says which tag the old block had, where the elements around do not say it."""
    return f'<span data-change="merge" data-old-tag="{old_tag}" hidden></span>' if old_tag else ""


def _block_signs(line: EditedLine | MovedHereLine) -> Mapping[int, str]:
    """Elements that say where an old block began, by the old word before which each is written."""
    if isinstance(line, MovedHereLine):
        return {}
    first = {line.words.first_old: _old_tag_sign(line.old_tag)}
    merged = {
        at: f'<span data-change="merge" data-old-tag="{tag}"></span>' for at, tag in line.merged.items()
    }
    return first | merged


def _marked(line: EditedLine | MovedHereLine, announcements: Announcements) -> str:
    """The words of a block of both texts, with marks on those that changed."""
    old, new = line.words.old, line.words.new
    first, new_first = line.words.first_old, line.words.first_new
    signs = _block_signs(line)
    writer = InlineWriter((mark("ins", move=line.move),) if isinstance(line, MovedHereLine) else ())
    if isinstance(line, EditedLine) and line.is_split_off:
        writer.sign(f'<span data-change="split"{"" if old.spaced(first) else UNSPACED}></span>')
    for span in line.words.spans:
        if isinstance(span, KeptWords):
            _write_kept(writer, line, span, signs)
            continue
        change = "renumber" if span.renumbered is not None else ""
        hidden = announcements.hidden("del")
        for i in span.old:
            writer.sign(signs.get(i, ""))
            lead = without_ids(old.leads[i]) if i > first else ""
            form = tuple(map(without_ids, old.forms[i]))
            writer.add(mark("del", change=change), lead + hidden, form, old.words[i])
            hidden = ""
        hidden = announcements.hidden("ins")
        for j in span.new:
            lead = new.leads[j] if j > new_first else ""
            writer.add(mark("ins", change=change), lead + hidden, new.forms[j], new.words[j])
            hidden = ""
    return writer.close()


def _write_kept(
    writer: InlineWriter, line: EditedLine | MovedHereLine, span: KeptWords, signs: Mapping[int, str]
) -> None:
    """Kept words; only the spaces between them, and what says that their formatting changed, are marked."""
    old, new = line.words.old, line.words.new
    first, new_first = line.words.first_old, line.words.first_new
    for i, j in zip(span.old, span.new, strict=True):
        spaced = i > first and old.spaced(i), j > new_first and new.spaced(j)
        lead, form = new.leads[j], new.forms[j]
        if old.forms[i] != form:
            form = annotated_form(old.forms[i], form)
        if sign := signs.get(i):
            writer.sign(sign)
        elif spaced == (True, False):
            writer.add(mark("del"), " ", form, "")
        elif spaced == (False, True):
            writer.add(mark("ins"), lead, form, "")
            lead = ""
        writer.add("", lead, form, new.words[j])


class InlineWriter:
    """Writes words, and opens and closes marks and inline elements where neighbours differ in them."""

    def __init__(self, outermost: Form) -> None:
        self.outermost = outermost
        self.pieces: list[str] = []
        self.opened: list[str] = []

    def add(self, mark: str, lead: str, form: Form, text: str) -> None:
        """Write a word; ``mark`` is "" for a word without a mark."""
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
        """Write an element that contains no word of the text; nothing for ""."""
        if sign:
            self._close_to(0)
            self.pieces.append(sign)

    def close(self) -> str:
        """All that was written."""
        self._close_to(0)
        return "".join(self.pieces)

    def _close_to(self, depth: int) -> None:
        while len(self.opened) > depth:
            self.pieces.append(f"</{tag_name(self.opened.pop())}>")
