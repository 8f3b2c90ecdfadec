"""Reads one policy text: its front matter, its rendering, and the digest of what a reader sees of it.

Pure: bytes in, values out. No text is refused; each thing that is wrong becomes a ``Problem`` with its line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from generator.git.files import NO_FILES, Files
from generator.markdown.identifiers import reserved_in
from generator.markdown.python_markdown import as_source, on_fresh_stack
from generator.markdown.renderer import Appearance, Renderer, appearance_of_source
from generator.markdown.snippets import Expanded, UnincludableError
from generator.markdown.surroundings import Picture, Surroundings, find_pictures
from generator.rendered.characters import folded
from generator.rendered.digest import digest_of
from generator.versions.decoding import decode
from generator.versions.front_matter import FrontMatter, Problem, SplitText, split_front_matter
from generator.versions.reading import Reading, keep_reading, kept_reading

NOWHERE = Surroundings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text of a policy, with its rendering.

    ``title`` is the stated title, or else the first heading. ``body`` is the Markdown without front matter,
    byte order mark and control characters, with LF line ends. ``html`` is a clean fragment.
    """

    front: FrontMatter
    title: str | None
    body: str
    html: str
    content_sha256: str
    problems: tuple[Problem, ...]
    pictures: tuple[Picture, ...] = ()


def read_document(raw: bytes, renderer: Renderer, around: Surroundings = NOWHERE) -> Document:
    """The text in a file, rendered together with the files around it."""
    split, reading, body = _read(raw, renderer, around.files)
    reading = with_pictures(reading, around)
    return Document(
        front=reading.front,
        title=reading.title,
        body=split.body,
        html=as_source(split.body) if body is None else renderer.render(body),
        content_sha256=reading.content_sha256,
        problems=reading.problems,
        pictures=reading.pictures,
    )


def read_text(raw: bytes, renderer: Renderer, around: Surroundings = NOWHERE) -> Reading:
    """Everything that the history needs to know of the text in a file."""
    return with_pictures(_read(raw, renderer, around.files)[1], around)


def read_blob(blob: str, raw: Callable[[], bytes], renderer: Renderer, files: Files = NO_FILES) -> Reading:
    """Everything that the history needs to know of the text in a blob, except its pictures.

    ``raw`` is called only if the blob was never read before, or if it may include other files.
    """
    kept = kept_reading(blob, renderer)
    if kept is None:
        kept = _read(raw(), renderer, files)[1]
        if not kept.asked:
            keep_reading(blob, kept, renderer)
    return kept


def with_pictures(reading: Reading, around: Surroundings) -> Reading:
    """The reading with its pictures that are files of the repository, which count by their content."""
    if not reading.images:
        return reading
    pictures, asked = find_pictures(reading.images, around)
    reading = replace(reading, pictures=pictures, asked=(*reading.asked, *asked))
    if not pictures:
        return reading
    blobs = [picture.blob for picture in pictures]
    return replace(
        reading,
        content_sha256=digest_of([reading.content_sha256, blobs]),
        text_sha256=digest_of([reading.text_sha256, blobs]),
    )


def _read(raw: bytes, renderer: Renderer, files: Files) -> tuple[SplitText, Reading, str | None]:
    """The front matter and the body, what was read of them, and the body with the files that it includes.

    The last is None if these files cannot be included.
    """
    text, problems_of_bytes = decode(raw)
    split = on_fresh_stack(split_front_matter, text)
    expanded = None
    try:
        expanded = renderer.with_included_files(split.body, files)
    except UnincludableError as error:
        appearance, asked = appearance_of_source(split.body, error), error.asked
    else:
        appearance, asked = renderer.appearance(expanded.text), expanded.asked
    front = split.front
    effective = front.effective.isoformat() if front.effective else front.effective_text
    withdrawn = [f"withdrawn {front.withdrawn.isoformat()}"] if front.withdrawn else []
    title = folded(front.title or "")
    reading = Reading(
        front=front,
        title=front.title or appearance.heading,
        content_sha256=digest_of([title, folded(effective or ""), appearance.sha256, *withdrawn]),
        text_sha256=digest_of([title, appearance.sha256, *withdrawn]),
        problems=(*problems_of_bytes, *_problems_of_body(split, expanded, appearance), *split.problems),
        included=expanded.files if expanded else (),
        asked=asked,
        images=appearance.images,
    )
    return split, reading, expanded.text if expanded else None


def _problems_of_body(split: SplitText, expanded: Expanded | None, appearance: Appearance) -> list[Problem]:
    problems = [
        Problem(
            line=None,
            text=f"the text includes {name!r}, which is not in the same commit; commit the file, or correct "
            "its name",
        )
        for name in (expanded.missing if expanded else ())
    ]
    if appearance.empty:
        shows_nothing = "readers would see nothing of this text; write it, or remove the file"
        problems.append(Problem(line=None, text=shows_nothing, refused_when_new=True))
    problems += [
        Problem(
            line=split.body_line + line - 1,
            text=f"the id `{name}` is used by the page layout, so it is left out; choose another",
        )
        for line, name in reserved_in(split.body)
    ]
    if appearance.unrendered:
        as_written = f"{appearance.unrendered}; until then readers see the Markdown source"
        problems.append(Problem(line=None, text=as_written, refused_when_new=True))
    return problems
