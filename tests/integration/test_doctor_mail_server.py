"""The doctor's findings about an SMTP server: a real one on loopback, with TLS and passwords."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from support.certificates import certificate_file

from subscribers.doctor.finding import Finding, Level
from subscribers.doctor.mail_server import check_mail_server
from subscribers.settings import Settings

ANSWERS = {
    "other@shop.example": "553 5.7.1 not your address",
    "later@shop.example": "451 4.7.1 try again later",
    "bounces+doctor@shop.example": "550 5.7.1 no extensions",
    "login@shop.example": "530 5.7.0 authentication required",
}


class Handler:
    """Takes mail from one sender only, and remembers everything that it took."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address != "policy@shop.example":
            return ANSWERS[address]
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return "250 OK"


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start a server; its port."""
    running: list[Controller] = []

    def start(**options: Any) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        controller = Controller(Handler(), hostname="127.0.0.1", port=port, **options)
        controller.start()
        running.append(controller)
        return port

    yield start
    for controller in running:
        controller.stop()
        assert controller.handler.taken == [], "the doctor sends nothing"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ssl.SSLContext]:
    """A server's context with a certificate for localhost that this process trusts."""

    def make(*, days: int = 90) -> ssl.SSLContext:
        file = certificate_file(tmp_path, "localhost", days=days)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    return make


def findings(url: str, sender: str = "Shop <policy@shop.example>", **values: str) -> list[Finding]:
    given = {"transport": "smtp", "smtp_url": url, "POLICY_NOTIFY_FROM": sender} | values
    settings = Settings.model_validate(given)
    return list(check_mail_server(settings))


def one_error(url: str) -> Finding:
    [finding] = findings(url)
    assert finding.level is Level.ERROR
    return finding


def allow(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    return AuthResult(success=data.password == b"right", handled=False)


def test_a_server_that_takes_our_message_is_all_right(
    serve: Callable[..., int], certificate: Callable[..., ssl.SSLContext]
) -> None:
    port = serve(tls_context=certificate(), authenticator=allow, auth_required=True)
    found = findings(f"smtp://shop:right@localhost:{port}")

    assert {finding.level for finding in found} == {Level.OK}
    assert "TLSv1.3, certificate valid until" in found[0].seen
    assert "password" in found[1].seen
    assert all("right" not in f"{finding.where}{finding.seen}" for finding in found)


def test_a_wrong_password_is_an_error(
    serve: Callable[..., int], certificate: Callable[..., ssl.SSLContext]
) -> None:
    port = serve(tls_context=certificate(), authenticator=allow, auth_required=True)
    finding = one_error(f"smtp://shop:wrong@localhost:{port}")

    assert "535" in finding.seen
    assert "wrong" not in f"{finding.where}{finding.seen}"
    assert finding.remedy == "correct POLICY_NOTIFY_SMTP_USER and POLICY_NOTIFY_SMTP_PASSWORD"


def test_a_certificate_must_be_valid_for_the_name(
    serve: Callable[..., int], certificate: Callable[..., ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = serve(tls_context=certificate())
    assert "certificate" in one_error(f"smtp://127.0.0.1:{port}").seen

    monkeypatch.delenv("SSL_CERT_FILE")
    assert "certificate" in one_error(f"smtp://localhost:{port}").seen


def test_an_expired_certificate_is_an_error(
    serve: Callable[..., int], certificate: Callable[..., ssl.SSLContext]
) -> None:
    port = serve(tls_context=certificate(days=-1))
    assert "expired" in one_error(f"smtp://localhost:{port}").seen


def test_a_certificate_that_ends_soon_is_a_warning(
    serve: Callable[..., int], certificate: Callable[..., ssl.SSLContext]
) -> None:
    port = serve(tls_context=certificate(days=7))
    assert findings(f"smtp://localhost:{port}")[0].level is Level.WARNING


def test_a_server_on_this_machine_needs_no_encryption(serve: Callable[..., int]) -> None:
    found = findings(f"smtp://127.0.0.1:{serve()}")

    assert {finding.level for finding in found} == {Level.OK}
    assert found[0].seen.startswith("none")


def test_the_wrong_kind_of_port_is_an_error(serve: Callable[..., int]) -> None:
    finding = one_error(f"smtps://localhost:{serve()}")
    assert finding.remedy
    assert "587" in finding.remedy


@pytest.mark.parametrize(
    ("sender", "remedy"),
    [("other", "POLICY_NOTIFY_FROM"), ("later", "try again later"), ("login", "SMTP_USER")],
)
def test_a_refused_sender_is_an_error_with_the_remedy_for_this_refusal(
    serve: Callable[..., int], sender: str, remedy: str
) -> None:
    found = findings(f"smtp://127.0.0.1:{serve()}", sender=f"{sender}@shop.example")

    assert found[-1].level is Level.ERROR
    assert ANSWERS[f"{sender}@shop.example"] in found[-1].seen
    assert remedy in (found[-1].remedy or "")


def test_the_return_path_is_asked_about_as_it_is_used(serve: Callable[..., int]) -> None:
    [*_, refused] = findings(f"smtp://127.0.0.1:{serve()}", return_path="bounces@shop.example")

    assert "MAIL FROM:<bounces+doctor@shop.example>: 550 5.7.1 no extensions" in refused.seen
    assert "POLICY_NOTIFY_RETURN_PATH" in (refused.remedy or "")


def test_an_absent_server_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert "refused" in one_error(f"smtp://127.0.0.1:{port}").seen


def test_a_silent_server_is_an_error_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscribers.transports.smtp.OPENING_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "timed out" in one_error(f"smtp://127.0.0.1:{silent.getsockname()[1]}").seen


def test_what_is_no_address_of_a_server_is_an_error() -> None:
    assert one_error("https://mail.shop.example").where == "POLICY_NOTIFY_SMTP_URL"


@pytest.mark.parametrize(
    ("limit", "level", "said"),
    [
        (
            1_000_000,
            Level.WARNING,
            "takes messages of up to 1,000,000 bytes, and with attached files they may",
        ),
        (10_000_000, Level.OK, "takes messages of up to 10,000,000 bytes"),
        (0, Level.OK, "names no limit"),
    ],
)
def test_the_server_must_take_what_may_be_attached(
    serve: Callable[..., int], limit: int, level: Level, said: str
) -> None:
    found = findings(f"smtp://127.0.0.1:{serve(data_size_limit=limit)}", attach="pdf")
    [size] = [finding for finding in found if finding.topic == "message size"]
    assert size.level is level
    assert said in size.seen
