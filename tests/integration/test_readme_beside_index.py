"""If a folder has an index and a README, the index is its page, as in MkDocs; nothing published is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.policy_site import PolicySite

from generator.site.build import NoDocumentsError


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path)
    site.publish("privacy.md", "# Privacy\n\nOne.\n")
    return site


def slugs(site: PolicySite) -> dict[str, int]:
    documents = site.json("history.json")["documents"]
    return {document["slug"]: len(document["versions"]) for document in documents}


@pytest.mark.parametrize("folder", ["", "terms/"])
@pytest.mark.parametrize("readme", ["README.md", "README.markdown"])
def test_a_readme_that_came_after_the_index_is_left_out_with_a_warning(
    site: PolicySite, folder: str, readme: str
) -> None:
    site.publish(f"{folder}index.md", "# Index\n\nThe page.\n")
    site.publish(f"{folder}{readme}", "# Readme\n\nFor editors.\n")
    (warning,) = site.build().warnings
    assert warning.startswith(f"policy/{folder}{readme}: is not published")
    assert "The page." in site.page(folder)
    assert slugs(site) == {"privacy": 1, folder.strip("/"): 1}


def test_of_both_in_one_commit_the_index_is_the_page(site: PolicySite) -> None:
    site.repository.write("policy/README.md", "# Readme\n\nFor editors.\n")
    site.publish("index.md", "# Index\n\nThe page.\n")
    site.build()
    assert slugs(site) == {"privacy": 1, "": 1}


def test_a_readme_from_before_the_index_stays_as_an_ended_document(site: PolicySite) -> None:
    site.publish("terms/README.md", "# Terms\n\nOne.\n")
    site.publish("terms/README.md", "# Terms\n\nTwo.\n")
    site.build()
    published = site.folder / "history.json"
    earlier = published.rename(site.folder.parent / "published.json")
    index = site.publish("terms/index.md", "# New terms\n\nThree.\n")
    site.publish("terms/README.md", "# Terms\n\nNever published.\n")
    (warning,) = site.build(published=earlier).warnings
    assert "terms/README.md: is not published" in warning
    assert slugs(site) == {"privacy": 1, "terms": 1, f"terms@{index[:12]}": 2}
    assert "Three." in site.page("terms")
    assert "Never published" not in published.read_text()
    assert site.document(f"terms@{index[:12]}")["ended_at"] is not None


def test_a_readme_is_the_page_where_the_index_is_left_out_or_gone(site: PolicySite) -> None:
    site.publish("README.md", "# Readme\n\nThe page.\n")
    site.publish("index.md", "# Index\n\nOther.\n")
    site.config["exclude_docs"] = "/index.md\n"
    assert site.build().warnings == ()
    assert "The page." in site.page("")
    del site.config["exclude_docs"]
    site.repository.remove("policy/index.md")
    site.repository.commit()
    site.build()
    assert "The page." in site.page("")


def test_a_folder_without_a_committed_text_is_refused(tmp_path: Path) -> None:
    site = PolicySite(tmp_path)
    site.publish("photo.png", "no text")
    site.repository.write("policy/privacy.md", "# Not committed\n")
    with pytest.raises(NoDocumentsError, match="no document is committed in this folder"):
        site.build()
    assert not site.folder.exists()
