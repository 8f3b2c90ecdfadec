"""The start page of a site of many documents, its recent changes, and the page for URLs that do not exist."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from support.policy_site import PolicySite, text

TITLES = {
    "privacy-policies/privacy.md": "Privacy",
    "privacy-policies/cookies.md": "Cookies",
    "terms/cookies.md": "Cookies!",
    "terms/buyers.md": "Terms for buyers",
    "terms/sellers.md": "Terms for sellers",
    "contact.md": "Contact",
    "old/fees.md": "Fees",
    "older/fees.md": "Fees",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> PolicySite:
    site = PolicySite(tmp_path_factory.mktemp("many"))
    for day, (path, title) in enumerate(TITLES.items(), 1):
        site.publish(path, text(f"All about {path} and nothing else.", title=title), on=date(2026, 1, day))
    for month, path in enumerate(("old/fees.md", "older/fees.md"), 2):
        site.repository.remove(f"policy/{path}")
        site.repository.commit(at=datetime(2026, month, 20, 9, tzinfo=UTC))
    site.publish("privacy-policies/privacy.ru.md", text("Всё.", title="Частная жизнь"), on=date(2026, 4, 1))
    site.publish(
        "terms/buyers.md",
        text(
            "All about what buyers may do here.",
            title="Terms for buyers",
            change="material",
            summary="Buyers may do more.",
            effective="2026-12-01",
        ),
        on=date(2026, 4, 2),
    )
    site.build()
    return site


def content(page: str) -> str:
    return page.partition("<article")[2].partition("</article>")[0]


def words(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", markup).split())


def test_the_start_page_groups_documents_by_folder_below_the_recent_changes(site: PolicySite) -> None:
    page = content(site.page(""))
    assert re.findall(r"<h2[^>]*>([^<]*)", page) == [
        "Recent changes",
        "Privacy policies",
        "Terms",
        "Withdrawn policies",
    ]
    recent, rest = page.split("</section>")
    assert recent.count("<li>") == 5
    assert "Buyers may do more." in recent
    assert 'href="terms/buyers/changes/2026-04-02/"' in recent
    assert 'href="recent-changes/"' in recent
    assert rest.index("contact/") < rest.index("Privacy policies"), "what is in no folder comes first"
    assert "A new version takes effect on 1 December 2026" in rest


def test_no_two_documents_look_the_same_on_the_start_page(site: PolicySite) -> None:
    entries = [words(entry) for entry in re.findall(r"<li>.*?</li>", content(site.page("")), re.DOTALL)]
    assert len(set(entries)) == len(entries)
    assert any(entry.startswith("Cookies privacy-policies/cookies ") for entry in entries)
    assert any(entry.startswith("Cookies! terms/cookies ") for entry in entries)


def test_a_translation_is_listed_beside_its_original(site: PolicySite) -> None:
    listed = content(site.page("")).split("</section>")[1]
    [entry] = [one for one in re.findall(r"<li>.*?</li>", listed, re.DOTALL) if "privacy.ru/" in one]
    assert "Читать по-русски" in entry
    assert 'href="privacy-policies/privacy/"' in entry


def test_withdrawn_documents_are_listed_apart_with_their_dates_newest_first(site: PolicySite) -> None:
    withdrawn = words(content(site.page("")).partition("Withdrawn policies")[2])
    assert (
        withdrawn == "Fees older/fees Withdrawn on 20 March 2026 Fees old/fees Withdrawn on 20 February 2026"
    )


def test_the_recent_changes_of_all_documents_have_a_page_and_feeds(site: PolicySite) -> None:
    page = content(site.page("recent-changes"))
    assert page.count("<li>") == 10
    assert words(page).index("Buyers may do more.") < words(page).index("Частная жизнь")
    assert "New policy" in page
    assert 'href="../feed.xml"' in page
    head = site.page("recent-changes").partition("</head>")[0]
    assert 'type="application/atom+xml"' in head
    assert 'type="application/feed+json"' in head
    assert 'href="../../recent-changes/"' in site.page("terms/buyers"), "and each document leads there"
    assert "recent-changes/" in (site.folder / "sitemap.xml").read_text(encoding="utf8")


def test_a_small_site_lists_its_documents_alone(tmp_path: Path) -> None:
    site = PolicySite(tmp_path / "site")
    site.publish("privacy.md", text("We keep it."))
    site.build()
    page = content(site.page(""))
    assert "<h2" not in page
    assert page.count("<li>") == 1
    assert site.has("recent-changes")


def test_a_document_keeps_the_path_of_the_recent_changes(tmp_path: Path) -> None:
    site = PolicySite(tmp_path / "site")
    site.publish("recent-changes.md", "# What is new\n\nNothing that we know of.\n")
    site.publish("privacy.md", text("We keep it."))
    site.build()
    assert "Nothing that we know of." in site.page("recent-changes")
    assert "Recent changes of all policies" not in site.page("privacy")


def test_links_on_the_not_found_page_work_at_any_depth(site: PolicySite) -> None:
    page = (site.folder / "404.html").read_text(encoding="utf8")
    assert "<title>Page not found - Example Market</title>" in page
    assert "Example Market has no page at this web address." in page
    links = re.findall(r'href="([^"]*)"', content(page))
    assert {"/legal/", "/legal/recent-changes/", "/legal/terms/buyers/"} <= set(links)
    assert all(link.startswith("/legal/") for link in links)
    assert "old/fees" not in content(page)


def test_the_not_found_page_is_in_the_language_of_the_site(tmp_path: Path) -> None:
    site = PolicySite(tmp_path / "site")
    site.config["theme"]["language"] = "ru"
    site.publish("privacy.md", text("Мы храним данные.", title="Политика"))
    site.build()
    page = (site.folder / "404.html").read_text(encoding="utf8")
    assert "Страница не найдена" in page
    assert '<html lang="ru"' in page
