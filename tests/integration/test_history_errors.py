"""A repository that cannot be read is refused in one line that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.policy_repository import PolicyRepository

from generator.errors import (
    EmptyHistoryError,
    FolderOutsideRepositoryError,
    NoRepositoryError,
    UnknownRefError,
    UnreadableRepositoryError,
)
from generator.git.repository import open_repository


def command(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("policy-site"), "versions", *arguments],
        capture_output=True, text=True, env={**os.environ, **environment}, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["nothing", "folder", "file"])
def test_a_place_without_git_is_refused(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "place"
    if kind == "folder":
        place.mkdir()
    if kind == "file":
        place.write_text("text")
    with pytest.raises(NoRepositoryError, match=r"git init") as refusal, open_repository(place):
        pass
    assert str(place) in str(refusal.value)


def test_a_repository_without_a_commit_is_refused(policy: PolicyRepository) -> None:
    with (
        pytest.raises(EmptyHistoryError, match="commit the policy"),
        open_repository(policy.folder) as opened,
    ):
        opened.resolve()


@pytest.mark.parametrize("ref", ["nowhere", "--all", "HEAD~9", "", "a b", "main:privacy.md", "\udcff"])
def test_an_unknown_ref_is_refused_and_the_branches_named(policy: PolicyRepository, ref: str) -> None:
    policy.publish("privacy.md", "One.\n")
    with pytest.raises(UnknownRefError, match="existing: main"), open_repository(policy.folder) as opened:
        opened.resolve(ref)


def test_without_a_head_the_only_branch_is_read(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "One.\n")
    only = policy.git("rev-parse", "main")
    policy.git("symbolic-ref", "HEAD", "refs/heads/unborn")
    with open_repository(policy.folder) as opened:
        assert opened.resolve() == only
    policy.git("branch", "second", "main")
    with pytest.raises(UnknownRefError, match="main, second"), open_repository(policy.folder) as opened:
        opened.resolve()


@pytest.mark.parametrize("folder", ["..", "../elsewhere", "/etc", "policy/../../x"])
def test_a_folder_outside_the_repository_is_refused(policy: PolicyRepository, folder: str) -> None:
    policy.publish("privacy.md", "One.\n")
    with pytest.raises(FolderOutsideRepositoryError, match=r"docs_dir in mkdocs\.yml, or --folder"):
        policy.history(folder=folder)


def test_a_directory_outside_the_work_tree_is_refused(policy: PolicyRepository, tmp_path: Path) -> None:
    policy.publish("policy/privacy.md", "One.\n")
    with open_repository(policy.folder) as opened:
        assert opened.folder_of(policy.folder) == ""
        assert opened.folder_of(policy.folder / "policy") == "policy"
        with pytest.raises(FolderOutsideRepositoryError):
            opened.folder_of(tmp_path)


@pytest.mark.parametrize("damage", ["missing", "empty", "garbage"])
def test_a_damaged_file_is_refused(policy: PolicyRepository, damage: str) -> None:
    policy.publish("privacy.md", "One.\n")
    blob = policy.git("rev-parse", "HEAD:privacy.md")
    file = policy.folder / ".git" / "objects" / blob[:2] / blob[2:]
    file.chmod(0o644)
    file.write_bytes(b"garbage" if damage == "garbage" else b"")
    if damage == "missing":
        file.unlink()
    with pytest.raises(UnreadableRepositoryError, match="git fsck"):
        policy.history()


def test_a_broken_object_store_is_refused(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    policy.publish("privacy.md", "Two.\n")
    (policy.folder / ".git" / "objects" / first[:2] / first[2:]).unlink()
    with pytest.raises(UnreadableRepositoryError, match="git fsck"):
        policy.history()


def test_a_bundle_of_a_part_of_the_history_is_refused(policy: PolicyRepository, tmp_path: Path) -> None:
    policy.publish("privacy.md", "One.\n")
    policy.publish("privacy.md", "Two.\n")
    bundle = tmp_path / "part.bundle"
    policy.git("bundle", "create", "--quiet", str(bundle), "main~1..main")
    with pytest.raises(UnreadableRepositoryError, match="prerequisite"), open_repository(bundle):
        pass


def test_a_cut_off_bundle_is_refused(policy: PolicyRepository, tmp_path: Path) -> None:
    policy.publish("privacy.md", "One.\n")
    bundle = tmp_path / "cut.bundle"
    policy.git("bundle", "create", "--quiet", str(bundle), "main")
    bundle.write_bytes(bundle.read_bytes()[:-30])
    with pytest.raises(UnreadableRepositoryError), open_repository(bundle):
        pass


def test_missing_git_is_refused(policy: PolicyRepository, tmp_path: Path) -> None:
    policy.publish("privacy.md", "One.\n")
    answer = command("--repo", policy.folder, PATH=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stderr == (
        "policy-site: git is not installed, and policy-site reads the versions with it; "
        "install git (apt install git)\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to another user")
def test_a_repository_of_another_user_is_refused_with_the_way_to_trust_it(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "One.\n")
    for file in (policy.folder, policy.folder / ".git"):
        os.chown(file, 12345, 12345)
    answer = command("--repo", policy.folder, GIT_CONFIG_GLOBAL=os.devnull, GIT_CONFIG_NOSYSTEM="1")
    assert answer.returncode == 1
    assert f"git config --global --add safe.directory {policy.folder}" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_reader_who_trusts_only_named_bare_repositories_can_name_one(
    policy: PolicyRepository, tmp_path: Path
) -> None:
    policy.publish("privacy.md", "One.\n")
    bundle, bare, settings = tmp_path / "policy.bundle", tmp_path / "bare.git", tmp_path / "settings"
    policy.git("bundle", "create", "--quiet", str(bundle), "main")
    policy.git("clone", "--quiet", "--bare", str(policy.folder), str(bare))
    settings.write_text("[safe]\n\tbareRepository = explicit\n")
    for place in (bundle, bare):
        assert "privacy.md" in command("--repo", place, GIT_CONFIG_GLOBAL=str(settings)).stdout


@pytest.mark.parametrize(
    "arguments",
    [["--ref", "nowhere"], ["--folder", ".."], ["--document", "nothing"]],
    ids=lambda given: given[0],
)
def test_the_command_prints_one_line_and_exits_1(policy: PolicyRepository, arguments: list[str]) -> None:
    policy.publish("privacy.md", "One.\n")
    answer = command("--repo", policy.folder, *arguments)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith("policy-site: ")
    assert answer.stderr.count("\n") == 1


def test_a_hook_that_names_another_repository_changes_nothing(
    policy: PolicyRepository, tmp_path: Path
) -> None:
    policy.publish("privacy.md", "One.\n")
    other = PolicyRepository(tmp_path / "other")
    other.publish("cookies.md", "One.\n")
    answer = command("--repo", policy.folder, GIT_DIR=str(other.folder / ".git"))
    assert "privacy.md" in answer.stdout
    assert "cookies.md" not in answer.stdout
