"""A build stays in its folder, and replaces only a folder that a build made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.policy_site import PolicySite

from generator.published_site.build_site import build_site
from generator.published_site.site_folder import ForeignFolderError
from generator.site.output import MARKER, Output, OutsideError


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path / "policies")
    site.publish("privacy.md", "# Privacy\n\nOne.\n")
    site.write_config()
    return site


def build_into(site: PolicySite, folder: Path) -> None:
    build_site(site.config_file, site_dir=folder, day=None, published=None)


def files(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if ".cache" not in file.parts}


def test_a_build_replaces_the_site_of_an_earlier_build(site: PolicySite, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    build_into(site, folder)
    assert (folder / MARKER).is_file()
    (folder / "extra.html").write_text("old")
    build_into(site, folder)
    assert not (folder / "extra.html").exists()


def test_a_link_to_the_folder_of_a_site_is_followed(site: PolicySite, tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    (tmp_path / "current").symlink_to(tmp_path / "releases")
    build_into(site, tmp_path / "current")
    build_into(site, tmp_path / "current")
    assert (tmp_path / "releases/privacy/index.html").is_file()


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        ({"holiday.jpg": "x"}, "empty it"),
        ({".ssh/id": "x"}, "empty it"),
        ({"history.json": "[]", "src/main.c": "x"}, "delete the folder or put an empty .policysite in it"),
    ],
)
def test_a_folder_that_no_build_made_is_refused_and_kept(
    site: PolicySite, tmp_path: Path, content: dict[str, str], remedy: str
) -> None:
    folder = tmp_path / "other"
    for name, words in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(words)
    before = files(folder)
    with pytest.raises(ForeignFolderError, match=remedy):
        build_into(site, folder)
    assert files(folder) == before


def test_a_site_of_an_older_version_is_replaced_when_it_is_marked(site: PolicySite, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "history.json").write_text("{}")
    (folder / MARKER).touch()
    build_into(site, folder)
    assert (folder / "privacy/index.html").is_file()


@pytest.mark.parametrize(
    "chosen",
    [
        lambda site: Path("/"),
        lambda site: Path.home(),
        lambda site: Path.home().parent,
        lambda site: Path(),
        lambda site: site.repository.folder,
        lambda site: site.repository.folder.parent,
        lambda site: site.repository.folder / ".git",
        lambda site: site.repository.folder / ".git" / "site",
        lambda site: site.repository.folder / "policy",
        lambda site: site.repository.folder / "policy" / "site",
        lambda site: site.repository.folder / "site" / ".." / "policy",
        lambda site: site.config_file,
    ],
)
@pytest.mark.parametrize("marked", [False, True])
def test_a_folder_with_the_texts_or_the_home_is_refused_even_if_it_is_marked(
    site: PolicySite,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    chosen: Callable[[PolicySite], Path],
    marked: bool,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home/anna"))
    (tmp_path / "home/anna").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    folder = chosen(site)
    if marked and folder.is_dir() and folder.resolve().is_relative_to(tmp_path):
        (folder / MARKER).touch()
    before = files(site.repository.folder)
    with pytest.raises(ForeignFolderError, match="--site-dir"):
        build_into(site, folder)
    assert files(site.repository.folder) == before


@pytest.mark.parametrize(
    "address", ["../out.txt", "/out.txt", "a/../../out.txt", "%2e%2e/out.txt", "link/out.txt", "file"]
)
def test_no_file_is_written_outside_of_the_folder(tmp_path: Path, address: str) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (folder / "file").symlink_to(tmp_path / "out.txt")
    output = Output(folder, {}, {}, policy=None, made_of=None, before=None)
    address = address.replace("/out.txt", f"{tmp_path}/out.txt") if address == "/out.txt" else address
    with pytest.raises(OutsideError):
        output.file(address, b"planted")
    assert not (tmp_path / "out.txt").exists()
