"""The senders of a kill campaign: they send as policy-notify does, and kill themselves at a named point."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from ctypes import c_double
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, Literal

from sqlalchemy import Engine, event

from subscribers.database import open_database
from subscribers.delivery.log_evidence import LogEvidence
from subscribers.delivery.reconciliation import Reconciliation
from subscribers.delivery.single_process import deliver
from subscribers.delivery.workers import work
from subscribers.ledger.ledger import Ledger
from subscribers.transports import OutgoingBatch, Request, Transport
from subscribers.transports.sendgrid import SendGridTransport
from subscribers.transports.smtp import SmtpTransport
from subscribers.transports.smtp_server import read_server
from support.marks import mark_beside
from support.sendgrid_server import API_KEY
from support.world import SENDER

BATCH = 10
START = datetime(2026, 6, 1, tzinfo=UTC)
WINDOW = timedelta(hours=24)
CANARY = "canary@market.example"

EngineName = Literal["embedded", "workers"]
TransportName = Literal["sendgrid", "smtp", "postfix"]  # smtp: the double; postfix: a real one


@dataclass(frozen=True)
class Clock:
    """The time of a campaign, the same in all its processes: it runs as the real one does, and leaps."""

    leapt_seconds: c_double  # in shared memory
    began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        return START + timedelta(seconds=time.monotonic() - self.began + self.leapt_seconds.value)

    def leap(self, duration: timedelta) -> None:
        self.leapt_seconds.value += duration.total_seconds()


@dataclass(frozen=True, kw_only=True)
class Order:
    """A sender's orders, and the point at which it is to end."""

    name: str  # by which the provider knows it
    engine: EngineName
    transport: TransportName
    database_url: str
    provider_url: str
    clock: Clock
    claims: Path  # the file in which it notes the tokens of its attempts
    log: Path | None  # of the mail server
    point: str
    number: int  # of the transaction, commit or request at which it ends


def send(order: Order) -> None:
    """The sender's whole life, in a process of its own."""
    engine = open_database(order.database_url)
    mark = mark_beside(engine, order.claims)
    _set_traps(engine, order)
    event.listen(mark.store.engine, "begin", _trap("before the mark moves", order))
    ledger = Ledger(engine, mark=mark, now=order.clock.now)
    transport = _TrappedTransport(_transport(order), order)
    reconciliation = None
    if order.transport == "sendgrid":
        reconciliation = Reconciliation(window=WINDOW, canary=CANARY)
    elif order.log is not None:
        log = LogEvidence((order.log,), between_proofs=timedelta())
        reconciliation = Reconciliation(window=log.quiet, canary=CANARY, log=log)
    if order.engine == "workers":
        work(ledger, transport, sender=SENDER, reconciliation=reconciliation)
    else:
        deliver(
            ledger,
            transport,
            sender=SENDER,
            stop=Event(),
            reconciliation=reconciliation,
            patience=timedelta(seconds=-1),
        )


def _transport(order: Order) -> Transport:
    if order.transport != "sendgrid":
        socket.getfqdn = lambda name="": order.name  # what smtplib says of itself in EHLO
        return SmtpTransport(read_server(order.provider_url))
    transport = SendGridTransport(api_key=API_KEY, host=order.provider_url, subuser=order.name)
    transport.batch_limit = BATCH
    return transport


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _set_traps(engine: Engine, order: Order) -> None:
    event.listen(engine, "begin", _trap("before a transaction", order))
    event.listen(engine, "commit", _trap("before a commit", order))


def _trap(point: str, order: Order) -> Callable[[Any], None]:
    """A function that ends the process when it is called for the time that the order says."""
    seen = count(1)

    def spring(_: object) -> None:
        if point == order.point and next(seen) == order.number:
            _die()

    return spring


class _TrappedTransport:
    def __init__(self, transport: Transport, order: Order) -> None:
        self.name = transport.name
        self.batch_limit = transport.batch_limit
        self.repeatable = transport.repeatable
        self._transport = transport
        self._order = order
        self._sent = 0

    def prepare(self, outgoing: OutgoingBatch) -> Request:
        with self._order.claims.open("a") as claims:
            claims.write(f"{outgoing.token}\n")
        return _TrappedRequest(self, self._transport.prepare(outgoing))

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

    def send(self, *, may_write: Callable[[], bool]) -> str | None:
        self._transport.count()
        self._transport.reached("before the request")
        try:
            return self._request.send(may_write=may_write)
        finally:
            self._transport.reached("after the reply")
