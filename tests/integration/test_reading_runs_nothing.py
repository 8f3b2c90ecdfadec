"""A repository that was handed over with its .git is read, and no command that it names is run."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.policy_site import PolicySite

from generator.checking.draft import check_draft
from generator.errors import PolicyError
from generator.git.repository import open_repository
from generator.mkdocs_plugin.run import read_config
from generator.published_site.build_site import build_site, has_uncommitted_edits

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
COMMAND = '#!/bin/sh\necho "$0" >> "{ran}"\ncat\n'


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path / "handed")
    site.publish("privacy.md", "# Privacy\n\nOne.\n")
    site.publish("privacy.md", "# Privacy\n\nTwo.\n")
    site.write_config()
    return site


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    return tmp_path / "ran"


@pytest.fixture
def command(tmp_path: Path, ran: Path) -> str:
    file = tmp_path / "planted"
    file.write_text(COMMAND.format(ran=ran))
    file.chmod(0o755)
    return str(file)


def read_in_every_way(site: PolicySite) -> None:
    """Read the repository in every way; only the commands that git runs matter."""
    site.repository.write("policy/new.md", "# New\n\nWords.\n")
    os.utime(site.repository.folder / "policy/privacy.md")
    for read in (checked, listed, compared, built):
        try:
            read(site)
        except PolicyError:
            continue


def checked(site: PolicySite) -> None:
    config = read_config(site.config_file)
    with open_repository(config.documents) as repository:
        check_draft(config, repository, base=None, at=NOW, cache={})
    has_uncommitted_edits(site.config_file)


def listed(site: PolicySite) -> None:
    site.repository.names(draft_at=NOW)


def compared(site: PolicySite) -> None:
    sides = ("HEAD~1:policy/privacy.md", "policy/privacy.md")
    subprocess.run(
        [Path(sys.executable).with_name("policy-site"), "redline", *sides],
        cwd=site.repository.folder, capture_output=True, check=False,
    )  # fmt: skip


def built(site: PolicySite) -> None:
    build_site(site.config_file, site_dir=None, day=None, published=None)


@pytest.mark.parametrize(
    "settings",
    [
        {"core.fsmonitor": "{}"},
        {"filter.x.clean": "{}", "filter.x.smudge": "{}", "filter.x.required": "true"},
        {"filter.x.process": "{}"},
        {"diff.x.textconv": "{}", "diff.x.command": "{}"},
        {"diff.external": "{}"},
        {"core.hooksPath": "{}.hooks"},
        {"core.sshCommand": "{}", "core.askPass": "{}", "credential.helper": "!{}"},
        {"core.pager": "{}", "pager.log": "{}", "pager.rev-parse": "{}"},
        {"core.editor": "{}", "sequence.editor": "{}"},
        {"gpg.program": "{}", "gpg.ssh.program": "{}", "log.showSignature": "true"},
        {"core.alternateRefsCommand": "{}"},
        {"alias.log": "!{}", "alias.rev-parse": "!{}", "alias.cat-file": "!{}"},
        {"status.submoduleSummary": "true", "diff.submodule": "log", "submodule.x.update": "!{}"},
        {"trailer.x.command": "{}", "mergetool.x.cmd": "{}", "browser.x.cmd": "{}"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_no_command_of_its_configuration_runs(
    site: PolicySite, ran: Path, command: str, settings: dict[str, str]
) -> None:
    git = site.repository.folder / ".git"
    hooks = Path(f"{command}.hooks")
    for folder in (hooks, git / "hooks"):
        folder.mkdir(exist_ok=True)
        for hook in ("post-index-change", "post-checkout", "reference-transaction", "fsmonitor-watchman"):
            (folder / hook).write_text(COMMAND.format(ran=ran))
            (folder / hook).chmod(0o755)
    (git / "info").mkdir(exist_ok=True)
    (git / "info/attributes").write_text("*.md filter=x diff=x ident\n")
    for name, value in settings.items():
        site.repository.git("config", "--file", str(git / "included"), name, value.format(command))
    with (git / "config").open("a") as file:
        file.write("[include]\n\tpath = included\n")
    assert site.repository.git("config", "--get", next(iter(settings)))
    ran.unlink(missing_ok=True)
    read_in_every_way(site)
    assert not ran.exists(), ran.read_text()


@pytest.mark.parametrize("allow", ["always", "user"])
@pytest.mark.parametrize(
    "remote",
    [
        {"url": "../origin", "uploadpack": "{}"},
        {"url": "file:///nowhere", "uploadpack": "{}"},
        {"url": "ssh://host.example/x"},
        {"url": "ext::{} %S"},
        {"url": "x", "vcs": "planted"},
        {"url": "planted::x"},
    ],
    ids=lambda remote: remote["url"][:6],
)
def test_nothing_is_fetched_for_a_text_that_is_missing(
    site: PolicySite,
    ran: Path,
    command: str,
    remote: dict[str, str],
    allow: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = site.repository.folder
    helper = Path(command).with_name("git-remote-planted")
    helper.write_text(COMMAND.format(ran=ran))
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}:{os.environ['PATH']}")
    blob = site.repository.git("rev-parse", "HEAD~1:policy/privacy.md")
    (folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    settings = {f"remote.origin.{name}": value.format(command) for name, value in remote.items()}
    settings |= {"core.repositoryformatversion": "1", "extensions.partialClone": "origin"}
    settings |= {"remote.origin.promisor": "true", "protocol.allow": allow, "core.sshCommand": command}
    settings |= {f"protocol.{name}.allow": allow for name in ("file", "ext", "ssh", "planted")}
    for name, value in settings.items():
        site.repository.git("config", name, value)
    with pytest.raises(PolicyError, match="partial clone, and some of the texts are missing"):
        site.repository.history()
    read_in_every_way(site)
    assert not ran.exists(), ran.read_text()


def test_a_partial_clone_is_read_once_its_texts_are_fetched(site: PolicySite, tmp_path: Path) -> None:
    site.repository.git("config", "uploadpack.allowFilter", "true")
    lazy = tmp_path / "lazy.git"
    site.repository.git(
        "clone", "--quiet", "--bare", "--filter=blob:none", f"file://{site.repository.folder}", str(lazy)
    )
    answer = listed_by_command(lazy)
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    remedy = answer.stderr.partition("(")[2].partition(")")[0]
    assert remedy.startswith(f"git -C {lazy} fetch")
    subprocess.run(remedy.split(), check=True, capture_output=True)
    assert "2 versions" in listed_by_command(lazy).stdout


def listed_by_command(place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("policy-site"), "versions", "--repo", place],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_edits_are_seen_without_asking_git_for_the_status(site: PolicySite) -> None:
    def edited() -> bool:
        return has_uncommitted_edits(site.config_file)

    assert not edited()
    os.utime(site.repository.folder / "policy/privacy.md")
    assert not edited()
    site.repository.write("policy/privacy.md", "# Privacy\r\n\r\nTwo.\r\n")
    assert not edited(), "git may store other line ends"
    site.repository.write("policy/privacy.md", "# Privacy\n\nThree.\n")
    assert edited()
    site.repository.git("checkout", "--", "policy")
    site.repository.write(".gitignore", "*.bak\n")
    site.repository.write("policy/privacy.md.bak", "ignored")
    assert not edited()
    site.repository.write("policy/new.md", "New.\n")
    assert edited()
    site.repository.remove("policy/new.md")
    site.repository.remove("policy/privacy.md")
    assert edited()


def test_a_file_that_git_stores_otherwise_is_no_edit(site: PolicySite) -> None:
    site.repository.write(".gitattributes", "*.png filter=lfs\n")
    site.publish("scheme.png", b"version https://git-lfs.github.com/spec/v1\n")
    site.repository.write("policy/scheme.png", b"\x89PNG")
    assert not has_uncommitted_edits(site.config_file)
