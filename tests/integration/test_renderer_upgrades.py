"""A newer renderer notifies nobody: versions that it discovers in the published past are listed as such."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.policy_site import PolicySite

from subscribers.site.history_json import PublishedVersion, parse_history
from subscribers.site.news import news

HEADING = ("# Privacy\n", "# Privacy {#top}\n", "# Privacy {#top}\n\nMore.\n", "# Privacy {#last}\n\nMore.\n")
"""With attr_list two versions, without it four."""


def published(site: PolicySite, tmp_path: Path) -> Path:
    file = tmp_path / "published.json"
    file.write_bytes((site.folder / "history.json").read_bytes())
    return file


def listed(site: PolicySite, slug: str = "privacy") -> list[tuple[str, bool]]:
    return [(version["label"], version["discovered"]) for version in site.document(slug)["versions"]]


def told(site: PolicySite, known: str) -> list[str]:
    """The labels of what is announced to people who know this version of the only document."""
    history = parse_history((site.folder / "history.json").read_bytes(), where="history.json")
    (document,) = history.documents
    found = news(history, {document.id: known}, language="en")
    versions: list[PublishedVersion] = [version for one in found for version in one.versions]
    return [version.label for version in versions]


@pytest.fixture
def upgraded(site: PolicySite, tmp_path: Path) -> Path:
    """A site that was published with one renderer, and is built with another from now on."""
    site.config["markdown_extensions"] = ["attr_list"]
    for body in HEADING:
        site.publish("privacy.md", body, on=date(2026, 1, 1))
    site.build()
    assert listed(site) == [("2026-01-01", False), ("2026-01-01-2", False)]
    file = published(site, tmp_path)
    site.config["markdown_extensions"] = []
    return file


def test_versions_of_the_past_that_a_new_renderer_sees_are_marked_and_labels_stay(
    site: PolicySite, upgraded: Path, tmp_path: Path
) -> None:
    commits = {v["label"]: v["commit"] for v in site.document("privacy")["versions"]}
    found = [
        ("2026-01-01", False),
        ("2026-01-01-3", True),
        ("2026-01-01-2", False),
        ("2026-01-01-4", True),
    ]
    for _ in range(2):  # the second time from what the first published
        built = site.build(published=upgraded)
        assert listed(site) == found
        now = {v["label"]: v["commit"] for v in site.document("privacy")["versions"]}
        assert {label: now[label] for label in commits} == commits
        upgraded.write_bytes((site.folder / "history.json").read_bytes())
    assert not any("discovered" in warning for warning in built.warnings), "said once"


def test_discovered_versions_are_reported_once_and_announced_to_nobody(
    site: PolicySite, upgraded: Path
) -> None:
    warnings = site.build(published=upgraded).warnings
    assert any("2 past versions that no earlier build found" in warning for warning in warnings)
    assert told(site, "2026-01-01-2") == []
    assert told(site, "2026-01-01") == ["2026-01-01-2"]


def test_a_new_version_after_it_is_announced(site: PolicySite, upgraded: Path) -> None:
    site.publish("privacy.md", "# Privacy {#last}\n\nLess.\n", on=date(2026, 1, 1))
    site.build(published=upgraded)
    assert listed(site)[-1] == ("2026-01-01-5", False)
    assert told(site, "2026-01-01-2") == ["2026-01-01-5"]


def test_a_history_without_the_marks_and_without_a_commit_is_read(site: PolicySite, upgraded: Path) -> None:
    old: Any = json.loads(upgraded.read_text())
    del old["commit"]
    for version in old["documents"][0]["versions"]:
        del version["discovered"]
    upgraded.write_text(json.dumps(old))
    site.build(published=upgraded)
    assert [label for label, _ in listed(site)] == [
        "2026-01-01",
        "2026-01-01-3",
        "2026-01-01-2",
        "2026-01-01-4",
    ]


def test_a_document_that_was_left_out_before_is_new_and_not_discovered(
    site: PolicySite, tmp_path: Path
) -> None:
    site.config["exclude_docs"] = "terms.md"
    site.publish("terms.md", "# Terms\n", on=date(2026, 1, 1))
    site.publish("privacy.md", "# Privacy\n", on=date(2026, 1, 2))
    site.build()
    file = published(site, tmp_path)
    site.config["exclude_docs"] = ""
    site.build(published=file)
    assert listed(site, "terms") == [("2026-01-01", False)]


def test_a_picture_replaced_before_pictures_counted_is_announced_to_nobody(
    site: PolicySite, tmp_path: Path
) -> None:
    site.publish("x.png", b"one", on=date(2026, 1, 1))
    site.publish("privacy.md", "# Privacy\n\n![x](x.png)\n", on=date(2026, 1, 2))
    site.build()
    file = published(site, tmp_path)
    site.publish("x.png", b"two", on=date(2026, 1, 3))
    site.build()
    commit = site.json("history.json")["commit"]
    old: Any = json.loads(file.read_text())
    old["commit"] = commit  # as a build would have said that saw no version in it
    file.write_text(json.dumps(old))
    site.build(published=file)
    assert listed(site) == [("2026-01-02", False), ("2026-01-03", True)]
    assert told(site, "2026-01-02") == []
