"""A site whose documents folder was renamed: what was published stays, and nobody is notified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.policy_site import PolicySite, text

from generator.site.published_history import LostVersionError
from subscribers.site.history_json import PublishedHistory, parse_history
from subscribers.site.news import news

HISTORY = "history.json"


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    """A built site with a document of two versions and a picture."""
    site = PolicySite(tmp_path)
    site.write_config()
    site.repository.write(".gitignore", "site\n.cache\n*.json\n")
    site.repository.write("policy/scheme.png", b"\x89PNG\r\n\x1a\n old")
    site.publish("privacy.md", text("Ten days. ![Scheme](scheme.png)", summary="First."))
    site.publish("privacy.md", text("Two days. ![Scheme](scheme.png)", summary="Second."))
    site.build()
    return site


def kept(site: PolicySite) -> Path:
    """The history.json of the last build, aside."""
    path = site.repository.folder / "published.json"
    path.write_bytes((site.folder / HISTORY).read_bytes())
    return path


def read(path: Path) -> PublishedHistory:
    return parse_history(path.read_bytes(), where=HISTORY)


def move(site: PolicySite, old: str, new: str) -> str:
    """Rename the folder, in mkdocs.yml too."""
    site.repository.git("mv", old, new)
    site.config["docs_dir"] = new
    site.write_config()
    return site.repository.commit()


def versions(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["label"], one["commit"], one["source_blob"]) for one in document["versions"]]


def test_ids_labels_and_pages_stay_and_nobody_is_notified(site: PolicySite) -> None:
    before, published = site.document("privacy"), kept(site)
    move(site, "policy", "policies")
    site.build(published=published)
    after = site.document("privacy")
    assert (after["id"], versions(after)) == (before["id"], versions(before))
    assert site.has(f"privacy/versions/{before['versions'][0]['label']}")
    labels = {document.id: document.newest.label for document in read(published).documents}
    assert news(read(site.folder / HISTORY), labels, language="en") == ()


def test_a_picture_of_an_old_version_is_found_in_the_former_folder(site: PolicySite) -> None:
    move(site, "policy", "policies")
    site.repository.write("policies/scheme.png", b"\x89PNG\r\n\x1a\n new")
    site.repository.commit()
    site.build()
    first = site.page(f"privacy/versions/{site.document('privacy')['versions'][0]['label']}")
    assert "assets/kept/" in first


def test_what_was_published_from_the_renamed_folder_on_stays_under_a_former_id(site: PolicySite) -> None:
    """As a program did that read the history below the present folder only."""
    moved = move(site, "policy", "policies")
    site.build()
    now = site.document("privacy")
    [former_id] = now["former_ids"]
    blob = site.repository.git("rev-parse", f"{moved}:policies/privacy.md")
    label = site.repository.git("show", "--no-patch", "--format=%cs", moved)
    history = json.loads((site.folder / HISTORY).read_text())
    [document] = history["documents"]
    version = document["versions"][0] | {"commit": moved, "source_blob": blob, "label": label, "number": 1}
    document |= {"id": former_id, "former_ids": [], "versions": [version]}
    published = site.repository.folder / "published.json"
    published.write_text(json.dumps(history))
    site.build(published=published)
    after = site.document("privacy")
    assert after["id"] == now["id"]
    assert versions(after) == [*versions(now), (label, moved, blob)]
    found = read(site.folder / HISTORY)
    known = {found.current_ids[former_id]: label}
    assert news(found, known, language="en") == ()


def test_a_folder_that_is_not_the_documents_one_is_refused_with_what_helps(site: PolicySite) -> None:
    published = kept(site)
    site.repository.publish("other/terms.md", "# Terms\n")
    site.config["docs_dir"] = "other"
    with pytest.raises(LostVersionError, match="docs_dir"):
        site.build(published=published)
