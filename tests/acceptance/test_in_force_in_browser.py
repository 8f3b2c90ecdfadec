"""The page that says what was in force on a day, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from support.policy_site import PolicySite, publish_everything
from support.watched_page import box_of, watched
from support.web_host import hosted

TODAY = "2026-06-01T12:00:00"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> PolicySite:
    site = PolicySite(tmp_path_factory.mktemp("asked"))
    publish_everything(site)
    site.build()
    return site


@pytest.fixture(scope="module")
def page(browser: Browser, site: PolicySite) -> Iterator[Page]:
    with hosted(site.folder) as root, watched(browser, root, base_url=root) as seen:
        seen.page.clock.set_fixed_time(TODAY)
        yield seen.page
        assert seen.complaints == seen.asked == []


def answer(page: Page, document: str, day: str) -> str:
    page.goto(f"{document}/in-force/")
    page.get_by_label("Day").fill(day)
    page.get_by_role("button", name="Show").press("Enter")
    page.wait_for_url(f"**/in-force/?on={day}")
    return page.get_by_role("status").inner_text()


@pytest.mark.parametrize(
    ("document", "day", "said"),
    [
        ("privacy", "2026-01-10", "The version of 10 January 2026 applied on 10 January 2026."),
        ("privacy", "2026-02-28", "The version of 10 January 2026 applied on 28 February 2026."),
        ("privacy", "2026-03-01", "The version of 1 February 2026 applied on 1 March 2026."),
        (
            "privacy",
            "2027-01-01",
            "Based on what is published so far, the version of 1 April 2026 will apply on 1 January 2027.",
        ),
        (
            "privacy",
            "2026-01-09",
            "The policy did not apply yet on 9 January 2026. "
            "Its first version took effect on 10 January 2026.",
        ),
        (
            "terms",
            "2026-05-01",
            "The policy no longer applied on 1 May 2026. It was withdrawn on 1 May 2026.",
        ),
    ],
)
def test_a_day_has_a_plain_answer(page: Page, document: str, day: str, said: str) -> None:
    assert answer(page, document, day) == said


def test_the_answer_is_in_the_language_of_the_page(page: Page) -> None:
    page.goto("privacy.ru/in-force/?on=2026-05-09")
    assert page.get_by_role("status").inner_text() == (
        "9 мая 2026 года действовала редакция от 2 апреля 2026 года."
    )


def test_page_and_data_agree_on_every_day(page: Page, site: PolicySite) -> None:
    periods = site.json("privacy/in-force.json")["periods"]
    days = ["2025-12-31", "2026-01-10", "2026-02-28", "2026-03-01", "2026-11-30", "2026-12-01", "2030-01-01"]
    for day in days:
        page.goto(f"privacy/in-force/?on={day}")
        link = page.get_by_role("status").get_by_role("link")
        held = [p for p in periods if p["from"] <= day and (p["until"] is None or day < p["until"])]
        shown = [link.get_attribute("href")] if link.count() else []
        assert shown == [f"../versions/{period['label']}/" for period in held]


def test_the_table_says_which_version_is_in_force_and_which_is_upcoming(page: Page) -> None:
    page.goto("privacy/in-force/")
    rows = [" ".join(row.split()) for row in page.locator(".ps-periods tbody tr").all_inner_texts()]
    assert rows == [
        "1 December 2026 further notice 1 April 2026 Upcoming",
        "1 March 2026 30 November 2026 1 February 2026 In force",
        "10 January 2026 28 February 2026 10 January 2026",
    ]


def test_on_a_phone_each_value_of_a_period_has_its_label(browser: Browser, site: PolicySite) -> None:
    with hosted(site.folder) as root:
        phone = browser.new_page(viewport={"width": 390, "height": 800})
        phone.goto(f"{root}privacy/in-force/")
        start, end, version = phone.locator(".ps-periods tbody tr").nth(1).locator("td").all()
        edges = [box_of(cell) for cell in (start, end, version)]
        assert len({box["x"] for box in edges}) == 1
        assert [box["y"] for box in edges] == sorted({box["y"] for box in edges})
        assert all(box["height"] < 40 for box in edges), "a line each"
        before = "cell => getComputedStyle(cell, '::before').content"
        assert [cell.evaluate(before) for cell in (start, end, version)] == ['"From"', '"Until"', '"Version"']
        phone.close()


def test_without_javascript_the_table_answers(browser: Browser, site: PolicySite) -> None:
    with hosted(site.folder) as root, watched(browser, root, java_script_enabled=False) as seen:
        seen.page.goto(f"{root}privacy/in-force/")
        assert not seen.page.get_by_role("button", name="Show").is_visible()
        assert seen.page.get_by_role("row").count() == 4
