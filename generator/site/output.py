"""Writes the files of a site, and takes from the cache what has not changed since an earlier build.

A file that the site before has with the same bytes is linked, not written again. So it keeps its time, and a
program that copies the site elsewhere moves only what is new.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from generator.errors import PolicyError
from generator.rendered.characters import clean
from generator.site.content_security_policy import ContentSecurityPolicy
from generator.site.page_layout import Article, PageLayout

PACKAGE = Path(__file__).parents[1]
SOURCES = ("**/*.py", "languages/*.yml", "templates/**/*.*")
MARKER = ".policysite"
"""The file that says that a build made this folder and may replace it."""
MARKED = "policy-site made this folder. Each build replaces all of it, so keep nothing else in it.\n"
WRITING_PACKAGES = ("Babel", "Jinja2", "selectolax")

Answer = TypeVar("Answer")


class OutsideError(PolicyError):
    """A file of the site would be written outside the site's folder."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path}: would be written outside the site's folder; "
            "rename the source file that it is made from, and remove links from that folder"
        )
        self.path = path


class Output:
    """The folder of a site. The methods that write a file return its SHA-256.

    ``made_of`` is everything that every page depends on: settings, layouts, paths. ``before`` is the folder
    of the site that this one replaces.
    """

    def __init__(
        self,
        folder: Path,
        layouts: Mapping[str, PageLayout],
        cache: MutableMapping[str, str],
        *,
        policy: ContentSecurityPolicy | None,
        made_of: object,
        before: Path | None,
    ) -> None:
        self._folder = folder
        self._before = before
        self._layouts = layouts
        self._cache = cache
        self._policy = policy
        themes = [(name, layouts[name].sha256) for name in sorted(layouts)]
        self._made_of = _digest(repr((code_version(), made_of, policy, themes)))
        self._recorded: dict[str, str | dict[str, str]] | None = None
        self._digests: dict[str, str] = {}
        self._inside: dict[Path, bool] = {}

    def mark(self) -> None:
        """Write into the folder that a build made it."""
        self._write(MARKER, MARKED.encode())

    def page(self, article: Article) -> str:
        """Write the article as a page of the theme."""
        page = self._layouts[article.language].fill(article)
        if self._policy is not None:
            page = self._policy.on(page)
        return self.file(f"{article.path}index.html", clean(page).encode())

    def file(self, path: str, raw: bytes) -> str:
        """Write a file."""
        digest = hashlib.sha256(raw).hexdigest()
        if self._recorded is not None:
            self._recorded[path], self._digests[path] = _as_text(raw), digest
        self._write(path, raw)
        return digest

    def repeat(self, path: str, *, at: str) -> None:
        """Write a file that is there already to a second path."""
        self._write(at, self._file_at(path).read_bytes())

    def has(self, path: str) -> bool:
        """Whether this file exists, or another file is in its way."""
        file = self._file_at(path)
        return file.exists() or any(
            self._folder in folder.parents and folder.is_file() for folder in file.parents
        )

    def write_or_reuse(
        self, made_of: object, write: Callable[[], Answer], *, read: Callable[[Any], Answer]
    ) -> Answer:
        """Call ``write``, which writes files, and return its answer.

        ``made_of`` is everything that these files and the answer depend on, besides what every page depends
        on. If an earlier build had the same, its files and its answer are taken from the cache and ``write``
        is not called. The answer is kept as JSON, from which ``read`` makes it again.
        """
        digest = _digest(f"{self._made_of}{made_of!r}")
        result, files = f"result-{digest}", f"files-{digest}"
        if result in self._cache and files in self._cache:
            answer, digests = json.loads(self._cache[result])
            if missing := [path for path in digests if not self._link(path, digests[path])]:
                texts = json.loads(self._cache[files])
                for path in missing:
                    self._write(path, _as_bytes(texts[path]))
            return read(answer)
        self._recorded, self._digests = {}, {}
        written = write()
        self._cache[result] = json.dumps((written, self._digests))
        self._cache[files] = json.dumps(self._recorded, ensure_ascii=False)
        self._recorded = None
        return written

    def _write(self, path: str, raw: bytes) -> None:
        file = self._file_at(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)

    def _link(self, path: str, sha256: str) -> bool:
        """Take the file from the site before, if it has the same bytes there."""
        if self._before is None:
            return False
        file, old = self._file_at(path), self._before / _unquoted(path)
        try:
            if not self._is_inside(old.parent, of=self._before) or old.is_symlink():
                return False
            if hashlib.sha256(old.read_bytes()).hexdigest() != sha256:
                return False
            file.parent.mkdir(parents=True, exist_ok=True)
            file.hardlink_to(old)
        except OSError:  # not there, or no links on this disk
            return False
        return True

    def _file_at(self, path: str) -> Path:
        file = self._folder / _unquoted(path)
        if not self._is_inside(file.parent, of=self._folder) or file.is_symlink():
            raise OutsideError(path)
        return file

    def _is_inside(self, folder: Path, *, of: Path) -> bool:
        """Whether the folder, with links followed, is that of a site or below it."""
        if folder not in self._inside:
            self._inside[folder] = folder.resolve().is_relative_to(of.resolve())
        return self._inside[folder]


def nothing(_: object) -> None:
    """The answer of files that have nothing to say to others."""


def _unquoted(path: str) -> str:
    return unquote(path, errors="surrogateescape")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _as_text(raw: bytes) -> str | dict[str, str]:
    """The bytes as JSON can hold them: as text if they are UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(raw).decode()}


def _as_bytes(text: str | dict[str, str]) -> bytes:
    return text.encode() if isinstance(text, str) else b64decode(text["base64"])


@cache
def code_version() -> str:
    """A digest of all code, templates and words that pages are made from."""
    digest = hashlib.sha256()
    for name in WRITING_PACKAGES:
        digest.update(f"{name} {installed_version(name)}\n".encode())
    for file in sorted(file for pattern in SOURCES for file in PACKAGE.glob(pattern)):
        digest.update(file.read_bytes())
    return digest.hexdigest()
