"""What is printed to a terminal, a log or a workflow: nothing in it is obeyed as a command.

File names, titles, summaries, git's own words and answers of servers pass through here, and nowhere else.
The generator and the subscribers have the same file each, since neither may import the other.
"""

from __future__ import annotations

import re
import unicodedata

import typer

COMMANDS = re.compile(
    # GitHub obeys a line that begins with ::name, after blanks, and ##[name] anywhere
    # (https://docs.github.com/actions, workflow commands; actions/runner, ActionCommand.cs);
    # Azure and TeamCity obey ##vso[ and ##teamcity[.
    r"^(?P<blanks>\s*):(?=:)|#(?=#(?:\[|vso\[|teamcity\[))",
    re.IGNORECASE,
)
INVISIBLE = frozenset("\u00ad\u061c\u200c\u200d\u200e\u200f")
"""How Arabic, Hebrew, Persian, Indian scripts and emoji are spelt, though Python calls them unprintable."""


def one_line(text: str) -> str:
    """The text on one line: an escape such as ``\\x1b`` for what a terminal or a workflow would obey."""
    return COMMANDS.sub(_without_effect, "".join(map(_shown, text)))


def say(text: str, *, err: bool = False) -> None:
    """Print the text as one line; tabs stay."""
    typer.echo("\t".join(map(one_line, text.split("\t"))), err=err)


def several_lines(text: str) -> str:
    """The same for a text that has lines of its own: these and tabs stay."""
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))


def _shown(sign: str) -> str:
    if sign.isprintable() or sign in INVISIBLE or unicodedata.category(sign) == "Zs":
        return sign
    return sign.encode("unicode_escape").decode()


def _without_effect(command: re.Match[str]) -> str:
    return r"\x23" if command[0] == "#" else rf"{command['blanks']}\x3a"
