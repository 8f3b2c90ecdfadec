"""The page that compares any two versions, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Page
from policy_site import PolicySite, text
from watched import Watched, watched
from web_host import hosted

BODY = """We keep it for *ten* days, see [our terms](https://example.org/).

- Name and `code`
- Address

    - Street
    - Town

1. First
2. Second

| Who | Fee |
|---|---|
| Sellers | 5 % |
| Buyers | none |

Seller
:   whoever sells

> Said once.

<details><summary>More</summary><p>Less.</p></details>

## Rights {#rights}

Yours, all of them."""
TEXTS = [
    text(BODY),
    text(BODY.replace("ten", "two").replace("- Address\n", "- Postal address\n").replace("none", "1 %")),
    text(
        BODY.replace("We keep", "You keep")
        .replace("example.org", "example.com")
        .replace("    - Town\n", "")
        .replace("sells", "ships it")
    ),
    text("## Rights\n\nYours.\n\nNew, “quoted” – and 𝒶stral 👍🏽 letters.\n\n" + BODY, title="Data policy"),
    text("All is new here."),
]
DAYS = [f"2026-0{month}-01" for month in range(1, 6)]
TAKEN = """(other) => [...document.querySelectorAll("#ps-compared > *")].map((block) => {
  const side = block.cloneNode(true);
  side.querySelectorAll(`${other}, .rl-said, .ps-target`).forEach((element) => element.remove());
  return side.textContent;
}).join("")"""
READ = """() => {
  const text = document.querySelector(".ps-text");
  text.querySelectorAll(".ps-clause").forEach((link) => link.remove());
  return document.querySelector("h1").textContent + text.textContent;
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    site = PolicySite(tmp_path_factory.mktemp("compared"), since=2)
    site.config["markdown_extensions"].append("tables")
    for day, words in zip(DAYS, TEXTS, strict=True):
        site.publish("privacy.md", words, on=date.fromisoformat(day))
    site.build()
    with hosted(site.folder) as root:
        yield f"{root}privacy/"


@pytest.fixture(scope="module")
def seen(browser: Browser, address: str) -> Iterator[Watched]:
    with watched(browser, address.removesuffix("privacy/")) as seen:
        yield seen


def letters(words: str) -> str:
    """The words without what stands between them and between cells."""
    return re.sub(r"[\s|]", "", words)


def compared(page: Page) -> bool:
    page.locator("#ps-compare-said:not(:empty)").wait_for()
    return page.locator("#ps-compared").is_visible()


def test_either_side_of_a_comparison_is_the_text_of_its_version(seen: Watched, address: str) -> None:
    page, texts = seen.page, {}
    for day in DAYS:
        page.goto(f"{address}versions/{day}/")
        texts[day] = letters(page.evaluate(READ))
    for old, new in [(0, 2), (0, 3), (3, 0), (1, 3), (4, 0), (2, 1)]:
        page.goto(f"{address}compare/?from={DAYS[old]}&to={DAYS[new]}")
        assert compared(page)
        assert letters(page.evaluate(TAKEN, "ins")) == texts[DAYS[old]]
        assert letters(page.evaluate(TAKEN, "del")) == texts[DAYS[new]]
    assert seen.complaints == []


def test_what_both_texts_have_is_not_marked_and_a_link_that_leads_elsewhere_is(
    seen: Watched, address: str
) -> None:
    seen.page.goto(f"{address}compare/?from={DAYS[0]}&to={DAYS[2]}")
    assert compared(seen.page)
    words = "marks => marks.map((mark) => mark.lastChild.textContent)"
    marked = seen.page.locator("#ps-compared .rl").evaluate_all(words)
    targets = [" (https://example.org/)", " (https://example.com/)"]
    assert marked == ["We", "You", *targets, "Town", "whoever sells", "whoever ships it"]


def test_two_versions_are_chosen_by_keyboard(seen: Watched, address: str) -> None:
    page = seen.page
    page.goto(f"{address}compare/")
    page.get_by_role("combobox", name="From the version of").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Compare"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/compare/?from={DAYS[0]}&to={DAYS[2]}")
    assert compared(page)
    assert page.get_by_role("status").inner_text().startswith("Compared in your browser")
    assert page.get_by_label("From the version of").input_value() == DAYS[0], "what was chosen stays"


@pytest.mark.parametrize(
    ("old", "new", "leads_to"), [(0, 1, f"changes/{DAYS[1]}/"), (2, 4, f"since/{DAYS[2]}/")]
)
def test_it_leads_to_the_page_of_a_change_where_there_is_one(
    seen: Watched, address: str, old: int, new: int, leads_to: str
) -> None:
    seen.page.goto(f"{address}compare/?from={DAYS[old]}&to={DAYS[new]}")
    seen.page.wait_for_url(address + leads_to)


def test_a_version_beside_itself_is_the_same(seen: Watched, address: str) -> None:
    seen.page.goto(f"{address}compare/?from={DAYS[1]}&to={DAYS[1]}")
    assert not compared(seen.page)
    assert seen.page.get_by_role("status").inner_text().startswith("These two versions have the same words")


def test_without_javascript_every_change_is_a_link(browser: Browser, address: str) -> None:
    with watched(browser, address.removesuffix("privacy/"), java_script_enabled=False) as seen:
        page = seen.page
        page.goto(f"{address}compare/")
        assert not page.get_by_role("button", name="Compare").is_visible()
        assert page.locator("article").get_by_role("listitem").count() == len(DAYS) - 1
        page.get_by_role("link", name="1 March 2026").click()
        assert page.url == f"{address}changes/2026-03-01/"
