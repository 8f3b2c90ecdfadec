"""Which repository is read, and the messages for one that cannot be read."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.policy_repository import PolicyRepository

from generator.errors import ForeignRepositoryError, PolicyError, UnknownRefError
from generator.git.repository import open_repository
from generator.git.safe_git import refusal


def listed(place: Path, *, cwd: Path | None = None, **environment: str) -> str:
    answer = subprocess.run(
        [Path(sys.executable).with_name("policy-site"), "versions", "--repo", place],
        capture_output=True, text=True, cwd=cwd, env={**os.environ, **environment}, check=False,
    )  # fmt: skip
    return answer.stdout + answer.stderr


@pytest.fixture
def inner(policy: PolicyRepository, tmp_path: Path) -> Path:
    """A bare repository without core.bare in the work tree of another repository."""
    policy.publish("alpha.md", "Ours.\n")
    other = PolicyRepository(tmp_path / "other")
    other.publish("omega.md", "Of another firm.\n")
    inner = other.folder / "inner.git"
    policy.git("clone", "--quiet", "--bare", str(policy.folder), str(inner))
    policy.git("--git-dir", str(inner), "config", "--unset", "core.bare")
    return inner


def test_a_bare_repository_inside_another_is_the_one_that_is_read(inner: Path) -> None:
    assert "alpha.md" in listed(inner)
    assert "alpha.md" in listed(Path(inner.name), cwd=inner.parent)
    assert "omega.md" in listed(inner.parent)


@pytest.mark.parametrize("below", ["refs", "objects", "refs/heads"])
def test_a_bare_repository_that_nobody_named_is_read_only_where_the_reader_trusts_it(
    inner: Path, tmp_path: Path, below: str
) -> None:
    settings = tmp_path / "settings"
    settings.write_text("[safe]\n\tbareRepository = explicit\n")
    trusting: dict[str, Any] = {"GIT_CONFIG_GLOBAL": str(settings)}
    assert "alpha.md" in listed(inner, **trusting)
    assert "safe.bareRepository" in listed(inner / below, **trusting)


def test_a_folder_without_texts_is_a_warning(policy: PolicyRepository) -> None:
    policy.publish("photo.png", "no text")
    assert "warning: the repository: git has no text (.md) in this folder" in listed(policy.folder)


def test_the_git_directory_of_a_submodule_is_read(policy: PolicyRepository, tmp_path: Path) -> None:
    policy.publish("alpha.md", "Ours.\n")
    above = PolicyRepository(tmp_path / "above")
    above.publish("omega.md", "Another.\n")
    above.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(policy.folder), "policies"
    )
    above.commit()
    for place in (above.folder / "policies", above.folder / ".git/modules/policies"):
        said = listed(place)
        assert "alpha.md" in said
        assert "omega.md" not in said


def test_work_trees_and_separate_git_directories_are_read(policy: PolicyRepository, tmp_path: Path) -> None:
    policy.publish("policy/alpha.md", "Ours.\n")
    policy.git("worktree", "add", "--quiet", str(tmp_path / "tree"))
    policy.git("clone", "--quiet", f"--separate-git-dir={tmp_path / 'apart'}", ".", str(tmp_path / "clone"))
    for place in (tmp_path / "tree", tmp_path / "tree/policy", tmp_path / "apart", tmp_path / "clone"):
        assert "alpha.md" in listed(place)
    with open_repository(tmp_path / "tree/policy") as opened:
        assert opened.folder_of(tmp_path / "tree/policy") == "policy"
        assert opened.root == tmp_path / "tree"


@pytest.mark.parametrize(
    "name",
    ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"],
)
def test_git_variables_of_another_repositorys_hook_have_no_effect(
    policy: PolicyRepository, tmp_path: Path, name: str
) -> None:
    policy.publish("alpha.md", "Ours.\n")
    other = PolicyRepository(tmp_path / "other")
    other.publish("omega.md", "Another.\n")
    value = str(other.folder / ".git" / {"GIT_OBJECT_DIRECTORY": "objects"}.get(name, ""))
    said = listed(policy.folder, cwd=None, **{name: value})
    assert "alpha.md" in said
    assert "omega.md" not in said


def test_a_wrong_branch_is_refused_with_the_most_similar_names(policy: PolicyRepository) -> None:
    commit = policy.publish("alpha.md", "Ours.\n")
    refs = "".join(f"create refs/heads/topic/{number:05} {commit}\n" for number in range(3_000))
    policy.git("update-ref", "--stdin", given=f"{refs}create refs/remotes/origin/release {commit}\n".encode())
    with pytest.raises(UnknownRefError) as refused, open_repository(policy.folder) as opened:
        opened.resolve("mian")
    assert "(existing: main, " in str(refused.value)
    assert "more)" in str(refused.value)
    assert len(str(refused.value)) < len(str(policy.folder)) + 200
    with (
        pytest.raises(UnknownRefError, match=r"existing: origin/release"),
        open_repository(policy.folder) as opened,
    ):
        opened.resolve("release")


def test_the_command_to_trust_a_repository_suits_the_user_who_runs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = f"fatal: detected dubious ownership in repository at '{tmp_path}'"
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SUDO_UID", raising=False)

    def remedy() -> str:
        refused = refusal(Path("a shop"), said)
        assert isinstance(refused, ForeignRepositoryError)
        return refused.remedy

    folder = shlex.quote(f"{tmp_path}/a shop")
    assert remedy() == f"git config --global --add safe.directory {folder}"
    monkeypatch.setenv("SUDO_UID", "1000")
    assert remedy() == f"sudo git config --global --add safe.directory {folder}"
    monkeypatch.delenv("HOME")
    assert remedy() == f"sudo git config --system --add safe.directory {folder}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository to another user")
@pytest.mark.parametrize("kind", ["work tree", "folder in it", "bare", "linked"])
def test_the_command_to_trust_a_repository_of_another_user_works(
    policy: PolicyRepository, tmp_path: Path, kind: str
) -> None:
    policy.publish("docs/alpha.md", "Ours.\n")
    place = policy.folder
    if kind == "bare":
        place = tmp_path / "a bare.git"
        policy.git("clone", "--quiet", "--bare", ".", str(place))
    subprocess.run(["chown", "-R", "12345:12345", place], check=True)
    if kind == "folder in it":
        place = place / "docs"
    if kind == "linked":
        (tmp_path / "link").symlink_to(place)
        place = tmp_path / "link"
    home = {
        "HOME": str(tmp_path),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(tmp_path / "settings"),
    }
    said = listed(Path(place.name), cwd=place.parent, **home)
    assert "Traceback" not in said
    remedy = said.partition("(")[2].partition(")")[0]
    subprocess.run(shlex.split(remedy), check=True, env={**os.environ, **home})
    assert "alpha.md" in listed(Path(place.name), cwd=place.parent, **home)


def tree(repository: PolicyRepository, *entries: tuple[str, str, str]) -> str:
    """A tree with any names, which git's own commands would not make."""
    raw = b"".join(
        f"{mode} {name}".encode() + b"\0" + bytes.fromhex(identity) for mode, name, identity in entries
    )
    return repository.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", given=raw)


