"""The files of a site: written, and kept in the cache so that what has not changed is not made again.

A file that the site before has as well, to the byte, is linked and not written anew: it keeps its time, and
what copies the site to elsewhere moves only what is new.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, MutableMapping
from functools import cache
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from generator.errors import PolicyError
from generator.rendered.characters import clean
from generator.site.content_security_policy import ContentSecurityPolicy
from generator.site.page_layout import Article, PageLayout

PACKAGE = Path(__file__).parents[1]
SOURCES = ("**/*.py", "languages/*.yml", "templates/**/*.*")
MARKER = ".policysite"
"""The file that says of a folder that a build made it, and may replace it."""
MARKED = "policy-site made this folder. Each build replaces all of it, so keep nothing else in it.\n"
WRITING_PACKAGES = ("Babel", "Jinja2", "selectolax")


class OutsideError(PolicyError):
    """A file of the site would be written outside of the site's folder."""

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address}: would be written outside of the site's folder; "
            "rename the file that it is made of, and remove links from that folder"
        )
        self.address = address


class Output:
    """The folder of a site; each method that writes answers the SHA-256 of what it wrote.

    ``made_of`` stands for everything that any page depends on: settings, shells, addresses. ``before`` is the
    folder of the site that this one replaces.
    """

    def __init__(
        self,
        folder: Path,
        shells: Mapping[str, PageLayout],
        kept: MutableMapping[str, str],
        *,
        policy: ContentSecurityPolicy | None,
        made_of: object,
        before: Path | None,
    ) -> None:
        self._folder = folder
        self._before = before
        self._shells = shells
        self._kept = kept
        languages = sorted(shells)
        self._policy = policy
        themes = [(name, shells[name].sha256) for name in languages]
        self._made_of = _digest(repr((code_version(), made_of, policy, themes)))
        self._recorded: dict[str, str | dict[str, str]] | None = None
        self._digests: dict[str, str] = {}
        self._inside: dict[Path, bool] = {}

    def mark(self) -> None:
        """Say in the folder that a build made it."""
        self._write(MARKER, MARKED.encode())

    def page(self, article: Article) -> str:
        """Write the article in the theme."""
        page = self._shells[article.language].fill(article)
        if self._policy is not None:
            page = self._policy.on(page)
        return self.file(f"{article.address}index.html", clean(page).encode())

    def file(self, address: str, raw: bytes) -> str:
        """Write a file."""
        digest = hashlib.sha256(raw).hexdigest()
        if self._recorded is not None:
            self._recorded[address], self._digests[address] = _as_text(raw), digest
        self._write(address, raw)
        return digest

    def repeat(self, address: str, *, at: str) -> None:
        """Let a file be at a second address as well."""
        self._write(at, self._place(address).read_bytes())

    def has(self, address: str) -> bool:
        """Whether there is such a file, or one in the way of it."""
        place = self._place(address)
        return place.exists() or any(
            self._folder in folder.parents and folder.is_file() for folder in place.parents
        )

    def kept(self, made_of: object, write: Callable[[], Any]) -> Any:
        """Write the files that ``write`` writes, and answer the JSON value that it answers.

        ``made_of`` is all that the files and the answer depend on besides what every page does: where that is
        the same as in a build before, they are taken from there and ``write`` is not called.
        """
        digest = _digest(f"{self._made_of}{made_of!r}")
        result, files = f"result-{digest}", f"files-{digest}"
        if result in self._kept and files in self._kept:
            answer, digests = json.loads(self._kept[result])
            if missing := [address for address in digests if not self._link(address, digests[address])]:
                texts = json.loads(self._kept[files])
                for address in missing:
                    self._write(address, _as_bytes(texts[address]))
            return answer
        self._recorded, self._digests = {}, {}
        answer = write()
        self._kept[result] = json.dumps((answer, self._digests))
        self._kept[files] = json.dumps(self._recorded, ensure_ascii=False)
        self._recorded = None
        return answer

    def _write(self, address: str, raw: bytes) -> None:
        file = self._place(address)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)

    def _link(self, address: str, sha256: str) -> bool:
        """Take the file from the site before, if it is the same there."""
        if self._before is None:
            return False
        file, old = self._place(address), self._before / _path(address)
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

    def _place(self, address: str) -> Path:
        file = self._folder / _path(address)
        if not self._is_inside(file.parent, of=self._folder) or file.is_symlink():
            raise OutsideError(address)
        return file

    def _is_inside(self, folder: Path, *, of: Path) -> bool:
        """Whether the folder, where it leads in the end, is that of a site or below it."""
        if folder not in self._inside:
            self._inside[folder] = folder.resolve().is_relative_to(of.resolve())
        return self._inside[folder]


def _path(address: str) -> str:
    return unquote(address, errors="surrogateescape")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _as_text(raw: bytes) -> str | dict[str, str]:
    """The bytes as JSON has them: as text where they are UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(raw).decode()}


def _as_bytes(text: str | dict[str, str]) -> bytes:
    return text.encode() if isinstance(text, str) else b64decode(text["base64"])


@cache
def code_version() -> str:
    """A digest of all code, templates and words that pages are made with."""
    digest = hashlib.sha256()
    for name in WRITING_PACKAGES:
        digest.update(f"{name} {installed_version(name)}\n".encode())
    for file in sorted(file for pattern in SOURCES for file in PACKAGE.glob(pattern)):
        digest.update(file.read_bytes())
    return digest.hexdigest()
