"""A server that speaks the part of SendGrid's v3 API that we use, and misbehaves on demand.

with SendGridServer() as provider:
    provider.behave = lambda request: Behaviour.ACCEPT_THEN_DROP
    provider.url       # give it to the transport
    provider.received     # how many times each delivery was accepted

Where Twilio's description of the interface is beside the project, every request and every answer is checked
against it. ``faults`` lists everything that does not fit, and the ``with`` then ends with an error.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from subscribers.ledger.signed_events import SignedPost
from support import sendgrid_schema

API_KEY = "SG.test"
SUBUSER = "on-behalf-of"


class Behaviour(Enum):
    ACCEPT = auto()
    ACCEPT_THEN_DROP = auto()  # the messages are sent, the reply never comes
    ACCEPT_THEN_FAIL = auto()  # the messages are sent, the reply is a 503
    DROP = auto()
    FAIL = auto()
    THROTTLE = auto()
    THROTTLE_IN_SILENCE = auto()  # without any header that says how long
    REFUSE_SENDER = auto()
    REFUSE_WITHOUT_REASON = auto()


ACCEPTING = {Behaviour.ACCEPT, Behaviour.ACCEPT_THEN_DROP, Behaviour.ACCEPT_THEN_FAIL}


@dataclass(frozen=True)
class SendRequest:
    """One call of ``mail/send``."""

    raw: bytes
    headers: dict[str, str]

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.raw)
        return body

    @property
    def token(self) -> str:
        return str(self.body["custom_args"]["notify_attempt"])

    @property
    def client(self) -> str:
        """The sender, by the subuser that the request names."""
        return self.headers.get(SUBUSER, "")

    @property
    def recipients(self) -> list[tuple[str, str]]:
        """The delivery id and email address of each message."""
        return [
            (personal["custom_args"]["delivery"], personal["to"][0]["email"])
            for personal in self.body["personalizations"]
        ]


class SendGridServer:
    """Counts what it accepts; ``bad_addresses`` make a request invalid, as the real one's checks do."""

    def __init__(self) -> None:
        self.behave: Callable[[SendRequest], Behaviour] = lambda _: Behaviour.ACCEPT
        self.interrupt: Callable[[str], bool] = lambda _: False  # in the middle of a client's request
        self.bad_addresses: set[str] = set()
        self.page: tuple[int, dict[str, str], str] | None = None  # what something on the way answers instead
        self.calls = 0
        self.requests: list[SendRequest] = []
        self.accepted: list[SendRequest] = []
        self.received: Counter[str] = Counter()
        self.faults: list[str] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        if error is None:
            assert self.faults == []

    def take(self, request: SendRequest) -> tuple[Behaviour, list[int]]:
        """How to answer, and the positions of bad addresses; what is accepted is counted."""
        recipients = request.recipients
        bad = [position for position, (_, address) in enumerate(recipients) if address in self.bad_addresses]
        behaviour = self.behave(request)
        with self._lock:
            self.requests.append(request)
            if behaviour in ACCEPTING and not bad:
                self.accepted.append(request)
                self.received.update(delivery for delivery, _ in recipients if delivery != "canary")
        return behaviour, bad


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """A sender that was killed does not read the answer."""