@pytest.mark.parametrize(
    "name",
    [
        "/etc/planted.md",
        "../planted.md",
        ".",
        "..",
        ".GIT",
        "a//planted.md",
        "C:\\planted.md",
        "./planted.md",
    ],
)
def test_an_invalid_path_is_left_out_with_a_warning(policy: PolicyRepository, name: str) -> None:
    policy.publish("docs/alpha.md", "Ours.\n")
    blob = policy.git("rev-parse", "HEAD:docs/alpha.md")
    inside = tree(policy, ("100644", "planted.md", blob))
    odd = ("100644", name, blob) if name.endswith(".md") else ("40000", name, inside)
    docs = tree(policy, odd, ("100644", "alpha.md", blob))
    commit = policy.git("commit-tree", tree(policy, ("40000", "docs", docs)), "-p", "HEAD", "-m", "odd")
    policy.git("update-ref", "refs/heads/main", commit)
    history = policy.history(folder="docs")
    assert [document.path for document in history.documents] == ["alpha.md"]
    if not name.startswith("."):  # git's own patterns leave out what begins with a dot
        (warning,) = history.warnings
        assert warning.path == f"docs/{name}"
        assert warning.commit == commit
        assert "is left out" in warning.text
    with open_repository(policy.folder) as opened:
        assert list(opened.files(commit, folder="docs")) == ["docs/alpha.md"]
        assert opened.left_out


def test_links_and_entries_that_collide_do_no_harm(policy: PolicyRepository) -> None:
    policy.publish("docs/alpha.md", "Ours.\n")
    blob = policy.git("rev-parse", "HEAD:docs/alpha.md")
    docs = tree(
        policy,
        ("120000", "link.md", blob),
        ("100644", "x.md", blob),
        ("40000", "x.md", tree(policy, ("100644", "index.md", blob))),
        ("100644", "Alpha.md", blob),
        ("100644", "alpha.md", blob),
    )
    commit = policy.git("commit-tree", tree(policy, ("40000", "docs", docs)), "-p", "HEAD", "-m", "odd")
    policy.git("update-ref", "refs/heads/main", commit)
    try:
        names = policy.names(folder="docs")
    except PolicyError:
        return
    assert "link.md" not in names
