"""The check of effective dates, and of an upcoming text beside the current one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.policy_site import PolicySite, text

from generator.checking.draft import check_draft
from generator.checking.report import Report
from generator.checking.report_formats import as_markdown
from generator.git.repository import open_repository
from generator.mkdocs_plugin.run import read_config

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD, NEW = "We keep it for one year.\n\nAny qestion? Write to us.", "Ten years.\n\nAny qestion? Write to us."
CURRENT = text(OLD, change="material", summary="First.", impact="All.")
ANNOUNCED = text(NEW, change="material", effective="2026-08-01", summary="Ten.", impact="Longer.")


def words(body: str, **front: str) -> str:
    """A change that says all that is asked for."""
    stated = {"change": "editorial", "summary": "A typing error.", **front}
    return text(body, **stated)


def mended(body: str) -> str:
    return body.replace("qestion", "question")


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path)
    site.write_config()
    site.publish("privacy.md", CURRENT, on=date(2026, 1, 1))
    return site


@pytest.fixture
def pending(site: PolicySite) -> PolicySite:
    site.publish("privacy.md", ANNOUNCED, on=date(2026, 5, 1))
    return site


@pytest.fixture
def beside(site: PolicySite) -> PolicySite:
    site.publish("privacy.upcoming.md", ANNOUNCED, on=date(2026, 5, 1))
    return site


def checked(site: PolicySite, *, at: datetime = NOW, base: str | None = None) -> Report:
    config = read_config(site.config_file)
    with open_repository(config.documents) as repository:
        return check_draft(config, repository, base=base, at=at, cache={})


def findings(site: PolicySite, *, at: datetime = NOW, **texts: str | None) -> list[str]:
    for name, content in texts.items():
        path = f"policy/{name.replace('__', '.')}.md"
        site.repository.remove(path) if content is None else site.repository.write(path, content)
    return [str(finding) for finding in checked(site, at=at).findings]


def test_a_correction_of_a_pending_text_needs_no_effective_date(pending: PolicySite) -> None:
    assert findings(pending, privacy=words(mended(NEW))) == []
    (section,) = [line for line in as_markdown(checked(pending)) if "takes effect" in line]
    assert "takes effect on 2026-08-01" in section
    assert "No longer says" not in "\n".join(as_markdown(checked(pending)))


def test_a_day_before_a_pending_one_is_an_error(pending: PolicySite) -> None:
    (finding,) = findings(pending, privacy=words(mended(NEW), effective="2026-06-02"))
    assert finding.startswith("policy/privacy.md:5: error: `effective` (2026-06-02) is before 2026-08-01")
    assert "`withdraws: 2026-05-01`" in finding


def test_a_change_that_withdraws_a_pending_one_may_come_before_its_day(pending: PolicySite) -> None:
    new = words(mended(OLD), effective="2026-06-02", withdraws="2026-05-01")
    assert findings(pending, privacy=new) == []


@pytest.mark.parametrize("label", ["2026-05-02", "2026-01-01", "may"])
def test_withdrawing_a_version_that_is_not_pending_is_an_error(pending: PolicySite, label: str) -> None:
    found = findings(pending, privacy=words(mended(NEW), withdraws=label))
    assert found == [
        f"policy/privacy.md:5: error: `withdraws` names {label!r}, which is not a pending version "
        "(pending: 2026-05-01); correct the label, or remove `withdraws`"
    ]


def test_a_pending_change_is_postponed_by_withdrawing_it(pending: PolicySite) -> None:
    later = {"change": "material", "effective": "2026-09-01", "impact": "You get more time."}
    (finding,) = findings(pending, privacy=words(NEW, **later))
    assert "error: version 2026-05-01 has the same text and takes effect on 2026-08-01" in finding
    assert findings(pending, privacy=words(NEW, **later, withdraws="2026-05-01")) == []


def test_a_second_pending_change_is_a_warning(pending: PolicySite) -> None:
    more = words(NEW + "\n\nMore.", change="material", effective="2026-09-01", impact="More.")
    (finding,) = findings(pending, privacy=more)
    assert "warning: version 2026-05-01 takes effect before this one, on 2026-08-01" in finding


def test_commits_of_one_branch_are_one_change(pending: PolicySite) -> None:
    pending.publish("privacy.md", words(mended(NEW), effective="2026-06-02"), on=date(2026, 5, 2))
    pending.publish("privacy.md", words(mended(NEW)), on=date(2026, 5, 3))
    assert checked(pending, base="HEAD~2").findings == ()


def test_an_upcoming_text_is_compared_with_the_current_one(site: PolicySite) -> None:
    assert findings(site, privacy__upcoming=ANNOUNCED) == []
    (proposal,) = checked(site).proposals
    assert proposal.path == "policy/privacy.upcoming.md"
    assert proposal.redline is not None
    assert proposal.redline.words_inserted < 10
    unchanged = ANNOUNCED.replace("Ten.", "First.")
    assert "`summary` is unchanged from" in findings(site, privacy__upcoming=unchanged)[0]


def test_an_upcoming_text_without_its_day_is_an_error(site: PolicySite) -> None:
    found = findings(site, privacy__upcoming=words(NEW))
    assert [line for line in found if "error: `effective` is missing" in line]


def test_an_upcoming_text_without_a_current_one_is_an_error(site: PolicySite) -> None:
    found = findings(site, terms__upcoming=ANNOUNCED)
    assert [line for line in found if "there is no terms.md beside this file" in line]
    found = findings(site, terms__upcoming=None, privacy__upcoming__ru=ANNOUNCED)
    assert [line for line in found if "rename the upcoming text to privacy.ru.upcoming.md" in line]


def test_a_correction_of_the_current_text_has_to_be_in_the_upcoming_one(beside: PolicySite) -> None:
    (finding,) = findings(beside, privacy=words(mended(OLD)))
    assert finding.startswith(
        "policy/privacy.md: error: the correction of “qestion?” to “question?” is missing"
    )
    assert "privacy.upcoming.md" in finding
    announced = words(mended(NEW), effective="2026-08-01", summary="Another typing error.")
    assert findings(beside, privacy__upcoming=announced) == []
    assert [proposal.path for proposal in checked(beside).proposals] == [
        "policy/privacy.md",
        "policy/privacy.upcoming.md",
    ]


def test_a_correction_of_words_that_the_upcoming_text_does_not_have_passes(beside: PolicySite) -> None:
    assert findings(beside, privacy=words(OLD.replace("one year", "a year"))) == []


@pytest.mark.parametrize(
    ("correct", "said"),
    [
        (lambda body: body + "\n\nOr call us.", "the addition “Or call us.”"),
        (lambda body: body.replace(" Write to us.", ""), "the removal of “Write to us.”"),
    ],
    ids=["added", "removed"],
)
def test_an_addition_and_a_removal_are_corrections(beside: PolicySite, correct: object, said: str) -> None:
    assert callable(correct)
    assert said in findings(beside, privacy=words(correct(OLD)))[0]
    again = words(correct(NEW), effective="2026-08-01", summary="The same.")
    assert findings(beside, privacy__upcoming=again) == []


def test_a_correction_that_would_never_take_effect_is_an_error(beside: PolicySite) -> None:
    late = words(OLD.replace("one year", "a year"), effective="2026-08-01")
    assert (
        "so this text, which would take effect on 2026-08-01, never does" in findings(beside, privacy=late)[0]
    )


def test_after_its_day_the_old_text_is_not_edited(beside: PolicySite) -> None:
    after = datetime(2026, 8, 2, tzinfo=UTC)
    (finding,) = findings(beside, privacy=words(mended(OLD)), at=after)
    assert "move the upcoming file over this one first" in finding
    (finding,) = findings(beside, privacy=CURRENT, privacy__upcoming=words(mended(NEW)), at=after)
    assert "move this file over the current one" in finding


def test_after_its_day_the_upcoming_text_is_moved_over(beside: PolicySite) -> None:
    after = datetime(2026, 8, 2, tzinfo=UTC)
    assert findings(beside, privacy=ANNOUNCED, privacy__upcoming=None, at=after) == []
    assert checked(beside, at=after).proposals == ()
    assert findings(beside, privacy=words(mended(NEW)), at=after) == []


def test_removing_the_upcoming_text_needs_withdraws_and_a_summary(beside: PolicySite) -> None:
    (finding,) = findings(beside, privacy__upcoming=None)
    assert "add `withdraws: 2026-05-01` and a `summary`" in finding
    assert findings(beside, privacy=words(OLD, summary="We will not.", withdraws="2026-05-01")) == []
    (proposal,) = checked(beside).proposals
    assert proposal.effective_on == NOW.date()
    after = datetime(2026, 8, 2, tzinfo=UTC)
    assert "its file was removed" in findings(beside, privacy=CURRENT, at=after)[0]


def test_bad_front_matter_of_the_upcoming_text_is_an_error(beside: PolicySite) -> None:
    found = findings(beside, privacy__upcoming=ANNOUNCED.replace("material", "huge"))
    assert [line for line in found if line.startswith("policy/privacy.upcoming.md:3: error: `change`")]


def test_a_translation_does_not_come_before_what_it_translates(pending: PolicySite) -> None:
    pending.publish("privacy.ru.md", text("Год.", title="Политика", summary="Перевод."), on=date(2026, 5, 2))
    (finding,) = findings(pending, privacy__ru=words("Десять лет.", summary="Десять."))
    assert (
        "warning: this translation takes effect on 2026-06-01, "
        "but the newest text of privacy.md on 2026-08-01" in finding
    )
    both: dict[str, Any] = {
        "privacy": words(mended(NEW), effective="2026-08-01"),
        "privacy__ru": words("Десять лет.", summary="Десять."),
    }
    (finding,) = findings(pending, **both)
    assert "policy/privacy.ru.md:1: error: this translation takes effect on 2026-06-01" in finding
    both["privacy__ru"] = words("Десять лет.", summary="Десять.", effective="2026-08-01")
    assert findings(pending, **both) == []
