"""Shared by several commands: the option ``--config``, warnings, and progress while versions are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.printable import say

if TYPE_CHECKING:
    from generator.git.repository import Repository

MKDOCS_YML = Path("mkdocs.yml")

ConfigFile = Annotated[Path, typer.Option("--config", help="The site's mkdocs.yml.")]


def warn(text: str) -> None:
    """Print a warning to standard error."""
    say(f"warning: {text}", err=True)


def counted(number: int, noun: str) -> str:
    """The number with its noun, such as ``1 version`` or ``2 versions``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


@contextmanager
def showing_texts_read(repository: Repository) -> Iterator[None]:
    """Show how many texts were read so far."""
    from generator.progress import showing_progress

    def done() -> str:
        return f"{repository.texts_read:,} texts read" if repository.texts_read else ""

    with showing_progress("Reading the versions …", done=done):
        yield
