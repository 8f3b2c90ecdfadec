"""Which other files of the documents folder are published: pictures, documents, and what mkdocs.yml names.

Any other file could be dangerous: a page or a script runs on the site's own domain, and ``_headers`` and
``_redirects`` change what a host serves. The author of a text is not trusted with that; the author of
mkdocs.yml is.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

PICTURES = frozenset(["apng", "avif", "bmp", "gif", "ico", "jpeg", "jpg", "png", "svg", "webp"])
DOCUMENTS = frozenset({
    "csv", "doc", "docx", "epub", "odp", "ods", "odt", "pdf", "ppt", "pptx", "rtf", "tsv", "txt", "xls",
    "xlsx",
})  # fmt: skip
FONTS = frozenset(["otf", "ttf", "woff", "woff2"])
"""Only a style sheet loads them, and mkdocs.yml names each style sheet."""
INACTIVE = PICTURES | DOCUMENTS | FONTS


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRule:
    """The rule of one site.

    ``named`` are the paths and patterns that mkdocs.yml names, below the documents folder: ``extra_css``,
    ``extra_javascript``, the theme's logo and favicon, and ``extra_files`` of the plugin.
    """

    named: Sequence[str] = ()

    def is_published(self, path: str) -> bool:
        """Whether a file that is not a document is published."""
        return self._is_named(path) or (not is_hidden(path) and suffix(path) in INACTIVE)

    def left_out(self, path: str) -> str | None:
        """Why a file is not published, and what to do. None if it is published, or if it is a hidden file."""
        if self.is_published(path) or is_hidden(path):
            return None
        return (
            "is not published: only pictures and documents are published beside the texts; "
            "to publish it, add it to `extra_files` of policysite in mkdocs.yml"
        )

    def _is_named(self, path: str) -> bool:
        return any(path == pattern or fnmatchcase(path, pattern) for pattern in self.named)


class OccupiedPaths:
    """Paths that are taken already. Small and capital letters count as the same, as on many disks."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._files = {path.casefold() for path in paths}
        self._folders = {folder for path in self._files for folder in _above(path)}

    def by(self, path: str) -> bool:
        """Whether there is a file at this path already, or one above it, or a folder."""
        folded = path.casefold()
        return folded in self._folders or not self._files.isdisjoint([folded, *_above(folded)])


def is_hidden(path: str) -> bool:
    """Whether a part of the path begins with a dot. MkDocs leaves out such files as well."""
    return any(part.startswith(".") for part in path.split("/"))


def suffix(path: str) -> str:
    """The part of the path after its last dot, in small letters; empty if there is no dot."""
    return posixpath.splitext(path)[1][1:].lower()


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
