"""Which files are documents and which are the same one: rules 4 to 9 of the versions, R2 and R5."""

from __future__ import annotations

import pytest
from support.policy_repository import WORDS, PolicyRepository

LONG = "".join(f"Clause {number}. {WORDS}\n\n" for number in range(20))
OTHER = "".join(f"Nothing alike in line {number * 7}, not one bit of it.\n\n" for number in range(20))


@pytest.mark.parametrize("name", ["a.md", "a.MD", "a.Md", "a.markdown", "a.MarkDown", "deep/er/a b.md"])
def test_markdown_files_are_documents_in_any_letter_case(policy: PolicyRepository, name: str) -> None:
    policy.publish(name, "One.\n")
    assert policy.names() == [name]


@pytest.mark.parametrize(
    "name",
    ["a.txt", "a.mdx", "a.md.txt", "md", ".md", ".hidden.md", ".github/a.md", "a/.b/c/d.md", "a.mdown"],
)
def test_other_and_hidden_files_do_not_exist(policy: PolicyRepository, name: str) -> None:
    policy.publish(name, "One.\n")
    assert policy.names() == []


def test_an_executable_file_is_a_document(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    (policy.folder / "privacy.md").chmod(0o755)
    policy.commit()
    third = policy.publish("privacy.md", "Two.\n")
    assert policy.versions("privacy.md") == [first, third]


def test_only_the_documents_folder_is_read(policy: PolicyRepository) -> None:
    policy.write("readme.md", "Outside.\n")
    policy.write("policy-old/privacy.md", "Outside too.\n")
    policy.publish("policy/privacy.md", "Inside.\n")
    assert policy.names(folder="policy") == ["privacy.md"]
    assert policy.names(folder="./policy/") == ["privacy.md"]


def test_a_hidden_documents_folder_may_be_named(policy: PolicyRepository) -> None:
    policy.write(".site/.drafts/a.md")
    policy.publish(".site/privacy.md", "Inside.\n")
    assert policy.names(folder=".site") == ["privacy.md"]


@pytest.mark.parametrize("folder", ["a*b", "[x]", "what?", ":(top)", "spaced out", "règles"])
def test_a_folders_signs_are_no_patterns(policy: PolicyRepository, folder: str) -> None:
    policy.write("axxb/other.md")
    policy.write("x/other.md")
    policy.publish(f"{folder}/privacy.md", "One.\n")
    assert policy.names(folder=folder) == ["privacy.md"]


def test_a_file_moved_into_the_folder_is_added(policy: PolicyRepository) -> None:
    policy.publish("drafts/privacy.md", LONG)
    policy.move("drafts/privacy.md", "policy/privacy.md")
    moved = policy.commit()
    assert policy.versions("privacy.md", folder="policy") == [moved]


def test_a_file_moved_out_of_the_folder_is_removed(policy: PolicyRepository) -> None:
    policy.publish("policy/privacy.md", LONG)
    policy.move("policy/privacy.md", "archive/privacy.md")
    moved = policy.commit()
    (gap,) = policy.document("privacy.md", folder="policy").gaps
    assert (gap.removed, gap.restored) == (moved, None)


def test_a_text_file_renamed_to_markdown_is_added(policy: PolicyRepository) -> None:
    policy.publish("rules.txt", LONG)
    policy.move("rules.txt", "rules.md")
    renamed = policy.commit()
    assert policy.versions("rules.md") == [renamed]


def test_a_symbolic_link_is_no_document(policy: PolicyRepository) -> None:
    policy.write("privacy.md", "One.\n")
    (policy.folder / "link.md").symlink_to("privacy.md")
    policy.commit()
    assert policy.names() == ["privacy.md"]


def test_a_link_replaced_by_a_file_is_added(policy: PolicyRepository) -> None:
    (policy.folder / "privacy.md").symlink_to("nowhere")
    policy.commit()
    policy.remove("privacy.md")
    added = policy.publish("privacy.md", "One.\n")
    assert policy.versions("privacy.md") == [added]


def test_a_file_replaced_by_a_link_is_removed(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    policy.remove("privacy.md")
    (policy.folder / "privacy.md").symlink_to("nowhere")
    removed = policy.commit()
    policy.remove("privacy.md")
    restored = policy.publish("privacy.md", "Two.\n")
    document = policy.document("privacy.md")
    assert [version.commit for version in document.versions] == [first, restored]
    assert [(gap.removed, gap.restored) for gap in document.gaps] == [(removed, restored)]


def test_a_submodule_is_no_document(policy: PolicyRepository) -> None:
    first = policy.publish("other.md", "One.\n")
    policy.git("update-index", "--add", "--cacheinfo", f"160000,{first},module.md")
    policy.git("commit", "--quiet", "--message=module")
    assert policy.names() == ["other.md"]


def test_path_equality_is_byte_equality(policy: PolicyRepository) -> None:
    policy.write("re\u0301gles.md", "One.\n")
    policy.publish("régles.md", "Two.\n")
    assert len(policy.names()) == 2


def test_two_documents_swapped_in_one_commit_are_two_changed_documents(policy: PolicyRepository) -> None:
    policy.write("a.md", LONG)
    first = policy.publish("b.md", OTHER)
    policy.write("a.md", OTHER)
    second = policy.publish("b.md", LONG)
    assert policy.versions("a.md") == policy.versions("b.md") == [first, second]


def test_a_renamed_file_is_the_same_document(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", LONG)
    before = policy.document("privacy.md").id
    policy.move("privacy.md", "data-protection.md")
    policy.commit()
    document = policy.document("data-protection.md")
    assert document.id == before
    assert document.former_paths == ("privacy.md",)
    assert [version.commit for version in document.versions] == [first]
    assert document.gaps == ()


def test_a_renamed_and_edited_file_is_the_same_document(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", LONG)
    policy.remove("privacy.md")
    second = policy.publish("data.md", f"{LONG}One clause more.\n")
    assert policy.versions("data.md") == [first, second]


def test_a_file_that_keeps_less_than_half_is_another_document(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", LONG)
    policy.remove("privacy.md")
    second = policy.publish("data.md", OTHER)
    assert policy.versions("privacy.md") == [first]
    assert policy.versions("data.md") == [second]


@pytest.mark.parametrize(("old", "new"), [("Privacy.md", "privacy.md"), ("re\u0301gles.md", "RÉGLES.md")])
def test_a_rename_in_letter_case_or_accents_alone_needs_no_similarity(
    policy: PolicyRepository, old: str, new: str
) -> None:
    first = policy.publish(old, LONG)
    policy.remove(old)
    second = policy.publish(new, OTHER)
    assert policy.versions(new) == [first, second]


def test_a_rename_in_letter_case_wins_over_similarity(policy: PolicyRepository) -> None:
    policy.write("Privacy.md", LONG)
    first = policy.publish("other.md", OTHER)
    policy.remove("Privacy.md")
    policy.remove("other.md")
    policy.write("privacy.md", OTHER)
    second = policy.publish("moved.md", LONG)
    assert policy.versions("privacy.md") == [first, second]
    # Its halves that git had paired are plainly removed and added.
    assert policy.versions("moved.md") == [second]
    assert policy.document("other.md").ended_at is not None


def test_many_renames_in_one_commit_have_no_limit(policy: PolicyRepository) -> None:
    policy.git("config", "diff.renameLimit", "2")
    for number in range(30):
        policy.write(f"old/{number}.md", f"{OTHER}{number} " * 3)
    first = policy.commit()
    for number in range(30):
        policy.remove(f"old/{number}.md")
        policy.write(f"new/{number}.md", f"{OTHER}{number} " * 3 + f"and {number}")
    second = policy.commit()
    assert policy.names() == sorted(f"new/{number}.md" for number in range(30))
    assert all(policy.versions(f"new/{number}.md") == [first, second] for number in (0, 7, 29))


def test_numbered_files_renumbered_in_one_commit_follow_their_text(policy: PolicyRepository) -> None:
    policy.write("1-scope.md", LONG)
    first = policy.publish("2-data.md", OTHER)
    policy.move("2-data.md", "3-data.md")
    policy.move("1-scope.md", "2-scope.md")
    policy.commit()
    assert policy.versions("3-data.md") == policy.versions("2-scope.md") == [first]


def test_a_document_renamed_back_and_rewritten_is_the_same(policy: PolicyRepository) -> None:
    first = policy.publish("privacy/index.md", LONG)
    policy.move("privacy/index.md", "privacy.md")
    policy.commit()
    policy.remove("privacy.md")
    third = policy.publish("privacy/index.md", OTHER)
    assert policy.versions("privacy/index.md") == [first, third]
    assert policy.document("privacy/index.md").former_paths == ("privacy.md",)


def test_of_several_that_had_the_path_the_one_that_left_it_last_returns(policy: PolicyRepository) -> None:
    first = policy.publish("home.md", LONG)
    policy.move("home.md", "early.md")
    policy.commit()
    second = policy.publish("home.md", OTHER)
    policy.move("home.md", "late.md")
    policy.commit()
    policy.remove("early.md")
    policy.remove("late.md")
    last = policy.publish("home.md", "Something else altogether.\n")
    assert policy.versions("home.md") == [second, last]
    assert policy.versions("early.md") == [first]


def test_a_file_turned_into_a_link_may_still_return_to_a_former_path(policy: PolicyRepository) -> None:
    first = policy.publish("old.md", LONG)
    policy.move("old.md", "new.md")
    policy.commit()
    policy.remove("new.md")
    (policy.folder / "new.md").symlink_to("old.md")
    last = policy.publish("old.md", LONG)
    document = policy.document("old.md")
    assert [version.commit for version in document.versions] == [first]
    assert document.gaps == ()
    assert last not in {version.commit for version in document.versions}


def test_deleted_and_added_again_is_one_document_with_a_gap(policy: PolicyRepository) -> None:
    first = policy.publish("taxes.md", "One.\n")
    policy.remove("taxes.md")
    removed = policy.commit()
    restored = policy.publish("taxes.md", "Two.\n")
    document = policy.document("taxes.md")
    assert [version.commit for version in document.versions] == [first, restored]
    assert [(gap.removed, gap.restored) for gap in document.gaps] == [(removed, restored)]
    assert document.ended_at is None


def test_a_pair_wins_over_a_restoration(policy: PolicyRepository) -> None:
    policy.write("home.md", LONG)
    first = policy.publish("other.md", OTHER)
    policy.remove("home.md")
    removed = policy.commit()
    policy.move("other.md", "home.md")
    policy.commit()
    assert policy.versions("home.md") == [first]
    ended = policy.document(f"home.md@{removed[:12]}")
    assert ended.ended_at is not None
    assert [version.commit for version in ended.versions] == [first]


def test_the_document_removed_last_at_the_path_is_restored(policy: PolicyRepository) -> None:
    policy.write("home.md", LONG)
    first = policy.publish("other.md", OTHER)
    policy.remove("home.md")
    policy.commit()
    policy.move("other.md", "home.md")
    policy.commit()
    policy.remove("home.md")
    removed = policy.commit()
    restored = policy.publish("home.md", "New.\n")
    document = policy.document("home.md")
    assert document.former_paths == ("other.md",)
    assert [(gap.removed, gap.restored) for gap in document.gaps] == [(removed, restored)]
    assert [version.commit for version in document.versions] == [first, restored]


def test_a_copy_is_a_new_document(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", LONG)
    second = policy.publish("copy.md", LONG)
    assert policy.versions("privacy.md") == [first]
    assert policy.versions("copy.md") == [second]
    policy.remove("privacy.md")
    policy.commit()
    assert policy.versions("copy.md") == [second]


def test_of_two_ended_documents_of_one_path_the_last_is_named_by_it(policy: PolicyRepository) -> None:
    policy.write("home.md", LONG)
    policy.publish("other.md", OTHER)
    policy.remove("home.md")
    removed = policy.commit()
    policy.move("other.md", "home.md")
    policy.commit()
    policy.remove("home.md")
    policy.commit()
    assert policy.names() == ["home.md", f"home.md@{removed[:12]}"]
    assert policy.document("home.md").former_paths == ("other.md",)


def test_an_id_never_changes_and_is_unique(policy: PolicyRepository) -> None:
    policy.write("a.md", LONG)
    policy.publish("b.md", OTHER)
    before = {document.path: document.id for document in policy.history().documents}
    policy.move("a.md", "c.md")
    policy.publish("b.md", f"{OTHER}More.\n")
    after = {document.path: document.id for document in policy.history().documents}
    assert after == {"b.md": before["b.md"], "c.md": before["a.md"]}
    assert before["a.md"] != before["b.md"]


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("privacy.md", "privacy"),
        ("legal/cookies/index.md", "legal/cookies"),
        ("legal/README.md", "legal"),
        ("index.md", ""),
        ("myindex.md", "myindex"),
        ("privacy.ru.markdown", "privacy.ru"),
    ],
)
def test_a_slug_is_the_path_without_suffix_and_index(policy: PolicyRepository, path: str, slug: str) -> None:
    policy.publish(f"policy/{path}", "One.\n")
    assert policy.document(path, folder="policy").slug == slug


def test_a_living_document_has_its_slug_before_an_ended_one(policy: PolicyRepository) -> None:
    policy.publish("taxes/index.md", OTHER)
    policy.remove("taxes/index.md")
    removed = policy.publish("taxes.md", LONG)
    assert policy.document("taxes.md").slug == "taxes"
    assert policy.document("taxes/index.md").slug == f"taxes@{removed[:12]}"
