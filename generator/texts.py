"""Two texts that somebody names at the terminal: files, or files of a commit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from generator import redline
from generator.errors import PolicyError
from generator.language import Language
from generator.redline import Redline, Side
from generator.versions.document import Renderer, read_document
from generator.versions.repository import open_repository


class NoSuchTextError(PolicyError):
    """Neither a file nor a file of a commit has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: no such file; name a file, or one of a commit as REV:path from the repository's root"
        )
        self.name = name


def read_side(name: str, renderer: Renderer) -> Side:
    """The text in a file, or in ``REV:path`` of the repository here, as one side of a redline."""
    document = read_document(_bytes_of(name), renderer)
    front = document.front
    return Side(document.html, title=front.title, effective_on=front.effective, withdrawn_on=front.withdrawn)


def _bytes_of(name: str) -> bytes:
    if Path(name).is_file():
        return Path(name).read_bytes()
    ref, colon, path = name.partition(":")
    if not colon or not ref:
        raise NoSuchTextError(name)
    with open_repository(Path()) as repository:
        blob = repository.files(repository.resolve(ref, option=None), folder="").get(path)
        if blob is None:
            raise NoSuchTextError(name)
        return repository.read(blob)


def as_lines(compared: Redline, language: Language, *, colour: bool) -> Iterator[str]:
    """The changes in plain words, then in the text with what stands around them."""
    if not compared.changes:
        yield language("redline_nothing")
        return
    for number, told in enumerate(redline.plain_words(compared, language), 1):
        where = f" ({told.where})" if told.where else ""
        yield f"{number}. {told.text}{where}"
    marks = redline.text_marks(language)
    yield ""
    yield redline.plain_text(compared, marks.coloured() if colour else marks, language)


def as_json(compared: Redline, language: Language) -> str:
    """The same for programs, with the whole text marked as HTML."""
    changes = [
        {"kind": told.kind, "where": told.where, "text": told.text, "anchor": told.anchor}
        for told in redline.plain_words(compared, language)
    ]
    answer = {"counts": compared.counts, "changes": changes, "html": redline.html(compared)}
    return json.dumps(answer, indent=2, ensure_ascii=False)
