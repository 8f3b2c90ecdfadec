"""Runs git commands in one repository and returns their output; a failure becomes an error with a remedy."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from generator.errors import UnreadableRepositoryError
from generator.git.safe_git import GIT, Located, Process, explained, git_in
from generator.git.steps import path_text

PARTIAL_CLONE_SETTINGS = r"^(extensions\.partialclone|remote\..*\.promisor)$"


class Commands:
    """Runs git in the repository at ``located``. Errors name ``place``, where the user said that it is."""

    def __init__(self, located: Located, *, place: Path) -> None:
        self._git = git_in(located)
        self.place = place

    def run(self, *command: str) -> bytes:
        """The output of a git command, unchanged."""
        with explained(self.place):
            output = self._git.execute(
                [*GIT, *command], stdout_as_string=False, strip_newline_in_stdout=False
            )
        assert isinstance(output, bytes)
        return output

    def answer(self, *command: str) -> str:
        """The output of a git command as text, without white space at its ends."""
        return path_text(self.run(*command)).strip()

    def run_with_input(self, given: bytes, *command: str, environment: Mapping[str, str]) -> bytes:
        """The output of a git command that reads ``given`` from its standard input."""
        with tempfile.TemporaryFile() as file, explained(self.place):
            file.write(given)
            file.seek(0)
            output = self._git.execute(
                [*GIT, *command],
                istream=file,
                env=dict(environment),
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        assert isinstance(output, bytes)
        return output

    def start(self, *command: str) -> Process:
        """A git process that keeps running, with pipes to its standard input and from its output."""
        with explained(self.place):
            return self._git.execute([*GIT, *command], istream=subprocess.PIPE, as_process=True)

    def commit(self, ref: str) -> str | None:
        """The commit that ``ref`` names, or None if it names none."""
        try:
            return self.answer("rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
        except UnreadableRepositoryError:
            return None

    def is_partial_clone(self) -> bool:
        """Whether the clone left out files that git would download when they are needed."""
        try:
            return bool(self.answer("config", "--get-regexp", PARTIAL_CLONE_SETTINGS))
        except UnreadableRepositoryError:
            return False
