"""Which commits publish, and when: rules 1 to 3 of the versions, R1, R4, R8 and R11."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.policy_repository import PolicyRepository

from generator.errors import ShallowHistoryError
from generator.git.repository import open_repository


def test_the_mainline_is_the_first_parent_chain(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "# Privacy\n\nOne.\n")
    policy.git("checkout", "--quiet", "-b", "side")
    policy.publish("privacy.md", "# Privacy\n\nTwo.\n")
    policy.publish("privacy.md", "# Privacy\n\nThree.\n")
    policy.git("checkout", "--quiet", "main")
    policy.publish("other.txt", "keeps the branches apart")
    merge = policy.merge("side")
    assert policy.versions("privacy.md") == [first, merge]


def test_a_change_made_inside_a_merge_counts(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    policy.git("checkout", "--quiet", "-b", "side")
    policy.publish("cookies.md", "Cookies.\n")
    policy.git("checkout", "--quiet", "main")
    policy.publish("other.txt", "x")
    merge = policy.merge("side", edit={"privacy.md": "Two.\n"})
    assert policy.versions("privacy.md") == [first, merge]
    assert policy.versions("cookies.md") == [merge]


def test_the_same_edit_on_two_branches_is_published_once(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    policy.git("checkout", "--quiet", "-b", "side")
    policy.publish("privacy.md", "Two.\n")
    policy.git("checkout", "--quiet", "main")
    second = policy.publish("privacy.md", "Two.\n")
    policy.merge("side")
    assert policy.versions("privacy.md") == [first, second]


def test_other_refs_are_never_read(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    policy.git("checkout", "--quiet", "-b", "proposal")
    second = policy.publish("privacy.md", "Two.\n")
    policy.git("checkout", "--quiet", "main")
    assert policy.versions("privacy.md") == [first]
    assert policy.versions("privacy.md", ref="proposal") == [first, second]


def test_order_is_the_position_on_the_mainline_and_not_the_dates(policy: PolicyRepository) -> None:
    commits = [
        policy.publish("privacy.md", "One.\n", at=datetime(2024, 5, 1, tzinfo=UTC)),
        policy.publish("privacy.md", "Two.\n", at=datetime(2023, 5, 1, tzinfo=UTC)),
        policy.publish("privacy.md", "Three.\n", at=datetime(2023, 5, 1, tzinfo=UTC)),
    ]
    document = policy.document("privacy.md")
    assert [version.commit for version in document.versions] == commits
    assert [version.label for version in document.versions] == ["2024-05-01", "2023-05-01", "2023-05-01-2"]


def test_time_is_the_committer_date_in_utc(policy: PolicyRepository) -> None:
    policy.write("privacy.md", "One.\n")
    policy.git("add", "--all")
    policy.git(
        "commit", "--quiet", "--message=x", "--date=2001-01-01T00:00:00Z", at="2024-03-01T01:30:00 +0300"
    )
    (version,) = policy.document("privacy.md").versions
    # GIT_AUTHOR_DATE is overruled by --date, so only the committer's is 2024.
    assert version.published_at == datetime(2024, 2, 29, 22, 30, tzinfo=UTC)


def test_second_zero_is_a_date_like_any_other(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "One.\n", at="@0 +0000")
    (version,) = policy.document("privacy.md").versions
    assert version.published_at == datetime(1970, 1, 1, tzinfo=UTC)
    assert version.label == "1970-01-01"


def test_replace_refs_are_ignored(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    second = policy.publish("privacy.md", "Two.\n")
    third = policy.publish("privacy.md", "Three.\n")
    policy.git("replace", "--graft", third)
    blob = policy.git("rev-parse", f"{second}:privacy.md")
    policy.git("replace", blob, policy.git("rev-parse", f"{first}:privacy.md"))
    assert policy.versions("privacy.md") == [first, second, third]


def test_grafts_are_ignored(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    second = policy.publish("privacy.md", "Two.\n")
    third = policy.publish("privacy.md", "Three.\n")
    (policy.folder / ".git" / "info").mkdir(exist_ok=True)
    (policy.folder / ".git" / "info" / "grafts").write_text(f"{third}\n")
    assert policy.versions("privacy.md") == [first, second, third]


def test_a_root_commit_is_compared_with_nothing(policy: PolicyRepository) -> None:
    policy.git("config", "log.showRoot", "false")
    first = policy.publish("privacy.md", "One.\n")
    assert policy.versions("privacy.md") == [first]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("diff.renames", "copies"),
        ("diff.renameLimit", "1"),
        ("diff.relative", "true"),
        ("diff.orderFile", "nowhere"),
        ("diff.ignoreSubmodules", "all"),
        ("log.diffMerges", "off"),
        ("log.follow", "true"),
        ("log.showSignature", "true"),
        ("core.quotePath", "true"),
        ("core.abbrev", "4"),
        ("color.ui", "always"),
        ("i18n.logOutputEncoding", "UTF-16"),
    ],
)
def test_the_readers_git_settings_change_nothing(policy: PolicyRepository, setting: str, value: str) -> None:
    policy.publish("nowhere", "")
    first = policy.publish("règles.md", "One.\n")
    policy.write("copy.md", "One.\n")
    second = policy.publish("règles.md", "Two.\n")
    policy.git("config", setting, value)
    assert policy.versions("règles.md") == [first, second]
    assert policy.versions("copy.md") == [second]


def test_a_shallow_clone_is_refused_with_its_remedy(policy: PolicyRepository, tmp_path: Path) -> None:
    policy.publish("privacy.md", "One.\n")
    policy.publish("privacy.md", "Two.\n")
    shallow = tmp_path / "shallow"
    policy.git("clone", "--quiet", "--depth=1", policy.folder.as_uri(), str(shallow))
    with (
        pytest.raises(ShallowHistoryError, match="git fetch --unshallow"),
        open_repository(shallow) as opened,
    ):
        opened.mainline(opened.resolve(), folder="")


def test_labels_are_days_in_the_sites_time_zone(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "One.\n", at=datetime(2024, 2, 29, 22, 30, tzinfo=UTC))
    (moscow,) = policy.document("privacy.md", time_zone=ZoneInfo("Europe/Moscow")).versions
    assert moscow.label == "2024-03-01"
    assert moscow.effective_on == date(2024, 3, 1)
    assert moscow.published_at == datetime(2024, 2, 29, 22, 30, tzinfo=UTC)


def test_later_versions_of_a_day_are_numbered(policy: PolicyRepository) -> None:
    for minute, text in enumerate(("One.\n", "Two.\n", "Three.\n")):
        policy.publish("privacy.md", text, at=datetime(2024, 3, 1, 8, minute, tzinfo=UTC))
    labels = [version.label for version in policy.document("privacy.md").versions]
    assert labels == ["2024-03-01", "2024-03-01-2", "2024-03-01-3"]


def test_labels_never_change_as_history_grows(policy: PolicyRepository) -> None:
    days = (3, 1, 3, 2, 3, 1)
    seen: list[str] = []
    for number, day in enumerate(days):
        policy.publish("privacy.md", f"Text {number}.\n", at=datetime(2024, 3, day, tzinfo=UTC))
        labels = [version.label for version in policy.document("privacy.md").versions]
        assert labels[:-1] == seen
        assert len(set(labels)) == len(labels)
        seen = labels


def test_a_bundle_a_bare_clone_a_subfolder_and_a_work_tree_have_the_same_history(
    policy: PolicyRepository, tmp_path: Path
) -> None:
    policy.publish("policy/privacy.md", "One.\n")
    policy.publish("policy/privacy.md", "Two.\n")
    bundle, bare = tmp_path / "policy.bundle", tmp_path / "bare.git"
    policy.git("bundle", "create", "--quiet", str(bundle), "main")
    policy.git("clone", "--quiet", "--bare", str(policy.folder), str(bare))
    worktree = tmp_path / "worktree"
    policy.git("worktree", "add", "--quiet", "--detach", str(worktree))
    mainlines = []
    for place in (bundle, bare, worktree, policy.folder, policy.folder / ".git", policy.folder / "policy"):
        with open_repository(place) as opened:
            mainlines.append(opened.mainline(opened.resolve(), folder="policy"))
    assert len(mainlines[0]) == 2
    assert all(mainline == mainlines[0] for mainline in mainlines)


def test_a_repository_with_sha256_names_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "repository"
    subprocess.run(["git", "init", "--quiet", "--object-format=sha256", folder], check=True)
    policy = PolicyRepository(folder)
    first = policy.publish("privacy.md", "One.\n")
    assert len(first) == 64
    assert policy.versions("privacy.md") == [first]
