"""What can be refused, each with where, what and what to do. Anything else that is raised is a bug."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from pathlib import Path

MOST_NAMES = 5


class PolicyError(Exception):
    """An expected refusal: its text is one line for the person at the terminal."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What to print, a line each."""
        return (str(self),)


class ConfigError(PolicyError):
    """``mkdocs.yml`` asks for something that cannot be done."""


class GitMissingError(PolicyError):
    """There is no git to read the history with."""

    def __init__(self) -> None:
        super().__init__("git: not found, and the versions are in its history; install it (apt install git)")


class NoRepositoryError(PolicyError):
    """There is no git history at this place."""

    def __init__(self, place: Path) -> None:
        super().__init__(
            f"{place}: no git repository, no folder in one and no bundle; "
            "name one, or make one (git init) and commit the policy"
        )
        self.place = place


class UnreadableRepositoryError(PolicyError):
    """Git itself cannot read the repository."""

    def __init__(self, repository: Path, *, reason: str) -> None:
        super().__init__(f"{repository}: git cannot read it: {reason}; repair it or clone it anew (git fsck)")
        self.repository = repository
        self.reason = reason


class ForeignRepositoryError(PolicyError):
    """Git refuses a repository that belongs to another user; ``remedy`` is the command that trusts it."""

    def __init__(self, repository: Path, *, remedy: str) -> None:
        super().__init__(
            f"{repository}: belongs to another user, so git refuses it; "
            f"if you trust its owner, say so ({remedy})"
        )
        self.repository = repository
        self.remedy = remedy


class PartialCloneError(PolicyError):
    """The clone lacks texts that its origin has, and reading fetches nothing."""

    def __init__(self, repository: Path) -> None:
        super().__init__(
            f"{repository}: a partial clone that lacks some of the texts, and reading it fetches nothing; "
            f"fetch them first (git -C {shlex.quote(str(repository))} fetch --refetch --no-filter), "
            "or clone without --filter"
        )
        self.repository = repository


class ShallowHistoryError(PolicyError):
    """The clone holds only part of the history, so versions would be missing."""

    def __init__(self, repository: Path) -> None:
        super().__init__(
            f"{repository}: the clone is shallow, so past versions are missing; "
            "fetch it whole (git fetch --unshallow, or fetch-depth: 0 in CI)"
        )
        self.repository = repository


class EmptyHistoryError(PolicyError):
    """The repository has no commit yet."""

    def __init__(self, repository: Path) -> None:
        super().__init__(
            f"{repository}: no commit yet, so no version; commit the policy (git add, git commit)"
        )
        self.repository = repository


class UnknownRefError(PolicyError):
    """The history to read does not exist under this name.

    ``known`` are the names that there are, the likeliest first; only some of them are shown.
    """

    def __init__(self, repository: Path, *, ref: str, known: Sequence[str], option: str | None) -> None:
        remedy = f"name a branch with {option}" if option else "name a branch"
        there = ", ".join(known[:MOST_NAMES]) or "none"
        more = f" and {len(known) - MOST_NAMES:,} more" if len(known) > MOST_NAMES else ""
        super().__init__(f"{repository}: no commit is called {ref!r}; {remedy} (there: {there}{more})")
        self.repository = repository
        self.ref = ref


class ForeignBaseError(PolicyError):
    """What a check should compare with shares no commit with what is checked."""

    def __init__(self, repository: Path, *, base: str) -> None:
        super().__init__(
            f"{repository}: {base!r} shares no commit with what is checked; "
            "name another with --base, such as the branch it will be merged into"
        )
        self.repository = repository
        self.base = base


class FolderOutsideRepositoryError(PolicyError):
    """The documents folder is not in the repository whose history is read."""

    def __init__(self, folder: str, *, repository: Path) -> None:
        super().__init__(
            f"{folder}: the documents folder is outside {repository}; "
            "move it in, or name a folder inside (docs_dir, --folder)"
        )
        self.folder = folder


class UnknownDocumentError(PolicyError):
    """No document has this slug."""

    def __init__(self, slug: str, *, known: Sequence[str]) -> None:
        close = difflib.get_close_matches(slug, known, n=3, cutoff=0.4) or known[:3]
        super().__init__(
            f"{slug}: no document has this slug; there are {len(known)}, such as {', '.join(close)}"
        )
        self.slug = slug


class DocumentTextError(PolicyError):
    """The newest text of a document states what cannot be read; one line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)

    @property
    def lines(self) -> tuple[str, ...]:
        """The problems."""
        return self.problems
