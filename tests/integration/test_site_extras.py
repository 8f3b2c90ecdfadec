"""Copies, feeds, data and fragments of a site, and the connection between its languages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from support.policy_site import SITE_URL, PolicySite, text

from generator.errors import ConfigError
from generator.site.analytics import UnknownServiceError
from generator.site.history_json import SCHEMA_FILE
from generator.site.pdf import NoWeasyPrintError

ATOM = "{http://www.w3.org/2005/Atom}"


def copies(site: PolicySite, slug: str, label: str) -> dict[str, str]:
    """The paths of a version's copies, from history.json."""
    found: dict[str, str] = next(v["copies"] for v in site.document(slug)["versions"] if v["label"] == label)
    return found


def test_each_version_has_a_copy_in_markdown_and_in_plain_text(full: PolicySite) -> None:
    found = copies(full, "privacy", "2026-02-01")
    assert found == {
        "markdown": "privacy/versions/2026-02-01/privacy-2026-02-01.md",
        "text": "privacy/versions/2026-02-01/privacy-2026-02-01.txt",
    }
    source = (full.folder / found["markdown"]).read_text()
    assert source.startswith("---\ntitle: Privacy policy\n")
    assert "We keep it for *ten* days." in source
    plain = (full.folder / found["text"]).read_text()
    assert plain.startswith("Privacy policy\n==============\n\nWe keep it for ten days. See our terms\n")
    assert f"<{SITE_URL}terms/#top>" in plain
    assert 'href="privacy-2026-02-01.md"' in full.page("privacy/versions/2026-02-01")
    assert 'href="versions/2026-02-01/privacy-2026-02-01.txt"' in full.page("privacy")


def test_a_copy_in_markdown_is_the_file_as_it_was_committed(site: PolicySite) -> None:
    raw = b"# Terms\r\n\r\nCaf\xe9.\r\n"
    site.publish("terms.md", raw, on=date(2026, 1, 1))
    site.publish("terms.md", "# Terms\n\nCafé.\n", on=date(2026, 1, 2))
    site.build()
    assert (site.folder / copies(site, "terms", "2026-01-01")["markdown"]).read_bytes() == raw
    site.build()
    assert (site.folder / copies(site, "terms", "2026-01-01")["markdown"]).read_bytes() == raw, (
        "from the cache"
    )


def test_the_feeds_say_the_same_as_atom_and_as_json(full: PolicySite) -> None:
    for folder in ("", "privacy/"):
        atom = ET.fromstring((full.folder / folder / "feed.xml").read_text())
        feed = full.json(f"{folder}feed.json")
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert feed["feed_url"] == f"{SITE_URL}{folder}feed.json"
        entries = atom.findall(f"{ATOM}entry")
        assert [item["id"] for item in feed["items"]] == [entry.findtext(f"{ATOM}id") for entry in entries]
        assert [item["content_html"] for item in feed["items"]] == [
            entry.findtext(f"{ATOM}content") for entry in entries
        ]
    published = [item["date_published"] for item in full.json("feed.json")["items"]]
    assert published == sorted(published, reverse=True)
    assert 'type="application/feed+json"' in full.page("privacy")


def test_periods_in_force_are_on_a_page_and_in_a_file(full: PolicySite) -> None:
    found = full.json("privacy/in-force.json")
    assert found["document"] == full.document("privacy")["id"]
    assert [(p["from"], p["until"], p["label"]) for p in found["periods"]] == [
        ("2026-01-10", "2026-03-01", "2026-01-10"),
        ("2026-03-01", "2026-12-01", "2026-02-01"),
        ("2026-12-01", None, "2026-04-01"),
    ]
    page = full.page("privacy/in-force")
    assert 'data-from="2026-01-10" data-until="2026-03-01"' in page
    assert page.index("1 December 2026") < page.index("1 March 2026")
    ended = full.json("terms/in-force.json")["periods"]
    assert ended[-1]["until"] == "2026-05-01", "until it was withdrawn"


def test_a_version_overtaken_before_its_day_was_in_force_on_no_day(site: PolicySite) -> None:
    site.publish("a.md", text("One."), on=date(2026, 1, 1))
    site.publish("a.md", text("Two.", effective="2026-06-01"), on=date(2026, 2, 1))
    site.publish("a.md", text("Three.", effective="2026-05-01", withdraws="2026-02-01"), on=date(2026, 3, 1))
    site.build()
    periods = site.json("a/in-force.json")["periods"]
    assert [(period["from"], period["number"]) for period in periods] == [
        ("2026-01-01", 1),
        ("2026-05-01", 3),
    ]


def test_additions_obey_the_published_schema(full: PolicySite) -> None:
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.validate(full.json("history.json"), schema)
    in_force = {"$ref": "#/$defs/in_force", "$defs": schema["$defs"]}
    for document in full.json("history.json")["documents"]:
        jsonschema.validate(full.json(document["in_force"]), in_force)
        assert (full.folder / document["fragment"]).is_file()
        for version in document["versions"]:
            assert all((full.folder / address).is_file() for address in version["copies"].values())


