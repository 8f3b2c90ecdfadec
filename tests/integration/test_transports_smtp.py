"""The SMTP transport against a real server on this machine: what is sent, and what each answer means."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from support.world import SENDER

from subscribers.errors import NotifyError
from subscribers.messages.message import Attachment, Message
from subscribers.transports import (
    DeferredError,
    MisconfiguredError,
    OutgoingBatch,
    Recipient,
    RefusedError,
    ThrottledError,
    TooLateError,
    UnclearRefusalError,
    UnconfirmedError,
    UnreachableError,
    UnsupportedAddressError,
)
from subscribers.transports.smtp import SmtpTransport
from subscribers.transports.smtp_server import read_server


@dataclass
class Handler:
    """Keeps what it takes; each answer can be set, and ``drop`` ends the connection before the last one."""

    mail: str = "250 OK"
    rcpt: str = "250 OK"
    data: str = "250 taken as 4711"
    drop: bool = False
    seconds: float = 0  # that pass before the answer to the data
    taken: list[Envelope] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.mail

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        await asyncio.sleep(self.seconds)
        if self.drop:
            assert server.transport
            server.transport.close()
        return self.data


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def serve(handler: Handler) -> Iterator[Callable[..., str]]:
    """Start a server with the handler; its address."""
    running: list[Controller] = []

    def start(**options: Any) -> str:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
        controller.start()
        running.append(controller)
        return f"127.0.0.1:{port}"

    yield start
    for controller in running:
        controller.stop()


def outgoing(number: int = 1, text: str = "Меньше.\n") -> OutgoingBatch:
    return OutgoingBatch(
        token="f" * 32,
        written_at=datetime(2026, 6, 1, 12, 0, tzinfo=UTC),
        sender=SENDER,
        message=Message(language="ru", subject="Мы храним меньше", text=text, html="<p>Меньше.</p>"),
        recipients=(
            Recipient(
                delivery=f"2-{number}",
                address=f"person{number}@example.com",
                message_id=f"<2-{number}.cafe@market.example>",
            ),
        ),
    )


def send(transport: SmtpTransport, *, mail: OutgoingBatch | None = None, seconds: float = 30) -> str | None:
    return transport.prepare(mail or outgoing()).send(may_write=lambda: seconds > 0)


def test_an_email_is_accepted_when_the_server_says_so(serve: Callable[..., str], handler: Handler) -> None:
    assert send(SmtpTransport(read_server(f"smtp://{serve()}"))) == "250 taken as 4711"

    [envelope] = handler.taken
    assert (envelope.mail_from, envelope.rcpt_tos) == ("policy@market.example", ["person1@example.com"])
    assert isinstance(envelope.content, bytes)
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert mail["Message-ID"] == "<2-1.cafe@market.example>"
    assert mail["Subject"] == "Мы храним меньше"


def test_bounces_go_to_the_return_path_of_the_delivery(serve: Callable[..., str], handler: Handler) -> None:
    mail = outgoing()
    [recipient] = mail.recipients
    path = "bounces+2-1-abcdefghijklmnop@market.example"
    mail = replace(mail, recipients=(replace(recipient, return_path=path),))
    send(SmtpTransport(read_server(f"smtp://{serve()}")), mail=mail)

    [envelope] = handler.taken
    assert envelope.mail_from == path
    assert isinstance(envelope.content, bytes)
    email = message_from_bytes(envelope.content)
    assert email["From"] == "Example Market <policy@market.example>"
    assert email["CFBL-Address"] == f"{path}; report=arf"


@pytest.mark.parametrize("domain", ["elsewhere.example", "notmarket.example", "bounces.market.example"])
def test_complaints_are_asked_for_only_where_the_signature_of_the_sender_vouches(
    serve: Callable[..., str], handler: Handler, domain: str
) -> None:
    """RFC 9477, section 3.1: at the domain of the From address."""
    mail = outgoing()
    [recipient] = mail.recipients
    mail = replace(mail, recipients=(replace(recipient, return_path=f"bounces+2-1-abc@{domain}"),))
    send(SmtpTransport(read_server(f"smtp://{serve()}")), mail=mail)
    assert isinstance(handler.taken[0].content, bytes)
    assert message_from_bytes(handler.taken[0].content)["CFBL-Address"] is None


def test_a_line_that_is_a_dot_arrives(serve: Callable[..., str], handler: Handler) -> None:
    send(SmtpTransport(read_server(f"smtp://{serve()}")), mail=outgoing(text="before\n.\n..after\n"))

    assert isinstance(handler.taken[0].content, bytes)
    mail = message_from_bytes(handler.taken[0].content, policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["before", ".", "..after"]


def test_one_session_sends_many_emails(serve: Callable[..., str], handler: Handler) -> None:
    transport = SmtpTransport(read_server(f"smtp://{serve()}"))
    for number in range(5):
        send(transport, mail=outgoing(number))

    assert len({envelope.rcpt_tos[0] for envelope in handler.taken}) == 5


def test_a_session_that_died_in_between_is_opened_again(serve: Callable[..., str], handler: Handler) -> None:
    transport = SmtpTransport(read_server(f"smtp://{serve()}"))
    send(transport)
    assert transport._session
    assert transport._session.sock
    transport._session.sock.shutdown(socket.SHUT_RDWR)
    send(transport, mail=outgoing(2))

    assert len(handler.taken) == 2


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"rcpt": "550 no such user"}, RefusedError),
        ({"rcpt": "450 greylisted"}, DeferredError),
        ({"rcpt": "421 closing"}, ThrottledError),
        ({"mail": "553 not your address"}, MisconfiguredError),
        ({"mail": "451 busy"}, ThrottledError),
        ({"data": "554 looks like spam"}, UnclearRefusalError),
        ({"data": "452 disk full"}, DeferredError),
        ({"drop": True}, UnconfirmedError),
    ],
)
def test_each_answer_has_its_meaning(
    serve: Callable[..., str], handler: Handler, answers: dict[str, Any], error: type[Exception]
) -> None:
    transport = SmtpTransport(read_server(f"smtp://{serve()}"))
    for name, answer in answers.items():
        setattr(handler, name, answer)
    with pytest.raises(error):
        send(transport)

    for name in answers:
        setattr(handler, name, getattr(Handler(), name))
    assert send(transport, mail=outgoing(2)) == "250 taken as 4711"


def _answering(last: bytes) -> str:
    """A server whose answer to the data is ``last``, after which it ends the connection; its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as client, client.makefile("rb") as lines:
            client.sendall(b"220 mx.example\r\n")
            for line in lines:
                if line == b".\r\n":
                    client.sendall(last)
                    return
                if line[:4].upper() in {b"EHLO", b"MAIL", b"RCPT"}:
                    client.sendall(b"250 OK\r\n")
                elif line.upper() == b"DATA\r\n":
                    client.sendall(b"354 go on\r\n")

    Thread(target=serve, daemon=True).start()
    return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    "last", [b"2", b"25", b"4", b"55", b"250-one\r\n", b"taken\r\n", b"354 more\r\n", b"\r\n"]
)
def test_an_answer_to_the_data_that_is_cut_off_or_makes_no_sense_leaves_the_email_unknown(
    last: bytes,
) -> None:
    with pytest.raises(UnconfirmedError):
        send(SmtpTransport(read_server(f"smtp://{_answering(last)}")))


