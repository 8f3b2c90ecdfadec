"""Pages, feeds and data describe a change that is upcoming, corrected, postponed or withdrawn."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import jsonschema
import pytest
from support.policy_site import PolicySite, text

OLD, NEW = "We keep it for one year.\n\nAny qestion?", "We keep it for ten years.\n\nAny qestion?"
ANNOUNCED = {"change": "material", "effective": "2026-08-01", "summary": "Ten years.", "impact": "Longer."}
MENDED = {"change": "editorial", "summary": "A typing error."}


def mended(body: str) -> str:
    return body.replace("qestion", "question")


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path)
    site.publish("privacy.md", text(OLD), on=date(2026, 1, 1))
    return site


@pytest.fixture
def corrected(site: PolicySite) -> PolicySite:
    """An upcoming text beside the current one, and a correction of both."""
    site.publish("privacy.upcoming.md", text(NEW, **ANNOUNCED), on=date(2026, 5, 1))
    site.repository.write("policy/privacy.md", text(mended(OLD), **MENDED))
    site.publish(
        "privacy.upcoming.md", text(mended(NEW), **MENDED, effective="2026-08-01"), on=date(2026, 5, 20)
    )
    return site


def withdraw(site: PolicySite) -> None:
    site.publish("privacy.md", text(NEW, **ANNOUNCED), on=date(2026, 5, 1))
    site.publish(
        "privacy.md",
        text(OLD, change="editorial", summary="We will not.", withdraws="2026-05-01"),
        on=date(2026, 5, 20),
    )


def test_a_corrected_announcement_still_says_what_changes(site: PolicySite) -> None:
    site.publish("privacy.md", text(NEW, **ANNOUNCED), on=date(2026, 5, 1))
    site.publish("privacy.md", text(mended(NEW), **MENDED), on=date(2026, 5, 20))
    site.build()
    page = site.page("privacy")
    assert "one year" in page
    notice = page[page.index("A new version takes effect on 1 August 2026") :]
    assert notice.index("Ten years.") < notice.index("A typing error.")
    assert 'href="since/2026-01-01/"' in notice
    assert "We keep it for<del" in site.page("privacy/since/2026-01-01").replace("one year", "")
    change = site.page("privacy/changes/2026-05-20")
    assert "It changes the text that was announced for 1 August 2026" in change
    assert "../../since/2026-01-01/" in change
    assert "No longer says" not in change
    assert "1 change</h2>" in change


def test_the_current_text_is_corrected_while_another_is_pending(corrected: PolicySite) -> None:
    corrected.build()
    page = corrected.page("privacy")
    assert "Any question?" in page
    assert "one year" in page
    assert not corrected.has("privacy.upcoming")
    assert "upcoming.md" not in page
    versions = corrected.document("privacy")["versions"]
    assert [(v["line"], v["effective_on"], v["redline"] and v["redline"]["from"]) for v in versions] == [
        (0, "2026-01-01", None),
        (1, "2026-08-01", 1),
        (0, "2026-05-20", 1),
        (1, "2026-08-01", 2),
    ]
    periods = corrected.json("privacy/in-force.json")["periods"]
    assert [(period["from"], period["until"], period["number"]) for period in periods] == [
        ("2026-01-01", "2026-05-20", 1),
        ("2026-05-20", "2026-08-01", 3),
        ("2026-08-01", None, 4),
    ]
    corrected.build(day=date(2026, 8, 1))
    assert "ten years" in corrected.page("privacy")


def test_links_to_the_upcoming_file_lead_to_the_document(corrected: PolicySite) -> None:
    corrected.publish("terms.md", "# Terms\n\nSee [the new text](privacy.upcoming.md).\n")
    corrected.build()
    assert '<a href="../privacy/">the new text</a>' in corrected.page("terms")


def test_every_page_says_that_an_announced_change_will_not_happen(site: PolicySite) -> None:
    withdraw(site)
    site.build()
    said = "The change announced for 1 August 2026 will not happen"
    for address in (
        "privacy",
        "privacy/changes/2026-05-20",
        "privacy/versions/2026-05-20",
        "privacy/history",
    ):
        assert said in site.page(address), address
    for file in ("feed.xml", "privacy/feed.xml", "privacy/fragment.html"):
        assert said in (site.folder / file).read_text(encoding="utf8"), file
    feed = (site.folder / "privacy/feed.xml").read_text(encoding="utf8")
    assert "In force from 1 August 2026" not in feed
    assert "This version will not take effect." in feed
    for address in ("privacy/changes/2026-05-01", "privacy/versions/2026-05-01"):
        assert "This version will not take effect" in site.page(address), address
    assert "A new version takes effect" not in site.page("privacy")
    versions = site.document("privacy")["versions"]
    assert [version["withdrawn_by"] for version in versions] == [None, 3, None]
    assert versions[2]["withdraws"] == "2026-05-01"
    assert [period["number"] for period in site.json("privacy/in-force.json")["periods"]] == [1, 3]


def test_a_postponed_change_is_not_called_cancelled(site: PolicySite) -> None:
    site.publish("privacy.md", text(NEW, **ANNOUNCED), on=date(2026, 5, 1))
    later = {**ANNOUNCED, "effective": "2026-09-01", "withdraws": "2026-05-01", "summary": "Later."}
    site.publish("privacy.md", text(NEW, **later), on=date(2026, 5, 20))
    site.build()
    page = site.page("privacy")
    assert (
        "The change announced for 1 August 2026 will not happen on that day: another takes its place" in page
    )
    assert "A new version takes effect on 1 September 2026" in page
    assert "Takes effect on 1 September 2026 instead of 1 August 2026" in site.page(
        "privacy/changes/2026-05-20"
    )


def test_both_days_of_a_text_that_was_published_late_are_kept(site: PolicySite) -> None:
    late = {**ANNOUNCED, "effective": "2026-02-01"}
    site.publish("privacy.md", text(NEW, **late), on=date(2026, 5, 1))
    site.build()
    newest = site.document("privacy")["versions"][-1]
    assert (newest["effective_on"], newest["stated_effective_on"]) == ("2026-05-01", "2026-02-01")
    period = site.json("privacy/in-force.json")["periods"][-1]
    assert (period["from"], period["stated_effective_on"]) == ("2026-05-01", "2026-02-01")
    said = "It states 1 February 2026 as its effective date, but took effect only when it was published."
    assert said in site.page("privacy/versions/2026-05-01")


def test_a_first_text_that_is_corrected_before_its_day_is_the_one_that_will_apply(tmp_path: Path) -> None:
    site = PolicySite(tmp_path)
    site.publish("privacy.md", text(OLD, **ANNOUNCED), on=date(2026, 5, 1))
    site.publish("privacy.md", text(mended(OLD), **MENDED), on=date(2026, 5, 20))
    site.build()
    assert "Any question?" in site.page("privacy")
    assert "takes effect on 1 August 2026" in site.page("privacy")


def test_a_translation_is_bound_to_the_text_that_it_translates(corrected: PolicySite) -> None:
    russian = {"title": "Политика", "summary": "Перевод."}
    corrected.publish("privacy.ru.md", text("Год.", **russian), on=date(2026, 5, 21))
    corrected.publish(
        "privacy.ru.upcoming.md", text("Десять лет.", effective="2026-08-01", **russian), on=date(2026, 5, 22)
    )
    corrected.build()
    versions = corrected.document("privacy.ru")["versions"]
    assert [version["translates"] for version in versions] == [3, 4]
    assert "Оригинал изменился" not in corrected.page("privacy.ru")
    corrected.publish("privacy.md", text(OLD + "\n\nMore.", **MENDED), on=date(2026, 5, 23))
    corrected.build()
    assert "Оригинал изменился" in corrected.page("privacy.ru")
    corrected.build(day=date(2026, 8, 1))
    assert "Оригинал изменился" not in corrected.page("privacy.ru")


def test_history_json_keeps_to_its_schema(corrected: PolicySite) -> None:
    withdraw_upcoming = text(mended(OLD), summary="No.", withdraws="2026-05-20-2")
    corrected.repository.remove("policy/privacy.upcoming.md")
    corrected.publish("privacy.md", withdraw_upcoming, on=date(2026, 5, 25))
    corrected.build()
    schema = corrected.json("history.schema.json")
    jsonschema.validate(corrected.json("history.json"), schema)
    in_force = {**schema["$defs"]["in_force"], "$defs": schema["$defs"]}
    jsonschema.validate(corrected.json("privacy/in-force.json"), in_force)
    for redline in corrected.folder.glob("privacy/changes/*/redline.json"):
        found = json.loads(redline.read_text(encoding="utf8"))
        jsonschema.validate(found, {**schema["$defs"]["redline"], "$defs": schema["$defs"]})


def test_moving_the_upcoming_text_over_loses_no_published_version(corrected: PolicySite) -> None:
    corrected.build()
    published = corrected.folder.parent / "published.json"
    published.write_bytes((corrected.folder / "history.json").read_bytes())
    corrected.repository.git("mv", "-f", "policy/privacy.upcoming.md", "policy/privacy.md")
    corrected.repository.commit()
    assert corrected.build(published=published).versions == 4


def test_a_warm_build_equals_a_cold_one_on_each_day(corrected: PolicySite, tmp_path: Path) -> None:
    def files() -> dict[str, bytes]:
        found = {str(p.relative_to(corrected.folder)): p for p in corrected.folder.rglob("*") if p.is_file()}
        return {name: file.read_bytes() for name, file in sorted(found.items()) if "sitemap" not in name}

    for day in (date(2026, 6, 1), date(2026, 7, 31), date(2026, 8, 1), date(2026, 8, 1) + timedelta(days=40)):
        corrected.build(day=day)
        warm = files()
        cache = corrected.folder.parent / ".cache"
        cache.rename(tmp_path / f"cache-{day}")
        corrected.build(day=day)
        cold = files()
        assert [name for name in warm if warm[name] != cold.get(name)] == []


def test_an_upcoming_file_that_is_excluded_is_not_published(corrected: PolicySite) -> None:
    corrected.config["exclude_docs"] = "*.upcoming.md\n"
    corrected.build()
    assert [version["line"] for version in corrected.document("privacy")["versions"]] == [0, 0]
    assert "ten years" not in (corrected.folder / "history.json").read_text(encoding="utf8")
    assert not corrected.has("privacy.upcoming")