def test_a_fragment_is_only_the_current_version_with_absolute_links(full: PolicySite) -> None:
    fragment = (full.folder / "privacy/fragment.html").read_text()
    assert fragment.lstrip().startswith('<div class="policy" lang="en" dir="ltr" data-version="2026-02-01">')
    assert "<em>ten</em> days" in fragment
    assert f'href="{SITE_URL}terms/#top"' in fragment
    assert f'href="{SITE_URL}privacy/history/"' in fragment
    coming = f'<a href="{SITE_URL}privacy/changes/2026-04-01/">See what changes</a>'
    assert f"A new version takes effect on 1 December 2026. {coming}" in fragment
    assert re.findall(r'(?:href|src)="(?!https://)', fragment) == []
    assert "<script" not in fragment
    assert "<html" not in fragment


def test_a_translation_is_bound_to_the_version_that_it_translates(full: PolicySite) -> None:
    russian = full.document("privacy.ru")["versions"][0]
    assert russian["translates"] == 3
    assert all(version["translates"] is None for version in full.document("privacy")["versions"])
    page = full.page("privacy.ru/versions/2026-04-02")
    assert "Перевод редакции от 1 апреля 2026 года." in page
    assert 'href="../../../privacy/versions/2026-04-01/"' in page, "the same version in the other language"
    assert 'href="../../../privacy.ru/versions/2026-04-02/"' in full.page("privacy/versions/2026-04-01")
    assert 'href="../../../privacy.ru/history/"' in full.page("privacy/versions/2026-01-10")


def test_an_outdated_translation_names_the_language_that_is_newer(site: PolicySite) -> None:
    site.publish("a.md", text("One."), on=date(2026, 1, 1))
    site.publish("a.ru.md", text("Один.", title="Правила"), on=date(2026, 1, 2))
    site.publish("a.md", text("Two."), on=date(2026, 2, 1))
    site.build()
    assert "Оригинал (английский) обновлён: есть редакция от 1 февраля 2026 года." in site.page("a.ru")
    site.publish("a.ru.md", text("Два.", title="Правила"), on=date(2026, 2, 2))
    site.build()
    assert "обновлён: есть редакция" not in site.page("a.ru")


def test_a_translation_may_be_in_a_language_that_the_theme_does_not_speak(tmp_path: Path) -> None:
    site = PolicySite(tmp_path, languages=["de-AT", "tt"])
    site.publish("a.md", text("One."), on=date(2026, 1, 1))
    site.publish("a.de-AT.md", text("Eins.", title="Regeln"), on=date(2026, 1, 2))
    site.publish("a.tt.md", text("Бер.", title="Кагыйдәләр"), on=date(2026, 1, 2))
    site.build()
    for name, address in (
        ("tt", "a.tt"),
        ("tt", "a.tt/versions/2026-01-02"),
        ("de-AT", "a.de-AT"),
        ("en", "a"),
    ):
        assert f'<html lang="{name}"' in site.page(address)
    assert 'aria-label="Suche"' in site.page("a.de-AT"), "of its first part"
    assert 'aria-label="Search"' in site.page("a.tt"), "English"
    assert ">Deutsch (Österreich)</a>" in site.page("a")


def test_pages_say_which_text_prevails_only_if_the_company_says_so(tmp_path: Path) -> None:
    for name, options in (("silent", {}), ("said", {"prevailing": "en"})):
        site = PolicySite(tmp_path / name, **options)
        site.publish("a.md", text("One."), on=date(2026, 1, 1))
        site.publish("a.ru.md", text("Один.", title="Правила"), on=date(2026, 1, 2))
        site.build()
        said = "При расхождениях преимущественную силу имеет английский текст."
        for address in ("a.ru", "a.ru/versions/2026-01-02"):
            assert (said in site.page(address)) == (name == "said")
        assert "prevails" not in site.page("a")


def test_a_prevailing_language_that_no_text_has_is_refused(site: PolicySite) -> None:
    site.config["plugins"][1]["policysite"]["prevailing"] = "english"
    site.publish("a.md", text("One."))
    with pytest.raises(
        ConfigError, match=r"prevailing: 'english' is not one of the site's languages \(en, ru\); correct it"
    ):
        site.build()


def test_robots_txt_names_the_sitemap_unless_the_policy_has_its_own(site: PolicySite) -> None:
    site.publish("a.md", text("One."))
    site.build()
    assert f"Sitemap: {SITE_URL}sitemap.xml" in (site.folder / "robots.txt").read_text()
    site.publish("robots.txt", "User-agent: *\nDisallow: /\n")
    site.build()
    assert (site.folder / "robots.txt").read_text() == "User-agent: *\nDisallow: /\n"


