"""Two texts that somebody names at the terminal: files, or files of a commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from generator import redline
from generator.errors import NoRepositoryError, PolicyError
from generator.git.repository import UNCOMMITTED, Repository, open_repository
from generator.language import Language
from generator.markdown.surroundings import Surroundings
from generator.redline import Redline, Side
from generator.redline.pictures import with_pictures, without_pictures
from generator.versions.document import Renderer, read_document


class NoSuchTextError(PolicyError):
    """Neither a file nor a file of a commit has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: no such file; name a file, or one of a commit as REV:path from the repository's root"
        )
        self.name = name


@contextmanager
def repository_here() -> Iterator[Repository | None]:
    """The repository of the current folder; None where there is none."""
    with ExitStack() as opened:
        try:
            repository = opened.enter_context(open_repository(Path()))
        except NoRepositoryError:
            repository = None
        yield repository


def read_side(
    name: str, renderer: Renderer, repository: Repository | None, *, warn: Callable[[str], None]
) -> Side:
    """The text in a file, or in ``REV:path`` of the repository, as one side of a redline.

    ``warn`` gets what is wrong with how it is shown.
    """
    raw, around = _found(name, repository)
    document = read_document(raw, renderer, around)
    for problem in document.problems:
        if problem.refused_when_new:
            warn(f"{name}: {problem.text}")
    return Side(
        with_pictures(document.html, document.pictures),
        title=document.front.title,
        effective_on=document.front.effective,
        withdrawn_on=document.front.withdrawn,
    )


def _found(name: str, repository: Repository | None) -> tuple[bytes, Surroundings]:
    """The bytes that the name stands for, and the files around them."""
    if Path(name).is_file():
        path = repository.path_of(Path(name)) if repository else None
        if repository is None or path is None:
            return Path(name).read_bytes(), Surroundings()
        return Path(name).read_bytes(), Surroundings(path=path, files=repository.files_at(UNCOMMITTED))
    ref, colon, path = name.partition(":")
    if not colon or not ref or repository is None:
        raise NoSuchTextError(name)
    files = repository.files_at(repository.resolve(ref, option=None))
    blob = files.blob(path)
    if blob is None:
        raise NoSuchTextError(name)
    return repository.read(blob), Surroundings(path=path, files=files)


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
    html = without_pictures(redline.html(compared))
    answer = {"counts": compared.counts, "changes": changes, "html": html}
    return json.dumps(answer, indent=2, ensure_ascii=False)
