"""The SendGrid transport against a server that speaks its API: what is sent, and what each answer means."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support.sendgrid_server import API_KEY, Behaviour, SendGridServer
from support.world import SENDER

from subscribers.messages.message import Message
from subscribers.transports import (
    MisconfiguredError,
    OutgoingBatch,
    Recipient,
    RefusedError,
    ThrottledError,
    TooLateError,
    UnconfirmedError,
    UnreachableError,
    UnsupportedAddressError,
)
from subscribers.transports import sendgrid as sendgrid_transport
from subscribers.transports.sendgrid import SendGridTransport


@pytest.fixture
def provider() -> Iterator[SendGridServer]:
    with SendGridServer() as double:
        yield double


def outgoing(*addresses: str) -> OutgoingBatch:
    return OutgoingBatch(
        token="f" * 32,
        written_at=datetime(2026, 6, 1, tzinfo=UTC),
        sender=SENDER,
        message=Message(language="ru", subject="Мы храним меньше", text="Меньше.\n", html="<p>Меньше.</p>"),
        recipients=tuple(
            Recipient(delivery=f"2-{number}", address=address, message_id=f"<2-{number}@market.example>")
            for number, address in enumerate(addresses or ("anna@example.com", "boris@example.com"), 1)
        ),
    )


def transport(provider: SendGridServer, *, api_key: str = API_KEY) -> SendGridTransport:
    return SendGridTransport(api_key=api_key, host=provider.url, subuser=None)


def send(provider: SendGridServer, *, seconds: float = 30) -> str | None:
    return transport(provider).prepare(outgoing()).send(may_write=lambda: seconds > 0)


def test_each_recipient_gets_an_email_of_their_own(provider: SendGridServer) -> None:
    assert send(provider)

    [request] = provider.accepted
    assert request.recipients == [("2-1", "anna@example.com"), ("2-2", "boris@example.com")]
    assert request.body["subject"] == "Мы храним меньше"
    assert [part["type"] for part in request.body["content"]] == ["text/plain", "text/html"]


def test_nothing_is_tracked_and_an_unsubscribe_does_not_stop_a_service_notice(
    provider: SendGridServer,
) -> None:
    send(provider)

    body = provider.accepted[0].body
    assert body["tracking_settings"] == {
        "click_tracking": {"enable": False, "enable_text": False},
        "open_tracking": {"enable": False},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    }
    assert body["mail_settings"] == {"bypass_unsubscribe_management": {"enable": True}}
    assert "asm" not in body


def test_the_provider_learns_opaque_ids_only(provider: SendGridServer) -> None:
    send(provider)

    body = provider.accepted[0].body
    assert body["custom_args"] == {"notify_attempt": "f" * 32}
    assert [personal["custom_args"] for personal in body["personalizations"]] == [
        {"delivery": "2-1"},
        {"delivery": "2-2"},
    ]


def test_the_digest_is_that_of_the_bytes_sent(provider: SendGridServer) -> None:
    request = transport(provider).prepare(outgoing())
    request.send(may_write=lambda: True)

    assert hashlib.sha256(provider.accepted[0].raw).hexdigest() == request.sha256


def test_a_subuser_is_named(provider: SendGridServer) -> None:
    named = SendGridTransport(api_key=API_KEY, host=provider.url, subuser="notices")
    named.prepare(outgoing()).send(may_write=lambda: True)

    assert provider.accepted[0].headers["on-behalf-of"] == "notices"


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour.ACCEPT_THEN_DROP,
        Behaviour.ACCEPT_THEN_FAIL,
        Behaviour.DROP,
        Behaviour.FAIL,
    ],
)
def test_an_answer_that_settles_nothing_leaves_the_batch_unknown(
    provider: SendGridServer, behaviour: Behaviour
) -> None:
    provider.behave = lambda _: behaviour
    with pytest.raises(UnconfirmedError):
        send(provider)


HTML = "<html><body>Access denied</body></html>"


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (403, {"Server": "firewall"}, MisconfiguredError),
        (407, {}, MisconfiguredError),
        (413, {}, MisconfiguredError),
        (400, {}, MisconfiguredError),
        (404, {}, MisconfiguredError),
        (405, {}, MisconfiguredError),
        (511, {}, MisconfiguredError),
        (408, {}, UnreachableError),
        (302, {"Location": "http://127.0.0.1:1/login?user=x"}, MisconfiguredError),
        (307, {"Location": "http://127.0.0.1:1/login"}, MisconfiguredError),
        (200, {}, UnconfirmedError),
        (303, {"Location": "http://127.0.0.1:1/"}, UnconfirmedError),
        (409, {}, UnconfirmedError),
        (500, {}, UnconfirmedError),
        (502, {}, UnconfirmedError),
        (503, {}, UnconfirmedError),
        (504, {}, UnconfirmedError),
        (502, {"Proxy-Status": "edge; error=connection_refused"}, UnreachableError),
        (502, {"Proxy-Status": 'edge; error=dns_error; details="no such host"'}, UnreachableError),
        (502, {"Proxy-Status": "edge; error=connection_terminated"}, UnconfirmedError),
        (
            502,
            {"Proxy-Status": "inner; error=connection_read_timeout, edge; error=dns_error"},
            UnconfirmedError,
        ),
    ],
)
def test_a_page_of_another_server_leaves_the_batch_unknown_only_if_it_proves_nothing(
    provider: SendGridServer, status: int, headers: dict[str, str], error: type[Exception]
) -> None:
    provider.page = (status, headers, HTML)
    with pytest.raises(error) as caught:
        send(provider)
    assert str(status) in str(caught.value)
    assert "user=x" not in str(caught.value)
    assert HTML not in str(caught.value)


def test_the_api_key_is_not_sent_to_another_host(provider: SendGridServer) -> None:
    with SendGridServer() as other:
        provider.page = (302, {"Location": f"{other.url}/v3/mail/send"}, HTML)
        with pytest.raises(MisconfiguredError):
            send(provider)
        assert other.calls == 0


def test_a_request_that_was_not_written_completely_was_not_accepted() -> None:
    """Behind its length the body was missing, so nobody can have taken it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take_a_bit() -> None:
            connection, _ = server.accept()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.recv(100)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=take_a_bit)
        thread.start()
        host = f"http://127.0.0.1:{server.getsockname()[1]}"
        long = replace(outgoing(), message=replace(outgoing().message, html="x" * 50_000_000))
        with pytest.raises(UnreachableError):
            SendGridTransport(api_key=API_KEY, host=host, subuser=None).prepare(long).send(
                may_write=lambda: True
            )
        thread.join()


