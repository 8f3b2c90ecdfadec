"""The YAML block at the top of a policy text: split off, read as strings, checked with lines and remedies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import yaml

DATE = re.compile(
    # A timestamp as YAML 1.1 spells it (https://yaml.org/type/timestamp.html), with or without its time.
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?"
)

Change = Literal["material", "editorial"]
CHANGES: Mapping[str | None, Change] = {"material": "material", "editorial": "editorial"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with a text: where (None: the whole text), what, and what to do.

    ``refused`` problems stop a build when the newest text has them; in the history they are warnings.
    ``refused_when_new`` ones never stop a build, but a check of the change that brings them.
    """

    line: int | None
    text: str
    refused: bool = False
    refused_when_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """What a text states about itself; None is not stated.

    ``effective_text`` is an effective date in a spelling that is no date; it is only ever compared.
    """

    title: str | None = None
    effective: date | None = None
    effective_text: str | None = None
    change: Change | None = None
    summary: str | None = None
    impact: str | None = None
    approved_by: str | None = None
    version: str | None = None
    unknown: Mapping[str, object] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A text taken apart; ``body_line`` is the line, from 1, on which the body starts."""

    front: FrontMatter
    body: str
    body_line: int
    problems: tuple[Problem, ...]


def split_front_matter(text: str) -> Split:
    """The front matter and the body of a text with LF line ends.

    A block that is no YAML mapping is body text, with a problem.
    """
    lines = text.split("\n")
    end = _end_of_block(lines)
    if end is None:
        return Split(front=FrontMatter(), body=text, body_line=1, problems=())
    try:
        root, values = _read_yaml("\n".join(line.rstrip(" \t") for line in lines[1:end]))
    except yaml.YAMLError as error:
        return _all_body(text, line=_line_of(error), why="is not YAML")
    except RecursionError:
        return _all_body(text, line=1, why="is nested too deeply")
    if root is not None and not isinstance(root, yaml.MappingNode):
        return _all_body(text, line=root.start_mark.line + 2, why="is not a list of `key: value`")
    front, problems = _checked(root, values)
    return Split(front=front, body="\n".join(lines[end + 1 :]), body_line=end + 2, problems=problems)


def parse_date(text: str) -> date | None:
    """The calendar day that a YAML date or timestamp names, whatever its time."""
    found = DATE.fullmatch(text)
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"])) if found else None
    except ValueError:
        return None


def _end_of_block(lines: list[str]) -> int | None:
    if lines[0].rstrip(" \t") != "---":
        return None
    return next((i for i, line in enumerate(lines) if i and line.rstrip(" \t") in {"---", "..."}), None)


def _read_yaml(block: str) -> tuple[yaml.Node | None, dict[str, object]]:
    """The parsed block with its lines, and its values with every scalar as a string.

    The Python loader, because the one in C ends the process on deep nesting (PyYAML 6.0.3).
    """
    loader = yaml.BaseLoader(block)
    try:
        root = loader.get_single_node()
        values = loader.construct_document(root) if isinstance(root, yaml.MappingNode) else {}
    finally:
        loader.dispose()
    return root, values


def _line_of(error: yaml.YAMLError) -> int:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return mark.line + 2 if mark else 1


def _all_body(text: str, *, line: int, why: str) -> Split:
    problem = Problem(
        line=line,
        text=f"the front matter {why}, so it is shown as text; write `key: value` lines between `---` lines",
        refused=True,
    )
    return Split(front=FrontMatter(), body=text, body_line=1, problems=(problem,))


def _checked(
    root: yaml.MappingNode | None, values: dict[str, object]
) -> tuple[FrontMatter, tuple[Problem, ...]]:
    lines = {key.value: key.start_mark.line + 2 for key, _ in root.value} if root else {}
    problems: list[Problem] = []

    def refuse(key: str, remedy: str) -> None:
        problems.append(Problem(line=lines.get(key), text=f"`{key}` {remedy}", refused=True))

    def text(key: str) -> str | None:
        value = values.pop(key, None)
        if isinstance(value, list | dict):
            refuse(key, "is a list or a mapping and counts as absent; write one line of text")
            return None
        return (value.strip() or None) if isinstance(value, str) else None

    def change() -> Change | None:
        stated = text("change")
        if stated in CHANGES:
            return CHANGES[stated]
        if stated:
            refuse("change", f"is {stated[:40]!r} and counts as absent; write material or editorial")
        return None

    effective = text("effective")
    day = parse_date(effective) if effective else None
    if effective and not day:
        refuse("effective", f"is no date: {effective[:40]!r}; write the day as 2026-11-22")
    front = FrontMatter(
        title=text("title"),
        effective=day,
        effective_text=None if day else effective,
        change=change(),
        summary=text("summary"),
        impact=text("impact"),
        approved_by=text("approved_by"),
        version=text("version"),
        unknown=values,
    )
    return front, tuple(problems)
