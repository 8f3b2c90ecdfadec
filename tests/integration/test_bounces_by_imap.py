"""Reports are taken from a real IMAP server, and only what has served its purpose is removed there."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import dovecot_server
from support.certificates import certificate_file
from support.dovecot_server import PASSWORD, DovecotServer, running_dovecot
from support.reports import absence_note, status_report

from subscribers.bounces import imap
from subscribers.bounces.imap import ImapMailbox, ImapPlace, read_place
from subscribers.bounces.intake import Taken
from subscribers.bounces.mailbox import MailboxError, take_in_all
from subscribers.return_path import ReturnPath

PATH = ReturnPath("bounces@market.example", ["k" * 32])
SIGNED = "bounces+2-1-abcdefghijklmnop@market.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_file(tmp_path_factory.mktemp("certificate"), "localhost")


@pytest.fixture(scope="module")
def running(certificate: Path) -> Iterator[DovecotServer]:
    if not dovecot_server.IS_USABLE:
        pytest.skip(dovecot_server.MISSING)
    with running_dovecot(certificate) as server:
        yield server


@pytest.fixture
def dovecot(running: DovecotServer) -> Iterator[DovecotServer]:
    yield running
    for folder in ("new", "cur"):
        for file in (running.maildir / folder).iterdir():
            file.unlink()


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def place(server: DovecotServer, *, scheme: str = "imaps", folder: str = "INBOX") -> ImapPlace:
    port = server.tls_port if scheme == "imaps" else server.port
    return read_place(f"{scheme}://bounces%40market.example@localhost:{port}/{folder}")


def take(raw: bytes) -> Taken:
    return Taken.BOUNCED if b"Action: failed" in raw else Taken.OTHER


@pytest.mark.parametrize("scheme", ["imaps", "imap"])
def test_reports_are_removed_and_everything_else_is_marked_as_read(
    dovecot: DovecotServer, context: ssl.SSLContext, scheme: str
) -> None:
    dovecot.put(status_report(SIGNED), "1.x")
    dovecot.put(absence_note(SIGNED), "2.x")
    dovecot.put(b"\xff\0 broken", "3.x")
    dovecot.put(status_report(SIGNED), "4.x:2,S", folder="cur")
    with ImapMailbox(place(dovecot, scheme=scheme), PASSWORD, context=context) as mailbox:
        assert take_in_all(mailbox, take) == {Taken.BOUNCED: 1, Taken.OTHER: 2}
        assert take_in_all(mailbox, take).total() == 0
    assert dovecot.names("new") == []
    assert dovecot.names("cur") == ["2.x:2,S", "3.x:2,S", "4.x:2,S"]


def test_a_message_stays_until_its_report_was_taken_in(
    dovecot: DovecotServer, context: ssl.SSLContext
) -> None:
    dovecot.put(status_report(SIGNED), "1.x")

    def fails(raw: bytes) -> Taken:
        raise KeyboardInterrupt

    with ImapMailbox(place(dovecot), PASSWORD, context=context) as mailbox, pytest.raises(KeyboardInterrupt):
        take_in_all(mailbox, fails)
    with ImapMailbox(place(dovecot), PASSWORD, context=context) as mailbox:
        assert take_in_all(mailbox, take) == {Taken.BOUNCED: 1}


def test_old_messages_to_the_return_path_are_removed(dovecot: DovecotServer, context: ssl.SSLContext) -> None:
    dovecot.put(absence_note(SIGNED), "1.x:2,S", folder="cur")
    dovecot.put(absence_note("policy@market.example"), "2.x:2,S", folder="cur")
    dovecot.put(absence_note(SIGNED), "3.x:2,", folder="cur")
    with ImapMailbox(place(dovecot), PASSWORD, context=context) as mailbox:
        arguments = {"is_ours": lambda header: PATH.is_mailbox(header.decode("latin-1"))}
        assert mailbox.remove_old(before=datetime.now(UTC) - timedelta(days=3), **arguments) == 0
        assert mailbox.remove_old(before=datetime.now(UTC) + timedelta(days=3), **arguments) == 1
    assert dovecot.names("cur") == ["2.x:2,S", "3.x:2,"]


def test_an_untrusted_server_a_wrong_password_and_a_missing_folder_are_named(
    dovecot: DovecotServer, context: ssl.SSLContext
) -> None:
    with (
        pytest.raises(MailboxError, match=r"no encrypted connection .CERTIFICATE_VERIFY_FAILED"),
        ImapMailbox(place(dovecot), PASSWORD),
    ):
        pass
    with (
        pytest.raises(MailboxError, match=r"Authentication failed.*check the user and"),
        ImapMailbox(place(dovecot), "wrong", context=context),
    ):
        pass
    with (
        pytest.raises(MailboxError, match=r"refuses SELECT.*Mailbox doesn't exist"),
        ImapMailbox(place(dovecot, folder="Other"), PASSWORD, context=context),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("imaps://user:secret@host/INBOX", "has a password in it"),
        ("https://user@host/", "needs a user and a host"),
        ("imaps://host/INBOX", "needs a user and a host"),
        ("imaps://user@host:many/INBOX", "the IMAP URL is wrong"),
        ("imaps://user@host/B%C3%BCcher", "letters outside ASCII"),
        ("imaps://user@host/INBOX%0D%0AA1%20LOGOUT", "letters outside ASCII"),
    ],
)
def test_a_wrong_url_is_explained_without_its_password(url: str, problem: str) -> None:
    with pytest.raises(MailboxError, match=problem) as raised:
        read_place(url)
    assert "secret" not in str(raised.value)


def test_a_url_names_port_and_folder_by_default() -> None:
    assert read_place("imaps://me%40x.example@imap.x.example") == ImapPlace(
        host="imap.x.example", port=993, user="me@x.example", folder="INBOX", encrypted=True
    )


def test_a_far_server_without_encryption_learns_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine under another name stands for a far one."""
    said = b""

    def serve(listening: socket.socket) -> None:
        nonlocal said
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"* OK ready\r\n")
            while request := connection.recv(1000):
                said += request
                tag = request.split()[0]
                connection.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        monkeypatch.setattr(imap, "LOOPBACK", set())
        url = f"imap://me@127.0.0.1:{listening.getsockname()[1]}/INBOX"
        with (
            pytest.raises(MailboxError, match="offers no encryption"),
            ImapMailbox(read_place(url), "secret"),
        ):
            pass
        thread.join()
    assert b"LOGIN" not in said
    assert b"secret" not in said
