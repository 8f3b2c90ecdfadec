"""Analytics in a real browser: no request goes to another host without consent."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from support.accessibility import assert_accessible
from support.policy_site import PALETTE, PolicySite, text
from support.watched_page import REFUSED_STORAGE, Watched, box_of, watched
from support.web_host import hosted

GOOGLE, YANDEX = "www.googletagmanager.com", "mc.yandex.ru"
GOOGLE_COLLECTS = "region1.google-analytics.com"
SHOP = "shop.example.localhost"  # which a browser finds on loopback, with a domain for cookies
COOKIE = "document.cookie = `{}=1; path=/; domain=.example.localhost; max-age=9999`;"
COUNTERS = {
    # As the services' own scripts do: cookies for the whole domain, a request at once and one on leaving,
    # unless something stopped them.
    GOOGLE: COOKIE.format("_ga")
    + COOKIE.format("_ga_ABC1234")
    + """fetch("https://region1.google-analytics.com/g/collect");
    addEventListener("pagehide", () => {
      document.cookie = "_ga=2; path=/; domain=.example.localhost; max-age=9999";
      if (!window["ga-disable-G-ABC1234"]) navigator.sendBeacon("https://region1.google-analytics.com/g/leave");
    });""",
    YANDEX: COOKIE.format("_ym_uid")
    + """localStorage.setItem("_ym_retryReqs", "{}");
    fetch("https://mc.yandex.ru/watch/12345678");
    let isOn = true;
    window.ym = (counter, what) => { if (what === "destruct") isOn = false; };
    addEventListener("pagehide", () => isOn && navigator.sendBeacon("https://mc.yandex.ru/leave"));""",
}
LIGHTS = [(scheme, width) for scheme in ("light", "dark") for width in (320, 1440)]
LOOK = """element => ["color", "backgroundColor", "fontSize", "fontWeight", "border"].map(
  (name) => getComputedStyle(element)[name])"""
BRIGHTNESS = """element => [getComputedStyle(element).color, getComputedStyle(element).backgroundColor].map(
  (colour) => colour.match(/[0-9.]+/g).slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> PolicySite:
    site = PolicySite(
        tmp_path_factory.mktemp("counted"), analytics={"google": "G-ABC1234", "yandex": 12345678}
    )
    site.config["theme"] = {"name": "material", "palette": PALETTE}  # with the fonts that it would load
    site.publish(
        "privacy.md", text("We keep it.\n\n" + "Long.\n\n" * 40 + "[End](#top)"), on=date(2026, 1, 1)
    )
    site.publish("privacy.md", text("We keep it not.\n\n[End](#top)"), on=date(2026, 2, 1))
    site.build()
    return site


@pytest.fixture(scope="module")
def shop(site: PolicySite) -> Iterator[str]:
    with hosted(site.folder) as root:
        yield root.replace("127.0.0.1", SHOP)


@pytest.fixture
def seen(browser: Browser, shop: str) -> Iterator[Watched]:
    with watched(browser, shop, scripts=COUNTERS) as seen:
        seen.page.goto(f"{shop}privacy/")
        yield seen


def question(page: Page) -> Any:
    return page.get_by_role("region", name="May we count your visit?")


def hosts(seen: Watched) -> set[str]:
    return {re.sub(r"https://([^/]+)/.*", r"\1", address) for address in seen.asked}


def traces(page: Page) -> set[str]:
    stored: list[str] = page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('_'))")
    return {str(cookie.get("name")) for cookie in page.context.cookies()} | set(stored)


def wait_for_hosts(seen: Watched, wanted: set[str]) -> None:
    """Wait until each of the hosts was asked; the page may have been idle for a moment before."""
    end = time.monotonic() + 10
    while not wanted <= hosts(seen) and time.monotonic() < end:
        seen.page.wait_for_timeout(20)
    seen.page.wait_for_load_state("networkidle")


