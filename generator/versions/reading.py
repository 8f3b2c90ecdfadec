"""Everything but the words of a text that the history needs to know. Kept in the renderer's cache."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from generator.markdown.renderer import Renderer
from generator.markdown.surroundings import Picture
from generator.versions.front_matter import FrontMatter, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The result of reading a text.

    ``title`` is the stated title, or else the first heading. ``content_sha256`` is a digest of all that a
    reader sees, ``text_sha256`` the same without the effective date. ``included`` are the files whose words
    the text includes, as paths and blobs. ``asked`` are all paths on which the text depends, even if they
    hold no file. ``images`` are the sources of its images that may be files of the repository.
    """

    front: FrontMatter
    title: str | None
    content_sha256: str
    text_sha256: str
    problems: tuple[Problem, ...]
    included: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Picture, ...] = ()
    asked: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


def kept_reading(blob: str, renderer: Renderer) -> Reading | None:
    """The reading of a blob from the cache, or None if it is not there."""
    kept = renderer.cache.get(_key(blob, renderer)) if renderer.cache is not None else None
    return _parsed(json.loads(kept)) if kept is not None else None


def keep_reading(blob: str, reading: Reading, renderer: Renderer) -> None:
    """Put the reading of a blob that includes no other files into the cache.

    Nothing is kept if the front matter holds something that JSON cannot, such as a list that holds itself.
    """
    if renderer.cache is None:
        return
    with suppress(RecursionError, TypeError, ValueError):
        renderer.cache[_key(blob, renderer)] = json.dumps(asdict(reading), default=str)


def _key(blob: str, renderer: Renderer) -> str:
    return f"reading-{renderer.version}-{blob}"


def _parsed(values: dict[str, Any]) -> Reading:
    front = values["front"]
    for day in ("effective", "withdrawn"):
        if front[day] is not None:
            front[day] = date.fromisoformat(front[day])
    problems = tuple(Problem(**problem) for problem in values["problems"])
    known = {"front": FrontMatter(**front), "problems": problems, "images": tuple(values["images"])}
    return Reading(**{**values, **known, "included": (), "pictures": (), "asked": ()})
