"""Without a summary, the history and the titles of feeds say what changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from support.policy_site import PolicySite, text

from generator.site.feeds import LONGEST_TITLE, feed_title

NAMES = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path / "site")
    words = ["one", "two", "three", "four", "five"]
    for day, said in enumerate((words, [f"never {word}" for word in words], words), 1):
        body = "## Rights\n\n" + "\n\n".join(
            f"We keep number {word} for as long as the law asks." for word in said
        )
        front = {"summary": "All is as it was."} if day == 3 else {}
        site.publish("privacy.md", text(body, **front), on=date(2026, 1, day))
    site.build()
    return site


def test_a_history_entry_without_a_summary_says_what_changed(site: PolicySite) -> None:
    page = site.page("privacy/history")
    second = page.partition('id="2026-01-02"')[2].partition('id="2026-01-01"')[0]
    assert second.count("<li>") == 4, "the first three changes, and how many more"
    assert "Rights: Paragraph 1: “never” added" in second
    assert "2 more changes" in second
    third = page.partition('id="2026-01-03"')[2].partition('id="2026-01-02"')[0]
    assert "All is as it was." in third
    assert '<ul class="ps-first">' not in third


def test_the_titles_of_a_feed_say_what_changed(site: PolicySite) -> None:
    for address in ("feed.xml", "privacy/feed.xml"):
        feed = ET.parse(site.folder / address)
        titles = [entry.findtext("a:title", namespaces=NAMES) for entry in feed.findall("a:entry", NAMES)]
        assert titles == [
            "Privacy policy: All is as it was.",
            "Privacy policy: Rights: Paragraph 1: “never” added; 4 more changes",
            "Privacy policy: First version",
        ]
        summaries = [
            entry.findtext("a:summary", namespaces=NAMES) for entry in feed.findall("a:entry", NAMES)
        ]
        assert summaries[0] == "All is as it was. Takes effect on 3 January 2026."
    titles = [item["title"] for item in site.json("privacy/feed.json")["items"]]
    assert titles[0] == "Privacy policy: All is as it was."


@pytest.mark.parametrize("what", ["word " * 90, "字" * 400])
def test_a_title_of_a_feed_is_one_line(what: str) -> None:
    title = feed_title("Privacy policy", what)
    assert title.startswith("Privacy policy: ")
    assert title.endswith(" …")
    assert LONGEST_TITLE // 2 < len(title) <= LONGEST_TITLE + 2


def test_a_long_history_has_links_to_its_years(tmp_path: Path) -> None:
    site = PolicySite(tmp_path / "site")
    for number in range(12):
        site.publish(
            "privacy.md", text(f"We keep it for {number} days."), on=date(2020 + number // 4, 1, 1 + number)
        )
    site.build()
    page = site.page("privacy/history")
    for label in ("2022-01-12", "2021-01-08", "2020-01-04"):
        assert f'<a href="#{label}">{label[:4]}</a>' in page
        assert f'id="{label}"' in page