def allow_all(seen: Watched) -> None:
    seen.page.get_by_role("button", name="Allow all").click()
    wait_for_hosts(seen, {GOOGLE, GOOGLE_COLLECTS, YANDEX})


def test_nothing_is_loaded_from_another_host_before_a_choice_or_after_refusal(
    seen: Watched, shop: str
) -> None:
    page = seen.page
    assert question(page).is_visible()
    page.get_by_role("button", name="Refuse all").click()
    for address in ("", "privacy/history/", "privacy/changes/2026-02-01/"):
        page.goto(shop + address, wait_until="networkidle")
        assert not question(page).is_visible()
    assert seen.asked == []
    assert seen.complaints == []
    assert page.context.cookies() == []


def test_without_javascript_nothing_is_asked(browser: Browser, shop: str) -> None:
    with watched(browser, shop, java_script_enabled=False) as seen:
        seen.page.goto(f"{shop}privacy/", wait_until="networkidle")
        assert not seen.page.locator("#ps-consent").is_visible()
        assert not seen.page.get_by_role("button", name="Cookie settings").is_visible()
        assert seen.asked == []


@pytest.mark.parametrize(
    ("service", "loaded", "left"),
    [
        ("Google Analytics", {GOOGLE, GOOGLE_COLLECTS}, {"_ga", "_ga_ABC1234"}),
        ("Yandex Metrika", {YANDEX}, {"_ym_uid", "_ym_retryReqs"}),
    ],
)
def test_each_service_has_a_switch_of_its_own_that_is_off(
    seen: Watched, service: str, loaded: set[str], left: set[str]
) -> None:
    page = seen.page
    switches = question(page).get_by_role("checkbox")
    assert [switch.is_checked() for switch in switches.all()] == [False, False]
    page.get_by_role("checkbox", name=service).check()
    assert seen.asked == []
    page.get_by_role("button", name="Save my choice").click()
    wait_for_hosts(seen, loaded)
    assert hosts(seen) == loaded
    assert traces(page) == left
    assert seen.complaints == [], "the content security policy lets through what was allowed"
    page.reload(wait_until="networkidle")
    assert not question(page).is_visible()
    assert hosts(seen) == loaded


def test_withdrawal_stops_a_service_and_deletes_what_it_left(seen: Watched) -> None:
    page = seen.page
    allow_all(seen)
    assert traces(page) == {"_ga", "_ga_ABC1234", "_ym_uid", "_ym_retryReqs"}
    page.get_by_role("button", name="Cookie settings").click()
    assert page.get_by_role("checkbox", name="Google Analytics").is_checked()
    seen.asked.clear()
    with page.expect_navigation(wait_until="networkidle"):
        page.get_by_role("button", name="Refuse all").click()
    assert seen.asked == []
    assert traces(page) == set()
    page.reload(wait_until="networkidle")
    assert seen.asked == []


def test_one_service_can_be_withdrawn_and_another_kept(seen: Watched) -> None:
    page = seen.page
    allow_all(seen)
    page.get_by_role("button", name="Cookie settings").click()
    page.get_by_role("checkbox", name="Google Analytics").uncheck()
    seen.asked.clear()
    with page.expect_navigation(wait_until="networkidle"):
        page.get_by_role("button", name="Save my choice").click()
    assert hosts(seen) == {YANDEX}
    assert traces(page) == {"_ym_uid", "_ym_retryReqs"}


@pytest.mark.parametrize("outdated", ["other services", "half a year"])
def test_the_question_returns_for_other_services_and_after_half_a_year(seen: Watched, outdated: str) -> None:
    page = seen.page
    allow_all(seen)
    kept = json.loads(page.evaluate("localStorage.getItem('policysite.consent')"))
    assert timedelta(179) < datetime.fromisoformat(kept["until"]) - datetime.now(UTC) < timedelta(181)
    kept |= {"version": "another"} if outdated == "other services" else {"until": "2026-01-01T00:00:00Z"}
    page.evaluate("kept => localStorage.setItem('policysite.consent', JSON.stringify(kept))", kept)
    page.goto("about:blank")  # with what its scripts do on leaving
    seen.asked.clear()
    page.go_back(wait_until="networkidle")
    assert question(page).is_visible()
    assert not page.get_by_role("checkbox", name="Google Analytics").is_checked()
    assert seen.asked == []
    assert traces(page) == set()


