"""Requests to SendGrid and the answers of its double are as Twilio's OpenAPI documents describe them."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from support.sendgrid_schema import answer_faults, is_present, request_faults
from support.sendgrid_server import API_KEY, Behaviour, SendGridServer
from support.world import SENDER

from subscribers.messages.message import Attachment, Message
from subscribers.transports import (
    MisconfiguredError,
    NotSentError,
    OutgoingBatch,
    Recipient,
    UnconfirmedError,
)
from subscribers.transports.sendgrid import SendGridTransport

SEND = "/v3/mail/send"

pytestmark = pytest.mark.skipif(
    not is_present(), reason="Twilio's descriptions are not beside the project (../shared)"
)


@pytest.fixture
def provider() -> Iterator[SendGridServer]:
    with SendGridServer() as double:
        yield double


def batch(count: int, *, subject: str = "Мы храним меньше") -> OutgoingBatch:
    return OutgoingBatch(
        token="f" * 32,
        written_at=datetime(2026, 6, 1, tzinfo=UTC),
        sender=SENDER,
        message=Message(language="ru", subject=subject, text="Меньше.\n", html="<p>Меньше.</p>"),
        recipients=tuple(
            Recipient(
                delivery=f"2-{number}",
                address=f"a{number}@example.com",
                message_id=f"<2-{number}@market.example>",
            )
            for number in range(1, count + 1)
        ),
    )


def send(provider: SendGridServer, outgoing: OutgoingBatch) -> None:
    transport = SendGridTransport(api_key=API_KEY, host=provider.url, subuser=None)
    transport.prepare(outgoing).send(may_write=lambda: True)


@pytest.mark.parametrize("count", [1, 1000])
def test_a_request_is_as_described(provider: SendGridServer, count: int) -> None:
    send(provider, batch(count))
    [request] = provider.accepted
    assert request_faults("POST", SEND, request.raw) == []


def test_a_request_with_attachments_is_as_described_and_holds_each_once(provider: SendGridServer) -> None:
    plain = batch(1000)
    file = Attachment(name="политика.pdf", media_type="application/pdf", body=b"%PDF" * 30_000)
    send(provider, replace(plain, message=replace(plain.message, attachments=(file,))))
    [request] = provider.accepted
    assert request_faults("POST", SEND, request.raw) == []
    [attached] = json.loads(request.raw)["attachments"]
    assert base64.b64decode(attached["content"]) == file.body
    assert (attached["filename"], attached["type"]) == (file.name, file.media_type)


def test_the_double_refuses_a_request_that_is_not_as_described(provider: SendGridServer) -> None:
    with pytest.raises(MisconfiguredError, match="subject: '' should be non-empty"):
        send(provider, batch(1, subject=""))
    assert provider.faults == ["subject: '' should be non-empty"]
    provider.faults.clear()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"custom_args": "attempt"}, "custom_args: 'attempt' is not of type 'object'"),
        ({"personalizations": [{}]}, "personalizations.0: 'to' is a required property"),
        ({"personalizations": [{"to": []}] * 1001}, "is too long"),
        ({"from": {"name": "Shop"}}, "from: 'email' is a required property"),
        ({"categories": ["a"] * 2}, "has non-unique elements"),
        ({"attachments": [{"content": "aGVsbG8="}]}, "'filename' is a required property"),
    ],
)
def test_what_is_not_as_described_is_named(
    provider: SendGridServer, change: dict[str, Any], fault: str
) -> None:
    send(provider, batch(1))
    body = provider.accepted[0].body | change
    [named] = request_faults("POST", SEND, json.dumps(body).encode())
    assert fault in named


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_every_answer_of_the_double_is_as_described(provider: SendGridServer, behaviour: Behaviour) -> None:
    provider.behave = lambda _: behaviour
    for address in ("a1@example.com", "nobody"):
        provider.bad_addresses = {address}
        with suppress(NotSentError, UnconfirmedError):
            send(provider, batch(1))
    assert provider.faults == []


def test_a_wrong_key_and_a_wrong_path_are_answered_as_described(provider: SendGridServer) -> None:
    for path, key, status in ((SEND, "SG.old", 401), ("/v3/mail/sent", API_KEY, 404)):
        request = urllib.request.Request(
            provider.url + path, b"{}", {"Authorization": f"Bearer {key}"}, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == status
    assert provider.faults == []


def test_answers_that_nobody_described_are_named() -> None:
    assert answer_faults("POST", SEND, 202, b"{}") == ["202 has no body"]
    assert answer_faults("POST", SEND, 418, b"") == [f"POST {SEND}: 418 is not an answer of it"]
    assert answer_faults("POST", SEND, 400, b'{"errors": "no"}') == ["errors: 'no' is not of type 'array'"]


def test_statistics_and_erasure_can_be_checked_in_the_same_way() -> None:
    erase = "/v3/recipients/erasejob"
    assert request_faults("POST", erase, b'{"email_addresses": ["a@example.com"]}') == []
    assert request_faults("POST", erase, b'{"email_addresses": []}') != []
    assert answer_faults("POST", erase, 202, b'{"job_id": "1"}') == []
    assert answer_faults("GET", "/v3/categories/stats", 200, b"[]") == []
    assert answer_faults("GET", "/v3/categories/stats", 200, b"{}") != []
