"""Every sentence of an email is true if another change has not taken effect yet."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.headerregistry import Address
from pathlib import Path

import pytest
from support.policy_site import PolicySite, text

from subscribers.messages.preview import previews
from subscribers.settings import Sender
from subscribers.site.news import news
from subscribers.site.site_reader import open_site

SENDER = Sender(address=Address("Firm", "a", "example.com"), legal_name="Firm", contact="b@example.com")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD, NEW = "We keep it for one year.\n\nAny qestion?", "We keep it for ten years.\n\nAny qestion?"
ANNOUNCED = {"change": "material", "effective": "2026-08-01", "summary": "Ten years.", "impact": "Longer."}
MENDED = {"change": "editorial", "summary": "A typing error.", "impact": "Nothing changes for you."}


def mended(body: str) -> str:
    return body.replace("qestion", "question")


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path)
    site.publish("privacy.md", text(OLD), on=date(2026, 1, 1))
    return site


@pytest.fixture
def pending(site: PolicySite) -> PolicySite:
    site.publish("privacy.md", text(NEW, **ANNOUNCED), on=date(2026, 5, 1))
    return site


@pytest.fixture
def beside(site: PolicySite) -> PolicySite:
    site.publish("privacy.upcoming.md", text(NEW, **ANNOUNCED), on=date(2026, 5, 1))
    return site


def email(site: PolicySite, *, language: str = "en") -> str:
    """Subject and text of the email about the newest commit."""
    site.build()
    history = open_site(str(site.folder))
    (message,) = previews(
        history, document=None, since=None, language=language, sender=SENDER, now=NOW
    ).values()
    return f"{message.subject}\n{message.text}"


def test_a_corrected_typing_error_in_an_announced_text_is_called_a_correction(pending: PolicySite) -> None:
    pending.publish("privacy.md", text(mended(NEW), **MENDED), on=date(2026, 5, 20))
    said = email(pending)
    assert said.startswith(
        "Example Market: a correction to “Privacy policy”, which changes on 1 August 2026\n"
    )
    assert "We have corrected the text announced for 1 August 2026. It takes effect on that day" in said
    assert "WHAT THE CORRECTION MEANS FOR YOU" in said
    assert "No longer says" not in said
    russian = email(pending, language="ru")
    assert russian.startswith(
        "Example Market: исправлена редакция документа «Privacy policy», которая вступит в силу 1 августа"
    )
    assert "Дата и все остальные объявленные изменения остаются прежними" in russian


def test_a_correction_of_the_current_text_says_that_the_announced_change_still_comes(
    beside: PolicySite,
) -> None:
    beside.publish("privacy.md", text(mended(OLD), **MENDED), on=date(2026, 5, 20))
    said = email(beside)
    assert "In effect since 20 May 2026." in said
    assert "The change announced for 1 August 2026 still takes effect on that day." in said
    assert "Any [removed: qestion] [added: question]?" in said
    assert "ten years" not in said


def test_a_correction_of_both_texts_is_described_for_each(beside: PolicySite) -> None:
    beside.repository.write("policy/privacy.md", text(mended(OLD), **MENDED))
    beside.publish(
        "privacy.upcoming.md", text(mended(NEW), **MENDED, effective="2026-08-01"), on=date(2026, 5, 20)
    )
    said = email(beside)
    assert said.startswith("Example Market: “Privacy policy” has changed\n")
    assert said.count("[removed: qestion] [added: question]") == 2
    assert "In effect since 20 May 2026." in said
    assert "We have corrected the text announced for 1 August 2026." in said


@pytest.mark.parametrize("beside_it", [True, False], ids=["two files", "one file"])
@pytest.mark.parametrize("stated", ["2025-12-24", None], ids=["with a day", "without"])
def test_a_withdrawn_change_is_said_not_to_happen(
    tmp_path: Path, *, beside_it: bool, stated: str | None
) -> None:
    site = PolicySite(tmp_path)
    first = text(OLD, **({"effective": stated} if stated else {}))
    site.publish("privacy.md", first, on=date(2026, 1, 1))
    site.publish(
        "privacy.upcoming.md" if beside_it else "privacy.md", text(NEW, **ANNOUNCED), on=date(2026, 5, 1)
    )
    if beside_it:
        site.repository.remove("policy/privacy.upcoming.md")
    words = {"change": "editorial", "summary": "We will not.", "withdraws": "2026-05-01"}
    site.publish("privacy.md", text(OLD, **words), on=date(2026, 5, 20))
    said = email(site)
    assert said.startswith(
        "Example Market: “Privacy policy”: the change announced for 1 August 2026 will not happen\n"
    )
    assert "The policy that applies today stays as it is." in said
    assert "the wording only" not in said
    russian = email(site, language="ru")
    assert russian.startswith(
        "Example Market: «Privacy policy»: изменение, запланированное на 1 августа 2026 года, отменено"
    )
    assert "Действующая редакция остаётся без изменений." in russian


def test_removing_an_upcoming_file_without_a_summary_withdraws_the_change(beside: PolicySite) -> None:
    beside.repository.remove("policy/privacy.upcoming.md")
    beside.repository.commit(at=datetime(2026, 5, 20, tzinfo=UTC))
    said = email(beside)
    assert "the change announced for 1 August 2026 will not happen" in said
    assert "Ten years." not in said, "the summary of what was announced"


def test_an_urgent_change_says_that_it_withdraws_an_announced_one(pending: PolicySite) -> None:
    now = {**MENDED, "change": "material", "summary": "Two days.", "withdraws": "2026-05-01"}
    pending.publish("privacy.md", text("Two days.", **now, effective="2026-05-20"), on=date(2026, 5, 20))
    said = email(pending)
    assert "has changed, and the change announced for 1 August 2026 will not happen\n" in said
    assert "In effect since 20 May 2026." in said
    assert "WHAT CHANGED COMPARED WITH THE ANNOUNCEMENT" in said


@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("2026-09-01", "Takes effect on 1 September 2026. Until then, the current version applies."),
        ("2026-05-20", "In effect since 20 May 2026."),
    ],
)
def test_a_change_moved_to_another_day_says_that_it_replaces_the_announced_one(
    pending: PolicySite, day: str, status: str
) -> None:
    moved = {**ANNOUNCED, "effective": day, "withdraws": "2026-05-01", "summary": "Another day."}
    pending.publish("privacy.md", text(NEW, **moved), on=date(2026, 5, 20))
    said = email(pending)
    assert (
        "The change announced for 1 August 2026 will not happen on that day. This change replaces it." in said
    )
    assert status in said
    assert "1 August 2026 will not happen\n" not in said


def test_a_second_upcoming_change_names_the_first_one(pending: PolicySite) -> None:
    later = {**ANNOUNCED, "effective": "2026-09-01", "summary": "More."}
    pending.publish("privacy.md", text(NEW + "\n\nMore.", **later), on=date(2026, 5, 20))
    said = email(pending)
    assert "Takes effect on 1 September 2026, after another change on 1 August 2026." in said
    assert "Until then" not in said


def test_a_version_published_after_its_effective_date_applies_since_publication(site: PolicySite) -> None:
    site.publish("privacy.md", text(NEW, **{**ANNOUNCED, "effective": "2026-02-01"}), on=date(2026, 5, 20))
    said = email(site)
    assert "In effect since 20 May 2026." in said
    assert "The text names 1 February 2026 as its effective date, but it has applied only since" in said


def test_a_corrected_version_is_said_to_be_replaced_and_not_over(pending: PolicySite) -> None:
    pending.publish("privacy.md", text(mended(NEW), **MENDED), on=date(2026, 5, 20))
    pending.build()
    history = open_site(str(pending.folder))
    (message,) = previews(
        history, document=None, since=date(2026, 4, 1), language="en", sender=SENDER, now=NOW
    ).values()
    assert "“Privacy policy” changes on 1 August 2026" in message.subject
    assert "Replaced by a later version that takes effect on the same day, 1 August 2026." in message.text


def test_a_return_to_a_known_text_hides_no_upcoming_change(beside: PolicySite) -> None:
    beside.publish("privacy.md", text(mended(OLD), **MENDED), on=date(2026, 5, 20))
    beside.publish("privacy.md", text(OLD, **MENDED), on=date(2026, 5, 21))
    beside.build()
    history = open_site(str(beside.folder)).history
    (item,) = news(history, {history.documents[0].id: "2026-01-01"}, language="en")
    assert 2 in [version.number for version in item.versions]


def test_readers_who_did_not_know_a_withdrawn_change_are_not_notified_of_its_withdrawal(
    beside: PolicySite,
) -> None:
    beside.repository.remove("policy/privacy.upcoming.md")
    beside.repository.commit(at=datetime(2026, 5, 20, tzinfo=UTC))
    beside.build()
    history = open_site(str(beside.folder)).history
    document = history.documents[0].id
    assert news(history, {document: "2026-01-01"}, language="en") == ()
    assert len(news(history, {document: "2026-05-01"}, language="en")) == 1
