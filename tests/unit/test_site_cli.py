"""The program ``policy-site``: a file for each command, its version, and a quick start."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from generator import commands
from generator.cli import app


def names() -> list[str]:
    """The commands as they are typed."""
    return sorted(getattr(typer.main.get_command(app), "commands", {}))


def test_every_command_has_a_file_of_its_name() -> None:
    files = {file.stem for file in Path(commands.__path__[0]).glob("*.py")}
    assert files - {"__init__", "shared"} == set(names())


@pytest.mark.parametrize("command", names())
def test_the_help_of_a_command_ends_with_an_example(command: str) -> None:
    answer = CliRunner().invoke(app, [command, "--help"])
    assert answer.exit_code == 0
    assert f"Example: policy-site {command} " in answer.stdout


def test_the_version_is_that_of_the_installed_package() -> None:
    answer = CliRunner().invoke(app, ["--version"])
    assert (answer.exit_code, answer.stdout) == (0, f"policy-site {version('policysite')}\n")


def test_the_help_is_shown_without_importing_mkdocs_or_git() -> None:
    code = (
        "import sys; import generator.cli; "
        "print(sorted({'mkdocs', 'git', 'babel', 'rapidfuzz'} & sys.modules.keys()))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"


def test_a_shell_completes_commands() -> None:
    shell = {"_POLICY_SITE_COMPLETE": "complete_bash", "COMP_WORDS": "policy-site re", "COMP_CWORD": "1"}
    answer = CliRunner().invoke(app, [], prog_name="policy-site", env=shell)
    assert answer.stdout.split() == ["redline"]
