"""The sender of a kill campaign: sends as policy-notify deliver does, and kills itself at a named point."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from sendgrid_double import API_KEY
from sqlalchemy import Engine, event
from told_world import SENDER

from subscribers.database import open_database
from subscribers.delivery.local import deliver
from subscribers.delivery.reconciliation import Reconciliation
from subscribers.ledger.ledger import Ledger
from subscribers.transports import Mailing, Request, Transport
from subscribers.transports.sendgrid import SendGridTransport
from subscribers.transports.smtp import SmtpTransport

BATCH = 10
START = datetime(2026, 6, 1, tzinfo=UTC)
WINDOW = timedelta(hours=24)


@dataclass(frozen=True)
class Order:
    """What a sender is to do, and where it is to end."""

    database_url: str
    provider_url: str
    transport: str
    since_start: timedelta
    point: str
    number: int  # of the transaction, commit or request at which it ends


def send(order: Order) -> None:
    """The sender's whole life, in a process of its own."""
    began = time.monotonic()
    engine = open_database(order.database_url)
    _set_traps(engine, order)
    ledger = Ledger(
        engine, now=lambda: START + order.since_start + timedelta(seconds=time.monotonic() - began)
    )
    transport = _transport(order)
    rules = Reconciliation(window=WINDOW, canary="canary@market.example")
    deliver(
        ledger,
        _TrappedTransport(transport, order),
        sender=SENDER,
        stop=Event(),
        reconciliation=rules if order.transport == "sendgrid" else None,
        patience=timedelta(seconds=-1),
    )


def _transport(order: Order) -> Transport:
    if order.transport == "smtp":
        return SmtpTransport(order.provider_url)
    transport = SendGridTransport(api_key=API_KEY, host=order.provider_url, subuser=None)
    transport.batch_limit = BATCH
    return transport


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _set_traps(engine: Engine, order: Order) -> None:
    seen: Counter[str] = Counter()

    def trap(point: str) -> Callable[[Any], None]:
        def spring(_: object) -> None:
            seen[point] += 1
            if point == order.point and seen[point] == order.number:
                _die()

        return spring

    event.listen(engine, "begin", trap("before a transaction"))
    event.listen(engine, "commit", trap("before a commit"))


class _TrappedTransport:
    def __init__(self, transport: Transport, order: Order) -> None:
        self.name = transport.name
        self.batch_limit = transport.batch_limit
        self.repeatable = transport.repeatable
        self._transport = transport
        self._order = order
        self._sent = 0

    def prepare(self, mailing: Mailing) -> Request:
        return _TrappedRequest(self, self._transport.prepare(mailing))

    def reached(self, point: str) -> None:
        if point == self._order.point and self._sent == self._order.number:
            _die()

    def count(self) -> None:
        self._sent += 1


class _TrappedRequest:
    def __init__(self, transport: _TrappedTransport, request: Request) -> None:
        self._transport = transport
        self._request = request

    @property
    def sha256(self) -> str:
        return self._request.sha256

    def send(self, *, before: float) -> str | None:
        self._transport.count()
        self._transport.reached("before the request")
        try:
            return self._request.send(before=before)
        finally:
            self._transport.reached("after the reply")
