"""The check of a pull request: front matter, summary, effective date, and the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.checked_site import FIRST, changed, checked, findings, site_with_a_policy
from support.policy_site import PolicySite, text

from generator.checking.report import Report
from generator.checking.report_formats import as_annotations, as_markdown, as_text
from generator.errors import ForeignBaseError, UnknownRefError


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    return site_with_a_policy(tmp_path)


def test_a_change_with_complete_front_matter_passes(site: PolicySite) -> None:
    assert findings(site, changed("We keep it two days.")) == []


def test_an_editorial_change_needs_no_date(site: PolicySite) -> None:
    assert findings(site, text("We hold it for ten days.", change="editorial", summary="One word.")) == []


@pytest.mark.parametrize(
    ("front", "problem"),
    [
        ({"summary": ""}, "1: error: `summary` is missing"),
        ({"summary": "First."}, "4: error: `summary` is unchanged from version 2024-01-01"),
        ({"summary": "first"}, "4: error: `summary` is unchanged from version 2024-01-01"),
        ({"impact": ""}, "1: error: `impact` is missing"),
        ({"impact": "You know how long."}, "5: error: `impact` is unchanged from version 2024-01-01"),
        ({"effective": ""}, "1: error: `effective` is missing"),
        ({"change": ""}, "1: warning: `change` is missing"),
        ({"effective": "2026-01-01"}, "6: error: `effective` is unchanged from the previous version"),
        ({"effective": "2026-05-31"}, "6: error: `effective` (2026-05-31) is in the past"),
        (
            {"effective": "2026-05-31", "change": "editorial"},
            "6: warning: `effective` (2026-05-31) is in the past",
        ),
        ({"effective": "2062-07-01"}, "6: warning: `effective` is more than a year ahead"),
        ({"change": "big"}, "3: error: `change` is"),
        ({"effective": "soon"}, "6: error: `effective` is not a date"),
    ],
)
def test_missing_and_repeated_front_matter_is_reported_with_its_line(
    site: PolicySite, front: dict[str, str], problem: str
) -> None:
    found = findings(site, changed("We keep it two days.", **front))
    assert any(finding.startswith(f"policy/privacy.md:{problem}") for finding in found), found


def test_an_editorial_change_may_repeat_its_impact(site: PolicySite) -> None:
    new = text("We hold it for ten days.", change="editorial", summary="One.", impact="You know how long.")
    assert findings(site, new) == []


def test_front_matter_that_is_not_yaml_is_an_error(site: PolicySite) -> None:
    [finding] = [found for found in findings(site, "---\n- a\n---\n\nText\n") if "front matter" in found]
    assert finding.startswith("policy/privacy.md:2: error: ")


def test_an_edit_that_readers_cannot_see_is_no_version(site: PolicySite) -> None:
    report = findings(site, FIRST.replace("summary: First.", "summary: Other."))
    assert report == [
        "policy/privacy.md:3: warning: readers see no difference, so there is no new version and nobody is "
        "notified; the new front matter is used only if the version is not published yet"
    ]


def test_a_new_document_needs_a_summary_and_an_impact(site: PolicySite) -> None:
    new = findings(site, "---\ntitle: Cookies\n---\n\nNone.\n", path="cookies.md")
    assert [finding.partition(";")[0] for finding in new] == [
        "policy/cookies.md:1: error: `summary` is missing",
        "policy/cookies.md:1: error: `impact` is missing",
    ]
    complete = "---\nsummary: Our cookies.\nimpact: You know them.\n---\n\n# Cookies\n"
    assert findings(site, complete, path="cookies.md") == []


def test_a_new_document_without_front_matter_is_only_a_warning(site: PolicySite) -> None:
    [finding] = findings(site, "# Cookies\n", path="cookies.md")
    assert "warning: this new document has no front matter" in finding


def test_neither_the_start_page_nor_a_translation_is_a_new_document(site: PolicySite) -> None:
    site.repository.write("policy/index.md", "# Start\n")
    assert findings(site, "---\ntitle: Политика\n---\n\nДесять дней.\n", path="privacy.ru.md") == []
    report = checked(site)
    assert [proposal.path for proposal in report.proposals] == ["policy/index.md", "policy/privacy.ru.md"]
    assert list(as_text(report)) == [
        "policy/index.md: a new document",
        "policy/privacy.ru.md: a new translation",
    ]


def test_two_documents_at_one_path_are_an_error(site: PolicySite) -> None:
    site.repository.write("policy/privacy/index.md", "# Other\n")
    assert any("rename one of them" in str(finding) for finding in checked(site).findings)


def test_a_branch_is_compared_with_its_base(site: PolicySite) -> None:
    site.publish("privacy.md", text("Two days."))
    assert checked(site).proposals == ()
    report = checked(site, base="HEAD~1")
    assert [proposal.path for proposal in report.proposals] == ["policy/privacy.md"]
    assert not report.passed


def test_later_commits_on_the_base_are_no_findings_of_the_branch(site: PolicySite) -> None:
    site.repository.git("branch", "proposal")
    site.publish("cookies.md", "# Cookies\n")
    site.publish("privacy.md", text("Forty days."))
    site.repository.git("switch", "--quiet", "proposal")
    assert checked(site, base="main") == Report(findings=(), proposals=())
    site.publish("terms.md", changed("Terms.", title="Terms"))
    assert [proposal.path for proposal in checked(site, base="main").proposals] == ["policy/terms.md"]


def test_a_base_with_another_history_is_refused(site: PolicySite) -> None:
    site.repository.git("switch", "--quiet", "--orphan", "other")
    site.repository.commit()
    site.repository.git("switch", "--quiet", "main")
    with pytest.raises(ForeignBaseError, match="with --base, name the branch"):
        checked(site, base="other")


def test_an_unknown_base_is_refused_with_the_name_of_the_option(site: PolicySite) -> None:
    with pytest.raises(UnknownRefError, match=r"choose a branch with --base \(existing: main\)"):
        checked(site, base="nowhere")


def test_the_markdown_report_shows_the_redline_the_summary_and_the_impact(site: PolicySite) -> None:
    site.repository.write(
        "policy/privacy.md",
        text(
            "We keep it for two days.",
            change="material",
            summary="Now <two> days.",
            impact="Shorter.",
            effective="2026-07-01",
        ),
    )
    summary = "\n".join(as_markdown(checked(site)))
    assert "## Privacy policy" in summary
    assert "**In short:** Now &lt;two&gt; days." in summary
    assert "**What it means for you:** Shorter." in summary
    assert "takes effect on 2026-07-01" in summary
    assert "<del" in summary


def test_annotations_name_file_and_line(site: PolicySite) -> None:
    site.repository.write("policy/privacy.md", text("Two days.", change="editorial"))
    assert list(as_annotations(checked(site))) == [
        "::error file=policy/privacy.md,line=1::`summary` is missing; say in plain words what changed"
    ]


def test_a_check_without_changes_says_that_readers_see_no_difference(site: PolicySite) -> None:
    assert list(as_text(checked(site))) == ["readers will see no difference"]