def test_every_positive_answer_to_the_data_means_accepted() -> None:
    """RFC 5321, section 4.2.1: the first digit decides."""
    taken = b"251 taken\r\n"
    assert send(SmtpTransport(read_server(f"smtp://{_answering(taken)}"))) == "251 taken"


def test_the_answer_to_the_data_is_waited_for_longer_than_any_other(
    serve: Callable[..., str], handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.transports.smtp.OPENING_SECONDS", 1.0)
    monkeypatch.setattr("subscribers.transports.smtp.ENVELOPE_SECONDS", 1.0)
    handler.seconds = 2
    transport = SmtpTransport(read_server(f"smtp://{serve()}"))
    assert send(transport) == "250 taken as 4711"


def test_no_answer_to_the_data_in_time_leaves_the_email_unknown(
    serve: Callable[..., str], handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.transports.smtp.ANSWER_SECONDS", 0.2)
    handler.seconds = 1
    with pytest.raises(UnconfirmedError):
        send(SmtpTransport(read_server(f"smtp://{serve()}")))


def test_after_data_that_could_not_be_written_nothing_was_accepted(
    serve: Callable[..., str], handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its last line, a message was not sent (RFC 5321, section 4.1.1.4)."""
    transport = SmtpTransport(read_server(f"smtp://{serve()}"))
    send(transport)
    handler.taken.clear()
    session = transport._session
    assert session

    def break_off(data: object) -> None:
        if isinstance(data, bytes) and data.endswith(b"\r\n.\r\n"):
            raise ConnectionResetError
        type(session).send(session, data)  # type: ignore[arg-type]

    monkeypatch.setattr(session, "send", break_off)
    with pytest.raises(UnreachableError):
        send(transport)
    assert handler.taken == []
    assert send(transport, mail=outgoing(2))


def test_after_an_absent_server_nothing_was_accepted(serve: Callable[..., str]) -> None:
    with pytest.raises(UnreachableError):
        send(SmtpTransport(read_server("smtp://127.0.0.1:1")))


def test_no_data_are_written_after_the_lease(serve: Callable[..., str], handler: Handler) -> None:
    transport = SmtpTransport(read_server(f"smtp://{serve()}"))
    with pytest.raises(TooLateError):
        send(transport, seconds=-1)
    assert handler.taken == []
    assert send(transport)


def test_a_far_server_without_encryption_is_refused(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.transports.smtp.LOOPBACK", frozenset())
    with pytest.raises(MisconfiguredError, match="STARTTLS"):
        send(SmtpTransport(read_server(f"smtp://{serve()}")))


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that nobody trusts, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_trusts_is_refused(
    serve: Callable[..., str], certificate: tuple[Path, Path], scheme: str
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    option = {"smtp": "tls_context", "smtps": "ssl_context"}[scheme]
    with pytest.raises(MisconfiguredError, match="certificate verify failed"):
        send(SmtpTransport(read_server(f"{scheme}://{serve(**{option: context})}")))


def test_encryption_with_a_trusted_certificate_is_used(
    serve: Callable[..., str],
    handler: Handler,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    send(SmtpTransport(read_server(f"smtp://{serve(tls_context=context, require_starttls=True)}")))

    assert len(handler.taken) == 1


def test_a_wrong_address_of_the_server_is_named(serve: Callable[..., str]) -> None:
    with pytest.raises(NotifyError, match="POLICY_NOTIFY_SMTP_URL"):
        SmtpTransport(read_server("mail.example.com"))


@pytest.mark.parametrize(
    ("answers", "error", "reason"),
    [
        ({"rcpt": "550 5.1.1 unknown"}, RefusedError, "5.1.1 unknown mailbox"),
        ({"rcpt": "554 5.7.1 Relay access denied"}, UnclearRefusalError, "5.7.1 not authorized"),
        ({"data": "550 5.4.5 quota"}, UnclearRefusalError, "5.4.5 sending quota"),
        ({"data": "552 5.3.4 too big"}, UnclearRefusalError, "5.3.4 message too big"),
        ({"data": "552 5.2.2 full"}, DeferredError, "5.2.2 mailbox full"),
        ({"data": "451 4.7.1 slow down"}, DeferredError, "4.7.1 security or policy"),
    ],
)
def test_a_refusal_says_why_in_few_words(
    serve: Callable[..., str],
    handler: Handler,
    answers: dict[str, str],
    error: type[RefusedError | UnclearRefusalError | DeferredError],
    reason: str,
) -> None:
    transport = SmtpTransport(read_server(f"smtp://{serve()}"))
    for name, answer in answers.items():
        setattr(handler, name, answer)
    with pytest.raises(error) as caught:
        send(transport)
    assert vars(caught.value)["reason"] == reason


def abroad() -> OutgoingBatch:
    """To an email address with letters outside ASCII before the @."""
    mail = outgoing()
    return replace(mail, recipients=(replace(mail.recipients[0], address="ünï@example.com"),))


def test_letters_before_the_at_sign_need_a_server_that_takes_them(
    serve: Callable[..., str], handler: Handler
) -> None:
    with pytest.raises(UnsupportedAddressError):
        send(SmtpTransport(read_server(f"smtp://{serve(enable_SMTPUTF8=False)}")), mail=abroad())
    assert handler.taken == []

    transport = SmtpTransport(read_server(f"smtp://{serve(enable_SMTPUTF8=True)}"))
    send(transport, mail=abroad())
    send(transport)
    assert [envelope.rcpt_tos for envelope in handler.taken] == [["ünï@example.com"], ["person1@example.com"]]
    assert [envelope.smtp_utf8 for envelope in handler.taken] == [True, False]


def test_a_server_that_offers_such_letters_and_refuses_them_stops_nobody_else(
    serve: Callable[..., str], handler: Handler
) -> None:
    transport = SmtpTransport(read_server(f"smtp://{serve(enable_SMTPUTF8=True)}"))
    handler.mail = "555 unsupported parameter"
    with pytest.raises(UnclearRefusalError):
        send(transport, mail=abroad())
    handler.mail, handler.rcpt = "250 OK", "550 5.6.7 address not permitted"
    with pytest.raises(UnsupportedAddressError):
        send(transport, mail=abroad())


def test_a_message_larger_than_the_server_takes_is_not_begun(
    serve: Callable[..., str], handler: Handler
) -> None:
    transport = SmtpTransport(read_server(f"smtp://{serve(data_size_limit=5_000)}"))
    file = Attachment(name="a.pdf", media_type="application/pdf", body=b"%PDF" * 2_000)
    mail = outgoing()
    large = replace(mail, message=replace(mail.message, attachments=(file,)))
    with pytest.raises(MisconfiguredError, match=r"and the server takes at most 5,000; raise its limit"):
        send(transport, mail=large)
    assert handler.taken == []
    assert send(transport, mail=mail) == "250 taken as 4711"
