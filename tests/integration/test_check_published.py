"""The publication checks again what was merged; until then a later commit can correct the front matter."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.checked_site import FIRST, changed, site_with_a_policy
from support.policy_site import PolicySite
from typer.testing import CliRunner

from generator.cli import app

GOOD = {"summary": "Shorter.", "impact": "Less is kept.", "effective": "2026-02-01"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PolicySite:
    """A site that was built and is published."""
    site = site_with_a_policy(tmp_path)
    site.build()
    monkeypatch.chdir(tmp_path)
    return site


def kept(site: PolicySite) -> Path:
    path = site.repository.folder / "published.json"
    path.write_bytes((site.folder / "history.json").read_bytes())
    return path


def check(published: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", "--published", str(published)])
    return done.exit_code, done.output


def test_what_is_published_is_not_checked_again(site: PolicySite) -> None:
    assert check(kept(site)) == (0, "readers will see no difference\n")


def test_a_change_merged_without_a_check_holds_its_announcement_but_not_the_build(
    site: PolicySite,
) -> None:
    published = kept(site)
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "summary": "First."}))
    code, said = check(published)
    assert code == 1
    assert "`summary` is unchanged from version 2024-01-01" in said
    site.build(published=published)
    [first, second] = site.document("privacy")["versions"]
    assert first["held_for"] == []
    [finding] = second["held_for"]
    assert "`summary` is unchanged from" in finding
    assert check(kept(site))[0] == 0


def test_a_held_announcement_stays_held_in_later_builds(site: PolicySite) -> None:
    published = kept(site)
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "impact": ""}))
    site.build(published=published)
    site.build(published=kept(site))
    assert "`impact` is missing" in site.document("privacy")["versions"][1]["held_for"][0]


def test_a_change_merged_after_its_effective_date_is_an_error(site: PolicySite) -> None:
    published = kept(site)
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "effective": "2024-01-01"}))
    assert "`effective` (2024-01-01) is in the past" in check(published)[1]


def test_a_document_removed_without_a_check_is_an_error(site: PolicySite) -> None:
    published = kept(site)
    site.repository.remove("policy/privacy.md")
    site.repository.commit()
    code, said = check(published)
    assert code == 1
    assert "and nobody would be notified" in said
    site.build(published=published)
    assert check(kept(site))[0] == 0


def test_a_rename_does_not_hide_a_stale_summary(site: PolicySite) -> None:
    published = kept(site)
    site.repository.move("policy/privacy.md", "policy/notice.md")
    site.publish("notice.md", FIRST.replace("ten", "two"))
    assert "policy/notice.md:3: error: `summary` is unchanged from" in check(published)[1]


def test_base_and_published_cannot_be_used_together(site: PolicySite) -> None:
    done = CliRunner().invoke(app, ["check", "--published", str(kept(site)), "--base", "main"])
    assert done.exit_code == 2


def test_a_later_commit_corrects_the_front_matter_of_an_unpublished_version(site: PolicySite) -> None:
    published = kept(site)
    merged = site.publish("privacy.md", changed("Two days.", **{**GOOD, "summary": "First."}))
    site.publish("privacy.md", changed("Two days.", **GOOD, approved_by="Ann"))
    assert check(published)[0] == 0
    site.build(published=published)
    [_, version] = site.document("privacy")["versions"]
    assert (version["commit"], version["label"]) == (merged, "2024-01-02")
    assert (version["summary"], version["approved_by"], version["held_for"]) == ("Shorter.", "Ann", [])


def test_an_unpublished_version_takes_over_the_corrected_day(site: PolicySite) -> None:
    published = kept(site)
    site.publish("privacy.md", changed("Two days.", **GOOD))
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "effective": "2026-03-01"}))
    site.build(published=published)
    days = [one["effective_on"] for one in site.document("privacy")["versions"]]
    assert days == ["2026-01-01", "2026-03-01"]


def test_what_was_published_with_corrected_front_matter_stays(site: PolicySite) -> None:
    published = kept(site)
    site.publish("privacy.md", changed("Two days.", **GOOD))
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "effective": "2026-03-01"}))
    site.publish(
        "privacy.md", changed("Two days.", **{**GOOD, "summary": "Better.", "effective": "2026-04-01"})
    )
    site.build(published=published)
    before = site.document("privacy")["versions"]
    site.publish("privacy.md", changed("Three days.", **{**GOOD, "summary": "Three."}))
    site.build(published=kept(site))
    after = site.document("privacy")["versions"]
    keys = ("label", "commit", "source_blob", "summary", "effective_on")
    assert [[one[key] for key in keys] for one in after[:2]] == [[one[key] for key in keys] for one in before]
    assert after[1]["summary"] == "Better."
    assert len(after) == 3


def test_a_published_version_keeps_its_front_matter(site: PolicySite) -> None:
    site.publish("privacy.md", changed("Two days.", **GOOD))
    site.build()
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "summary": "Other."}))
    site.build(published=kept(site))
    assert site.document("privacy")["versions"][1]["summary"] == "Shorter."


def test_without_published_data_no_front_matter_is_corrected(site: PolicySite) -> None:
    site.publish("privacy.md", changed("Two days.", **GOOD))
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "summary": "Other."}))
    site.build()
    assert site.document("privacy")["versions"][1]["summary"] == "Shorter."


def test_a_correction_back_to_what_is_published_leaves_no_version(site: PolicySite) -> None:
    site.publish("privacy.md", changed("Two days.", **GOOD))
    site.build()
    published = kept(site)
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "effective": "2026-03-01"}))
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "summary": "As it was."}))
    site.build(published=published)
    assert len(site.document("privacy")["versions"]) == 2


def test_a_text_that_came_back_in_between_is_a_version_of_its_own(site: PolicySite) -> None:
    published = kept(site)
    site.publish("privacy.md", changed("Two days.", **GOOD))
    site.publish("privacy.md", changed("Three days.", **{**GOOD, "summary": "Three."}))
    site.publish("privacy.md", changed("Two days.", **{**GOOD, "summary": "Two again."}))
    site.build(published=published)
    summaries = [one["summary"] for one in site.document("privacy")["versions"]]
    assert summaries == ["First.", "Shorter.", "Three.", "Two again."]
