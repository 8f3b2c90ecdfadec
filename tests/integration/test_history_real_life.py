"""The peculiarities of the six example histories, each in a small repository."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.policy_repository import WORDS, PolicyRepository

LONG = "".join(f"Clause {number}. {WORDS}\n\n" for number in range(20))
OTHER = "".join(f"Nothing alike in line {number * 7}, not one bit of it.\n\n" for number in range(20))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Text.", "Text.\n"),
        ("Text.\n", "Text.\r\n"),
        ("Head\n====\n\nText.\n", "# Head\n\nText.\n"),
        ("a | b\n--|--\nc | d\n", "| a   | b   |\n|-----|-----|\n| c   | d   |\n"),
        ("Text.\n", "Te\u200bxt\ufeff.\n"),
        ("Street  \nCity\n", "Street\nCity\n"),
        ('<a name="x"></a>Text.\n', '<a id="y"></a>Text.\n'),
        ("# Head\n", "# Head {#head}\n"),
        ("---\ntitle: A\nslug: a\n---\nText.\n", "---\nslug: b\ntitle: 'A'\n---\n\nText.\n"),
        ("* a\n* b\n", "- a\n\n- b\n"),
    ],
)
def test_another_way_of_writing_is_no_version(policy: PolicyRepository, before: str, after: str) -> None:
    first = policy.publish("privacy.md", before)
    policy.publish("privacy.md", after)
    assert policy.versions("privacy.md") == [first]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Dear {{ name }}.\n", "Dear {{ user }}.\n"),
        ("# About {{ company }}\n", "# About {{ firm }}\n"),
        ("{% if eu %}Text.{% endif %}\n", "{% if us %}Text.{% endif %}\n"),
        ("Text.\n", "Te\u200dxt.\n"),
        ("Text.\n", "*Text.*\n"),
        ("[Text](a.md).\n", "[Text](b.md).\n"),
    ],
)
def test_a_small_thing_that_a_reader_sees_is_a_version(
    policy: PolicyRepository, before: str, after: str
) -> None:
    first = policy.publish("privacy.md", before)
    second = policy.publish("privacy.md", after)
    assert policy.versions("privacy.md") == [first, second]


def test_several_documents_in_one_merge_have_one_publication(policy: PolicyRepository) -> None:
    policy.publish("a.md", "One.\n")
    policy.git("checkout", "--quiet", "-b", "side")
    policy.publish("a.md", "Two.\n")
    policy.publish("b.md", OTHER)
    policy.git("checkout", "--quiet", "main")
    policy.publish("other.txt", "x")
    merge = policy.merge("side")
    assert policy.versions("a.md")[-1] == merge
    assert policy.versions("b.md") == [merge]


def test_everything_moved_into_one_folder_in_the_last_commit(policy: PolicyRepository) -> None:
    policy.write("a.md", LONG)
    policy.write("deep/b c.md", OTHER)
    first = policy.commit()
    policy.move("a.md", "archived/a.md")
    policy.move("deep/b c.md", "archived/deep/b c.md")
    policy.commit()
    assert policy.names() == ["archived/a.md", "archived/deep/b c.md"]
    assert policy.versions("archived/a.md") == policy.versions("archived/deep/b c.md") == [first]


def test_folders_made_files_and_folders_again_years_later(policy: PolicyRepository) -> None:
    policy.write("privacy/index.md", LONG)
    first = policy.publish("taxes/index.md", OTHER)
    policy.move("privacy/index.md", "privacy.md")
    policy.move("taxes/index.md", "taxes.md")
    policy.commit()
    policy.remove("privacy.md")
    policy.remove("taxes.md")
    policy.write("privacy/index.md", "All new, and short.\n")
    last = policy.publish("taxes/index.md", "As short and as new as can be.\n")
    assert policy.names() == ["privacy/index.md", "taxes/index.md"]
    assert policy.versions("privacy/index.md") == policy.versions("taxes/index.md") == [first, last]


def test_a_file_renumbered_ten_times_is_one_document(policy: PolicyRepository) -> None:
    first = policy.publish("0-scope.md", LONG)
    for number in range(1, 11):
        policy.move(f"{number - 1}-scope.md", f"{number}-scope.md")
        policy.commit()
    document = policy.document("10-scope.md")
    assert [version.commit for version in document.versions] == [first]
    assert document.former_paths == tuple(f"{number}-scope.md" for number in range(10))


def test_dates_may_go_back_across_a_removal(policy: PolicyRepository) -> None:
    policy.publish("taxes.md", "One.\n", at=datetime(2024, 5, 1, tzinfo=UTC))
    policy.remove("taxes.md")
    removed = policy.commit(at=datetime(2023, 5, 1, tzinfo=UTC))
    restored = policy.publish("taxes.md", "Two.\n", at=datetime(2022, 5, 1, tzinfo=UTC))
    document = policy.document("taxes.md")
    assert [(gap.removed, gap.restored) for gap in document.gaps] == [(removed, restored)]
    assert [version.label for version in document.versions] == ["2024-05-01", "2022-05-01"]


def test_the_history_that_grows_keeps_what_it_had(policy: PolicyRepository) -> None:
    """A version's number, label and commit hold for every mainline that contains its own."""
    before: tuple[object, ...] = ()
    for number, text in enumerate((LONG, OTHER, LONG, f"{LONG}More.\n")):
        policy.publish("privacy.md", text)
        policy.publish(f"side-{number}.md", OTHER)
        versions = policy.document("privacy.md").versions
        assert versions[: len(before)] == before
        before = versions
