"""The only file that starts git. It reads one repository and runs no command that the repository names.

A repository's own configuration can name commands: hooks, a file system monitor, filters, a remote's
upload-pack, a program that checks signatures. None of them runs here, and nothing is fetched. The answers
of git do not depend on the user's own settings, on replace refs or on grafts. Git itself decides which
repository is read.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # a missing git is refused when it is needed

import git

from generator.errors import (
    ForeignRepositoryError,
    GitMissingError,
    NoRepositoryError,
    PartialCloneError,
    PolicyError,
    UnreadableRepositoryError,
)

Process = git.Git.AutoInterrupt
GitError = git.GitCommandError

GIT = (
    "git", "--no-pager",
    "-c", f"core.hooksPath={os.devnull}",
    "-c", "core.fsmonitor=false",
    "-c", "core.alternateRefsCommand=",
    "-c", "log.showSignature=false",
    "-c", "gpg.program=false",
    "-c", f"diff.orderFile={os.devnull}",
    "-c", "submodule.recurse=false",
    "-c", "maintenance.auto=false",
    "-c", "gc.auto=0",
)  # fmt: skip
NAMED_BARE = ("-c", "safe.bareRepository=all")
OFFLINE = {
    # Overrides protocol.*.allow of any configuration. Git before 2.45 does not know the second.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
}
INDEPENDENT = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_LITERAL_PATHSPECS": "0",
    "GIT_GLOB_PATHSPECS": "0",
    "GIT_NOGLOB_PATHSPECS": "0",
    "GIT_ICASE_PATHSPECS": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
OF_ANOTHER_REPOSITORY = (
    # Git sets these for its hooks (git rev-parse --local-env-vars); they would name the hook's repository.
    "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX",
    "GIT_SHALLOW_FILE", "GIT_REPLACE_REF_BASE", "GIT_EXTERNAL_DIFF",
)  # fmt: skip

TRUST = re.compile(r"git config --global --add safe\.directory (.+)")
NOT_FETCHED = re.compile(r"promisor remote|lazy fetching disabled|transport '[^']*' not allowed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The repository that git finds at a place. ``work_tree`` is None if it is bare."""

    git_dir: Path
    common_dir: Path
    work_tree: Path | None


def locate(place: Path, *, named: bool) -> Located:
    """The repository that git finds in this folder or around it.

    ``named`` means that the user named this very folder, so it may be a bare repository even if the user's
    ``safe.bareRepository`` setting trusts none that git finds by itself.
    """
    if not place.is_dir():
        raise NoRepositoryError(place)
    try:
        git_dir = _asked(place, "--absolute-git-dir")
    except _BareRefusedError as refusal:
        git_dir = _asked(place, "--absolute-git-dir", trusting=NAMED_BARE)
        if not (named and Path(git_dir) == place.resolve()):
            raise UnreadableRepositoryError(place, reason=str(refusal)) from None
    common_dir = _asked(place, "--path-format=absolute", "--git-common-dir", trusting=NAMED_BARE)
    try:
        top = Path(_asked(place, "--show-toplevel", trusting=NAMED_BARE)).resolve()
    except UnreadableRepositoryError:  # it has none
        top = None
    return Located(git_dir=Path(git_dir), common_dir=Path(common_dir), work_tree=top)


def git_in(located: Located) -> git.Git:
    """A runner of git in this repository, without what the process inherited from another repository."""
    runner = git.Git(located.work_tree or located.git_dir)
    runner.update_environment(
        **INDEPENDENT,
        **OFFLINE,
        GIT_DIR=str(located.git_dir),
        GIT_COMMON_DIR=str(located.common_dir),
        GIT_WORK_TREE=str(located.work_tree or located.git_dir),
        GIT_INDEX_FILE=str(located.git_dir / "index"),
        GIT_OBJECT_DIRECTORY=str(located.common_dir / "objects"),
        GIT_ALTERNATE_OBJECT_DIRECTORIES="",
        GIT_NAMESPACE="",
        GIT_PREFIX="",
    )
    return runner


def unpack(bundle: Path, *, into: Path) -> None:
    """Make a bare repository from a bundle, which is a single file and names no commands."""
    environment = {**_own_environment(), **OFFLINE, "GIT_ALLOW_PROTOCOL": "file"}
    command = [*GIT, "clone", "--bare", "--quiet", "--template=", "--", str(bundle.resolve()), str(into)]
    with explained(bundle):
        git.Git().execute(command, env=environment)


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn an error of git into one that says what to do."""
    try:
        yield
    except git.GitCommandNotFound:
        raise GitMissingError from None
    except git.GitCommandError as error:
        said = str(error.stderr).strip().removeprefix("stderr: '").removesuffix("'")
        raise refusal(place, said) from None


def refusal(place: Path, said: str) -> PolicyError:
    """The error for what git printed."""
    if "dubious ownership" in said:
        return ForeignRepositoryError(place, remedy=_way_to_trust(place, said))
    if NOT_FETCHED.search(said):
        return PartialCloneError(place)
    reason = next((line for line in said.splitlines() if line.startswith(("fatal:", "error:"))), said)
    return UnreadableRepositoryError(place, reason=reason.partition(": ")[2] or reason)


def _way_to_trust(place: Path, said: str) -> str:
    """The command that lets git read the repository for this user, with the folder as git names it."""
    named = TRUST.search(said)
    folder = named[1] if named else shlex.quote(str(place.resolve()))
    sudo = "sudo " if "SUDO_UID" in os.environ else ""  # without it the setting would be another user's
    where = "--global" if os.environ.get("HOME") else "--system"  # a service may have no home
    return f"{sudo}git config {where} --add safe.directory {folder}"


def _asked(place: Path, *questions: str, trusting: Sequence[str] = ()) -> str:
    """One answer of ``git rev-parse``, which reads the configuration and runs nothing."""
    try:
        answer = subprocess.run(
            [*GIT, *trusting, "-C", str(place), "rev-parse", *questions],
            env=_own_environment(), capture_output=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise GitMissingError from None
    if answer.returncode == 0:
        return os.fsdecode(answer.stdout).removesuffix("\n")
    said = os.fsdecode(answer.stderr)
    if "cannot use bare repository" in said:
        raise _BareRefusedError(
            "it is a bare repository, and your safe.bareRepository trusts only named ones"
        )
    if "not a git repository (or any" in said:
        raise NoRepositoryError(place)
    raise refusal(place, said)


class _BareRefusedError(Exception):
    """Git found a bare repository, and the user's settings trust none that it finds by itself."""


def _own_environment() -> dict[str, str]:
    """The environment of this process without variables that point to another repository."""
    inherited = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_REPOSITORY}
    return {**inherited, **INDEPENDENT, **OFFLINE}
