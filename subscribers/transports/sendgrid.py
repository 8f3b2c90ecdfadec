"""Sends email through SendGrid's v3 API, with SendGrid's own client library.

The API has no key that would make a repeated request harmless, so it matters what each answer says about the
request. A 202 accepts it. A 4xx with reasons refuses it. If the connection failed, nothing was written. After
anything else (a time-out, a broken connection, a 5xx), it is unknown whether the request was accepted.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import ssl
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message as Headers
from email.utils import parsedate_to_datetime
from typing import Any

from python_http_client import Client
from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers import mail as api

from subscribers.delivery_id import parse_message_id
from subscribers.messages.message import AUTOMATIC, reply_address
from subscribers.transports import (
    ATTEMPT_ARGUMENT,
    DATABASE_ARGUMENT,
    PUBLICATION_ARGUMENT,
    MisconfiguredError,
    OutgoingBatch,
    RefusedError,
    ThrottledError,
    TooLateError,
    UnconfirmedError,
    UnreachableError,
    UnsupportedAddressError,
)
from subscribers.transports.foreign_answers import Proof, described, judge

CONNECT_SECONDS = 30.0
ANSWER_SECONDS = 300.0  # the lease is renewed meanwhile; giving up earlier would leave the batch unknown
# The field of an error about one recipient: "personalizations.17.to.0.email".
ONE_RECIPIENT = re.compile(r"personalizations\.(\d+\.)?to\b.*")
# With any type but plain application/json, the library writes the body as it is, without encoding it again.
AS_IT_IS = {"Content-Type": "application/json; charset=utf-8"}


class SendGridTransport:
    """Sends up to 1,000 emails in one request, each to one recipient, without any tracking."""

    name = "sendgrid"
    batch_limit = (
        1000  # personalizations of one request: SendGrid's documentation of `Mail Send`, "Limitations"
    )
    repeatable = False

    def __init__(self, *, api_key: str, host: str, subuser: str | None) -> None:
        self._client = SendGridAPIClient(api_key, host=host, impersonate_subuser=subuser).client

    def prepare(self, batch: OutgoingBatch) -> _SendGridRequest:
        if not all(recipient.address.isascii() for recipient in batch.recipients):
            raise UnsupportedAddressError
        return _SendGridRequest(self._client, _body(batch))


class _SendGridRequest:
    def __init__(self, client: Client, body: dict[str, Any]) -> None:
        self._client = client
        self._body = json.dumps(body)
        self.sha256 = hashlib.sha256(self._body.encode()).hexdigest()

    def send(self, *, may_write: Callable[[], bool]) -> str | None:
        line = _Line(may_write)
        client = _WatchedClient.like(self._client, line)
        try:
            answer = client.mail.send.post(
                request_body=self._body, request_headers=AS_IT_IS, timeout=CONNECT_SECONDS
            )
        except HTTPError as error:
            raise _meaning(error) from error
        except (OSError, http.client.HTTPException) as error:
            words = str(error) or type(error).__name__
            raise UnconfirmedError(words) if line.is_written else UnreachableError(words) from error
        if answer.status_code != http.HTTPStatus.ACCEPTED:
            raise UnconfirmedError(f"answered {answer.status_code} instead of 202")
        provider_id: str | None = answer.headers.get("X-Message-Id")
        return provider_id


@dataclass(slots=True)
class _Line:
    """The state of one connection: whether we may write to it, and whether the request was written."""

    may_write: Callable[[], bool]
    is_written: bool = False

    def ask(self) -> None:
        if not self.may_write():
            raise TooLateError


class _WatchedClient(Client):  # type: ignore[misc] # the library has no types
    """The library's client on connections that record their progress, and only to the API's host."""

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
        opener = urllib.request.build_opener(_Http(self.line), _Https(self.line), _StayThere())
        return super()._make_request(opener, request, timeout=timeout)


class _StayThere(urllib.request.HTTPRedirectHandler):
    """Follows no redirects: they would send the API key to another host."""

    def redirect_request(self, *_: object) -> None:
        return None


class _Watched(http.client.HTTPConnection):
    line: _Line

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        self.line.ask()
        super().send(data)

    def endheaders(self, *arguments: Any, **options: Any) -> None:
        super().endheaders(*arguments, **options)
        self.line.is_written = True
        assert self.sock is not None
        self.sock.settimeout(ANSWER_SECONDS)


class _WatchedTls(_Watched, http.client.HTTPSConnection):
    pass


class _Http(urllib.request.HTTPHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        def connection(host: str, /, **options: Any) -> _Watched:
            return _watched(_Watched(host, **options), self._line)

        return self.do_open(connection, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        def connection(host: str, /, **options: Any) -> _Watched:
            return _watched(_WatchedTls(host, **options), self._line)

        return self.do_open(connection, req, context=ssl.create_default_context())


def _watched(connection: _Watched, line: _Line) -> _Watched:
    connection.line = line
    return connection


def _body(batch: OutgoingBatch) -> dict[str, Any]:
    message, sender = batch.message, batch.sender.address
    mail = api.Mail()
    mail.from_email = api.From(sender.addr_spec, sender.display_name or None)
    mail.subject = api.Subject(message.subject)
    mail.add_content(api.Content("text/plain", message.text))
    mail.add_content(api.Content("text/html", message.html))
    for attachment in message.attachments:
        mail.add_attachment(
            api.Attachment(
                api.FileContent(base64.b64encode(attachment.body).decode()),
                api.FileName(attachment.name),
                api.FileType(attachment.media_type),
                api.Disposition("attachment"),
            )
        )
    mail.reply_to = api.ReplyTo(reply_address(batch.sender), sender.display_name or None)
    for name, value in AUTOMATIC.items():
        mail.add_header(api.Header(name, value))
    mail.add_custom_arg(api.CustomArg(ATTEMPT_ARGUMENT, batch.token))
    if batch.database is not None:
        mail.add_custom_arg(api.CustomArg(DATABASE_ARGUMENT, batch.database))
    if named := parse_message_id(batch.recipients[0].message_id):
        mail.add_custom_arg(api.CustomArg(PUBLICATION_ARGUMENT, named.publication))
    # A service notice also goes to users who left the newsletters. Bounces and spam reports still stop it.
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
    # In the form that Personalization writes: a thousand of those objects cost more than everything else.
    body["personalizations"] = [
        {"to": [{"email": recipient.address}], "custom_args": {"delivery": recipient.delivery}}
        for recipient in batch.recipients
    ]
    return body


def _meaning(error: HTTPError) -> Exception:
    """The error for an answer other than 2xx."""
    status: int = error.status_code
    reasons = _reasons(error.body)
    words = f"{status} " + "; ".join(str(reason.get("message")) for reason in reasons)
    if status == http.HTTPStatus.TOO_MANY_REQUESTS:
        return ThrottledError(words, retry_after=_wait_seconds(error.headers))
    if not reasons:
        return _foreign(status, error.headers)
    if not 400 <= status < 500:
        return UnconfirmedError(words)
    # Any other error is about the whole request: every recipient would get the same answer.
    in_recipient = any(ONE_RECIPIENT.fullmatch(str(reason.get("field"))) for reason in reasons)
    if status == http.HTTPStatus.BAD_REQUEST and in_recipient:
        return RefusedError(words, reason=f"{status} refused by SendGrid's checks")
    return MisconfiguredError(words)


def _foreign(status: int, headers: Headers) -> Exception:
    """The error for an answer without SendGrid's reasons. Such an answer is usually not from SendGrid."""
    words = described(status, headers)
    match judge(status, headers):
        case Proof.REFUSED:
            return MisconfiguredError(f"{words}; check the proxies between this machine and SendGrid")
        case Proof.NOT_NOW:
            return UnreachableError(words)
        case Proof.UNKNOWN:
            return UnconfirmedError(words)


def _reasons(body: bytes) -> list[dict[str, Any]]:
    try:
        reasons = json.loads(body)["errors"]
    except (ValueError, KeyError, TypeError):
        return []
    return [reason for reason in reasons if isinstance(reason, dict)] if isinstance(reasons, list) else []


def _wait_seconds(headers: Headers) -> float | None:
    """The wait that a 429 asks for, by ``Retry-After`` (RFC 9110, 10.2.3) or ``X-RateLimit-Reset``."""
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