def test_a_long_history_is_divided_by_years_and_links_find_the_right_one(site: PolicySite) -> None:
    days = [date(2024 + number // 45, 1 + number % 12, 1 + number % 28) for number in range(120)]
    for number, day in enumerate(sorted(days)):
        site.publish("a.md", text(f"State {number}."), on=day)
    site.build()
    first, second = site.page("a/history"), site.page("a/history/2024")
    assert 'href="../2024/"' not in first
    assert 'href="2024/"' in first
    assert first.count("ps-timeline__item ") + second.count("ps-timeline__item ") == 120 - 45
    assert "120 versions since" in second
    label = site.document("a")["versions"][0]["label"]
    assert f"history/2024/#{label}" in site.page(f"a/since/{label}")
    assert f'id="{label}"' in second
    assert f"{SITE_URL}a/history/2024/" in (site.folder / "sitemap.xml").read_text()


def policy_of(page: str) -> dict[str, list[str]]:
    """A page's content security policy: sources by directive."""
    content = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    assert content is not None
    return {words[0]: words[1:] for words in (part.split() for part in content[1].split(";"))}


@pytest.mark.parametrize(
    "address", ["privacy", "privacy/versions/2026-02-01", "privacy/changes/2026-02-01", ""]
)
def test_each_page_allows_just_the_scripts_that_are_in_it(full: PolicySite, address: str) -> None:
    page = full.page(address)
    policy = policy_of(page)
    inline = re.findall(r"<script(?![^>]*(?:\bsrc=|application/json))[^>]*>(.*?)</script>", page, re.DOTALL)
    digests = {f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in inline}
    assert set(policy["script-src"]) == {"'self'", *digests}
    assert inline
    assert "unsafe-inline" not in " ".join(policy["script-src"])
    assert page.index("Content-Security-Policy") < page.index("<script")


def test_without_analytics_no_page_has_a_word_or_a_script_about_it(full: PolicySite) -> None:
    pages = [file.read_text() for file in full.folder.rglob("*.html")]
    assert not [page for page in pages if "consent" in page or "googletagmanager" in page]
    assert not list((full.folder / "assets").glob("consent*"))


def test_with_analytics_every_page_asks_and_allows_what_is_configured(tmp_path: Path) -> None:
    site = PolicySite(tmp_path, analytics={"yandex": 12345678})
    site.publish("a.md", text("One."), on=date(2026, 1, 1))
    site.publish("a.ru.md", text("Один.", title="Правила"), on=date(2026, 1, 2))
    site.build()
    for address in ("a", "a/versions/2026-01-01", "a.ru/history"):
        page = site.page(address)
        assert 'name="yandex" value="12345678"' in page
        assert 'name="google"' not in page
        assert "https://mc.yandex.ru" in policy_of(page)["script-src"]
        assert "google" not in page
    assert "Можно ли учитывать" in site.page("a.ru/history")


def test_analytics_of_the_theme_beside_consent_are_refused(tmp_path: Path) -> None:
    site = PolicySite(tmp_path, analytics={"google": "G-ABCDEFGH12"})
    site.config["extra"] = {"analytics": {"provider": "google", "property": "G-ABCDEFGH12"}}
    site.publish("a.md", text("One."))
    with pytest.raises(ConfigError, match=r"extra\.analytics would count visitors without asking them"):
        site.build()


@pytest.mark.parametrize("analytics", [{"google": "12345"}, {"matomo": "1"}, {"yandex": "1);alert(1"}])
def test_an_impossible_counter_id_is_refused(tmp_path: Path, analytics: dict[str, Any]) -> None:
    site = PolicySite(tmp_path, analytics=analytics)
    site.publish("a.md", text("One."))
    with pytest.raises(UnknownServiceError, match=r"correct it in mkdocs\.yml"):
        site.build()


def test_the_pdf_of_each_version_names_the_version(tmp_path: Path) -> None:
    pytest.importorskip("weasyprint", reason="needs WeasyPrint: install the dev lock")
    site = PolicySite(tmp_path, pdf=True)
    site.publish("images/a.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    site.publish(
        "a.md", text("One. ![A](images/a.svg) ![B](https://other.example/b.png)"), on=date(2026, 1, 1)
    )
    site.build()
    file = site.folder / copies(site, "a", "2026-01-01")["pdf"]
    first = file.read_bytes()
    assert first.startswith(b"%PDF-")
    site.repository.folder.joinpath(".cache").rename(tmp_path / "cache-away")
    site.build()
    assert file.read_bytes() == first, "the same bytes each time"


def test_pdf_copies_without_weasyprint_are_refused(site: PolicySite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    site.config["plugins"][1]["policysite"]["pdf"] = True
    site.publish("a.md", text("One."))
    with pytest.raises(NoWeasyPrintError, match=r"install policysite\[pdf\] and Pango"):
        site.build()
