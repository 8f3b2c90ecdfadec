"""A document stays the same for a check when its file is renamed, and is missed when it is removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.checked_site import changed, checked, site_with_a_policy
from support.policy_site import PolicySite

from generator.checking.report_formats import as_markdown, as_text

BODY = "We never sell your data.\n\n" + "\n\n".join(
    f"Clause {number} says what we keep, for how long, and whom you may ask about it." for number in range(6)
)


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = site_with_a_policy(tmp_path)
    site.publish("privacy.md", changed(BODY, summary="Clauses.", impact="Clauses for you."))
    return site


def edit(site: PolicySite, path: str, **front: str) -> None:
    """Move the policy there and change a word."""
    site.repository.move("policy/privacy.md", f"policy/{path}")
    site.repository.write(f"policy/{path}", changed(BODY.replace("never", "may"), **front))


@pytest.mark.parametrize("path", ["notice.md", "legal/privacy.md", "Privacy.markdown"])
@pytest.mark.parametrize("base", [None, "HEAD~1"])
def test_a_renamed_and_edited_document_is_checked_as_a_change(
    site: PolicySite, path: str, base: str | None
) -> None:
    edit(site, path, summary="First.", impact="Clauses for you.")
    if base:
        site.repository.commit()
    report = checked(site, base)
    assert [finding.text.partition(";")[0] for finding in report.findings] == [
        "`summary` is unchanged from version 2024-01-01",
        "`impact` is unchanged from version 2024-01-02",
        "`effective` is unchanged from the previous version",
    ]
    assert {finding.path for finding in report.findings} == {f"policy/{path}"}
    assert '<del class="rl"' in "\n".join(as_markdown(report))
    assert list(as_text(report))[-1].endswith(f"{path}: 1 change to publish, renamed from policy/privacy.md")


def test_a_rename_alone_is_no_change(site: PolicySite) -> None:
    site.repository.move("policy/privacy.md", "policy/notice.md")
    report = checked(site)
    assert (report.findings, report.proposals, report.removals) == ((), (), ())


def test_the_repository_is_as_it_was_after_a_rename_was_recognised(site: PolicySite) -> None:
    before = sorted(path for path in (site.repository.folder / ".git").rglob("*"))
    edit(site, "notice.md")
    checked(site)
    assert sorted(path for path in (site.repository.folder / ".git").rglob("*")) == before


def test_a_removed_document_is_refused_and_named(site: PolicySite) -> None:
    site.repository.remove("policy/privacy.md")
    report = checked(site)
    [finding] = report.findings
    assert (finding.path, finding.error) == ("policy/privacy.md", True)
    assert "`withdrawn: DATE`" in finding.text
    assert "policy/privacy.md: the document will be removed" in list(as_text(report))
    assert "will be removed." in "\n".join(as_markdown(report))


def test_a_removed_start_page_is_only_a_warning(site: PolicySite) -> None:
    site.publish("index.md", "# Start\n")
    site.repository.remove("policy/index.md")
    [finding] = checked(site).findings
    assert not finding.error


def test_a_revert_cannot_bring_back_an_old_summary(site: PolicySite) -> None:
    site.publish(
        "privacy.md", changed("Couriers.", summary="Couriers.", impact="Couriers!", effective="2026-08-01")
    )
    site.repository.git("revert", "--no-edit", "HEAD")
    texts = [finding.text for finding in checked(site, "HEAD~1").findings if finding.error]
    assert any("`summary` is unchanged from version 2024-01-02" in text for text in texts)


def test_a_restored_document_is_compared_with_its_earlier_versions(site: PolicySite) -> None:
    site.repository.remove("policy/privacy.md")
    site.repository.commit()
    site.repository.write("policy/privacy.md", changed("New words.", summary="Clauses."))
    assert any("`summary` is unchanged from" in finding.text for finding in checked(site).findings)


def test_a_renamed_folder_is_no_change(site: PolicySite) -> None:
    site.publish("scheme.png", b"1")
    site.repository.git("mv", "policy", "policies")
    site.config["docs_dir"] = "policies"
    site.write_config()
    for base in (None, "HEAD~1"):
        if base:
            site.repository.commit()
        report = checked(site, base)
        assert (report.findings, report.proposals, report.removals, report.files) == ((), (), (), ())


def test_a_folder_renamed_with_an_edit_is_checked_as_a_change(site: PolicySite) -> None:
    site.repository.git("mv", "policy", "policies")
    site.config["docs_dir"] = "policies"
    site.write_config()
    site.repository.write("policies/privacy.md", changed("Other words.", summary="Clauses."))
    assert any("`summary` is unchanged from" in finding.text for finding in checked(site).findings)
