"""Words, URLs, code and tables that are wider than the screen never make the page wider."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser
from support.accessibility import assert_accessible
from support.policy_site import PolicySite, text
from support.watched_page import watched
from support.web_host import hosted

WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenfabrikantenverein" * 2
URL = f"https://example.org/{'path' * 40}"
CODE = " ".join(f"setting_{number}=value_{number}" for number in range(60))
COLUMNS = ["Name_of_the_cookie", "Strictly-necessary-functionality", "subprocessors-of-the-company"] * 2
TABLE = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}\n| {' | '.join(COLUMNS)} |"
BODY = f"""
- An item {WORD}
- [{URL}]({URL})

> A quotation {WORD}

Before the code.

    {CODE}

Term {WORD}
:   Definition {WORD}

`{CODE.replace(" ", "_")}`

{TABLE}

## Heading {WORD}

<details><summary>Summary {WORD}</summary><p>{URL}</p></details>

<table class="plain"><tr><td>{WORD}</td><td>{CODE}</td></tr></table>

The end.
"""
PAGES = {
    "document": "wide/",
    "version": "wide/versions/2026-01-03/",
    "everything is new": "wide/changes/2026-01-02/",
    "words and columns are new": "wide/changes/2026-01-03/",
    "since": "wide/since/2026-01-01/",
    "history": "wide/history/",
    "in force": "wide/in-force/",
    "comparison": "wide/compare/",
    "start": "",
    "not found": "404.html",
    "recent changes": "recent-changes/",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    site = PolicySite(tmp_path_factory.mktemp("wide"))
    site.config["site_url"] = "https://policies.example/"
    site.config["site_name"] = "The Company with the Longest Name of All Companies, Limited by Guarantee"
    site.config["markdown_extensions"].append("tables")
    title = f"Rules {WORD}"
    site.publish("wide.md", text("We keep it.", title=title, summary=WORD), on=date(2026, 1, 1))
    site.publish("wide.md", text(BODY, title=title, summary=URL, impact=WORD), on=date(2026, 1, 2))
    changed = BODY.replace("value_7", "other_7").replace("An item", "One item")
    changed = changed.replace(
        "Name_of_the_cookie |", "Name_of_the_cookie | Legal_basis_of_processing_of_data |"
    )
    changed = changed.replace("|\n| ---", "|\n| --- | --- | ---", 1).replace(URL, f"{URL}/new")
    site.publish("wide.md", text(changed, title=title), on=date(2026, 1, 3))
    site.build()
    with hosted(site.folder) as root:
        yield root


@pytest.mark.parametrize(
    ("width", "scripts"), [(320, True), (390, True), (390, False), (768, True), (1440, True)]
)
def test_no_page_is_wider_than_the_screen(browser: Browser, address: str, width: int, scripts: bool) -> None:
    options: dict[str, Any] = {"viewport": {"width": width, "height": 844}, "java_script_enabled": scripts}
    with watched(browser, address, **options) as seen:
        for kind, path in PAGES.items():
            seen.page.goto(address + path)
            for view in (
                ("marked", "sides", "changes") if seen.page.locator("#ps-view-sides").count() else ("",)
            ):
                if view and seen.page.locator(f"#ps-view-{view}").is_visible():
                    seen.page.check(f"#ps-view-{view}")
                widest = seen.page.evaluate("document.documentElement.scrollWidth")
                assert widest <= width, f"{kind} {view}"


def test_boxes_that_scroll_can_be_reached_by_keyboard(browser: Browser, address: str) -> None:
    with watched(browser, address, viewport={"width": 390, "height": 844}) as seen:
        for kind, path in PAGES.items():
            seen.page.goto(address + path)
            assert_accessible(seen.page, kind)


def test_no_change_in_code_is_out_of_sight(browser: Browser, address: str) -> None:
    with watched(browser, address, viewport={"width": 390, "height": 844}) as seen:
        seen.page.goto(f"{address}wide/changes/2026-01-03/")
        marks = seen.page.locator(".ps-marked pre :is(ins, del).rl").all()
        assert marks
        assert all(box["x"] + box["width"] <= 390 for mark in marks if (box := mark.bounding_box()))
