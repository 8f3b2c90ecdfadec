"""The refusals that any part of the generator can raise.

Each message says where, what is wrong and what to do. Any other exception is a bug.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from pathlib import Path

MOST_NAMES = 5


class PolicyError(Exception):
    """An expected refusal. Its text is one line for the person at the terminal."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines to print."""
        return (str(self),)


class ConfigError(PolicyError):
    """``mkdocs.yml`` asks for something that cannot be done."""


class GitMissingError(PolicyError):
    """Git is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "git is not installed, and policy-site reads the versions with it; install git (apt install git)"
        )


class NoRepositoryError(PolicyError):
    """The path is not in a git repository and is not a bundle."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: this is neither a folder in a git repository nor a bundle; "
            "choose another folder, or run git init here and commit the policy"
        )
        self.path = path


class UnreadableRepositoryError(PolicyError):
    """Git cannot read the repository."""

    def __init__(self, repository: Path, *, reason: str) -> None:
        super().__init__(
            f"{repository}: git cannot read the repository: {reason}; find the damage with git fsck, or "
            "clone it again"
        )
        self.repository = repository
        self.reason = reason


class ForeignRepositoryError(PolicyError):
    """Git refuses a repository that belongs to another user; ``remedy`` is the command that trusts it."""

    def __init__(self, repository: Path, *, remedy: str) -> None:
        super().__init__(
            f"{repository}: the repository belongs to another user, so git refuses to read it; "
            f"if you trust that user, allow it ({remedy})"
        )
        self.repository = repository
        self.remedy = remedy


class PartialCloneError(PolicyError):
    """The clone lacks texts that its origin has. The generator never fetches them."""

    def __init__(self, repository: Path) -> None:
        super().__init__(
            f"{repository}: this is a partial clone, and some of the texts are missing; "
            f"fetch them (git -C {shlex.quote(str(repository))} fetch --refetch --no-filter), "
            "or clone again without --filter"
        )
        self.repository = repository


class ShallowHistoryError(PolicyError):
    """The clone holds only part of the history, so versions would be missing."""

    def __init__(self, repository: Path) -> None:
        super().__init__(
            f"{repository}: the clone is shallow, so past versions are missing; "
            "fetch the whole history (git fetch --unshallow, or fetch-depth: 0 in CI)"
        )
        self.repository = repository


class EmptyHistoryError(PolicyError):
    """The repository has no commit yet."""

    def __init__(self, repository: Path) -> None:
        super().__init__(
            f"{repository}: the repository has no commits yet; commit the policy (git add, git commit)"
        )
        self.repository = repository


class UnknownRefError(PolicyError):
    """No branch, tag or commit has this name.

    ``known`` are the names that exist, the most similar first. The message shows only some of them.
    """

    def __init__(self, repository: Path, *, ref: str, known: Sequence[str], option: str | None) -> None:
        remedy = f"choose a branch with {option}" if option else "name a branch"
        existing = ", ".join(known[:MOST_NAMES]) or "none"
        more = f" and {len(known) - MOST_NAMES:,} more" if len(known) > MOST_NAMES else ""
        super().__init__(
            f"{repository}: there is no branch, tag or commit {ref!r}; {remedy} (existing: {existing}{more})"
        )
        self.repository = repository
        self.ref = ref


class ForeignBaseError(PolicyError):
    """The base of a check has no commit in common with the work that is checked."""

    def __init__(self, repository: Path, *, base: str) -> None:
        super().__init__(
            f"{repository}: {base!r} has no commit in common with the checked-out branch; "
            "with --base, name the branch that this work will be merged into"
        )
        self.repository = repository
        self.base = base


class FolderOutsideRepositoryError(PolicyError):
    """The documents folder is not in the repository whose history is read."""

    def __init__(self, folder: str, *, repository: Path) -> None:
        super().__init__(
            f"{folder}: the documents folder is outside {repository}; "
            "move it into the repository, or choose a folder inside it (docs_dir in mkdocs.yml, or --folder)"
        )
        self.folder = folder


class UnknownDocumentError(PolicyError):
    """No document has this slug."""

    def __init__(self, slug: str, *, known: Sequence[str]) -> None:
        close = difflib.get_close_matches(slug, known, n=3, cutoff=0.4) or known[:3]
        super().__init__(f"{slug}: no document has this slug; existing slugs include {', '.join(close)}")
        self.slug = slug


class DocumentTextError(PolicyError):
    """The newest text of a document has front matter that cannot be read; one line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)

    @property
    def lines(self) -> tuple[str, ...]:
        """The problems, one line each."""
        return self.problems
