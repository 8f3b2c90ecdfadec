"""A build writes each kind of page at its path, the same bytes each time, and nothing half done."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support.policy_site import SITE_URL, PolicySite, publish_everything, text

from generator.errors import (
    ConfigError,
    DocumentTextError,
    FolderOutsideRepositoryError,
    NoRepositoryError,
    ShallowHistoryError,
)
from generator.mkdocs_plugin.run import read_config
from generator.published_site.build_site import build_site, has_uncommitted_edits
from generator.site.history_json import SCHEMA_FILE
from generator.site.published_history import (
    LostVersionError,
    UnknownFormatError,
    UnreadablePublishedError,
)
from generator.site.urls import PathTakenError


def contents(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_the_documents_page_shows_the_current_version_although_a_newer_one_is_published(
    full: PolicySite,
) -> None:
    page = full.page("privacy")
    assert "<em>ten</em> days" in page
    assert "two days" not in page
    assert "Published on 1 February 2026, in force since 1 March 2026." in page


def test_the_documents_page_announces_the_upcoming_version_with_its_date_and_redline(
    full: PolicySite,
) -> None:
    page = full.page("privacy")
    assert "A new version takes effect on 1 December 2026" in page
    assert 'href="changes/2026-04-01/"' in page


def test_an_upcoming_version_takes_effect_on_its_day(full: PolicySite, tmp_path: Path) -> None:
    folder, _ = build_site(
        full.config_file, site_dir=tmp_path / "later", day=date(2026, 12, 1), published=None
    )
    assert "two days" in (folder / "privacy/index.html").read_text()


@pytest.mark.parametrize(
    ("address", "banner"),
    [
        ("privacy/versions/2026-01-10", "This is an earlier version"),
        ("privacy/versions/2026-02-01", "This is the permanent copy of the current version"),
        ("privacy/versions/2026-04-01", "This version is not in force yet"),
        ("cookies/versions/2026-04-03-2", "This is an earlier version"),
        ("terms/versions/2026-01-12", "This is an earlier version"),
    ],
)
def test_each_version_page_says_whether_it_is_current_upcoming_or_superseded(
    full: PolicySite, address: str, banner: str
) -> None:
    assert banner in full.page(address)


def test_a_version_overtaken_before_its_day_never_took_effect(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."), on=date(2026, 1, 1))
    site.publish("privacy.md", text("Two.", effective="2026-05-01"), on=date(2026, 1, 2))
    site.publish("privacy.md", text("Three.", effective="2026-04-01"), on=date(2026, 1, 3))
    site.build()
    assert "replaced before it took effect" in site.page("privacy/versions/2026-01-02")
    assert "Three." in site.page("privacy")


def test_a_document_without_a_current_version_says_when_it_will_have_one(site: PolicySite) -> None:
    site.publish("privacy.md", text("One.", effective="2026-07-01"), on=date(2026, 1, 1))
    site.build()
    assert "It takes effect on 1 July 2026." in site.page("privacy")


def test_a_change_has_a_page_with_its_summary_and_its_redline(full: PolicySite) -> None:
    page = full.page("privacy/changes/2026-02-01")
    assert "We keep data for ten days." in page
    assert "Shorter for you." in page
    assert '<ins class="rl">' in page
    assert '<del class="rl">' in page


def test_the_kind_of_a_change_is_never_guessed(full: PolicySite) -> None:
    assert "Material change" in full.page("privacy/history")
    assert "Material change" not in full.page("cookies/history")


def test_a_page_shows_all_changes_since_an_older_version(full: PolicySite) -> None:
    page = full.page("privacy/since/2026-01-10")
    assert "From the version of 10 January 2026 to the version of 1 April 2026." in page
    assert '<del class="rl">' in page


def test_links_to_changes_since_a_very_old_version_lead_to_the_history(site: PolicySite) -> None:
    site.config["plugins"][1]["policysite"]["since"] = 1
    for day in (1, 2, 3):
        site.publish("privacy.md", text(f"Text {day}."), on=date(2026, 1, day))
    site.build()
    assert "url=../../history/#2026-01-01" in site.page("privacy/since/2026-01-01")
    assert '<del class="rl">' in site.page("privacy/since/2026-01-02")


def test_the_history_lists_the_newest_version_first(full: PolicySite) -> None:
    page = full.page("privacy/history")
    labels = ["2026-04-01", "2026-02-01", "2026-01-10"]
    places = [page.index(f'id="{label}"') for label in labels]
    assert places == sorted(places)
    assert "We keep data for ten days." in page
    assert "This restores the text of 3 April 2026." in full.page("cookies/history")


def test_a_second_version_of_a_day_is_numbered(full: PolicySite) -> None:
    page = full.page("cookies/history")
    assert ">3 April 2026</a>" in page
    assert ">3 April 2026 (no. 2 that day)</a>" in page


def test_a_renamed_document_keeps_its_id_and_its_old_urls_redirect(full: PolicySite) -> None:
    document = full.document("privacy")
    assert document["former_paths"] == ["data/"]
    assert len(document["versions"]) == 3
    assert "url=../privacy/" in full.page("data")
    assert "url=../../../privacy/versions/2026-01-10/" in full.page("data/versions/2026-01-10")
    assert "url=../../privacy/history/" in full.page("data/history")


def test_after_a_rename_old_urls_redirect_and_copies_and_feeds_are_at_both_paths(site: PolicySite) -> None:
    for number in range(1, 4):
        site.publish("data.md", text(f"We keep it for {number} days."), on=date(2026, 1, number))
    site.build()
    before = {file.relative_to(site.folder / "data") for file in (site.folder / "data").rglob("*.*")}
    site.repository.move("policy/data.md", "policy/privacy.md")
    site.repository.commit(at=datetime(2026, 2, 1, tzinfo=UTC))
    shutil.rmtree(site.folder)
    site.build()
    assert {file for file in before if not (site.folder / "data" / file).is_file()} == {
        Path(f"changes/2026-01-0{number}/redline.json") for number in (2, 3)
    }
    for file in (site.folder / "data").rglob("*.*"):
        if file.name == "index.html":
            target = re.search(r"url=([^\"#]+)", file.read_text())
            assert target, file
            assert (file.parent / target[1] / "index.html").is_file(), file
    for name in ("feed.xml", "feed.json", "fragment.html", "in-force.json"):
        assert (site.folder / "data" / name).read_bytes() == (site.folder / "privacy" / name).read_bytes()
    assert (site.folder / "data/versions/2026-01-02/data-2026-01-02.txt").read_text().endswith("2 days.\n")


def test_a_withdrawn_document_keeps_its_pages(full: PolicySite) -> None:
    page = full.page("terms")
    assert "This policy was withdrawn" in page
    assert "in force from 12 January 2026 until 30 April 2026" in page
    assert "1 May 2026" in page
    assert full.document("terms")["ended_at"] == "2026-05-01T00:00:00Z"
    assert "terms/" not in full.page("").split("<article")[0]


def test_a_living_document_gets_a_path_before_an_ended_one(site: PolicySite) -> None:
    site.publish("privacy.md", text("Old words, quite other ones."), on=date(2026, 1, 1))
    site.repository.remove("policy/privacy.md")
    removed = site.repository.commit()
    site.publish("privacy/index.md", text("New.", title="New policy"), on=date(2026, 2, 1))
    site.build()
    assert "New." in site.page("privacy")
    assert "Old words" in site.page(f"privacy@{removed[:12]}/versions/2026-01-01")
    assert f"privacy%40{removed[:12]}" in site.page("privacy/versions/2026-01-01")


def test_a_translation_is_a_document_of_its_own_with_a_link_to_its_original(full: PolicySite) -> None:
    russian = full.document("privacy.ru")
    assert russian["language"] == "ru"
    assert russian["translation_of"] == full.document("privacy")["id"]
    page = full.page("privacy.ru")
    assert '<html lang="ru"' in page
    assert "Опубликовано и действует с 2 апреля 2026 года." in page
    assert 'href="../privacy.ru/"' in full.page("privacy")
    assert f'hreflang="ru" href="{SITE_URL}privacy.ru/"' in full.page("privacy")


def test_links_to_former_names_lead_to_the_current_pages(full: PolicySite) -> None:
    page = full.page("privacy/versions/2026-02-01")
    assert '<a href="../../../terms/#top">our terms</a>' in page
    assert "<a>nothing</a>" in page
    assert '<a href="https://example.org/">a site</a>' in page
    assert '<a href="../../../privacy/">data</a>' in full.page("terms/versions/2026-01-12")


def test_a_version_keeps_the_image_that_it_was_published_with(full: PolicySite) -> None:
    page = full.page("privacy/versions/2026-01-10")
    image = page.partition('src="../../../assets/kept/')[2].partition('"')[0]
    kept = (full.folder / "assets/kept" / image).read_text()
    assert kept == '<svg xmlns="http://www.w3.org/2000/svg"/>'
    assert kept != (full.folder / "images/scheme.svg").read_text()


def test_links_in_emails_and_feeds_are_absolute(full: PolicySite) -> None:
    redline = full.json("privacy/changes/2026-02-01/redline.json")
    assert f'href="{SITE_URL}terms/#top"' in redline["mail_html"]
    assert f'href="{SITE_URL}terms/#top"' in redline["html"]


def test_template_syntax_is_text(full: PolicySite) -> None:
    assert "{{ days }}" in full.page("privacy/versions/2026-01-10")


def test_history_json_and_every_redline_obey_the_schema(full: PolicySite) -> None:
    schema = json.loads(SCHEMA_FILE.read_text())
    history = full.json("history.json")
    jsonschema.validate(history, schema, format_checker=jsonschema.FormatChecker())
    for document in history["documents"]:
        for version in document["versions"]:
            page = (full.folder / version["path"] / "index.html").read_bytes()
            assert hashlib.sha256(page).hexdigest() == version["page_sha256"]
            if version["redline"]:
                raw = (full.folder / version["redline"]["path"]).read_bytes()
                assert hashlib.sha256(raw).hexdigest() == version["redline"]["sha256"]
                jsonschema.validate(json.loads(raw), {"$ref": "#/$defs/redline", "$defs": schema["$defs"]})
    assert full.json("history.schema.json") == schema


def test_the_start_page_is_not_announced(full: PolicySite) -> None:
    assert full.document("")["announced"] is False
    assert full.document("privacy")["announced"] is True


def test_search_does_not_find_archive_pages(full: PolicySite) -> None:
    locations = [entry["location"] for entry in full.json("search/search_index.json")["docs"]]
    assert any(location.startswith("privacy/") for location in locations)
    assert not any("versions/" in location or "policysite-layout" in location for location in locations)


def test_the_sitemap_has_the_permanent_pages_with_their_dates(full: PolicySite) -> None:
    sitemap = (full.folder / "sitemap.xml").read_text()
    assert f"<loc>{SITE_URL}privacy/versions/2026-01-10/</loc>\n  <lastmod>2026-01-10</lastmod>" in sitemap
    assert "since/" not in sitemap


def test_the_same_commit_and_day_give_the_same_bytes_with_and_without_cache(
    full: PolicySite, tmp_path: Path
) -> None:
    cold = tmp_path / "cold"
    cache = full.config_file.parent / ".cache"
    cache.rename(tmp_path / "kept")
    build_site(full.config_file, site_dir=cold, day=date(2026, 6, 1), published=None)
    assert contents(cold) == contents(full.folder)


def test_only_page_digests_in_history_json_depend_on_the_day_of_the_build(
    full: PolicySite, tmp_path: Path
) -> None:
    folder, _ = build_site(
        full.config_file, site_dir=tmp_path / "later", day=date(2027, 1, 1), published=None
    )
    later = json.loads((folder / "history.json").read_text())
    now = full.json("history.json")
    for history in (later, now):
        for document in history["documents"]:
            for version in document["versions"]:
                del version["page_sha256"]
    assert later == now


def test_uncommitted_edits_are_not_published(site: PolicySite) -> None:
    site.publish("privacy.md", text("Committed."))
    site.repository.write("policy/privacy.md", text("A draft."))
    site.repository.write("policy/new.md", text("New."))
    site.build()
    assert "Committed." in site.page("privacy")
    assert "A draft." not in site.page("privacy")
    assert not site.has("new")
    assert has_uncommitted_edits(site.config_file)


def test_a_site_without_a_start_page_lists_its_documents(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."))
    site.build()
    assert '<a href="privacy/">Privacy policy</a>' in site.page("")


def test_hidden_files_become_no_pages(site: PolicySite) -> None:
    site.publish("index.md", "# Start\n")
    site.publish(".github/ISSUE_TEMPLATE.md", "# Hidden\n")
    site.build()
    assert "Hidden" not in site.page("")
    assert not (site.folder / ".github").exists()


def test_an_excluded_document_is_not_on_the_site(site: PolicySite) -> None:
    site.publish("README.md", "# For editors\n")
    site.publish("index.md", "# Start\n")
    site.config["exclude_docs"] = "README.md\n"
    site.build()
    assert [document["slug"] for document in site.json("history.json")["documents"]] == [""]


@pytest.mark.parametrize(
    "paths",
    [("a.md", "a/index.md"), ("a.md", "a/history.md"), ("feed.xml.md", "b.md")],
    ids="+".join,
)
def test_two_documents_at_one_path_or_at_a_reserved_path_are_refused(
    site: PolicySite, paths: tuple[str, str]
) -> None:
    for path in paths:
        site.publish(path, f"# {path}\n")
    with pytest.raises(PathTakenError, match="rename one of them"):
        site.build()


def test_bad_front_matter_in_the_newest_text_is_refused_with_its_line(site: PolicySite) -> None:
    site.publish("privacy.md", "---\ntitle: A\neffective: soon\n---\n\nOne.\n")
    with pytest.raises(DocumentTextError, match=r"policy/privacy\.md:3: `effective`"):
        site.build()
    site.publish("privacy.md", text("Mended."))
    site.build()


def test_a_shallow_clone_is_refused(site: PolicySite, tmp_path: Path) -> None:
    site.publish("privacy.md", text("One."))
    site.publish("privacy.md", text("Two."))
    site.repository.git("clone", "--quiet", "--depth=1", f"file://{tmp_path}", str(tmp_path / "shallow"))
    shallow = PolicySite(tmp_path / "shallow")
    with pytest.raises(ShallowHistoryError, match="fetch-depth: 0"):
        shallow.build()


def test_a_documents_folder_outside_the_work_tree_is_refused(site: PolicySite, tmp_path: Path) -> None:
    site.publish("privacy.md", text("One."))
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    site.config["docs_dir"] = str(outside)
    with pytest.raises((NoRepositoryError, FolderOutsideRepositoryError)):
        site.build()


def test_a_missing_site_url_is_refused(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."))
    del site.config["site_url"]
    with pytest.raises(ConfigError, match="site_url is missing"):
        site.build()


def test_a_missing_plugin_is_refused(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."))
    site.config["plugins"] = ["search"]
    with pytest.raises(ConfigError, match="add `policysite`"):
        site.build()


def test_a_wrong_mkdocs_yml_is_refused_in_one_line(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."))
    site.config["docs_dir"] = "nowhere"
    with pytest.raises(ConfigError) as refusal:
        site.build()
    assert "\n" not in str(refusal.value)


def test_an_unknown_option_of_the_plugin_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    site = PolicySite(tmp_path, announces=["privacy.md"])
    site.publish("privacy.md", text("One."))
    with pytest.raises(
        ConfigError,
        match=r"policysite .* `announces`; its options are analytics, announce, extra_files, languages",
    ):
        site.build()


def test_warnings_of_mkdocs_are_passed_on(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."))
    site.config["nav"] = ["privacy.md", "gone/"]
    [warning] = site.build().warnings
    assert "'gone/'" in warning
    assert "\n" not in warning


def test_a_strict_build_names_the_warnings_that_stop_it(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."))
    site.config |= {"nav": ["privacy.md", "gone.md"], "strict": True}
    with pytest.raises(ConfigError, match=r"nav .* names gone\.md.*strict mode"):
        site.build()


def test_a_yaml_error_in_mkdocs_yml_is_reported_on_one_line(site: PolicySite) -> None:
    site.config_file.write_text("site_name: [\n")
    with pytest.raises(ConfigError) as refusal:
        read_config(site.config_file)
    assert "line 2" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_mkdocs_yml_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file; run the command"):
        read_config(tmp_path / "nowhere.yml")


def test_a_folder_instead_of_a_mkdocs_yml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"choose a mkdocs\.yml with --config"):
        read_config(tmp_path)


def test_a_refused_build_leaves_the_old_site_whole(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."))
    site.build()
    before = contents(site.folder)
    site.publish("privacy.md", "---\nchange: big\n---\n\nTwo.\n")
    with pytest.raises(DocumentTextError):
        site.build()
    assert contents(site.folder) == before
    assert sorted(path.name for path in site.folder.parent.iterdir()) == [
        ".cache",
        ".git",
        "mkdocs.yml",
        "policy",
        "site",
    ]


def test_a_build_that_would_lose_a_published_version_refuses(site: PolicySite, tmp_path: Path) -> None:
    site.publish("privacy.md", text("One."), on=date(2026, 1, 1))
    site.publish("privacy.md", text("Two."), on=date(2026, 1, 2))
    site.build()
    published = site.folder / "history.json"
    site.build(published=published)
    kept = tmp_path / "published.json"
    kept.write_bytes(published.read_bytes())
    site.repository.git("reset", "--quiet", "--hard", "HEAD~1")
    with pytest.raises(LostVersionError, match="was published and is missing from this build"):
        site.build(published=kept)


def test_a_build_that_would_change_a_published_source_refuses(site: PolicySite, tmp_path: Path) -> None:
    site.publish("other.md", "# Other\n", on=date(2026, 1, 1))
    site.publish("privacy.md", text("One."), on=date(2026, 1, 1))
    site.build()
    kept = tmp_path / "published.json"
    history = site.json("history.json")
    history["documents"][1]["versions"][0]["source_blob"] = "0" * 40
    kept.write_text(json.dumps(history))
    with pytest.raises(LostVersionError, match="was published from another source file"):
        site.build(published=kept)


def as_format_1(history: dict[str, Any]) -> dict[str, Any]:
    """The same history as policy-site wrote it before format 2."""
    names = {"path": "address", "former_paths": "former_addresses"}

    def renamed(value: Any) -> Any:
        if isinstance(value, dict):
            return {names.get(key, key): renamed(inner) for key, inner in value.items()}
        return [renamed(inner) for inner in value] if isinstance(value, list) else value

    return {**renamed(history), "format": 1}


@pytest.mark.parametrize("older", [True, False])
def test_a_published_history_of_format_1_counts_like_one_of_format_2(
    site: PolicySite, tmp_path: Path, older: bool
) -> None:
    site.publish("privacy.md", text("One."), on=date(2026, 1, 1))
    site.publish("privacy.md", text("Two."), on=date(2026, 1, 2))
    site.build()
    history = site.json("history.json")
    assert history["format"] == 2
    published = tmp_path / "published.json"
    published.write_text(json.dumps(as_format_1(history) if older else history))
    assert site.build(published=published).warnings == ()
    site.repository.git("reset", "--quiet", "--hard", "HEAD~1")
    with pytest.raises(LostVersionError):
        site.build(published=published)


def test_a_published_history_of_an_unknown_format_is_refused(site: PolicySite, tmp_path: Path) -> None:
    site.publish("privacy.md", text("One."), on=date(2026, 1, 1))
    site.build()
    published = tmp_path / "published.json"
    published.write_text(json.dumps(site.json("history.json") | {"format": 3}))
    with pytest.raises(UnknownFormatError, match="has format 3, and this policy-site reads formats 1 and 2"):
        site.build(published=published)


def test_in_force_json_says_path_and_keeps_address_for_sites_that_embed_it(site: PolicySite) -> None:
    site.publish("privacy.md", text("One."), on=date(2026, 1, 1))
    site.build()
    [period] = site.json("privacy/in-force.json")["periods"]
    assert period["path"] == period["address"] == "privacy/versions/2026-01-01/"


def test_a_different_rendering_of_a_published_text_is_a_warning(site: PolicySite, tmp_path: Path) -> None:
    site.publish("privacy.md", text("~~One.~~"), on=date(2026, 1, 1))
    site.publish("privacy.md", text("~~Two.~~"), on=date(2026, 1, 2))
    assert site.build().warnings == ()
    published = tmp_path / "published.json"
    published.write_bytes((site.folder / "history.json").read_bytes())
    site.config["markdown_extensions"] = ["pymdownx.tilde"]
    assert site.build(published=published).warnings == (
        "privacy: 2 versions look different than when they were published, from the same source",
    )


def test_a_published_version_stays_although_a_new_renderer_sees_no_difference(
    site: PolicySite, tmp_path: Path
) -> None:
    site.config["markdown_extensions"] = []
    for body in ("# Privacy\n", "# Privacy {#top}\n", "# Privacy {#top}\n\nMore.\n"):
        site.publish("privacy.md", body, on=date(2026, 1, 1))
    site.build()
    before = [(version["number"], version["label"]) for version in site.document("privacy")["versions"]]
    assert before == [(1, "2026-01-01"), (2, "2026-01-01-2"), (3, "2026-01-01-3")]
    published = tmp_path / "published.json"
    published.write_bytes((site.folder / "history.json").read_bytes())
    site.config["markdown_extensions"] = ["attr_list"]
    for _ in range(2):  # the second time from what the first published
        site.build(published=published)
        versions = site.document("privacy")["versions"]
        assert [(version["number"], version["label"]) for version in versions] == before
        assert [version["returns_to"] for version in versions] == [None, 1, None]
        [change] = site.json(versions[1]["redline"]["path"])["changes"]
        assert change["text"] == "nothing changed that a reader can see"
        assert site.has("privacy/changes/2026-01-01-2")
        published.write_bytes((site.folder / "history.json").read_bytes())


def test_problems_in_past_versions_are_only_warnings(site: PolicySite) -> None:
    site.publish("privacy.md", "---\nchange: big\n---\n\nOne.\n")
    site.publish("privacy.md", b"Two \xff.\n")
    site.publish("privacy.md", "Three.\n")
    site.publish("left-out.md", b"\xff\n")
    site.config["exclude_docs"] = "left-out.md"
    first, second = site.build().history_warnings
    assert "`change` is" in first.text
    assert second.path == "policy/privacy.md"


@pytest.mark.parametrize("content", ["no json", '{"documents": 5}'])
def test_a_published_history_that_cannot_be_read_is_refused(
    site: PolicySite, tmp_path: Path, content: str
) -> None:
    site.publish("privacy.md", text("One."))
    published = tmp_path / "published.json"
    published.write_text(content)
    with pytest.raises(UnreadablePublishedError):
        site.build(published=published)


@pytest.mark.parametrize("theme", ["mkdocs", "readthedocs"])
def test_the_themes_mkdocs_and_readthedocs_work(site: PolicySite, theme: str) -> None:
    site.config["theme"] = theme
    publish_everything(site)
    site.build()
    assert "<em>ten</em> days" in site.page("privacy")
    assert "This is an earlier version" in site.page("privacy/versions/2026-01-10")
    assert "policysite-layout" not in site.page("privacy/versions/2026-01-10")
    for address in ("privacy.ru", "privacy.ru/versions/2026-04-02"):
        assert ' lang="ru"' in site.page(address).partition("<head>")[0]
    first = contents(site.folder)
    site.build()
    assert contents(site.folder) == first
