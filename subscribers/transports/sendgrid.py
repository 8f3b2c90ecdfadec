"""Mails through SendGrid's v3 API, with its own client library.

The API has no key that would make a repeated request harmless. So each answer is sorted by what it says of
the request: 202 accepts it, a 4xx with its reasons refuses it, a connection that never came about left it
unwritten. Everything else (a time-out, a broken connection, a 5xx) leaves a doubt.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import ssl
import time
import urllib.request
from dataclasses import dataclass
from email.message import Message as Headers
from email.utils import parsedate_to_datetime
from typing import Any

from python_http_client import Client
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers import mail as api

from subscribers.transports import (
    DoubtfulError,
    Mailing,
    MisconfiguredError,
    RefusedError,
    ThrottledError,
    TooLateError,
    UnreachableError,
)

TIMEOUT_SECONDS = 30.0  # for each answer; shorter than a lease
# With any type but the bare application/json the library writes the body as it is, not encoded once more.
AS_IT_IS = {"Content-Type": "application/json; charset=utf-8"}


class SendGridTransport:
    """Sends up to 1,000 mails in one request, each to one recipient, nothing tracked."""

    name = "sendgrid"
    batch_limit = (
        1000  # personalizations of one request: SendGrid's documentation of v3 Mail Send, "Limitations"
    )
    repeatable = False

    def __init__(self, *, api_key: str, host: str, subuser: str | None) -> None:
        self._client = SendGridAPIClient(api_key, host=host, impersonate_subuser=subuser).client

    def prepare(self, mailing: Mailing) -> _SendGridRequest:
        return _SendGridRequest(self._client, _body(mailing))


class _SendGridRequest:
    def __init__(self, client: Client, body: dict[str, Any]) -> None:
        self._client = client
        self._body = json.dumps(body)
        self.sha256 = hashlib.sha256(self._body.encode()).hexdigest()

    def send(self, *, before: float) -> str | None:
        line = _Line(before)
        client = _WatchedClient.like(self._client, line)
        try:
            answer = client.mail.send.post(
                request_body=self._body, request_headers=AS_IT_IS, timeout=TIMEOUT_SECONDS
            )
        except HTTPError as error:
            raise _meaning(error) from error
        except (OSError, http.client.HTTPException) as error:
            words = str(error) or type(error).__name__
            raise DoubtfulError(words) if line.is_open else UnreachableError(words) from error
        if answer.status_code != http.HTTPStatus.ACCEPTED:
            raise DoubtfulError(f"answered {answer.status_code} instead of 202")
        provider_id: str | None = answer.headers.get("X-Message-Id")
        return provider_id


@dataclass(slots=True)
class _Line:
    """One connection: whether it came about, and until when it may be written to."""

    before: float
    is_open: bool = False

    def opened(self) -> None:
        if time.monotonic() > self.before:
            raise TooLateError
        self.is_open = True


class _WatchedClient(Client):  # type: ignore[misc] # the library has no types
    """The library's client, over connections that tell when they came about."""

    line: _Line

    @classmethod
    def like(cls, client: Client, line: _Line) -> _WatchedClient:
        watched = cls(host=client.host, request_headers=dict(client.request_headers), version=client._version)
        watched.line = line
        return watched

    def _build_client(self, name: str | None = None) -> _WatchedClient:
        built = type(self).like(self, self.line)
        built._url_path = [*self._url_path, name] if name else self._url_path
        return built

    def _make_request(
        self, _: urllib.request.OpenerDirector, request: urllib.request.Request, timeout: float | None = None
    ) -> Any:
        opener = urllib.request.build_opener(_Http(self.line), _Https(self.line))
        return super()._make_request(opener, request, timeout=timeout)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        line = self._line

        class Connection(http.client.HTTPConnection):
            def connect(self) -> None:
                super().connect()
                line.opened()

        return self.do_open(Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        line = self._line

        class Connection(http.client.HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                line.opened()

        return self.do_open(Connection, req, context=ssl.create_default_context())


def _body(mailing: Mailing) -> dict[str, Any]:
    message, sender = mailing.message, mailing.sender.address
    mail = api.Mail()
    mail.from_email = api.From(sender.addr_spec, sender.display_name or None)
    mail.subject = api.Subject(message.subject)
    mail.add_content(api.Content("text/plain", message.text))
    mail.add_content(api.Content("text/html", message.html))
    # RFC 3834, section 5: no vacation notes in answer.
    mail.add_header(api.Header("Auto-Submitted", "auto-generated"))
    mail.add_custom_arg(api.CustomArg("attempt", mailing.token))
    # A service notice goes to whoever left the newsletters; bounces and spam reports still stop it.
    mail.mail_settings = api.MailSettings(
        bypass_unsubscribe_management=api.BypassUnsubscribeManagement(enable=True)
    )
    mail.tracking_settings = api.TrackingSettings(
        click_tracking=api.ClickTracking(enable=False, enable_text=False),
        open_tracking=api.OpenTracking(enable=False),
        subscription_tracking=api.SubscriptionTracking(enable=False),
        ganalytics=api.Ganalytics(enable=False),
    )
    body: dict[str, Any] = mail.get()
    # As its Personalization would write them; a thousand of those cost more than all the rest.
    body["personalizations"] = [
        {"to": [{"email": recipient.address}], "custom_args": {"delivery": recipient.delivery}}
        for recipient in mailing.recipients
    ]
    return body


def _meaning(error: HTTPError) -> Exception:
    """What an answer other than 2xx says of the request."""
    status: int = error.status_code
    reasons = _reasons(error.body)
    words = f"{status} " + "; ".join(str(reason.get("message")) for reason in reasons)
    if status == http.HTTPStatus.TOO_MANY_REQUESTS:
        return ThrottledError(words, retry_after=_wait_seconds(error.headers))
    if not 400 <= status < 500 or not reasons:
        return DoubtfulError(words.strip())
    fields = [reason.get("field") for reason in reasons]
    in_recipient = any(field is None or str(field).startswith("personalizations") for field in fields)
    if status in {http.HTTPStatus.BAD_REQUEST, http.HTTPStatus.REQUEST_ENTITY_TOO_LARGE} and in_recipient:
        return RefusedError(words)
    return MisconfiguredError(words)


def _reasons(body: bytes) -> list[dict[str, Any]]:
    try:
        reasons = json.loads(body)["errors"]
    except (ValueError, KeyError, TypeError):
        return []
    return [reason for reason in reasons if isinstance(reason, dict)] if isinstance(reasons, list) else []


def _wait_seconds(headers: Headers) -> float | None:
    """What a 429 asks for: ``Retry-After`` (RFC 9110, section 10.2.3) or SendGrid's ``X-RateLimit-Reset``."""
    try:
        if after := headers.get("Retry-After"):
            until = (
                time.time() + float(after) if after.isdigit() else parsedate_to_datetime(after).timestamp()
            )
        else:
            until = float(headers["X-RateLimit-Reset"])
    except (TypeError, ValueError):
        return None
    return max(until - time.time(), 0.0)
