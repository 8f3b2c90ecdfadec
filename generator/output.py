"""The files of a site: written, and kept in the cache so that what has not changed is not made again."""

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

from generator.content_policy import ContentPolicy
from generator.shell import Article, Shell

PACKAGE = Path(__file__).parent
SOURCES = ("*.py", "redline/*.py", "languages/*.yml", "templates/**/*.*")
WRITING_PACKAGES = ("Babel", "Jinja2", "selectolax")


class Output:
    """The folder of a site; each method that writes answers the SHA-256 of what it wrote.

    ``made_of`` stands for everything that any page depends on: settings, shells, addresses.
    """

    def __init__(
        self,
        folder: Path,
        shells: Mapping[str, Shell],
        kept: MutableMapping[str, str],
        *,
        policy: ContentPolicy | None,
        made_of: object,
    ) -> None:
        self._folder = folder
        self._shells = shells
        self._kept = kept
        languages = sorted(shells)
        self._policy = policy
        themes = [(name, shells[name].sha256) for name in languages]
        self._made_of = repr((code_version(), made_of, policy, themes))
        self._recorded: dict[str, str | dict[str, str]] | None = None

    def page(self, article: Article) -> str:
        """Write the article in the theme."""
        page = self._shells[article.language].fill(article)
        if self._policy is not None:
            page = self._policy.on(page)
        return self.file(f"{article.address}index.html", page.encode("utf-8", "xmlcharrefreplace"))

    def file(self, address: str, raw: bytes) -> str:
        """Write a file."""
        if self._recorded is not None:
            self._recorded[address] = _as_text(raw)
        self._write(address, raw)
        return hashlib.sha256(raw).hexdigest()

    def has(self, address: str) -> bool:
        """Whether there is such a file."""
        return self._place(address).exists()

    def kept(self, made_of: object, write: Callable[[], Any]) -> Any:
        """Write the files that ``write`` writes, and answer the JSON value that it answers.

        ``made_of`` is all that the files and the answer depend on besides what every page does: where that is
        the same as in a build before, they are taken from there and ``write`` is not called.
        """
        digest = hashlib.sha256(f"{self._made_of}{made_of!r}".encode("utf-8", "surrogateescape"))
        key = f"files-{digest.hexdigest()}"
        if (known := self._kept.get(key)) is not None:
            values = json.loads(known)
            for address, text in values["files"].items():
                self._write(address, _as_bytes(text))
            return values["answer"]
        self._recorded = {}
        answer = write()
        self._kept[key] = json.dumps({"files": self._recorded, "answer": answer}, ensure_ascii=False)
        self._recorded = None
        return answer

    def _write(self, address: str, raw: bytes) -> None:
        file = self._place(address)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw)

    def _place(self, address: str) -> Path:
        return self._folder / unquote(address, errors="surrogateescape")


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
