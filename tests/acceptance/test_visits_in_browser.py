"""A page remembers a visit on the device alone and sends it to no one: in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page
from support.policy_site import PALETTE, PolicySite, text
from support.watched_page import REFUSED_STORAGE, Watched, watched
from support.web_host import hosted


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path, since=2)
    site.config["theme"]["palette"] = PALETTE
    site.publish("privacy.md", text("We keep it for one day."), on=date(2026, 1, 1))
    site.build()
    return site


@pytest.fixture
def address(site: PolicySite) -> Iterator[str]:
    with hosted(site.folder) as root:
        yield f"{root}privacy/"


@pytest.fixture
def seen(browser: Browser, address: str) -> Iterator[Watched]:
    with watched(browser, address.removesuffix("privacy/"), scripts={}) as seen:
        yield seen


def publish(site: PolicySite, *months: int) -> None:
    for month in months:
        site.publish("privacy.md", text(f"We keep it for {month} days."), on=date(2026, month, 1))
    site.build()


def notice(page: Page) -> Locator:
    return page.get_by_role("complementary", name="This text has changed since your last visit")


@pytest.mark.parametrize(
    ("months", "leads_to"),
    [
        ([2], "changes/2026-02-01/"),
        ([2, 3], "since/2026-01-01/"),
        ([2, 3, 4], "compare/?from=2026-01-01&to=2026-04-01"),
    ],
)
def test_a_notice_leads_to_exactly_what_changed_since_the_last_visit(
    site: PolicySite, seen: Watched, address: str, months: list[int], leads_to: str
) -> None:
    page = seen.page
    for _ in range(2):
        page.goto(address)
        assert not notice(page).is_visible(), "the first visit, and one without news"
    day = page.evaluate("new Date().toLocaleDateString('en-GB', {dateStyle: 'long'})")
    publish(site, *months)
    page.goto(address)
    assert f"On {day} you read the version of 1 January 2026" in notice(page).inner_text()
    notice(page).get_by_role("link", name="See what has changed since then").press("Enter")
    page.wait_for_url(address + leads_to)
    page.locator(".rl:visible").last.wait_for()
    for mark, words in (("del", "one"), ("ins", f"{months[-1]}")):
        marked = page.locator(f"{mark}.rl:visible:not(.ps-legend *)")
        assert words in marked.first.evaluate("mark => mark.lastChild.textContent")
    page.goto(address)
    assert not notice(page).is_visible(), "it was seen"
    assert seen.asked == seen.complaints == []
    assert page.context.cookies() == []


def test_a_reader_can_close_the_notice_and_can_forbid_to_be_remembered(
    site: PolicySite, seen: Watched, address: str
) -> None:
    page = seen.page
    page.goto(address)
    publish(site, 2)
    page.goto(address)
    notice(page).get_by_role("button", name="I have seen it").click()
    assert not notice(page).is_visible()
    page.reload()
    assert not notice(page).is_visible()
    publish(site, 3)
    page.reload()
    notice(page).get_by_role("button", name="Do not remember my visits").click()
    publish(site, 4)
    page.reload()
    assert not notice(page).is_visible()
    kept = page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('policysite.visit'))")
    assert kept == ["policysite.visit.off"]


def test_nothing_breaks_where_storage_is_refused(browser: Browser, site: PolicySite, address: str) -> None:
    publish(site, 2)
    with watched(browser, address.removesuffix("privacy/"), scripts={}, init=REFUSED_STORAGE) as seen:
        page = seen.page
        page.goto(address)
        assert not notice(page).is_visible()
        assert page.get_by_text("We keep it for 2 days.").is_visible()
        page.goto(f"{address}changes/2026-02-01/")
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.matches('.ps-marked p')")
        page.goto(f"{address}in-force/?on=2026-01-15")
        assert "1 January 2026" in page.get_by_role("status").inner_text()
        assert seen.complaints == seen.asked == []


def test_a_visitor_who_read_a_correction_sees_the_upcoming_text_on_its_day(
    site: PolicySite, seen: Watched, address: str
) -> None:
    """Its number is lower: it was published before the correction."""
    site.publish("privacy.upcoming.md", text("For ten days.", effective="2026-08-01"), on=date(2026, 2, 1))
    site.publish("privacy.md", text("We keep it for one whole day."), on=date(2026, 3, 1))
    site.build(day=date(2026, 7, 1))
    page = seen.page
    page.goto(address)
    page.goto(address)
    assert not page.locator("#ps-visit").is_visible()
    site.build(day=date(2026, 8, 1))
    page.goto(address)
    notice = page.locator("#ps-visit")
    assert notice.is_visible()
    assert notice.locator("a").get_attribute("href") == "since/2026-03-01/"
