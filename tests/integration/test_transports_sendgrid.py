"""The SendGrid transport against a server that speaks its API: what is sent, and what each answer means."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sendgrid_double import API_KEY, Behaviour, SendGridDouble
from told_world import SENDER

from subscribers.mail.message import Message
from subscribers.transports import (
    DoubtfulError,
    Mailing,
    MisconfiguredError,
    Recipient,
    RefusedError,
    ThrottledError,
    TooLateError,
    UnreachableError,
)
from subscribers.transports import sendgrid as sendgrid_transport
from subscribers.transports.sendgrid import SendGridTransport


@pytest.fixture
def provider() -> Iterator[SendGridDouble]:
    with SendGridDouble() as double:
        yield double


def mailing(*addresses: str) -> Mailing:
    return Mailing(
        token="f" * 32,
        written_at=datetime(2026, 6, 1, tzinfo=UTC),
        sender=SENDER,
        message=Message(language="ru", subject="Мы храним меньше", text="Меньше.\n", html="<p>Меньше.</p>"),
        recipients=tuple(
            Recipient(delivery=f"2-{number}", address=address, message_id=f"<2-{number}@market.example>")
            for number, address in enumerate(addresses or ("anna@example.com", "boris@example.com"), 1)
        ),
    )


def transport(provider: SendGridDouble, *, api_key: str = API_KEY) -> SendGridTransport:
    return SendGridTransport(api_key=api_key, host=provider.url, subuser=None)


def send(provider: SendGridDouble, *, seconds: float = 30) -> str | None:
    return transport(provider).prepare(mailing()).send(before=time.monotonic() + seconds)


def test_each_recipient_gets_a_mail_of_their_own(provider: SendGridDouble) -> None:
    assert send(provider)

    [request] = provider.accepted
    assert request.recipients == [("2-1", "anna@example.com"), ("2-2", "boris@example.com")]
    assert request.body["subject"] == "Мы храним меньше"
    assert [part["type"] for part in request.body["content"]] == ["text/plain", "text/html"]


def test_nothing_is_tracked_and_an_unsubscribe_does_not_stop_a_service_notice(
    provider: SendGridDouble,
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


def test_the_provider_learns_opaque_ids_only(provider: SendGridDouble) -> None:
    send(provider)

    body = provider.accepted[0].body
    assert body["custom_args"] == {"attempt": "f" * 32}
    assert [personal["custom_args"] for personal in body["personalizations"]] == [
        {"delivery": "2-1"},
        {"delivery": "2-2"},
    ]


def test_the_digest_is_that_of_the_bytes_on_the_line(provider: SendGridDouble) -> None:
    request = transport(provider).prepare(mailing())
    request.send(before=time.monotonic() + 30)

    assert hashlib.sha256(provider.accepted[0].raw).hexdigest() == request.sha256


def test_a_subuser_is_named(provider: SendGridDouble) -> None:
    named = SendGridTransport(api_key=API_KEY, host=provider.url, subuser="notices")
    named.prepare(mailing()).send(before=time.monotonic() + 30)

    assert provider.accepted[0].headers["on-behalf-of"] == "notices"


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour.ACCEPT_THEN_DROP,
        Behaviour.ACCEPT_THEN_FAIL,
        Behaviour.DROP,
        Behaviour.FAIL,
        Behaviour.REFUSE_WITHOUT_REASON,
    ],
)
def test_an_answer_that_settles_nothing_is_a_doubt(provider: SendGridDouble, behaviour: Behaviour) -> None:
    provider.behave = lambda _: behaviour
    with pytest.raises(DoubtfulError):
        send(provider)


def test_no_answer_in_time_is_a_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sendgrid_transport, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        late = SendGridTransport(api_key=API_KEY, host=host, subuser=None)
        with pytest.raises(DoubtfulError):
            late.prepare(mailing()).send(before=time.monotonic() + 30)


def test_a_refused_connection_leaves_no_doubt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    absent = SendGridTransport(api_key=API_KEY, host=f"http://127.0.0.1:{port}", subuser=None)
    with pytest.raises(UnreachableError):
        absent.prepare(mailing()).send(before=time.monotonic() + 30)


def test_an_unknown_host_leaves_no_doubt() -> None:
    absent = SendGridTransport(api_key=API_KEY, host="https://sendgrid.invalid", subuser=None)
    with pytest.raises(UnreachableError):
        absent.prepare(mailing()).send(before=time.monotonic() + 30)


def test_nothing_is_written_after_the_lease(provider: SendGridDouble) -> None:
    with pytest.raises(TooLateError):
        send(provider, seconds=-1)
    assert provider.requests == []


def test_a_throttle_says_how_long(provider: SendGridDouble) -> None:
    provider.behave = lambda _: Behaviour.THROTTLE
    with pytest.raises(ThrottledError) as caught:
        send(provider)
    assert caught.value.retry_after == pytest.approx(7, abs=0.5)


def test_a_throttle_without_headers_is_understood(provider: SendGridDouble) -> None:
    provider.behave = lambda _: Behaviour.THROTTLE_IN_SILENCE
    with pytest.raises(ThrottledError) as caught:
        send(provider)
    assert caught.value.retry_after is None


def test_a_bad_address_refuses_the_request(provider: SendGridDouble) -> None:
    provider.bad_addresses = {"boris@example.com"}
    with pytest.raises(RefusedError, match="400 Does not contain a valid address"):
        send(provider)


def test_a_bad_sender_is_the_operators_to_mend(provider: SendGridDouble) -> None:
    provider.behave = lambda _: Behaviour.REFUSE_SENDER
    with pytest.raises(MisconfiguredError, match="not a verified sender"):
        send(provider)


def test_a_wrong_key_is_the_operators_to_mend(provider: SendGridDouble) -> None:
    stranger = transport(provider, api_key="SG.wrong").prepare(mailing())
    with pytest.raises(MisconfiguredError, match="401"):
        stranger.send(before=time.monotonic() + 30)