def test_refusing_is_as_easy_as_allowing(seen: Watched) -> None:
    page = seen.page
    refuse, allow = (page.get_by_role("button", name=name) for name in ("Refuse all", "Allow all"))
    assert refuse.evaluate(LOOK) == allow.evaluate(LOOK)
    boxes = [box_of(button) for button in (refuse, allow)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["height"] == boxes[1]["height"] >= 24  # WCAG 2.2, 2.5.8
    assert abs(boxes[0]["width"] - boxes[1]["width"]) < 1
    refuse.click()
    assert not question(page).is_visible(), "one click"


@pytest.mark.parametrize(("scheme", "width"), LIGHTS)
def test_the_question_is_accessible_and_readable_in_every_light(
    browser: Browser, shop: str, scheme: str, width: int
) -> None:
    with watched(browser, shop, color_scheme=scheme, viewport={"width": width, "height": 800}) as seen:
        page = seen.page
        for address in ("", "privacy/"):  # the overview, and a document
            page.goto(shop + address)
            assert question(page).is_visible()
            assert_accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert all(box_of(label)["height"] >= 24 for label in question(page).locator("label").all())
        for name in ("Refuse all", "Allow all", "Save my choice"):
            button = page.get_by_role("button", name=name)
            darker, lighter = sorted(button.evaluate(BRIGHTNESS))
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, "WCAG 2.2, 1.4.3"
        page.keyboard.press("End")
        last, covering = page.get_by_role("link", name="End"), question(page)
        last.focus()
        assert box_of(last)["y"] < box_of(covering)["y"], "WCAG 2.2, 2.4.11: not hidden"


def test_the_question_is_answered_by_keyboard_alone(seen: Watched) -> None:
    page = seen.page
    focused = "document.activeElement.closest('label, button')?.innerText.trim()"
    order = []
    for _ in range(5):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focused))
    assert order == ["Google Analytics", "Yandex Metrika", "Refuse all", "Allow all", "Save my choice"]
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert page.get_by_role("checkbox", name="Yandex Metrika").is_checked()
    page.keyboard.press("Enter")
    assert not question(page).is_visible()
    wait_for_hosts(seen, {YANDEX})
    assert hosts(seen) == {YANDEX}


def test_escape_closes_without_an_answer_and_gives_the_focus_back(seen: Watched, shop: str) -> None:
    page = seen.page
    page.get_by_role("checkbox", name="Google Analytics").focus()
    page.keyboard.press("Escape")
    assert not question(page).is_visible()
    page.goto(f"{shop}privacy/history/")
    assert question(page).is_visible(), "it was no answer"
    page.get_by_role("button", name="Refuse all").click()
    opener = page.get_by_role("button", name="Cookie settings")
    opener.press("Enter")
    assert page.evaluate("document.activeElement.innerText") == "May we count your visit?"
    page.keyboard.press("Escape")
    assert not question(page).is_visible()
    assert opener.evaluate("element => element === document.activeElement")
    assert seen.asked == []


def test_without_storage_nobody_is_asked_or_counted(browser: Browser, shop: str) -> None:
    with watched(browser, shop, init=REFUSED_STORAGE) as seen:
        seen.page.goto(f"{shop}privacy/", wait_until="networkidle")
        assert not question(seen.page).is_visible()
        assert seen.asked == []
        assert seen.page.get_by_role("heading", name="Privacy policy").is_visible()
        assert seen.complaints == []
