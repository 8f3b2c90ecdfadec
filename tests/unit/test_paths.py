"""Which names of a tree may be paths of files: what git's own checkout refuses is none."""

from __future__ import annotations

import pytest

from generator.git.paths import is_safe


@pytest.mark.parametrize(
    "path",
    [
        "/etc/cron.d/x", "policy//etc/x", "policy/", "", ".", "..", "./x", "a/./b", "a/../b", "a/..", "../x",
        ".git/config", "a/.git", "a/.GIT/hooks/x", "a/.Git ", "a/.git.", "a/.git. . .", "a/git~1", "a/GIT~1 ",
        "a/.git::$INDEX_ALLOCATION", "a/.g\u200cit/x", "a/.\u200d./b", "\ufeff.git",
        "C:\\x", "a\\b", "\\\\host\\x", "a\0b",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_on_any_system_is_none(path: str) -> None:
    assert not is_safe(path)


@pytest.mark.parametrize(
    "path",
    [
        "privacy.md", "a/b/c.md", ".gitignore", ".github/x.md", "a/.gitmodules", "git", "git~2", "...",
        "a/..b", "a b.md", "end.", "end ", "-dash.md", "line\nbreak.md", "C:x.md", "\udcff.md",
        "регламент.md", "می\u200cخواهم.md",
    ],
)  # fmt: skip
def test_odd_names_of_files_stay(path: str) -> None:
    assert is_safe(path)
