"""The page that compares any two versions, in a real browser."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support.accessibility import assert_accessible
from support.policy_site import PolicySite, text
from support.watched_page import Watched, watched
from support.web_host import hosted

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
TAKEN = """(other) => {
  const side = document.querySelector("#ps-compared .ps-marked").cloneNode(true);
  side.querySelectorAll(`${other}.rl, .rl-said, .rl-moved, .ps-next`).forEach((element) => element.remove());
  return side.textContent;
}"""
READ = """async (path) => {
  const page = new DOMParser().parseFromString(await (await fetch(path)).text(), "text/html");
  const text = page.querySelector(".ps-text");
  text.querySelectorAll(".ps-clause").forEach((link) => link.remove());
  return page.querySelector("h1").textContent + text.textContent;
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
    """The words without the signs between them."""
    return re.sub(r"\s", "", words)


def compared(page: Page) -> bool:
    page.locator("#ps-compare-said:not(:empty)").wait_for()
    return page.locator("#ps-compared").is_visible()


def test_either_side_of_a_comparison_is_the_text_of_its_version(seen: Watched, address: str) -> None:
    page = seen.page
    page.goto(address)
    texts = {day: letters(page.evaluate(READ, f"{address}versions/{day}/")) for day in DAYS}
    for old, new in [(0, 2), (0, 3), (3, 0), (1, 3), (4, 0), (2, 1)]:
        page.goto(f"{address}compare/?from={DAYS[old]}&to={DAYS[new]}")
        assert compared(page)
        assert letters(page.evaluate(TAKEN, "ins")) == texts[DAYS[old]]
        assert letters(page.evaluate(TAKEN, "del")) == texts[DAYS[new]]
    assert seen.complaints == []


def test_unchanged_words_are_not_marked_and_changed_links_are(seen: Watched, address: str) -> None:
    seen.page.goto(f"{address}compare/?from={DAYS[0]}&to={DAYS[2]}")
    assert compared(seen.page)
    words = "marks => marks.map((mark) => mark.lastChild.textContent.trim())"
    marked = seen.page.locator(".ps-marked .rl").evaluate_all(words)
    assert marked == ["We", "You", "Town", "sells", "ships it"]
    link = seen.page.locator(".ps-marked [data-change=relink]")
    assert link.evaluate("link => [link.href, link.dataset.oldHref]") == [
        "https://example.com/",
        "https://example.org/",
    ]
    assert seen.page.locator(".ps-changes li").all_inner_texts()[1] == (
        "Paragraph 1: the link “our terms” leads to https://example.com/ instead of https://example.org/"
    )


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


@pytest.mark.parametrize(("old", "new", "own"), [(0, 1, f"changes/{DAYS[1]}/"), (2, 4, f"since/{DAYS[2]}/")])
def test_a_comparison_that_has_a_page_shows_the_redline_of_that_page(
    seen: Watched, address: str, old: int, new: int, own: str
) -> None:
    listed = ".ps-changes li, .ps-marked > *"
    seen.page.goto(address + own)
    texts = seen.page.locator(listed).all_inner_texts()
    seen.page.goto(f"{address}compare/?from={DAYS[old]}&to={DAYS[new]}")
    assert compared(seen.page)
    assert seen.page.locator(listed).all_inner_texts() == texts != []
    assert seen.page.locator("#ps-keys").is_visible()
    seen.page.get_by_role("link", name="This comparison on a page of its own").click()
    assert seen.page.url == address + own


def test_a_version_compared_with_itself_is_the_same(seen: Watched, address: str) -> None:
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


TABLE = """Our fees are in this table, and all of them include taxes.

| Who | Fee | Paid |
|---|---|---|
| Sellers | 5 % of the price | monthly |
| Buyers | none | never |
| Couriers | 1 % of the fee | weekly |

## Rights

You may ask us for a copy of everything that we keep about you.

- Write to us by post or by email.
- Tell us your name and your order.
- Wait.

Our terms are signed in this way:

1. First of all, read this.
2. Then read the rest of it.
3. Then sign.

## Returns

You may send goods back within fourteen days, and we pay for the parcel.

Keep the receipt."""
ROW = "| Drivers | 2 % | at the end of each day |\n"
RIGHTS, RETURNS = TABLE.index("## Rights"), TABLE.index("## Returns")
MOVED = TABLE[:RIGHTS] + TABLE[RETURNS:] + "\n\n" + TABLE[RIGHTS:RETURNS]
EDITED = {
    "a cell": TABLE.replace("5 %", "6 %"),
    "a row added": TABLE.replace("| Couriers", ROW + "| Couriers"),
    "a row removed": TABLE.replace("| Buyers | none | never |\n", ""),
    "a column added": "\n".join(
        line + end
        for line, end in zip(
            TABLE.splitlines(),
            ["", "", " Since |", "---|", " 2019 |", " 2020 |", " 2020 |", *[""] * 30],
            strict=False,
        )
    ),
    "a column removed": re.sub(r"(?m)^(\|[^|]*\|)[^|]*\|([^|]*\|)$", r"\1\2", TABLE),
    "a section moved": MOVED,
    "a section moved and edited": MOVED.replace("fourteen days", "thirty days"),
    "an item moved": TABLE.replace("- Tell us your name and your order.\n- Wait.", "- Wait.").replace(
        "- Write to us", "- Tell us your name and your order.\n- Write to us"
    ),
    "an item removed": TABLE.replace("2. Then read the rest of it.\n", ""),
    "a paragraph between lists": TABLE.replace("- Wait.", "Now you have to wait.\n\n- Wait."),
    "a list into paragraphs": TABLE.replace("- Write", "Write")
    .replace("\n- Tell", "\n\nTell")
    .replace("\n- Wait", "\n\nWait"),
    "bold": TABLE.replace("by post", "by **post**"),
    "a link": TABLE.replace("by email", "by [email](https://example.org/)"),
    "no table": TABLE[: TABLE.index("| Who")] + TABLE[RIGHTS:],
    "markup as words": TABLE.replace("by post", "by `<img src=x onerror=alert(1)>` &lt;b&gt;post&lt;/b&gt;"),
    "nothing": "Nothing.",
    "code and quotations": TABLE + "\n\n> We said so once.\n\n    code of the shop\n\n---\n\nEnd.",
}
MIXED = """我们保留您的数据十天。[^1]

<details><summary>More</summary><p>Less is said here.</p></details>

Seller
:   whoever sells on the market

> Said once and for all.

    code of the shop

[^1]: A note on this."""
MIXED_NOW = (
    MIXED.replace("十天", "五天")
    .replace("Less is", "More is")
    .replace("on the", "in the")
    .replace("once", "twice")
    .replace("code of", "rules of")
    .replace("A note", "The note")
)
NAMES = list(EDITED)
OWN_POLICY = (
    (Path(__file__).parents[2] / "policy" / "privacy.md").read_text(encoding="utf8").split("---\n", 2)[2]
)


def changed_at_random(body: str, seed: int) -> str:
    """The text with blocks removed, repeated, moved and edited."""
    choose = random.Random(seed)
    blocks = [block for block in body.strip().split("\n\n") if not block.startswith("# ")]
    for _ in range(8):
        at, to = choose.randrange(len(blocks)), choose.randrange(len(blocks))
        match choose.randrange(5):
            case 0:
                del blocks[at]
            case 1:
                blocks.insert(to, blocks.pop(at))
            case 2:
                blocks.insert(to, blocks[at].partition(" {#")[0])
            case 3:
                words = blocks[at].split(" ")
                words[choose.randrange(len(words))] = "something else"
                blocks[at] = " ".join(words)
            case _:
                blocks[at] = blocks[at].replace(" the ", " a ").replace(". ", ".\n\n", 1)
    return "\n\n".join(blocks)


def day(number: int) -> str:
    return (date(2025, 1, 1) + timedelta(days=number)).isoformat()


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Each edit is a version after the one before, and no page compares any with the first but the next."""
    site = PolicySite(tmp_path_factory.mktemp("edited"), since=0)
    site.config["markdown_extensions"].append("tables")
    for number, body in enumerate([TABLE, "Between.", *EDITED.values()]):
        site.publish("privacy.md", text(body), on=date.fromisoformat(day(number)))
    for number, seed in enumerate([None, *range(5)]):
        body = OWN_POLICY if seed is None else changed_at_random(OWN_POLICY, seed)
        site.publish("own.md", text(body, title="Own"), on=date.fromisoformat(day(number)))
    rows = "\n\n".join(
        f"Rule {n} of the market is that {n * 7919 % 9973} of all sellers pay." for n in range(3000)
    )
    site.publish("huge.md", text(rows, title="Huge"), on=date(2025, 1, 1))
    site.publish("huge.md", text("Nothing.", title="Huge"), on=date(2025, 1, 2))
    site.publish("huge.md", text(rows.replace("7", "8"), title="Huge"), on=date(2025, 1, 3))
    every = "\n\n".join(f"Rule {n} is that all who sell on the market pay {n} %." for n in range(1200))
    site.publish("every.md", text(every, title="Every"), on=date(2025, 1, 1))
    site.publish("every.md", text("Nothing.", title="Every"), on=date(2025, 1, 2))
    site.publish("every.md", text(every.replace("pay", "give"), title="Every"), on=date(2025, 1, 3))
    for number, body in enumerate([MIXED, "Between.", MIXED_NOW]):
        site.publish("mixed.md", text(body, title="Mixed"), on=date.fromisoformat(day(number)))
    arabic = "\n\n".join("نحن نحتفظ ببياناتك لمدة عشرة أيام فقط." for _ in range(2))
    for number, body in enumerate([arabic, "غير ذلك.", arabic.replace("عشرة", "خمسة", 1)]):
        site.publish("rules.ar.md", text(body, title="القواعد"), on=date.fromisoformat(day(number)))
    site.build()
    with hosted(site.folder) as root:
        yield root


@pytest.fixture
def watching(browser: Browser, edited: str) -> Iterator[Watched]:
    with watched(browser, edited) as seen:
        yield seen
        assert seen.complaints == []


def between_edits(page: Page, root: str, name: str, *, back: bool = False) -> None:
    """Compare the first text with the edited one, or the other way round."""
    days = [day(0), day(2 + NAMES.index(name))]
    old, new = days[::-1] if back else days
    page.goto(f"{root}privacy/compare/?from={old}&to={new}")
    assert compared(page)


@pytest.mark.parametrize("back", [False, True], ids=["forth", "back"])
def test_a_comparison_contains_exactly_the_old_and_the_new_text(
    watching: Watched, edited: str, back: bool
) -> None:
    page = watching.page
    pairs = [("privacy", day(0), day(2 + at)) for at in range(len(EDITED))]
    pairs += [("own", day(a), day(b)) for a in range(6) for b in range(a + 2, 6)]
    texts: dict[str, str] = {}
    for slug, *days in pairs:
        old, new = days[::-1] if back else days
        page.goto(f"{edited}{slug}/compare/?from={old}&to={new}")
        assert compared(page), (slug, old, new)
        for one, other in ((old, "ins"), (new, "del")):
            if (version := f"{edited}{slug}/versions/{one}/") not in texts:
                texts[version] = letters(page.evaluate(READ, version))
            assert letters(page.evaluate(TAKEN, other)) == texts[version], (slug, old, new, other)
        assert page.locator(":is(ins, del).rl :is(p, li, tr, td, ul, table)").count() == 0
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((element) => element.id)")
        assert len(ids) == len(set(ids)), (slug, old, new)
        inside = "#ps-compared :is(.rl-moved, .ps-next, .ps-changes a, .ps-steps a)"
        for link in page.locator(inside).evaluate_all("links => links.map((link) => link.hash)"):
            assert link[1:] in ids, (slug, old, new, link)


@pytest.mark.parametrize(
    ("name", "told", "rows"),
    [
        ("a cell", ["Table row 2: “5” became “6”"], 4),
        ("a row added", ["Table row 4 added: “Drivers | 2 % | at the end of each day”"], 5),
        ("a row removed", ["Table row 3 removed: “Buyers | none | never”"], 4),
        ("a column added", ["Table column “Since” added"], 4),
        ("a column removed", ["Table column “Fee” removed"], 4),
    ],
)
def test_tables_stay_tables(watching: Watched, edited: str, name: str, told: list[str], rows: int) -> None:
    page = watching.page
    between_edits(page, edited, name)
    assert page.locator(".ps-changes li").all_inner_texts() == told
    assert page.locator(".ps-marked table").count() == 1
    widths = page.locator(".ps-marked tr").evaluate_all("rows => rows.map((row) => row.cells.length)")
    assert widths == [4 if name == "a column added" else 3] * rows
    page.get_by_label("Side by side").check()
    assert page.locator(".rl-row .rl-old table:visible").count() > 0


def test_blocks_other_than_paragraphs_are_marked_in_their_place(watching: Watched, edited: str) -> None:
    page = watching.page
    page.goto(f"{edited}mixed/compare/?from={day(0)}&to={day(2)}")
    assert compared(page)
    tags = "p, dd, blockquote, pre, li"
    marks = page.locator(".ps-marked .rl").evaluate_all(
        """(marks, tags) =>
          marks.map((mark) => [mark.closest(tags).localName, mark.lastChild.textContent.trim()])""",
        tags,
    )
    assert [words for _, words in marks] == [
        *["十", "五", "Less", "More", "on", "in", "once", "twice", "code", "rules", "A", "The"]
    ]
    assert {"dd", "pre"} < {tag for tag, _ in marks}
    assert page.locator(".ps-marked details[open]").count() == 1
    assert page.locator(".ps-marked sup[id] a[href^='#']").count() == 1


def test_words_that_look_like_markup_stay_words(watching: Watched, edited: str) -> None:
    between_edits(watching.page, edited, "markup as words")
    assert watching.page.locator("#ps-compared :is(img, b)").count() == 0
    assert "<b>post</b>" in watching.page.locator(".ps-marked").inner_text()


def test_links_stay_links(watching: Watched, edited: str) -> None:
    between_edits(watching.page, edited, "a link")
    assert watching.page.locator(".ps-changes li").all_inner_texts() == [
        "List item 1: “email” is now a link to https://example.org/"
    ]
    link = watching.page.locator(".ps-marked li a[href='https://example.org/']")
    assert link.inner_text().startswith("email")
    assert watching.page.locator(".ps-marked .rl").count() == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a section moved", ["Section “Returns” moved here, 3 passages with its heading"]),
        (
            "a section moved and edited",
            ["Section “Returns” moved here, 3 passages with its heading; “fourteen” became “thirty”"],
        ),
        ("an item moved", ["“Write to us by post or by email.” moved here from list item 1 of “Rights”"]),
    ],
)
def test_moves_are_found_and_both_ends_are_linked(
    watching: Watched, edited: str, name: str, told: list[str]
) -> None:
    page = watching.page
    between_edits(page, edited, name)
    assert page.locator(".ps-changes li").all_inner_texts() == told
    for link in page.locator(".ps-marked .rl-moved").all():
        goal = page.locator(str(link.get_attribute("href")))
        back = goal.locator("xpath=..").locator(".rl-moved").get_attribute("href")
        assert page.locator(str(back)).locator("xpath=..").locator(".rl-moved").all() == [link] or (
            page.locator(str(back)).locator("xpath=..").locator(".rl-moved").inner_text() == link.inner_text()
        )


def test_a_removed_item_is_shown_in_its_list_and_all_keep_their_numbers(
    watching: Watched, edited: str
) -> None:
    between_edits(watching.page, edited, "an item removed")
    items = watching.page.locator(".ps-marked ol > li")
    assert items.evaluate_all("items => items.map(({ value }) => value)") == [0, 0, 2]
    assert items.nth(1).locator("del.rl").count() == 1


def test_keys_lead_from_change_to_change(watching: Watched, edited: str) -> None:
    page = watching.page
    between_edits(page, edited, "a section moved and edited")
    for key, shown in (
        ("j", "Returns"),
        ("j", "You may send"),
        ("j", "Keep the receipt"),
        ("k", "You may send"),
    ):
        page.keyboard.press(key)
        assert shown in page.evaluate("document.activeElement.innerText")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_comparison_is_accessible_and_no_wider_than_the_screen(
    browser: Browser, edited: str, scheme: str, width: int
) -> None:
    with watched(browser, edited, viewport={"width": width, "height": 900}, color_scheme=scheme) as seen:
        for name in ("a column added", "a section moved and edited", "nothing"):
            between_edits(seen.page, edited, name)
            views = ["Whole text", "Changes only", *(["Side by side"] if width > 1000 else [])]
            for view in views:
                seen.page.get_by_label(view).check()
                assert_accessible(seen.page, f"{name}, {view}")
                assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
        assert seen.complaints == []


def test_a_text_from_right_to_left_stays_so(watching: Watched, edited: str) -> None:
    watching.page.goto(f"{edited}rules.ar/compare/?from={day(0)}&to={day(2)}")
    assert compared(watching.page)
    style = "element => getComputedStyle(element).direction"
    assert watching.page.locator(".ps-marked").evaluate(style) == "rtl"
    assert watching.page.locator(".ps-marked ins.rl").evaluate("mark => mark.lastChild.data") == " خمسة"


def test_thousands_of_changed_passages_are_compared_in_seconds(watching: Watched, edited: str) -> None:
    watching.page.set_default_timeout(60_000)
    watching.page.goto(f"{edited}huge/compare/?from=2025-01-01&to=2025-01-03")
    assert compared(watching.page)
    took = watching.page.evaluate("performance.now()")
    assert took < 30_000, "on a busy machine"
    assert watching.page.get_by_text(re.compile("^Show all .* changes$")).is_visible()


def test_a_text_that_is_edited_everywhere_is_marked_word_by_word(watching: Watched, edited: str) -> None:
    watching.page.goto(f"{edited}every/compare/?from=2025-01-01&to=2025-01-03")
    assert compared(watching.page)
    words = "marks => [...new Set(marks.map((mark) => mark.lastChild.data.trim()))]"
    assert watching.page.locator(".ps-marked .rl").evaluate_all(words) == ["pay", "give"]
    assert watching.page.locator(".ps-changes li:visible").count() == 8