def _handler(double: SendGridServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            double.calls += 1
            self.answer(404)

        def do_POST(self) -> None:
            double.calls += 1
            if double.interrupt(self.headers.get(SUBUSER, "")):
                self.close_connection = True
                return
            length = int(self.headers["Content-Length"])
            raw = self.rfile.read(length)
            if len(raw) < length:
                self.close_connection = True  # the sender died
                return
            if double.page is not None:
                self.show(*double.page)
                return
            if self.path != "/v3/mail/send":
                self.answer(404, errors=[{"message": "not found", "field": None}])
            elif self.headers["Authorization"] != f"Bearer {API_KEY}":
                self.answer(401, errors=[{"message": "The provided authorization grant is invalid"}])
            elif not self.check(sendgrid_schema.request_faults, raw):
                self.answer(400, errors=[{"message": double.faults[-1], "field": None}])
            else:
                self.send_mail(
                    SendRequest(raw, {name.lower(): value for name, value in self.headers.items()})
                )

        def send_mail(self, request: SendRequest) -> None:
            behaviour, bad = double.take(request)
            if bad and behaviour in ACCEPTING:
                self.answer(
                    400,
                    errors=[
                        {
                            "message": "Does not contain a valid address.",
                            "field": f"personalizations.{position}.to.0.email",
                        }
                        for position in bad
                    ],
                )
                return
            match behaviour:
                case Behaviour.ACCEPT:
                    self.answer(202, headers={"X-Message-Id": uuid4().hex})
                case Behaviour.ACCEPT_THEN_DROP | Behaviour.DROP:
                    self.close_connection = True
                case Behaviour.ACCEPT_THEN_FAIL | Behaviour.FAIL:
                    self.answer(503, errors=[{"message": "unavailable"}])
                case Behaviour.THROTTLE:
                    self.answer(429, errors=[{"message": "too many requests"}], headers={"Retry-After": "7"})
                case Behaviour.THROTTLE_IN_SILENCE:
                    self.answer(429)
                case Behaviour.REFUSE_SENDER:
                    self.answer(400, errors=[{"message": "not a verified sender", "field": "from.email"}])
                case Behaviour.REFUSE_WITHOUT_REASON:
                    self.answer(400)

        def answer(
            self,
            status: int,
            *,
            errors: list[dict[str, str | None]] | None = None,
            headers: dict[str, str] | None = None,
        ) -> None:
            body = json.dumps({"errors": errors}).encode() if errors else b""
            if errors or status == HTTPStatus.ACCEPTED:  # others are not SendGrid's own
                self.check(sendgrid_schema.answer_faults, status, body)
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def check(self, faults: Callable[..., list[str]], *what: object) -> bool:
            """Whether a request or an answer is as Twilio describes it."""
            if not sendgrid_schema.is_present():
                return True
            found = faults(self.command, self.path, *what)
            double.faults += found
            return not found

        def show(self, status: int, headers: dict[str, str], html: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", "Content-Length": str(len(html))}.items():
                self.send_header(name, value)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class EventSource:
    """Makes signed posts of events about what a double has accepted, as SendGrid would."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._numbers = count(1)

    @property
    def public_key(self) -> str:
        """As SendGrid shows it: the PEM without its first and last line."""
        der = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode()

    def event(self, kind: str, *, token: str, delivery: str, address: str, **more: Any) -> dict[str, Any]:
        """One event. That of a deferral also has the field ``attempt``, as SendGrid's own has."""
        number = next(self._numbers)
        if kind == "deferred":
            more = {"attempt": str(number), "response": "451 4.7.1 try again later"} | more
        return {
            "email": address,
            "timestamp": 1_780_000_000 + number,
            "event": kind,
            "sg_event_id": f"event-{number}",
            "sg_message_id": f"message-{token}.recvd-{number}",
            "notify_attempt": token,
            "delivery": delivery,
        } | more

    def events(self, request: SendRequest, *kinds: str) -> list[dict[str, Any]]:
        """Events of these kinds for every message of an accepted request."""
        given = request.body["custom_args"]
        more = {name: given[name] for name in ("notify_database", "notify_publication") if name in given}
        return [
            self.event(kind, token=request.token, delivery=delivery, address=address, **more)
            for delivery, address in request.recipients
            for kind in kinds
        ]

    def post(self, events: list[dict[str, Any]], *, timestamp: str = "1780000000") -> SignedPost:
        return self.sign(json.dumps(events).encode(), timestamp=timestamp)

    def sign(self, body: bytes, *, timestamp: str = "1780000000") -> SignedPost:
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return SignedPost(body=body, signature=base64.b64encode(signature).decode(), timestamp=timestamp)
