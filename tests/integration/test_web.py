"""The pages that ``policy-notify serve`` shows, and the requests that it refuses."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from email.headerregistry import Address
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from support.published_site import PublishedSiteMaker

from subscribers.database import open_database, writing
from subscribers.messages.message import Message, to_email
from subscribers.settings import Sender
from subscribers.web import timed_protocol
from subscribers.web.app import ListeningError, make_app, serve

SENDER = Sender(
    address=Address("Example Market", "policies", "example.com"),
    legal_name="Example Market Ltd",
    contact="privacy@example.com",
)
HOSTILE = (
    b"Subject: =?utf-8?B?not base64?= <script>alert(1)</script>\r\n"
    b"From: =?no-such-charset?Q?a?=\r\n"
    b"Content-Type: text/html; charset=no-such-charset\r\n"
    b"\r\n"
    b"<script>alert(2)</script><p>hostile</p>"
)


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    folder = tmp_path / "mails"
    folder.mkdir()
    message = Message(language="ru", subject="Изменения", text="Привет", html="<p>Привет из HTML</p>")
    email = to_email(
        message,
        sender=SENDER,
        recipient="anna@example.com",
        message_id="<1@example.com>",
        sent_at=datetime(2026, 2, 9, tzinfo=UTC),
    )
    (folder / "1.eml").write_bytes(bytes(email))
    return folder


@pytest.fixture
def browser(mails: Path, tmp_path: Path) -> TestClient:
    maker = PublishedSiteMaker(tmp_path / "site")
    maker.publish("privacy", title="Privacy policy")
    return TestClient(make_app(site=maker.write(), messages=mails), base_url="http://127.0.0.1:8000")


def test_it_says_that_it_is_alive() -> None:
    assert TestClient(make_app()).get("/healthz").json() == {"status": "ok"}


def test_a_server_without_its_database_is_not_healthy(database: Engine) -> None:
    client = TestClient(make_app(database=database))
    assert client.get("/healthz").json() == {"status": "ok", "database": "ok"}
    with writing(database) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert client.get("/healthz").status_code == 503


def test_a_database_that_is_away_is_not_healthy_and_nothing_more_is_said() -> None:
    away = open_database("postgresql://u:S3cret@127.0.0.1:1/x")
    answer = TestClient(make_app(database=away)).get("/healthz")
    assert answer.status_code == 503
    assert "127.0.0.1" not in answer.text


def test_a_database_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscribers.web.health.DATABASE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=2"
        assert TestClient(make_app(database=open_database(url))).get("/healthz").status_code == 503


def test_the_built_site_is_served_at_the_root(browser: TestClient) -> None:
    assert "Example Market" in browser.get("/").text
    assert "Privacy policy" in browser.get("/privacy/").text
    assert browser.get("/history.json").json()["format"] == 2
    assert browser.get("/absent/").status_code == 404


def test_the_list_of_emails_has_subject_recipient_and_date(browser: TestClient) -> None:
    page = browser.get("/messages/").text
    for shown in ("Изменения", "anna@example.com", "09 Feb 2026", 'href="1.eml/"'):
        assert shown in page


def test_an_email_is_shown_as_html_as_text_and_as_a_file(browser: TestClient, mails: Path) -> None:
    page = browser.get("/messages/1.eml/").text
    assert "Привет" in page
    assert '<iframe sandbox src="html"' in page
    assert "Привет из HTML" in browser.get("/messages/1.eml/html").text
    source = browser.get("/messages/1.eml/source")
    assert source.content == (mails / "1.eml").read_bytes()
    assert source.headers["Content-Disposition"].startswith("attachment")


def test_nothing_in_a_hostile_email_can_run(browser: TestClient, mails: Path) -> None:
    (mails / "hostile.eml").write_bytes(HOSTILE)
    (mails / "empty.eml").write_bytes(b"")
    for address in ("/messages/", "/messages/hostile.eml/", "/messages/empty.eml/"):
        answer = browser.get(address)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    part = browser.get("/messages/hostile.eml/html")
    assert part.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert "hostile" in part.text


@pytest.mark.parametrize("name", ["absent.eml", "..%2fsecret.eml", "%2e%2e", "notes.txt", "link.eml"])
def test_only_emails_of_the_folder_are_shown(browser: TestClient, mails: Path, name: str) -> None:
    secret = mails.parent / "secret.eml"
    secret.write_text("Subject: secret\r\n\r\nsecret", encoding="utf8")
    (mails / "notes.txt").write_text("secret", encoding="utf8")
    (mails / "link.eml").symlink_to(secret)
    for kind in ("", "html", "source"):
        answer = browser.get(f"/messages/{name}/{kind}")
        assert answer.status_code in {403, 404}
        assert "secret" not in answer.text


def test_another_name_for_this_machine_reads_no_emails(browser: TestClient) -> None:
    assert browser.get("/messages/", headers={"Host": "rebound.example"}).status_code == 400


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "mails.example"])
def test_emails_are_never_shown_to_other_machines(mails: Path, host: str) -> None:
    with pytest.raises(ListeningError, match="only shown on this machine"):
        serve(host=host, port=8000, site=None, messages=mails)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListeningError, match=r"--site .*absent: is not a folder"):
        serve(host="127.0.0.1", port=8000, site=tmp_path / "absent", messages=None)


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListeningError, match=f"127.0.0.1:{port}: cannot listen"):
            serve(host="127.0.0.1", port=port, site=None, messages=None)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".env",
        "privacy/.svn/entries",
        "%2eenv",
        ".git%2fconfig",
        "privacy/../.env",
        "/.env",
        ".ssh/",
    ],
)
def test_hidden_files_below_the_site_are_not_served(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "site"
    for name in (".git/config", ".env", "privacy/.svn/entries", ".ssh/index.html", "privacy/index.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("secret")
    assert TestClient(make_app(site=folder)).get(f"/{path}").status_code == 404


def test_well_known_files_are_served(tmp_path: Path) -> None:
    (tmp_path / ".well-known").mkdir()
    (tmp_path / ".well-known/security.txt").write_text("Contact: mailto:a@example.com")
    assert TestClient(make_app(site=tmp_path)).get("/.well-known/security.txt").status_code == 200


def test_every_file_of_the_site_comes_with_headers_for_browsers(browser: TestClient) -> None:
    for path in ("/", "/privacy/", "/history.json"):
        answer = browser.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'self'"
        assert "Referrer-Policy" in answer.headers
        again = browser.get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304


def test_no_list_of_what_the_server_offers_is_public(browser: TestClient) -> None:
    assert {browser.get(path).status_code for path in ("/openapi.json", "/docs", "/redoc")} == {404}


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "base64", "unicode_escape", "undefined", "\u00e9", ""]
)
def test_an_email_in_an_odd_charset_is_shown(browser: TestClient, mails: Path, charset: str) -> None:
    email = f"Subject: =?{charset}?Q?a=FF?=\r\nContent-Type: text/plain; charset={charset}\r\n\r\nwords \xff"
    (mails / "odd.eml").write_bytes(email.encode())
    assert browser.get("/messages/").status_code == 200
    assert "words" in browser.get("/messages/odd.eml/").text


def test_an_email_nested_without_end_is_refused_in_words(browser: TestClient, mails: Path) -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
        for number in range(1500)
    )
    (mails / "deep.eml").write_bytes(b"Subject: deep\r\n" + deep + b"\r\nwords")
    assert browser.get("/messages/").status_code == 200
    for path in ("/messages/deep.eml/", "/messages/deep.eml/html"):
        answer = browser.get(path)
        assert answer.status_code in (200, 404, 422)
    assert browser.get("/messages/deep.eml/source").status_code == 200


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"POST /events/sendgrid HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"POST /events/sendgrid HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n[",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /healthz HTTP/1.1\r\n",
    ],
)
def test_a_request_that_is_not_finished_in_time_is_closed(
    begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed_protocol, "REQUEST_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(
            uvicorn.Config(make_app(), http=timed_protocol.TimedProtocol, log_level="critical")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            with socket.create_connection(listening.getsockname()[:2], timeout=10) as half:
                half.sendall(begun)
                while half.recv(65536):
                    pass  # answers to whole requests; then the end, well before the ten seconds
        finally:
            server.should_exit = True
            thread.join()
