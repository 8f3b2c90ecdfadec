"""Includes other files in a text with pymdownx.snippets, as they are at the commit of the text.

The extension is the first step of Python-Markdown and sees only lines, so it can run before the others. Where
it would read from the disk or the network, it reads a file of the same commit here, or finds none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import markdown
from pymdownx.snippets import SnippetExtension, SnippetPreprocessor

from generator.git.files import Files
from generator.markdown.python_markdown import UnrenderableError, reason_of
from generator.markdown.surroundings import inside

NAMES = frozenset(("pymdownx.snippets", "pymdownx.snippets:SnippetExtension"))
MOST_BYTES = 2_000_000
MOST_FILES = 10_000
DEEPEST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """A text with the files that it includes.

    ``files`` are the included paths with their blobs, ``asked`` all paths that were looked up,
    ``missing`` the names for which there is no file.
    """

    text: str
    files: tuple[tuple[str, str], ...]
    asked: tuple[str, ...]
    missing: tuple[str, ...]


class Snippets:
    """Includes files in texts. ``bases`` are the folders of the repository in which names are looked up."""

    def __init__(self, options: Mapping[str, object], *, bases: Sequence[str]) -> None:
        wanted = {name: value for name, value in options.items() if name != "base_path"}
        self._preprocessor = _Preprocessor(SnippetExtension(**wanted).getConfigs(), bases)

    def expand(self, text: str, files: Files) -> Expanded:
        """The text with the files that it includes. Raises UnincludableError."""
        reader = self._preprocessor
        reader.begin(files)
        try:
            lines = reader.run(text.split("\n"))
        except UnrenderableError as error:
            raise UnincludableError(str(error), asked=tuple(reader.asked)) from error
        except Exception as error:  # as with every extension: one text must not stop the others
            said = f"a file that the text includes cannot be put in ({reason_of(error)}); correct the text"
            raise UnincludableError(said, asked=tuple(reader.asked)) from error
        return Expanded(
            text="\n".join(lines),
            files=tuple(reader.found.items()),
            asked=tuple(reader.asked),
            missing=tuple(reader.missing),
        )


class UnincludableError(UnrenderableError):
    """The files that a text names cannot be included. ``asked`` are the paths that were looked up."""

    def __init__(self, reason: str, *, asked: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.asked = asked


class _Preprocessor(SnippetPreprocessor):  # type: ignore[misc] # the library has no types
    """The preprocessor of pymdown-extensions 13, which reads files from a commit instead of the disk."""

    def __init__(self, options: dict[str, object], bases: Sequence[str]) -> None:
        super().__init__({**options, "base_path": ["."], "url_download": False}, markdown.Markdown())
        self._folders = tuple(bases)

    def begin(self, files: Files) -> None:
        """Read from these files until the next call of ``begin``."""
        self._files = files
        self._bytes = self._count = 0
        self.found: dict[str, str] = {}
        self.asked: dict[str, None] = {}
        self.missing: dict[str, None] = {}

    def get_snippet_path(self, path: str) -> str | None:
        for candidate in self._candidates(path):
            self.asked[candidate] = None
            if blob := self._files.blob(candidate):
                self.found[candidate] = blob
                return candidate
        self.missing[path] = None
        return None

    def _candidates(self, path: str) -> Iterator[str]:
        """The paths that a name can mean to the extension: below each base, or a base that is a file."""
        for base in self._folders:
            below = inside(base, path)
            if below and (not self.restrict_base_path or not base or below.startswith(f"{base}/")):
                yield below
            if base and inside(base.rpartition("/")[0], path) == base:
                yield base

    def read_lines(self, path: str) -> list[str]:
        raw = self._files.read(self.found[path])
        self._bytes += len(raw)
        self._count += 1
        if self._bytes > MOST_BYTES or self._count > MOST_FILES or len(self.seen) > DEEPEST:
            raise UnrenderableError(
                f"the text includes more than {MOST_BYTES // 1_000_000} MB of other files, or includes them "
                f"more than {DEEPEST} deep; include less"
            )
        text = raw.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
        return text.split("\n") if text else []
