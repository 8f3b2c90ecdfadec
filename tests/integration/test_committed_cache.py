"""A cache that came with the repository could hold any page, so it is not used."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.policy_repository import PolicyRepository
from support.policy_site import PolicySite

from generator.cache import FILE
from generator.site.trusted_cache import open_cache


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path / "policies")
    site.publish("privacy.md", "# Privacy\n\nOne.\n")
    return site


def test_a_cache_outside_git_is_used(site: PolicySite) -> None:
    folder = site.repository.folder / ".cache/policysite"
    for _ in range(2):
        cache, distrusted = open_cache(folder)
        cache.__exit__(None, None, None)
        assert distrusted is None
    assert (folder / FILE).is_file()
    (site.repository.folder / ".gitignore").write_text(".cache\n")
    assert open_cache(folder)[1] is None


@pytest.mark.parametrize(
    "name",
    [
        f".cache/policysite/{FILE}",
        f".cache/policysite/{FILE}-journal",
        ".cache/policysite/other",
        f".CACHE/PolicySite/{FILE}",
    ],
)
def test_a_cache_with_a_committed_file_is_not_used(site: PolicySite, name: str) -> None:
    site.repository.write(name, b"planted")
    site.repository.git("add", "--force", name)
    site.repository.commit()
    (warning,) = site.build().warnings
    assert "is in git, so this cache is not used" in warning
    assert (site.repository.folder / name).read_bytes() == b"planted"
    assert (site.folder / "privacy/index.html").is_file()


@pytest.mark.parametrize("way", [".cache", ".cache/policysite"])
def test_a_cache_to_which_a_committed_link_leads_is_not_used(
    site: PolicySite, tmp_path: Path, way: str
) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    link = site.repository.folder / way
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target)
    site.repository.git("add", "--force", way)
    site.repository.commit()
    assert "not used" in (open_cache(site.repository.folder / ".cache/policysite")[1] or "")
    assert list(target.iterdir()) == []


def test_a_cache_link_into_committed_files_is_not_used(site: PolicySite) -> None:
    site.repository.write("planted/policysite/x", "x")
    site.repository.commit()
    (site.repository.folder / ".cache").symlink_to("planted")
    assert "not used" in (open_cache(site.repository.folder / ".cache/policysite")[1] or "")


def test_a_cache_in_a_submodule_is_not_used(site: PolicySite, tmp_path: Path) -> None:
    other = PolicyRepository(tmp_path / "other")
    other.publish(f"policysite/{FILE}", b"planted")
    site.repository.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        "--force",
        str(other.folder),
        ".cache",
    )
    site.repository.commit()
    assert "not used" in (open_cache(site.repository.folder / ".cache/policysite")[1] or "")


def test_a_site_outside_a_git_repository_uses_its_cache(tmp_path: Path) -> None:
    assert open_cache(tmp_path / "plain/.cache/policysite")[1] is None
