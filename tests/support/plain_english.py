"""Find words that the project's style guide replaces, in everything that a person reads.

The list of phrases is ``tests/contract/plain_english.yml``. Run it on files or folders with

    PYTHONPATH=tests .venv/bin/python -m support.plain_english PATH…

This file only finds phrases. ``tests/contract/test_plain_english.py`` decides which files must be clean.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests" / "contract" / "plain_english.yml"

# Generated files, the client's own texts, and the list itself.
NOT_READ = re.compile(
    r"^(tests/golden/|tests/node/|tests/contract/plain_english\.yml$|policy/|docs/pictures/)"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of prose: a paragraph, a comment, a docstring, a message."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase to avoid, and what to write instead."""

    pattern: re.Pattern[str]
    write: str
    examples: tuple[str, ...]
    allowed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A phrase found in a file."""

    path: str
    line: int
    found: str
    write: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: “{self.found}”. Write: {self.write}"


def phrases() -> list[Phrase]:
    """The phrases of the list, in its order."""
    return [
        Phrase(
            _compiled(entry),
            entry["write"],
            tuple(entry.get("examples", ())),
            tuple(entry.get("allowed", ())),
        )
        for entry in yaml.safe_load(LIST.read_text("utf-8"))["phrases"]
    ]


def files(paths: Iterable[str] = (".",)) -> list[str]:
    """The files that git tracks below ``paths``, as paths from the root; without those that are not read."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = sorted({name for name in listed.stdout.split("\0") if name and not NOT_READ.match(name)})
    return [name for name in names if (ROOT / name).is_file() and _reader(name)]


def findings(path: str, wanted: Iterable[Phrase]) -> list[Finding]:
    """Every phrase in the prose of one file, by line."""
    reader = _reader(path)
    found = []
    for passage in reader((ROOT / path).read_text("utf-8"), path) if reader else ():
        for phrase in wanted:
            for match in phrase.pattern.finditer(passage.text):
                line = passage.line + passage.text.count("\n", 0, match.start())
                found.append(Finding(path, line, " ".join(match[0].split()), phrase.write))
    return sorted(found, key=lambda finding: finding.line)


def _compiled(entry: dict[str, str]) -> re.Pattern[str]:
    """A space in a pattern matches a line break too. ``sentence`` matches a whole sentence from its start."""
    if "sentence" in entry:
        return re.compile(
            rf"(?:\A|(?<=[.!?…:]\s)|(?<=[.!?…:][)*\"]\s))(?:{entry['sentence']})\b(?:[^.!?…]|\.(?=\w))*\.(?=\s|\Z)"
        )
    return re.compile(entry["phrase"].replace(" ", r"\s+"), re.IGNORECASE)


def _python(source: str, path: str) -> Iterator[Passage]:
    """Docstrings and comments; outside the tests every string with a space in it too."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    parts = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            text = node.value
        else:
            continue
        is_message = " " in text.strip() and not text.startswith("<") and not path.startswith("tests/")
        if id(node) in docstrings or is_message:
            yield from _paragraphs(node.lineno, _without_code(text))
    yield from _comments(source)


def _comments(source: str) -> Iterator[Passage]:
    """Each block of comments on consecutive lines."""
    start, lines = 0, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or token.string.startswith(("#!", "# type:", "# noqa", "# fmt")):
            continue
        line = token.start[0]
        if lines and line != start + len(lines):
            yield Passage(start, _without_code("\n".join(lines)))
            lines = []
        start = start if lines else line
        lines.append(token.string.lstrip("# "))
    if lines:
        yield Passage(start, _without_code("\n".join(lines)))


def _markdown(source: str, path: str) -> Iterator[Passage]:
    fenced = re.compile(r"^( *)(```|~~~).*?^ *\2 *$", re.MULTILINE | re.DOTALL)
    text = _without_code(fenced.sub(_blank, source))
    lines = (re.sub(r"^(\s*)([-*+>|]|\d+\.|#+)\s", r"\n\1", line) for line in text.split("\n"))
    number = 1
    start, block = 1, list[str]()
    for line in lines:
        if line.startswith("\n") or not line.strip():
            if block:
                yield Passage(start, "\n".join(block).strip())
            start, block = number, [line.strip()] if line.strip() else []
        else:
            if not block:
                start = number
            block.append(line.strip())
        number += 1
    if block:
        yield Passage(start, "\n".join(block).strip())


def _yaml(source: str, path: str) -> Iterator[Passage]:
    """Every text; of a workflow only names and descriptions. And comments on lines of their own."""
    workflow = path.startswith(".github/")
    shown = {"name", "description", "title", "label"}

    def texts(node: yaml.Node, key: str) -> Iterator[yaml.ScalarNode]:
        if isinstance(node, yaml.ScalarNode):
            if node.tag.endswith(":str") and (not workflow or key in shown):
                yield node
        elif isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                yield from texts(value, str(name.value))
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                yield from texts(value, key)

    for document in yaml.compose_all(source, Loader=_AnyTag):
        if document is not None:
            for node in texts(document, ""):
                yield Passage(node.start_mark.line + 1, _without_code(node.value))
    for number, line in enumerate(source.split("\n"), 1):
        if line.lstrip().startswith("#"):
            yield Passage(number, _without_code(line.lstrip("# ")))


class _AnyTag(yaml.SafeLoader):
    """Composes nodes only, so tags of MkDocs are never resolved."""


def _template(source: str, path: str) -> Iterator[Passage]:
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->", _blank, source, flags=re.DOTALL)
    text = re.sub(r"<(script|style)\b.*?</\1>", _blank, text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", _blank, text).replace("{#", "  ").replace("#}", "  ")
    yield from _paragraphs(1, text)


def _hashes(source: str, path: str) -> Iterator[Passage]:
    """Comments, and the descriptions of a Makefile or the texts of a TOML file."""
    for number, line in enumerate(source.split("\n"), 1):
        for text in re.findall(r"(?:^|\s)#+ (.*)$", line) or re.findall(
            r'^(?:name|description) = "(.*)"', line
        ):
            yield Passage(number, _without_code(text))


def _paragraphs(line: int, text: str) -> Iterator[Passage]:
    for paragraph in re.finditer(r"(?:(?!\n\s*\n).)+", text, re.DOTALL):
        if paragraph[0].strip():
            lead = len(paragraph[0]) - len(paragraph[0].lstrip())
            at = line + text.count("\n", 0, paragraph.start() + lead)
            yield Passage(at, paragraph[0].strip())


def _without_code(text: str) -> str:
    """The same text with code, URLs, link targets and comments of HTML replaced by as many dots."""
    text = re.sub(r"<!--.*?-->", _blank, text, flags=re.DOTALL)
    text = re.sub(r"(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)", _blank, text, flags=re.DOTALL)
    return re.sub(r"\b[a-z]+://\S+|(?<=\])\([^)\s]*\)", _blank, text)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "·", match[0])


def _reader(path: str) -> Callable[[str, str], Iterator[Passage]] | None:
    name = path.rsplit("/", 1)[-1]
    suffix = Path(name).suffix
    if name == "Makefile" or suffix == ".toml":
        return _hashes
    if suffix in {".yml", ".yaml"}:
        return _yaml
    if suffix in {".html", ".txt", ".j2"} and "/templates/" in f"/{path}":
        return _template
    return {".py": _python, ".md": _markdown}.get(suffix)


def main(paths: list[str]) -> int:
    """Print what is found below the paths; return 1 if there is anything."""
    wanted = phrases()
    found = [finding for path in files(paths or ["."]) for finding in findings(path, wanted)]
    print(*found, f"{len(found)} found", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
