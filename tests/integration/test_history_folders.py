"""Documents keep their versions, ids and labels when their folder is renamed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.policy_repository import WORDS, PolicyRepository

DRAFTED_AT = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path) -> PolicyRepository:
    """Two documents in docs/, one with two versions, and a README above."""
    repository = PolicyRepository(tmp_path)
    repository.write("README.md", "# Readme\n\nOf the repository and not of the site.\n")
    repository.write("mkdocs.yml", "site_name: Firm\n")
    repository.write("docs/terms.md", f"# Terms\n\n{WORDS} Fees are in the list.\n")
    repository.publish("docs/privacy.md", f"{WORDS}\n")
    repository.publish("docs/privacy.md", f"{WORDS} Ask us.\n")
    return repository


def rename(repository: PolicyRepository, old: str, new: str, *, stated: str | None = None) -> None:
    """Rename the folder, and write mkdocs.yml if it states the new one."""
    repository.write(f"{new}/.keep", "")
    for file in sorted((repository.folder / old).iterdir()):
        repository.move(f"{old}/{file.name}", f"{new}/{file.name}")
    if stated:
        repository.write("mkdocs.yml", f"site_name: Firm\ndocs_dir: {stated}\n")


def first_id(repository: PolicyRepository, path: str = "docs/privacy.md") -> str:
    """The id of the document that the first commit has at the path."""
    commit = repository.git("rev-list", "--max-parents=0", "HEAD")
    return hashlib.sha256(f"{commit}\0{path}".encode()).hexdigest()[:16]


@pytest.mark.parametrize("stated", ["policies", None], ids=["with docs_dir", "docs_dir is changed later"])
def test_a_renamed_folder_keeps_every_version_and_id(
    repository: PolicyRepository, stated: str | None
) -> None:
    before = repository.document("privacy.md", folder="docs")
    rename(repository, "docs", "policies", stated=stated)
    move = repository.commit()
    after = repository.document("privacy.md", folder="policies")
    assert after.id == before.id == first_id(repository)
    assert after.versions == before.versions
    assert after.former_paths == ()
    assert after.former_ids == (hashlib.sha256(f"{move}\0policies/privacy.md".encode()).hexdigest()[:16],)
    assert repository.names(folder="policies") == ["privacy.md", "terms.md"]


def test_a_folder_renamed_twice_and_back_keeps_every_version(repository: PolicyRepository) -> None:
    before = repository.document("privacy.md", folder="docs")
    rename(repository, "docs", "policies")
    repository.commit()
    repository.publish("policies/privacy.md", f"{WORDS} Ask us by letter.\n")
    rename(repository, "policies", "legal/texts")
    repository.commit()
    rename(repository, "legal/texts", "docs")
    repository.commit()
    after = repository.document("privacy.md", folder="docs")
    assert after.id == before.id
    assert [version.number for version in after.versions] == [1, 2, 3]
    assert len(after.former_ids) == 3


def test_an_edit_in_the_same_commit_is_one_more_version(repository: PolicyRepository) -> None:
    rename(repository, "docs", "policies", stated="policies")
    edited = repository.publish("policies/privacy.md", "Other words.\n")
    assert repository.versions("privacy.md", folder="policies")[-1] == edited
    assert len(repository.versions("privacy.md", folder="policies")) == 3


def test_a_document_renamed_together_with_the_folder_is_the_same(repository: PolicyRepository) -> None:
    rename(repository, "docs", "policies", stated="policies")
    repository.move("policies/privacy.md", "policies/data.md")
    repository.commit()
    assert repository.document("data.md", folder="policies").id == first_id(repository)
    assert repository.document("data.md", folder="policies").former_paths == ("privacy.md",)


@pytest.mark.parametrize(
    ("old", "new"), [("docs", "docs/en"), ("docs", "site/docs"), ("docs", "Docs"), ("docs", "a b/ü")]
)
def test_folders_inside_others_and_odd_names(repository: PolicyRepository, old: str, new: str) -> None:
    repository.git("mv", f"{old}/privacy.md", "aside.md")
    repository.git("mv", f"{old}/terms.md", "aside2.md")
    (repository.folder / new).mkdir(parents=True, exist_ok=True)
    repository.git("mv", "aside.md", f"{new}/privacy.md")
    repository.git("mv", "aside2.md", f"{new}/terms.md")
    repository.write("mkdocs.yml", f"docs_dir: {new!r} # moved\n".replace("'", '"'))
    repository.commit()
    assert repository.document("privacy.md", folder=new).id == first_id(repository)
    assert len(repository.versions("privacy.md", folder=new)) == 2


def test_documents_that_move_to_the_root_keep_their_ids(repository: PolicyRepository) -> None:
    repository.move("docs/privacy.md", "privacy.md")
    repository.move("docs/terms.md", "terms.md")
    repository.commit()
    assert repository.document("privacy.md", folder="").id == first_id(repository)
    assert len(repository.versions("privacy.md", folder="")) == 2


def test_a_part_that_moves_on_is_followed_and_the_rest_ends(repository: PolicyRepository) -> None:
    repository.write("mkdocs.yml", "docs_dir: policies\n")
    repository.move("docs/privacy.md", "policies/privacy.md")
    move = repository.commit()
    assert repository.document("privacy.md", folder="policies").id == first_id(repository)
    left = repository.document("terms.md", folder="policies")
    assert left.gaps[-1].removed == move
    assert left.id == first_id(repository, "docs/terms.md")


def test_texts_that_come_from_outside_one_by_one_are_new(tmp_path: Path) -> None:
    repository = PolicyRepository(tmp_path)
    for name in ("privacy", "terms", "other"):
        repository.write(f"drafts/{name}.md", f"# {name}\n\n{WORDS}\n")
    repository.commit()
    moves = []
    for name in ("privacy", "terms"):
        repository.move(f"drafts/{name}.md", f"docs/{name}.md")
        moves.append(repository.commit())
    assert [repository.versions(f"{name}.md", folder="docs") for name in ("privacy", "terms")] == [
        [moves[0]],
        [moves[1]],
    ]
    assert repository.document("privacy.md", folder="docs").former_ids == ()


def test_a_folder_that_a_draft_renames_is_followed(repository: PolicyRepository) -> None:
    before = repository.document("privacy.md", folder="docs")
    rename(repository, "docs", "policies", stated="policies")
    after = repository.document("privacy.md", folder="policies", draft_at=DRAFTED_AT)
    assert after.id == before.id
    assert after.versions == before.versions


def test_a_folder_is_followed_in_a_bundle_too(repository: PolicyRepository) -> None:
    rename(repository, "docs", "policies")
    repository.commit()
    repository.git("bundle", "create", "all.bundle", "main")
    bundle = PolicyRepository.__new__(PolicyRepository)
    bundle.folder = repository.folder / "all.bundle"
    assert len(bundle.versions("privacy.md", folder="policies")) == 2