def test_nothing_more_is_written_after_the_lease_ends_during_the_request(provider: SendGridServer) -> None:
    asked = iter([True, False])
    with pytest.raises(TooLateError):
        transport(provider).prepare(outgoing()).send(may_write=lambda: next(asked))
    assert provider.requests == []


def test_no_answer_in_time_leaves_the_batch_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sendgrid_transport, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        late = SendGridTransport(api_key=API_KEY, host=host, subuser=None)
        with pytest.raises(UnconfirmedError):
            late.prepare(outgoing()).send(may_write=lambda: True)


def test_after_a_refused_connection_nothing_was_accepted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    absent = SendGridTransport(api_key=API_KEY, host=f"http://127.0.0.1:{port}", subuser=None)
    with pytest.raises(UnreachableError):
        absent.prepare(outgoing()).send(may_write=lambda: True)


def test_after_an_unknown_host_nothing_was_accepted() -> None:
    absent = SendGridTransport(api_key=API_KEY, host="https://sendgrid.invalid", subuser=None)
    with pytest.raises(UnreachableError):
        absent.prepare(outgoing()).send(may_write=lambda: True)


def test_nothing_is_written_after_the_lease(provider: SendGridServer) -> None:
    with pytest.raises(TooLateError):
        send(provider, seconds=-1)
    assert provider.requests == []


def test_a_throttle_says_how_long(provider: SendGridServer) -> None:
    provider.behave = lambda _: Behaviour.THROTTLE
    with pytest.raises(ThrottledError) as caught:
        send(provider)
    assert caught.value.retry_after == pytest.approx(7, abs=0.5)


def test_a_throttle_without_headers_is_understood(provider: SendGridServer) -> None:
    provider.behave = lambda _: Behaviour.THROTTLE_IN_SILENCE
    with pytest.raises(ThrottledError) as caught:
        send(provider)
    assert caught.value.retry_after is None


def test_a_bad_address_refuses_the_request(provider: SendGridServer) -> None:
    provider.bad_addresses = {"boris@example.com"}
    with pytest.raises(RefusedError, match="400 Does not contain a valid address"):
        send(provider)


def test_a_bad_sender_is_a_wrong_setting(provider: SendGridServer) -> None:
    provider.behave = lambda _: Behaviour.REFUSE_SENDER
    with pytest.raises(MisconfiguredError, match="not a verified sender"):
        send(provider)


def test_a_wrong_key_is_a_wrong_setting(provider: SendGridServer) -> None:
    stranger = transport(provider, api_key="SG.wrong").prepare(outgoing())
    with pytest.raises(MisconfiguredError, match="401"):
        stranger.send(may_write=lambda: True)


@pytest.mark.parametrize(
    ("status", "fields", "error"),
    [
        (400, [None], MisconfiguredError),
        (400, ["from.email"], MisconfiguredError),
        (400, ["personalizations"], MisconfiguredError),
        (400, ["personalizations.0.custom_args"], MisconfiguredError),
        (400, ["personalizations.0.to.0.email"], RefusedError),
        (400, [None, "personalizations.0.to.0.email"], RefusedError),
        (401, [None], MisconfiguredError),
        (403, [None], MisconfiguredError),
        (404, [None], MisconfiguredError),
        (413, [None], MisconfiguredError),
        (413, ["personalizations.0.to.0.email"], MisconfiguredError),
    ],
)
def test_only_an_error_that_names_a_recipient_counts_against_them(
    provider: SendGridServer, status: int, fields: list[str | None], error: type[Exception]
) -> None:
    errors = [{"message": "Maximum credits exceeded", "field": field} for field in fields]
    provider.page = (status, {"Content-Type": "application/json"}, json.dumps({"errors": errors}))
    with pytest.raises(error, match="Maximum credits exceeded"):
        send(provider)


def test_letters_outside_ascii_before_the_at_sign_are_not_sent(provider: SendGridServer) -> None:
    mail = outgoing()
    [first, *_] = mail.recipients
    with pytest.raises(UnsupportedAddressError):
        transport(provider).prepare(replace(mail, recipients=(replace(first, address="ünï@example.com"),)))
