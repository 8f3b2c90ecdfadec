"""Histories that nobody writes on purpose, or somebody does: each has its place, none ends the reading."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.policy_repository import PolicyRepository

from generator.commands import versions as listing

ODD_NAMES = [
    "two words.md",
    'quote".md',
    "apostrophe's.md",
    "line\nbreak.md",
    "tab\there.md",
    "-dash.md",
    ":(top)magic.md",
    "*star?.md",
    "[a].md",
    "regel-ё.md",
    "bell\x07.md",
    "\udcff\udcfe.md",
    "a{b}.md",
    "#hash%41.md",
    "$HOME.md",
    "=> b.md",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_bytes_can_be_part_of_a_path(policy: PolicyRepository, name: str) -> None:
    first = policy.publish(f"deep {name}/{name}", "One.\n")
    os.renames(policy.folder / f"deep {name}/{name}", policy.folder / f"moved/{name}")
    policy.commit()
    last = policy.publish(f"moved/{name}", "Two.\n")
    history = policy.history()
    (document,) = history.documents
    assert document.path == f"moved/{name}"
    assert [version.commit for version in document.versions] == [first, last]
    lines = list(listing.as_lines(history, history.documents))
    assert all(line.isprintable() and line.encode() is not None for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"\xff\xfe\x00binary\x00\x01\x02",
        bytes(range(256)) * 8,
        b"---\n---\n",
        b"---\n" + b"a: &a [*a]\n" * 3 + b"---\n",
        b"---\n" + b"k: v\n" * 5_000 + b"---\nText\n",
        b"---\n" + b"[" * 2_000 + b"\n---\nText\n",
        b"> " * 5_000 + b"deep",
        b"*" * 5_000,
        b"[" * 1_000 + b"]" * 1_000,
        b"<div>" * 20_000 + b"deep" + b"</div>" * 20_000,
        b"<ul><li>" * 5_000 + b"deep",
        b"`" * 5_000,
        b"\x02klzzwxh:0000\x03 \x02wzxhzdk:0\x03",
        b"&" * 5_000 + b"#x110000; &#xD800; &#0;",
        b"<!--" * 3_000,
        b"<![CDATA[ x ]]> <?php y ?> <!DOCTYPE z>",
        b"| a " * 2_000 + b"\n" + b"|---" * 2_000 + b"\n",
        b"e" + "\u0301".encode() * 10_000,
        b"x" * 1_000_000,
        b"word " * 200_000,
        b"word\n" * 50_000,
    ],
    ids=lambda text: f"{text[:12]!r}+{len(text)}",
)
def test_any_text_has_a_version(policy: PolicyRepository, text: bytes) -> None:
    first = policy.publish("privacy.md", text)
    second = policy.publish("privacy.md", "Mended.\n")
    assert policy.versions("privacy.md") == [first, second]


@pytest.mark.parametrize(
    ("date", "label"),
    [
        (b"-86400 +0000", "1969-12-31"),
        (b"99999999999 +0000", "5138-11-16"),
        (b"9999999999999 +0000", "9999-12-31"),
        (b"99999999999999999999999 +0000", None),
        (b"soon +0000", "1970-01-01"),
        (b"", "1970-01-01"),
        (b"1700000000 +9999", "2023-11-14"),
    ],
)
def test_an_absurd_date_is_still_a_day(policy: PolicyRepository, date: bytes, label: str | None) -> None:
    policy.write("privacy.md", "One.\n")
    policy.git("add", "--all")
    tree = policy.git("write-tree").encode()
    raw = b"tree %b\nauthor A <a@example.com> %b\ncommitter A <a@example.com> %b\n\nx\n" % (tree, date, date)
    commit = policy.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", given=raw)
    policy.git("update-ref", "HEAD", commit)
    for zone in (UTC, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Niue")):
        (version,) = policy.document("privacy.md", time_zone=zone).versions
        assert zone is not UTC or label in {None, version.label}


def test_broken_encodings_in_a_commit_do_no_harm(policy: PolicyRepository) -> None:
    policy.write("privacy.md", "One.\n")
    policy.git("add", "--all")
    tree = policy.git("write-tree").encode()
    raw = (
        b"tree %b\nauthor \xff\xfe <\xff> 1700000000 +0000\ncommitter \xe9 <> 1700000000 +0000\n"
        b"encoding nonsense\n\n\xff\xfe message" % tree
    )
    commit = policy.git("hash-object", "-t", "commit", "-w", "--stdin", given=raw)
    policy.git("update-ref", "HEAD", commit)
    (version,) = policy.document("privacy.md").versions
    assert version.published_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_links_that_form_a_loop_do_no_harm(policy: PolicyRepository) -> None:
    policy.write("privacy.md", "One.\n")
    (policy.folder / "a.md").symlink_to("b.md")
    (policy.folder / "b.md").symlink_to("a.md")
    (policy.folder / "loop").symlink_to(".")
    policy.commit()
    assert policy.names() == ["privacy.md"]
    assert policy.names(draft_at=datetime(2025, 1, 1, tzinfo=UTC)) == ["privacy.md"]


def test_a_path_that_is_a_file_a_folder_and_a_file_again(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    policy.remove("privacy.md")
    removed = policy.publish("privacy.md/index.md", "Nothing like it.\n")
    policy.remove("privacy.md/index.md")
    (policy.folder / "privacy.md").rmdir()
    restored = policy.publish("privacy.md", "One.\n")
    document = policy.document("privacy.md")
    assert [version.commit for version in document.versions] == [first]
    assert [(gap.removed, gap.restored) for gap in document.gaps] == [(removed, restored)]


def test_a_document_may_end_and_return_again_and_again(policy: PolicyRepository) -> None:
    for number in range(4):
        policy.publish("privacy.md", f"{number % 2}\n")
        policy.remove("privacy.md")
        policy.commit()
    document = policy.document("privacy.md")
    assert [version.returns_to for version in document.versions] == [None, None, 1, 2]
    assert [gap.restored is None for gap in document.gaps] == [False, False, False, True]


def test_many_files_moved_at_once_are_followed(policy: PolicyRepository) -> None:
    for number in range(700):
        policy.write(f"old/{number}.md", f"Text {number}.\n")
    first = policy.commit()
    (policy.folder / "old").rename(policy.folder / "new")
    policy.commit()
    history = policy.history()
    assert len(history.documents) == 700
    assert {document.versions[0].commit for document in history.documents} == {first}
    assert all(document.path.startswith("new/") for document in history.documents)


def test_a_history_without_documents_is_empty(policy: PolicyRepository, tmp_path: Path) -> None:
    policy.publish("readme.txt", "One.\n")
    assert policy.names() == []
    assert policy.names(folder="nowhere") == []
