"""The folder transport writes real emails, and each file is complete or missing."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from support.world import SENDER

from subscribers.messages.message import Message
from subscribers.transports import MisconfiguredError, OutgoingBatch, Recipient
from subscribers.transports.folder import FolderTransport

MAILING = OutgoingBatch(
    token="f" * 32,
    written_at=datetime(2026, 6, 1, 12, 0, tzinfo=UTC),
    sender=SENDER,
    message=Message(language="ru", subject="Мы храним меньше", text="Меньше.\n", html="<p>Меньше.</p>"),
    recipients=(
        Recipient(delivery="2-1", address="anna@example.com", message_id="<2-1.cafe@market.example>"),
        Recipient(delivery="2-2", address="boris@example.com", message_id="<2-2.cafe@market.example>"),
    ),
)


def send(folder: Path, outgoing: OutgoingBatch = MAILING) -> None:
    FolderTransport(folder).prepare(outgoing).send(may_write=lambda: True)


def test_each_delivery_becomes_a_file_named_after_it(tmp_path: Path) -> None:
    send(tmp_path / "mails")

    assert sorted(file.name for file in (tmp_path / "mails").iterdir()) == ["2-1.eml", "2-2.eml"]
    mail = message_from_bytes((tmp_path / "mails" / "2-2.eml").read_bytes(), policy=policy.default)
    assert mail["To"] == "boris@example.com"
    assert mail["From"] == "Example Market <policy@market.example>"
    assert mail["Subject"] == "Мы храним меньше"
    assert mail["Message-ID"] == "<2-2.cafe@market.example>"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    send(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    send(tmp_path)

    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_other_words_have_another_digest(tmp_path: Path) -> None:
    transport = FolderTransport(tmp_path)
    other = replace(MAILING, message=replace(MAILING.message, subject="Другое"))

    assert transport.prepare(MAILING).sha256 == transport.prepare(MAILING).sha256
    assert transport.prepare(MAILING).sha256 != transport.prepare(other).sha256


def test_a_folder_that_cannot_be_written_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "mails").write_text("a file")
    with pytest.raises(MisconfiguredError, match="mails: cannot be written"):
        send(tmp_path / "mails")


def test_only_the_owner_can_read_folder_and_messages(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        folder = tmp_path / "mails"
        folder.mkdir(mode=0o755)
        (folder / "2-1.part").touch(mode=0o644)  # left by a process that was killed
        send(folder)
        send(tmp_path / "new")
    finally:
        os.umask(before)
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
