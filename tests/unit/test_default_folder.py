"""Email addresses are kept out of a git repository unless a setting says otherwise."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from subscribers.default_folder import default_folder
from subscribers.settings import SettingsError, read_settings


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("POLICY_NOTIFY_DATABASE_URL", "POLICY_NOTIFY_MAIL_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "policy-notify"


@pytest.mark.parametrize("below", ["", "policy/deep"])
def test_in_a_repository_database_and_messages_go_to_the_users_state_folder(
    tmp_path: Path, state: Path, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tmp_path / "shop"
    subprocess.run(["git", "init", "-q", shop], check=True)
    (shop / below).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(shop / below)
    settings = read_settings({})
    [folder] = state.iterdir()
    assert folder.name.startswith("shop-")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert settings.database_url.get_secret_value() == f"sqlite:///{folder}/policy-notify.sqlite"
    assert settings.mail_folder == folder / "mails"
    assert not list((shop / below).glob("policy-notify*"))


def test_two_repositories_of_one_name_have_folders_of_their_own(tmp_path: Path) -> None:
    for name in ("a/shop/.git", "b/shop/.git"):
        (tmp_path / name).mkdir(parents=True)
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    folders = {default_folder(tmp_path / name / "shop", environment) for name in ("a", "b")}
    assert len(folders) == 2


def test_a_work_tree_whose_git_is_a_file_is_a_repository_too(tmp_path: Path, state: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: elsewhere\n")
    assert default_folder(tmp_path).is_relative_to(state)


def test_outside_a_repository_they_are_in_the_current_folder(tmp_path: Path, state: Path) -> None:
    assert default_folder(tmp_path) == tmp_path


def test_a_database_made_before_stays_in_use(tmp_path: Path, state: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "policy-notify.sqlite").touch()
    assert default_folder(tmp_path) == tmp_path


@pytest.mark.parametrize("state_home", ["/proc/none", "/dev/null"])
def test_where_no_folder_can_be_made_the_setting_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state_home: str
) -> None:
    monkeypatch.delenv("POLICY_NOTIFY_DATABASE_URL", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", state_home)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        SettingsError, match="set POLICY_NOTIFY_DATABASE_URL: its default folder cannot be made"
    ):
        read_settings({})
