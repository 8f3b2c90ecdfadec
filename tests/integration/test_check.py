"""What a pull request must satisfy: front matter, summary, effective date; and what its summary shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from policy_site import PolicySite, text

from generator import plugin
from generator.checking.check import check
from generator.checking.findings import Report
from generator.checking.formats import as_annotations, as_markdown, as_text
from generator.errors import ForeignBaseError, UnknownRefError
from generator.versions.repository import open_repository

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIRST = text("We keep it for ten days.", summary="First.", effective="2026-01-01")


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path)
    site.write_config()
    site.publish("privacy.md", FIRST)
    return site


def checked(site: PolicySite, base: str | None = None) -> Report:
    config = plugin.read_config(site.config_file)
    with open_repository(config.documents) as repository:
        return check(config, repository, base=base, at=NOW, cache={})


def findings(site: PolicySite, new: str) -> list[str]:
    site.repository.write("policy/privacy.md", new)
    return [str(finding) for finding in checked(site).findings]


def test_a_change_that_says_all_that_is_needed_passes(site: PolicySite) -> None:
    new = text("We keep it two days.", change="material", summary="Shorter.", effective="2026-07-01")
    assert findings(site, new) == []


def test_an_editorial_change_needs_no_date(site: PolicySite) -> None:
    assert findings(site, text("We hold it for ten days.", change="editorial", summary="One word.")) == []


@pytest.mark.parametrize(
    ("front", "problem"),
    [
        ({"change": "material", "effective": "2026-07-01"}, "1: error: `summary` is missing"),
        (
            {"change": "material", "effective": "2026-07-01", "summary": "First."},
            "5: error: `summary` is still that of the version before",
        ),
        ({"change": "material", "summary": "Shorter."}, "1: error: `effective` is missing"),
        ({"summary": "Shorter.", "effective": "2026-07-01"}, "1: warning: `change` is missing"),
        (
            {"change": "material", "summary": "Shorter.", "effective": "2026-01-01"},
            "5: error: `effective` is still that of the version before",
        ),
        (
            {"change": "material", "summary": "Shorter.", "effective": "2026-05-31"},
            "5: error: `effective` (2026-05-31) is past",
        ),
        (
            {"change": "editorial", "summary": "Shorter.", "effective": "2026-05-31"},
            "5: warning: `effective` (2026-05-31) is past",
        ),
        (
            {"change": "material", "summary": "Shorter.", "effective": "2062-07-01"},
            "5: warning: `effective` is more than a year ahead",
        ),
        ({"change": "big", "summary": "Shorter.", "effective": "2026-07-01"}, "3: error: `change` is"),
        (
            {"change": "material", "summary": "Shorter.", "effective": "soon"},
            "5: error: `effective` is no date",
        ),
    ],
)
def test_what_a_change_lacks_is_named_with_its_line(
    site: PolicySite, front: dict[str, str], problem: str
) -> None:
    ordered = {key: front[key] for key in ("change", "summary", "effective") if key in front}
    if ordered.get("summary") == "First.":
        ordered = {key: ordered[key] for key in ("change", "effective", "summary")}
    found = findings(site, text("We keep it two days.", **ordered))
    assert any(finding.startswith(f"policy/privacy.md:{problem}") for finding in found), found


def test_a_front_matter_that_is_none_is_an_error(site: PolicySite) -> None:
    [finding] = [found for found in findings(site, "---\n- a\n---\n\nText\n") if "front matter" in found]
    assert finding.startswith("policy/privacy.md:2: error: ")


def test_an_edit_that_nobody_sees_is_no_version(site: PolicySite) -> None:
    report = findings(site, FIRST.replace("summary: First.", "summary: Other."))
    assert report == [
        "policy/privacy.md:3: warning: nothing visible changed, so this is no version and nobody is told"
    ]


def test_a_new_document_and_the_start_page_need_no_summary(site: PolicySite) -> None:
    site.repository.write("policy/index.md", "# Start\n")
    site.repository.write("policy/cookies.md", "# Cookies\n")
    report = checked(site)
    assert report.findings == ()
    assert [proposal.path for proposal in report.proposals] == ["policy/cookies.md", "policy/index.md"]


def test_two_documents_on_one_address_are_an_error(site: PolicySite) -> None:
    site.repository.write("policy/privacy/index.md", "# Other\n")
    assert any("rename one of them" in str(finding) for finding in checked(site).findings)


def test_a_branch_is_compared_with_its_base(site: PolicySite) -> None:
    site.publish("privacy.md", text("Two days."))
    assert checked(site).proposals == ()
    report = checked(site, base="HEAD~1")
    assert [proposal.path for proposal in report.proposals] == ["policy/privacy.md"]
    assert not report.passed


def test_a_branch_is_not_blamed_for_what_its_base_got_since(site: PolicySite) -> None:
    site.repository.git("branch", "proposal")
    site.publish("cookies.md", "# Cookies\n")
    site.publish("privacy.md", text("Forty days."))
    site.repository.git("switch", "--quiet", "proposal")
    assert checked(site, base="main") == Report(findings=(), proposals=())
    site.publish("terms.md", "# Terms\n")
    assert [proposal.path for proposal in checked(site, base="main").proposals] == ["policy/terms.md"]


def test_a_base_with_another_history_is_refused(site: PolicySite) -> None:
    site.repository.git("switch", "--quiet", "--orphan", "other")
    site.repository.commit()
    site.repository.git("switch", "--quiet", "main")
    with pytest.raises(ForeignBaseError, match="name another with --base"):
        checked(site, base="other")


def test_a_base_that_is_nowhere_is_refused_with_its_option(site: PolicySite) -> None:
    with pytest.raises(UnknownRefError, match=r"name a branch with --base \(there: main\)"):
        checked(site, base="nowhere")


def test_the_summary_shows_the_redline_and_what_it_means(site: PolicySite) -> None:
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
    assert "takes effect 2026-07-01" in summary
    assert "<del" in summary


def test_annotations_name_file_and_line(site: PolicySite) -> None:
    site.repository.write("policy/privacy.md", text("Two days.", change="editorial"))
    assert list(as_annotations(checked(site))) == [
        "::error file=policy/privacy.md,line=1::`summary` is missing; say in plain words what changed"
    ]


def test_nothing_to_check_is_said(site: PolicySite) -> None:
    assert list(as_text(checked(site))) == ["nothing changed that a reader would see"]
