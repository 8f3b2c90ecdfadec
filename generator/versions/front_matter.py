"""Reads the YAML block at the top of a policy text. Every problem has a line and says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Literal

import yaml

from generator.rendered.characters import clean

DATE = re.compile(
    # A timestamp as YAML 1.1 spells it (https://yaml.org/type/timestamp.html), with or without its time.
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?"
)

PLAIN_LINE = re.compile(r"(?P<key>[\w-]+):\s+(?P<value>.*\S)\s*")
SPECIAL_AT_START = "\"'@`*&%!|>[]{}#-?,"
"""Characters with which a value cannot begin unless it is quoted (https://yaml.org/spec/1.2.2/#plain-style)."""

LONGEST_SHOWN = 60
LONGEST_BLOCK = 100_000
"""Characters that the parser reads in about a second. A summary has a few hundred words."""
ALIAS = "alias"
TEXT_KEYS = frozenset({"title", "summary", "impact", "approved_by"})

USUAL_REMEDY = "write `key: value` lines between `---` lines"

Change = Literal["material", "editorial"]
CHANGES: Mapping[str | None, Change] = {"material": "material", "editorial": "editorial"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with a text: the line (None for the whole text), what is wrong, and what to do.

    A ``refused`` problem stops a build if the newest text has it; in the history it is a warning. A problem
    that is ``refused_when_new`` never stops a build, but it fails the check of the change that adds it.
    """

    line: int | None
    text: str
    refused: bool = False
    refused_when_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """Statements of a text about itself. None means that it does not state it.

    ``effective_text`` is the effective date as written if it is no valid date; it is only compared.
    ``withdrawn`` is the day from which the document no longer applies. ``withdraws`` is the label of a
    pending version that never takes effect.
    """

    title: str | None = None
    effective: date | None = None
    effective_text: str | None = None
    withdrawn: date | None = None
    change: Change | None = None
    summary: str | None = None
    impact: str | None = None
    approved_by: str | None = None
    withdraws: str | None = None
    version: str | None = None
    unknown: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def stated_effective(self) -> date | str | None:
        """The effective date, or the text in its place if that is no date."""
        return self.effective or self.effective_text


KEYS = tuple(key.name for key in fields(FrontMatter) if key.name not in {"effective_text", "unknown"})
"""The keys that have a meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitText:
    """The front matter and the body of a text. The body starts on the line ``body_line``, from 1."""

    front: FrontMatter
    body: str
    body_line: int
    problems: tuple[Problem, ...]


def split_front_matter(text: str) -> SplitText:
    """The front matter and the body of a text with LF line ends.

    A block that is not a YAML mapping counts as body text, and that is a problem.
    """
    lines = text.split("\n")
    end = _end_of_block(lines)
    if end is None:
        return SplitText(front=FrontMatter(), body=text, body_line=1, problems=())
    block = "\n".join(line.rstrip(" \t") for line in lines[1:end])
    if len(block) > LONGEST_BLOCK:
        return _all_body(text, line=1, why=f"is longer than {LONGEST_BLOCK:,} characters")
    try:
        root, values = _read_yaml(block)
    except yaml.YAMLError as error:
        line = _line_of(error)
        return _all_body(text, line=line, why="is not valid YAML", remedy=_remedy(lines[:line]))
    except RecursionError:
        return _all_body(text, line=1, why="is nested too deeply")
    if root is not None and not isinstance(root, yaml.MappingNode):
        return _all_body(text, line=root.start_mark.line + 2, why="is not a list of `key: value`")
    front, problems = _checked(root, values)
    return SplitText(front=front, body="\n".join(lines[end + 1 :]), body_line=end + 2, problems=problems)


def parse_date(text: str) -> date | None:
    """The calendar day that a YAML date or timestamp names, regardless of its time."""
    found = DATE.fullmatch(text)
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"])) if found else None
    except ValueError:
        return None


def cut_values(text: str) -> Iterator[tuple[str, int]]:
    """The keys whose value is cut off by a ``#``, each with its line, from 1."""
    lines = text.split("\n")
    end = _end_of_block(lines)
    if end is None:
        return
    block = [line.rstrip(" \t") for line in lines[1:end]]
    try:
        root, _ = _read_yaml("\n".join(block))
    except (yaml.YAMLError, RecursionError):
        return
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        plain = isinstance(value, yaml.ScalarNode) and value.style is None
        if plain and key.value in TEXT_KEYS and value.end_mark.line < len(block):
            rest = block[value.end_mark.line][value.end_mark.column :]
            if rest.lstrip().startswith("#"):
                yield key.value, value.end_mark.line + 2


def _end_of_block(lines: list[str]) -> int | None:
    if lines[0].rstrip(" \t") != "---":
        return None
    return next((i for i, line in enumerate(lines) if i and line.rstrip(" \t") in {"---", "..."}), None)


def _read_yaml(block: str) -> tuple[yaml.Node | None, dict[str, object]]:
    """The parsed block with its lines, and its values with every scalar as a string.

    The Python loader, because the one in C ends the process on deep nesting (PyYAML 6.0.3).
    """
    loader = _Loader(block)
    try:
        root = loader.get_single_node()
        values = loader.construct_document(root) if isinstance(root, yaml.MappingNode) else {}
    finally:
        loader.dispose()
    return root, values


class _Loader(yaml.BaseLoader):
    """Replaces aliases by empty values: a few aliases of aliases could stand for millions of values."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            alias = self.get_event()  # type: ignore[no-untyped-call] # types-PyYAML leaves it out
            return yaml.ScalarNode(ALIAS, "", alias.start_mark, alias.end_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


def _aliases(node: yaml.Node | None) -> Iterator[yaml.Node]:
    """The places in the node that hold an alias."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one is not None and one.tag == ALIAS:
            yield one
        elif isinstance(one, yaml.SequenceNode):
            waiting += one.value
        elif isinstance(one, yaml.MappingNode):
            waiting += [part for pair in one.value for part in pair]


def _line_of(error: yaml.YAMLError) -> int:
    """The line, from 1, of the mistake; of an unclosed quote or a missing colon, where it begins."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return 1
    begun = (error.context or "").endswith(("quoted scalar", "simple key"))
    mark = error.context_mark if begun and error.context_mark else error.problem_mark
    return mark.line + 2 if mark else 1


def _remedy(lines: Sequence[str]) -> str:
    """How to correct the last of these lines, at which YAML fails."""
    first = next((line for line in reversed(lines) if not line.startswith((" ", "\t"))), "")
    continued = first is not lines[-1]
    if re.match(r"\s*(?:[^\s:]+:\s*)?\t", lines[-1]):
        return "use spaces instead of the tab"
    found = PLAIN_LINE.fullmatch(first)
    if not found:
        return USUAL_REMEDY
    key, value = found["key"], found["value"]
    if continued:
        return f"put the whole value of `{key}` in quotes, or write `{key}: >-` above it"
    why = ", because it contains a colon" if ": " in f"{value} " else ""
    if not why and value[0] not in SPECIAL_AT_START:
        return USUAL_REMEDY
    shown = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"
    if '"' in shown or shown.startswith("'"):
        shown = shown.strip("'").replace("'", "''")
        return f"put the whole value of `{key}` in single quotes{why}: {key}: '{shown}'"
    return f'put the value of `{key}` in quotes{why}: {key}: "{shown}"'


def _all_body(text: str, *, line: int, why: str, remedy: str = USUAL_REMEDY) -> SplitText:
    problem = Problem(
        line=line, text=f"the front matter {why}, so readers see it as text; {remedy}", refused=True
    )
    return SplitText(front=FrontMatter(), body=text, body_line=1, problems=(problem,))


def _checked(
    root: yaml.MappingNode | None, values: dict[str, object]
) -> tuple[FrontMatter, tuple[Problem, ...]]:
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for key, value in root.value if root else ():
        name, line = key.value if isinstance(key.value, str) else "", key.start_mark.line + 2
        if name and lines.setdefault(name, line) != line:
            twice = f"`{name}` is used twice, first in line {lines[name]}; keep the correct one"
            problems.append(Problem(line=line, text=twice, refused=True))
        if next(_aliases(key), None) or next(_aliases(value), None):
            values.pop(name, None)
            aliased = f"`{name or '*'}` contains a YAML alias, so it is ignored; write the words out"
            problems.append(Problem(line=line, text=aliased, refused=True))

    def refuse(key: str, remedy: str) -> None:
        problems.append(Problem(line=lines.get(key), text=f"`{key}` {remedy}", refused=True))

    def text(key: str) -> str | None:
        value = values.pop(key, None)
        if isinstance(value, list | dict):
            refuse(key, "is a list or a mapping, so it is ignored; write one line of text")
            return None
        if not isinstance(value, str):
            return None
        cleaned = clean(value)
        if cleaned != value:
            unseen = f"`{key}` contains control characters, which are left out; remove them"
            problems.append(Problem(line=lines.get(key), text=unseen))
        return cleaned.strip() or None

    def change() -> Change | None:
        stated = text("change")
        if stated in CHANGES:
            return CHANGES[stated]
        if stated:
            refuse("change", f"is {stated[:40]!r}, so it is ignored; write `material` or `editorial`")
        return None

    effective = text("effective")
    day = parse_date(effective) if effective else None
    if effective and not day:
        refuse("effective", f"is not a date: {effective[:40]!r}; write it as 2026-11-22")
    withdrawn = text("withdrawn")
    last_day = parse_date(withdrawn) if withdrawn else None
    if withdrawn and not last_day:
        refuse("withdrawn", f"is not a date: {withdrawn[:40]!r}; write it as 2026-11-22")
    front = FrontMatter(
        title=text("title"),
        effective=day,
        effective_text=None if day else effective,
        withdrawn=last_day,
        change=change(),
        summary=text("summary"),
        impact=text("impact"),
        approved_by=text("approved_by"),
        withdraws=text("withdraws"),
        version=text("version"),
        unknown=values,
    )
    return front, tuple(problems)
