"""The files around the code agree with each other: checks before a commit, locks, versions, workflows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf8")
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def _workflow(name: str) -> Any:
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf8"))


def _commands(workflow: str) -> str:
    jobs = _workflow(workflow)["jobs"].values()
    return "\n".join(step.get("run", "") for job in jobs for step in job.get("steps", []))


def _pins(lock: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / lock).read_text(encoding="utf8")))


def test_a_commit_is_checked_by_the_commands_of_make_check() -> None:
    [recipe] = re.findall(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    made = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()]
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf8"))
    hooks = [hook["entry"] for repository in config["repos"] for hook in repository["hooks"]]
    assert len(hooks) == len(made)
    for entry, command in zip(hooks, made, strict=True):
        assert command.startswith(entry)


def test_publishing_does_not_wait_for_the_tests() -> None:
    commands = _commands("publish.yml")
    assert "make install" in commands
    assert "make test" not in commands
    assert "pytest" not in commands
    assert set(_workflow("publish.yml")["jobs"]) == {"build", "deploy", "verify"}


def test_a_release_is_tested_before_it_is_published() -> None:
    jobs = _workflow("release.yml")["jobs"]
    assert jobs["test"]["uses"].endswith("/test.yml")
    assert set(jobs["publish"]["needs"]) == {"test", "build"}
    assert "make check coverage" in _commands("test.yml")


def test_only_the_job_that_publishes_a_release_can_prove_who_it_is() -> None:
    jobs = _workflow("release.yml")["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["publish"]
    assert jobs["publish"]["environment"] == "pypi"


def test_the_package_is_tried_on_every_python_that_it_names() -> None:
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert _workflow("test.yml")["jobs"]["package"]["strategy"]["matrix"]["python"] == named
    [tried] = re.findall(r"^PYTHONS \?= (.*)$", MAKEFILE, re.MULTILINE)
    assert tried.split() == [f"python{version}" for version in named]


def test_every_lock_pins_the_same_version_of_a_package() -> None:
    runtime = _pins("requirements.txt")
    development = _pins("requirements-dev.txt")
    assert runtime
    assert {name: development[name] for name in runtime} == runtime
    printing = _pins("requirements-pdf.txt")
    assert {name: development[name] for name in printing} == printing


def test_no_lock_names_where_a_package_comes_from() -> None:
    for lock in ROOT.glob("requirements*.txt"):
        assert "://" not in lock.read_text(encoding="utf8"), lock.name


def test_the_changelog_begins_with_the_unreleased_or_the_present_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
    [first, *_] = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    assert first.startswith(("Unreleased", PROJECT["project"]["version"]))
