"""A document is withdrawn by its front matter: pages say since when and why, and users are notified once."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from support.checked_site import NOW, changed, checked, findings, site_with_a_policy
from support.policy_site import PolicySite
from support.world import SENDER

from subscribers.messages.compose import compose
from subscribers.messages.content import read_content
from subscribers.site.history_json import parse_history
from subscribers.site.news import news
from subscribers.site.site_reader import open_site

BODY = "We keep it for ten days."
END = {
    "effective": "",
    "summary": "We sold the shop.",
    "impact": "Your data are deleted.",
    "withdrawn": "2026-07-01",
}
BEFORE, AFTER = date(2026, 6, 30), date(2026, 7, 1)
WITHDRAWN_AT = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    return site_with_a_policy(tmp_path)


def withdraw(site: PolicySite, **front: str) -> str:
    return site.repository.publish("policy/privacy.md", changed(BODY, **{**END, **front}), at=WITHDRAWN_AT)


def periods(site: PolicySite) -> list[tuple[str, str | None]]:
    return [(one["from"], one["until"]) for one in site.json("privacy/in-force.json")["periods"]]


def told(site: PolicySite, known: dict[str, str], *, today: date, language: str = "en") -> Any:
    published = open_site(str(site.folder))
    return read_content(published, news(published.history, known, language=language), today=today).documents


def labels(site: PolicySite) -> dict[str, str]:
    raw = (site.folder / "history.json").read_bytes()
    return {one.id: one.newest.label for one in parse_history(raw, where="x").documents}


def test_the_document_is_in_force_until_its_last_day(site: PolicySite) -> None:
    commit = withdraw(site)
    site.build(day=BEFORE)
    document = site.document("privacy")
    assert document["withdrawn_on"] == "2026-07-01"
    assert document["withdrawal"] == {
        "summary": "We sold the shop.",
        "impact": "Your data are deleted.",
        "published_at": "2026-06-01T09:00:00Z",
        "commit": commit,
    }
    assert periods(site) == [("2026-01-01", "2026-07-01")]
    page = site.page("privacy")
    assert "This policy will be withdrawn on 1 July 2026" in page
    assert "We sold the shop." in page


def test_the_page_says_since_when_it_no_longer_applies_and_why(site: PolicySite) -> None:
    withdraw(site)
    site.build(day=AFTER)
    page = site.page("privacy")
    assert "This policy was withdrawn" in page
    assert "The policy was withdrawn on 1 July 2026" in page
    assert "We sold the shop." in page
    assert "Your data are deleted." in page
    assert BODY in page
    assert periods(site) == [("2026-01-01", "2026-07-01")]
    assert "was withdrawn on 1 July 2026" in site.page("privacy/versions/2026-06-01")
    assert "This version is not in force yet" not in site.page("privacy/versions/2026-06-01")


def test_a_day_before_the_publication_counts_from_the_publication(site: PolicySite) -> None:
    withdraw(site, withdrawn="2026-05-01")
    site.build(day=AFTER)
    assert site.document("privacy")["withdrawn_on"] == "2026-06-01"
    assert periods(site) == [("2026-01-01", "2026-06-01")]


def test_the_change_page_lists_the_withdrawal(site: PolicySite) -> None:
    withdraw(site)
    site.build(day=BEFORE)
    redline = json.loads((site.folder / "privacy/changes/2026-06-01/redline.json").read_text())
    assert [one["text"] for one in redline["changes"]] == ["The document is withdrawn on 1 July 2026"]


def test_a_later_deletion_says_nothing_new(site: PolicySite) -> None:
    withdraw(site)
    site.build(day=AFTER)
    known = labels(site)
    before = site.document("privacy")
    site.repository.remove("policy/privacy.md")
    assert checked(site).findings == ()
    site.repository.commit(at=datetime(2026, 8, 1, tzinfo=UTC))
    site.build(day=date(2026, 8, 2))
    after = site.document("privacy")
    assert (after["withdrawn_on"], after["withdrawal"]) == (before["withdrawn_on"], before["withdrawal"])
    assert "The policy was withdrawn on 1 July 2026" in site.page("privacy")
    assert told(site, known, today=AFTER) == ()


def test_a_document_deleted_before_its_withdrawal_was_announced_is_still_news(site: PolicySite) -> None:
    site.build(day=BEFORE)
    known = labels(site)
    withdraw(site)
    site.repository.remove("policy/privacy.md")
    site.repository.commit(at=datetime(2026, 6, 2, tzinfo=UTC))
    site.build(day=BEFORE)
    [document] = told(site, known, today=BEFORE)
    assert document.versions[0].ends
    assert told(site, labels(site), today=BEFORE) == ()


def test_taking_a_withdrawal_back_is_a_change(site: PolicySite) -> None:
    withdraw(site)
    site.build(day=AFTER)
    known = labels(site)
    site.repository.publish(
        "policy/privacy.md",
        changed(BODY, summary="We bought it back.", impact="It applies again.", effective="2026-08-01"),
        at=datetime(2026, 7, 20, tzinfo=UTC),
    )
    site.build(day=date(2026, 8, 2))
    document = site.document("privacy")
    assert (document["withdrawn_on"], document["withdrawal"]) == (None, None)
    assert periods(site) == [("2026-01-01", "2026-07-01"), ("2026-08-01", None)]
    [news_of] = told(site, known, today=date(2026, 8, 2))
    assert not news_of.versions[0].ends
    assert "This policy was withdrawn" not in site.page("privacy")


def test_an_edit_of_what_has_ended_does_not_move_its_end(site: PolicySite) -> None:
    withdraw(site)
    site.repository.publish(
        "policy/privacy.md",
        changed("We kept it.", **{**END, "summary": "Past tense."}),
        at=datetime(2026, 9, 1, tzinfo=UTC),
    )
    site.build(day=date(2026, 9, 2))
    assert site.document("privacy")["withdrawn_on"] == "2026-07-01"


@pytest.mark.parametrize(
    ("front", "problem"),
    [
        ({"summary": ""}, "`summary` is missing"),
        ({"impact": ""}, "`impact` is missing"),
        ({"summary": "First."}, "`summary` is unchanged from"),
        ({"withdrawn": "2026-05-01"}, "`withdrawn` (2026-05-01) is in the past"),
        ({"withdrawn": "soon"}, "`withdrawn` is not a date"),
    ],
)
def test_a_withdrawal_says_what_readers_need(site: PolicySite, front: dict[str, str], problem: str) -> None:
    found = findings(site, changed(BODY, **{**END, **front}))
    assert any("error" in finding and problem in finding for finding in found), found


def test_a_withdrawal_that_says_all_passes(site: PolicySite) -> None:
    assert NOW.date() < date(2026, 7, 1)
    assert findings(site, changed(BODY, **END)) == []


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("en", "“Privacy policy” ends on 1 July 2026", "“Privacy policy” no longer applies"),
        ("ru", "документ «Privacy policy» утратит силу 1 июля 2026 года", "больше не действует"),
    ],
)
def test_the_email_says_when_and_why_it_ends(
    site: PolicySite, language: str, before: str, after: str
) -> None:
    site.build(day=BEFORE)
    known = labels(site)
    withdraw(site)
    site.build(day=BEFORE)
    published = open_site(str(site.folder))
    for today, headline in ((BEFORE, before), (AFTER, after)):
        content = read_content(published, news(published.history, known, language=language), today=today)
        message = compose(content, language=language, sender=SENDER)
        assert headline.casefold() in message.subject.casefold()
        assert "We sold the shop." in message.text
        assert "Your data are deleted." in message.html
    assert told(site, labels(site), today=AFTER, language=language) == ()
