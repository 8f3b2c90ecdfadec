"""``policy-site redline``: what changed between two texts, each a file or a file of a commit."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.commands.shared import MKDOCS_YML, warn
from generator.errors import NoRepositoryError, PolicyError
from generator.printable import several_lines

if TYPE_CHECKING:
    from generator.git.repository import Repository
    from generator.language import Language
    from generator.markdown.renderer import Renderer
    from generator.markdown.surroundings import Surroundings
    from generator.redline import Redline, RenderedVersion
    from generator.site.config import SiteConfig

EXAMPLE = "policy-site redline HEAD~1:policy/privacy.md policy/privacy.md"


class RedlineFormat(StrEnum):
    """The formats that ``redline`` can print."""

    HTML = "html"
    TEXT = "text"
    JSON = "json"


def redline(
    old: Annotated[
        str,
        typer.Argument(help="A file, or REV:path for a file of a commit (path from the repository's root)."),
    ],
    new: Annotated[str, typer.Argument(help="The newer text, named in the same way.")],
    *,
    answer: Annotated[
        RedlineFormat,
        typer.Option(
            "--format",
            help="text: the list of changes and the changed parts; html: the whole redline; json: both.",
        ),
    ] = RedlineFormat.TEXT,
) -> None:
    """Show what changed between two texts. They are rendered as mkdocs.yml says, if this folder has one."""
    from generator import redline as redlines
    from generator.language import load_language
    from generator.redline.pictures import without_pictures

    site = _site_here()
    language = load_language(site.language if site else "en")
    with _repository_here() as repository:
        renderer = _renderer(site, repository)
        compared = redlines.compare(*(_read_version(name, renderer, repository) for name in (old, new)))
    match answer:
        case RedlineFormat.HTML:
            typer.echo(without_pictures(redlines.html(compared, language)))
        case RedlineFormat.JSON:
            typer.echo(_as_json(compared, language))
        case RedlineFormat.TEXT:
            colour = sys.stdout.isatty()
            for line in _as_lines(compared, language, colour=colour):
                typer.echo(line if colour else several_lines(line))


def _site_here() -> SiteConfig | None:
    """The site whose mkdocs.yml is in the current folder, or None if there is none."""
    if not MKDOCS_YML.is_file():
        return None
    from generator.mkdocs_plugin.run import read_config

    return read_config(MKDOCS_YML)


def _renderer(site: SiteConfig | None, repository: Repository | None) -> Renderer:
    from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
    from generator.site.renderer import renderer_of

    if site is None:
        return Renderer(DEFAULT_EXTENSIONS, {})
    if repository is None:
        return Renderer(site.extensions, site.extension_configs)
    return renderer_of(site, repository)


class NoSuchTextError(PolicyError):
    """No file, and no file of a commit, has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name}: no such file; name a file, or REV:path for a file of a commit, "
            "with the path counted from the root of the repository"
        )
        self.name = name


@contextmanager
def _repository_here() -> Iterator[Repository | None]:
    """The repository of the current folder, or None if it is in none."""
    from generator.git.repository import open_repository

    with ExitStack() as opened:
        try:
            repository = opened.enter_context(open_repository(Path()))
        except NoRepositoryError:
            repository = None
        yield repository


def _read_version(name: str, renderer: Renderer, repository: Repository | None) -> RenderedVersion:
    """The text of a file, or of ``REV:path`` in the repository, as one side of a redline.

    Prints a warning for each part of the text that cannot be shown as written.
    """
    from generator.redline import RenderedVersion, StatedDates
    from generator.redline.pictures import with_pictures
    from generator.versions.document import read_document

    raw, around = _found(name, repository)
    document = read_document(raw, renderer, around)
    for problem in document.problems:
        if problem.refused_when_new:
            warn(f"{name}: {problem.text}")
    return RenderedVersion(
        with_pictures(document.html, document.pictures),
        title=document.front.title,
        effective_on=document.front.effective,
        withdrawn_on=document.front.withdrawn,
        stated_dates=StatedDates(effective=document.front.stated_effective),
    )


def _found(name: str, repository: Repository | None) -> tuple[bytes, Surroundings]:
    """The bytes of the file with this name, and the files around it."""
    from generator.git.steps import UNCOMMITTED
    from generator.markdown.surroundings import Surroundings

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


def _as_lines(compared: Redline, language: Language, *, colour: bool) -> Iterator[str]:
    """The list of changes in plain words, then the changed parts of the text."""
    from generator import redline

    if not compared.changes:
        yield language("redline_nothing")
        return
    for number, change in enumerate(redline.list_changes(compared, language), 1):
        where = f" ({change.where})" if change.where else ""
        yield f"{number}. {change.text}{where}"
    marks = redline.text_marks(language)
    yield ""
    yield redline.plain_text(compared, marks.coloured() if colour else marks, language)


def _as_json(compared: Redline, language: Language) -> str:
    """The list of changes and the whole redline as HTML, for programs."""
    from generator import redline
    from generator.redline.pictures import without_pictures

    changes = [
        {"kind": change.kind, "where": change.where, "text": change.text, "anchor": change.anchor}
        for change in redline.list_changes(compared, language)
    ]
    html = without_pictures(redline.html(compared))
    answer = {"counts": compared.counts, "changes": changes, "html": html}
    return json.dumps(answer, indent=2, ensure_ascii=False)
