"""Small git repositories with controlled dates, and their histories as the generator reads them."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import TypedDict, Unpack

from generator.git.repository import open_repository
from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.versions.document_history import DocumentHistory, History
from generator.versions.history import read_history

FIRST_COMMIT_AT = datetime(2024, 1, 1, 12, tzinfo=UTC)
WORDS = "We keep what you tell us for as long as the law asks and not a day longer than that."


@cache
def plain_renderer() -> Renderer:
    """The renderer of all tests; they share its cache."""
    return Renderer(DEFAULT_EXTENSIONS, {})


class Options(TypedDict, total=False):
    """How a history may be read."""

    folder: str
    ref: str | None
    renderer: Renderer
    time_zone: tzinfo
    draft_at: datetime


class PolicyRepository:
    """A repository whose commits are a day apart, unless a test gives their times."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._next = FIRST_COMMIT_AT
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *command: str | bytes, given: bytes = b"", at: datetime | str | None = None) -> str:
        """The output of a git command."""
        when = f"@{int(at.timestamp())} +0000" if isinstance(at, datetime) else at
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "Editor",
            "GIT_AUTHOR_EMAIL": "editor@example.com",
            "GIT_COMMITTER_NAME": "Editor",
            "GIT_COMMITTER_EMAIL": "editor@example.com",
        }
        if when is not None:
            environment |= {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        finished = subprocess.run(
            ["git", "-c", "advice.detachedHead=false", *command],
            cwd=self.folder, input=given, env=environment, capture_output=True, check=True,
        )  # fmt: skip
        return finished.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, text: str | bytes = f"{WORDS}\n") -> None:
        """Put a text at the path."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def remove(self, path: str) -> None:
        """Remove the file."""
        (self.folder / path).unlink()

    def move(self, old: str, new: str) -> None:
        """Rename the file."""
        (self.folder / new).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / old).rename(self.folder / new)

    def commit(self, *, at: datetime | str | None = None) -> str:
        """Commit everything, and return the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=Change", at=at or self._tick())
        return self.git("rev-parse", "HEAD")

    def publish(self, path: str, text: str | bytes, *, at: datetime | str | None = None) -> str:
        """Write and commit, and return the commit's id."""
        self.write(path, text)
        return self.commit(at=at)

    def merge(self, branch: str, *, edit: dict[str, str] | None = None) -> str:
        """Merge the branch, with edits inside the merge, and return the commit's id."""
        self.git("merge", "--quiet", "--no-ff", "--no-commit", "--strategy-option=theirs", branch)
        for path, text in (edit or {}).items():
            self.write(path, text)
        return self.commit()

    def history(self, **options: Unpack[Options]) -> History:
        """The history as it is read."""
        wanted: Options = {"folder": "", "ref": None, "renderer": plain_renderer(), **options}
        with open_repository(self.folder) as repository:
            return read_history(repository, **wanted)

    def document(self, name: str, **options: Unpack[Options]) -> DocumentHistory:
        """The document of that name."""
        return {document.name: document for document in self.history(**options).documents}[name]

    def versions(self, name: str, **options: Unpack[Options]) -> list[str]:
        """The commits of the document's versions, oldest first."""
        return [version.commit for version in self.document(name, **options).versions]

    def names(self, **options: Unpack[Options]) -> list[str]:
        """The names of all documents."""
        return [document.name for document in self.history(**options).documents]

    def _tick(self) -> datetime:
        now, self._next = self._next, self._next + timedelta(days=1)
        return now
