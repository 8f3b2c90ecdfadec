"""Prints text so that no terminal, log or workflow obeys it as a command.

File names, titles, summaries, messages of git and answers of servers can contain anything, so all of them are
printed through this module. The generator and the subscribers each have a copy of it, since neither may
import the other.
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
"""Arabic, Hebrew, Persian, Indian scripts and emoji need these, although Python calls them unprintable."""


def one_line(text: str) -> str:
    """The text on one line, with an escape such as ``\\x1b`` for each sign that would be obeyed."""
    return COMMANDS.sub(_without_effect, "".join(map(_shown, text)))


def say(text: str, *, err: bool = False) -> None:
    """Print the text as one line. Tabs are kept."""
    typer.echo("\t".join(map(one_line, text.split("\t"))), err=err)


def several_lines(text: str) -> str:
    """The text with the same escapes. Its line breaks and tabs are kept."""
    return "\n".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))


def _shown(sign: str) -> str:
    if sign.isprintable() or sign in INVISIBLE or unicodedata.category(sign) == "Zs":
        return sign
    return sign.encode("unicode_escape").decode()


def _without_effect(command: re.Match[str]) -> str:
    return r"\x23" if command[0] == "#" else rf"{command['blanks']}\x3a"
