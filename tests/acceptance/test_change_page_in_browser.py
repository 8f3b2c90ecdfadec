"""A page with many changes: the list stays short, and a long text with few changes opens with them alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Page
from support.accessibility import assert_accessible
from support.policy_site import PolicySite, text
from support.watched_page import box_of, watched
from support.web_host import hosted

SECTIONS = 30
PHONE = {"width": 390, "height": 844}


def rules(words: str) -> str:
    """A long text with ``words`` in two paragraphs of each section."""
    return "\n\n".join(
        f"## Section {number} {{#s{number}}}\n\n"
        + "\n\n".join(
            f"Paragraph {letter} of section {number} says that we keep what you tell us"
            f" {words if letter in 'CD' else 'for as long as the law asks'}."
            for letter in "ABCDE"
        )
        for number in range(1, SECTIONS + 1)
    )


OLD, NEW = rules("for as long as you like"), rules("while you are a customer")
NEWEST = NEW.replace("C of section 12 says that we keep", "C of section 12 says that we never keep")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    site = PolicySite(tmp_path_factory.mktemp("many"))
    site.config["site_url"] = "https://policies.example/"
    for day, body in enumerate((OLD, NEW, NEWEST), 1):
        site.publish("long.md", text(body, title="Long"), on=date(2026, 1, day))
    site.publish("short.md", text("We keep it for two days.", title="Short"), on=date(2026, 1, 4))
    site.publish("short.md", text("We keep it for ten days.", title="Short"), on=date(2026, 1, 5))
    site.build()
    with hosted(site.folder) as root:
        yield root


MANY, FEW = "long/changes/2026-01-02/", "long/changes/2026-01-03/"


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    with watched(browser, address, viewport=PHONE, java_script_enabled=request.param) as seen:
        yield seen.page


def test_eight_changes_are_listed_by_section_and_all_on_demand(page: Page, address: str) -> None:
    page.goto(address + MANY)
    assert page.locator(".ps-changes li:visible").count() == 8
    assert page.locator(".ps-changes h3:visible").all_inner_texts() == [f"Section {n}" for n in range(1, 5)]
    page.get_by_text("Show all 60 changes").click()
    assert page.locator(".ps-changes li:visible").count() == 60
    numbers = page.locator(".ps-changes ol").evaluate_all("lists => lists.map(list => list.start)")
    assert numbers == list(range(1, 60, 2))
    page.get_by_text("Show fewer changes").click()
    assert page.locator(".ps-changes li:visible").count() == 8


def test_the_marked_text_begins_within_two_screens_and_one_link_away(page: Page, address: str) -> None:
    page.goto(address + MANY)
    assert box_of(page.locator(".ps-marked"))["y"] < 2 * PHONE["height"]
    page.get_by_role("link", name="Go to the marked text").click()
    assert box_of(page.locator("#ps-marked"))["y"] < PHONE["height"] / 2


def test_few_changes_in_a_long_text_are_shown_first_with_the_headings_over_them(
    page: Page, address: str
) -> None:
    page.goto(address + FEW)
    assert page.get_by_label("Changes only").is_checked()
    assert page.locator(".ps-marked h2:visible").all_inner_texts() == ["Section 12"]
    shown = page.locator(".ps-marked p:visible").count()
    assert 2 < shown < 10
    assert page.get_by_text("Unchanged passages are left out").is_visible()
    page.get_by_label("Whole text").check()
    assert page.locator(".ps-marked p:visible").count() >= 5 * SECTIONS
    assert not page.get_by_text("Unchanged passages are left out").is_visible()


@pytest.mark.parametrize("path", [MANY, "short/changes/2026-01-05/"], ids=["many changes", "a short text"])
def test_other_changes_open_with_the_whole_text(page: Page, address: str, path: str) -> None:
    page.goto(address + path)
    assert page.get_by_label("Whole text").is_checked()


def test_a_link_to_an_unchanged_clause_shows_it(page: Page, address: str) -> None:
    page.goto(f"{address}{FEW}#s3")
    assert page.locator("#s3").is_visible()


def test_the_list_is_accessible_closed_and_open(browser: Browser, address: str) -> None:
    with watched(browser, address, viewport=PHONE) as seen:
        seen.page.goto(address + MANY)
        for _ in range(2):
            assert_accessible(seen.page)
            seen.page.locator(".ps-more > summary").click()


def test_paper_shows_what_the_screen_shows_and_says_whose_text_it_is(browser: Browser, address: str) -> None:
    with watched(browser, address) as seen:
        seen.page.goto(address + FEW)
        assert len(re.findall(rb"/Type /Page\b", seen.page.pdf(format="A4"))) == 1, "not five for one word"
        seen.page.emulate_media(media="print")
        head = seen.page.locator(".ps-paper--head")
        assert head.inner_text() == (
            "Example Market · Version of 3 January 2026 · https://policies.example/long/changes/2026-01-03/"
        )
        assert seen.page.locator(".ps-marked h2:visible").all_inner_texts() == ["Section 12"]
        seen.page.goto(address + MANY)
        assert seen.page.locator("p.ps-paper:visible").all_inner_texts()[1:] == ["… 52 more changes"]
        assert seen.page.locator(".ps-changes li:visible").count() == 8
        seen.page.emulate_media(media="screen")
        seen.page.reload()
        seen.page.get_by_text("Show all 60 changes").click()
        seen.page.emulate_media(media="print")
        assert seen.page.locator("p.ps-paper:visible").count() == 1
        assert seen.page.locator(".ps-changes li:visible").count() == 60
        seen.page.goto(f"{address}long/")
        assert head.inner_text().endswith(" · https://policies.example/long/versions/2026-01-03/")
        keeps = "element => getComputedStyle(element).breakAfter"
        assert seen.page.locator(".ps-text h2").first.evaluate(keeps) == "avoid"
        seen.page.emulate_media(media="screen")
        assert not head.is_visible()
