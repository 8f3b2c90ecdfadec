"""Runs ``policy-site`` in the process of the test: a start of Python each time would take a second."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest

from generator.cli import main


@dataclass(frozen=True)
class Finished:
    """The output of a command and its exit code, named as ``subprocess.run`` names them."""

    returncode: int
    stdout: str
    stderr: str


def policy_site(*arguments: str | Path, folder: Path) -> Finished:
    """Run the command in a folder, as the console script does."""
    printed, complained, code = StringIO(), StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(printed),
        redirect_stderr(complained),
    ):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["policy-site", *map(str, arguments)])
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Finished(code, printed.getvalue(), complained.getvalue())
