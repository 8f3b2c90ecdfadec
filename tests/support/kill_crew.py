"""The senders of a kill campaign, seen from outside: starts them, has them killed, replaces them.

The embedded engine is one process after another, each of which ends when nothing can be sent. Workers are
several at once that never end; one that dies is replaced.
"""

from __future__ import annotations

import math
import multiprocessing
import random
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from procrastinate import App
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.types import JSONValue
from sqlalchemy import make_url

from subscribers.delivery.workers import make_app
from support.kill_sender import Clock, EngineName, Order, TransportName, send

# Where a sender kills itself, or is killed by the provider that it talks to, or by somebody from outside.
TRANSACTION_POINTS = ("before a transaction", "before a commit", "before the mark moves")
REQUEST_POINTS = ("before the request", "after the reply", "amid the request", "accepted, before the reply")
RANDOM_MOMENT = "at a random moment"
NOWHERE = "nowhere"
POINTS = (*TRANSACTION_POINTS, *REQUEST_POINTS, RANDOM_MOMENT)

MAIL_LOG = "mail.log"
AT_ONCE: Mapping[EngineName, int] = {"embedded": 1, "workers": 3}
RANDOM_MOMENTS: Mapping[EngineName, tuple[float, float]] = {"embedded": (0.02, 0.25), "workers": (0.1, 1.0)}
# In seconds: the embedded engine ends by itself, and workers are left alone for a moment only.
LONGEST_TURN: Mapping[EngineName, float] = {"embedded": 60, "workers": 0.3}

# Imported once, so that a sender starts at once; the forkserver knows no modules of tests/ (Python 3.11).
PRELOADED = [
    "procrastinate",
    "psycopg",
    "psycopg_pool",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "subscribers.ledger.signed_events",
    "subscribers.delivery.single_process",
    "subscribers.delivery.workers",
    "subscribers.announcing.publishing",
    "subscribers.transports.sendgrid",
    "subscribers.transports.smtp",
]

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(PRELOADED)


def new_clock() -> Clock:
    """A clock that senders started later share."""
    # Without a lock: a sender that is killed would hold it for ever. Only one process writes.
    return Clock(_processes.RawValue("d", 0.0))


@dataclass
class Sender:
    """One of them, alive or dead."""

    order: Order
    process: ForkServerProcess
    kill_at: float  # of time.monotonic()
    requests: int = 0  # that the provider has had whole
    left_in_doubt: set[str] = field(default_factory=set)  # tokens, once it is dead

    @property
    def tokens(self) -> set[str]:
        """Of the attempts that it has made ready."""
        return set(self.order.claims.read_text().split()) if self.order.claims.exists() else set()

    def kill_at_point(self, point: str, number: int) -> bool:
        """Whether this is where it has to end."""
        if at_point := (self.order.point, self.order.number) == (point, number):
            self.process.kill()
        return at_point


class Crew:
    """All senders of one campaign; after so many ``kills`` those that follow are spared."""

    def __init__(
        self,
        engine: EngineName,
        *,
        transport: TransportName,
        database_url: str,
        provider_url: str,
        clock: Clock,
        folder: Path,
        chance: random.Random,
        kills: int,
    ) -> None:
        self.kills_left = kills
        self.living: list[Sender] = []
        self.dead: list[Sender] = []
        self._engine: EngineName = engine
        self._transport: TransportName = transport
        self._database_url = database_url
        self._provider_url = provider_url
        self._clock = clock
        self._folder = folder
        self._chance = chance
        self._by_name: dict[str, Sender] = {}
        self._points_left: list[str] = []
        self._jobs = None
        if engine == "workers":
            self._jobs = make_app(make_url(database_url), look=list, deliver=lambda _: None).open()

    def work(self, planned: Sequence[int]) -> Sequence[str]:
        """Let them send until one of them has ended, or for a while; the points at which they were killed.

        Workers are given each of the ``planned`` batches twice.
        """
        while len(self.living) < AT_ONCE[self._engine]:
            self._start()
        if self._jobs:
            self._give_jobs(self._jobs, planned)
        deadline = time.monotonic() + LONGEST_TURN[self._engine]
        while (now := time.monotonic()) < deadline:
            for sender in self.living:
                if now >= sender.kill_at:
                    sender.process.kill()
                    sender.kill_at = math.inf
            next_kill_at = min(sender.kill_at for sender in self.living)
            ends = [sender.process.sentinel for sender in self.living]
            if wait(ends, timeout=max(min(deadline, next_kill_at) - now, 0)):
                break
        return self._bury()

    def is_killed_amid_request(self, name: str) -> bool:
        """Whether the sender is killed now that the provider has a part of its request."""
        sender = self._by_name[name]
        return sender.kill_at_point("amid the request", sender.requests + 1)

    def is_killed_before_reply(self, name: str) -> bool:
        """Whether the sender is killed now that the provider has its request, and no reply was sent."""
        sender = self._by_name[name]
        sender.requests += 1
        return sender.kill_at_point("accepted, before the reply", sender.requests)

    def end(self) -> None:
        """End every sender that still runs."""
        for sender in self.living:
            sender.process.kill()
            sender.process.join()
        if self._jobs:
            self._jobs.close()

    def _give_jobs(self, jobs: App, planned: Sequence[int]) -> None:
        """Have workers race for the batches that are known, and look at once, not within five seconds."""
        rounds: list[dict[str, JSONValue]] = [{"batch_id": number} for _ in range(2) for number in planned]
        jobs.tasks["deliver"].batch_defer(*rounds)
        with suppress(AlreadyEnqueued):
            jobs.tasks["look"].configure(queueing_lock="look").defer(timestamp=0)

    def _start(self) -> None:
        point = self._next_point() if self.kills_left > 0 else NOWHERE
        name = f"sender{len(self._by_name)}.example"  # smtplib says only names with a dot
        order = Order(
            name=name,
            engine=self._engine,
            transport=self._transport,
            database_url=self._database_url,
            provider_url=self._provider_url,
            clock=self._clock,
            claims=self._folder / name,
            log=self._folder / MAIL_LOG,
            point=point,
            number=self._chance.randint(1, 24 if point in TRANSACTION_POINTS else 2),
        )
        moment = self._chance.uniform(*RANDOM_MOMENTS[self._engine]) if point == RANDOM_MOMENT else math.inf
        process = _processes.Process(target=send, args=(order,))
        sender = Sender(order, process, kill_at=time.monotonic() + moment)
        self._by_name[name] = sender
        self.living.append(sender)
        process.start()

    def _next_point(self) -> str:
        """Each point comes once, in any order, before one comes again: few kills then reach them all."""
        if not self._points_left:
            self._points_left = self._chance.sample(POINTS, k=len(POINTS))
        return self._points_left.pop()

    def _bury(self) -> Sequence[str]:
        ended = [sender for sender in self.living if not sender.process.is_alive()]
        self.living = [sender for sender in self.living if sender not in ended]
        self.dead += ended
        for sender in ended:
            killed = sender.process.exitcode == -signal.SIGKILL
            assert killed or (sender.process.exitcode == 0 and self._engine == "embedded"), sender
        assert ended or self._engine == "workers", "a sender does not end"
        killed_at = [sender.order.point for sender in ended if sender.process.exitcode]
        self.kills_left -= len(killed_at)
        return killed_at
