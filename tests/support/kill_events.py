"""The provider's events in a kill campaign: they come late, twice and shuffled, but within the window."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import Engine

from subscribers.ledger.signed_events import Verifier, receive
from support.kill_sender import START, WINDOW, Clock
from support.sendgrid_server import EventSource, SendGridServer


class Postman:
    """Brings the events about all that the provider has accepted."""

    def __init__(
        self, provider: SendGridServer, engine: Engine, *, clock: Clock, chance: random.Random
    ) -> None:
        self._provider = provider
        self._engine = engine
        self._clock = clock
        self._chance = chance
        self._source = EventSource()
        self._verifier = Verifier(self._source.public_key)
        self._collected = 0  # of the accepted requests
        self._events: list[dict[str, Any]] = []
        self._all_brought_at = START

    def bring_some(self) -> None:
        """Bring a part, or nothing, some of it not for the last time, in any order."""
        self._collect()
        if self._clock.now() - self._all_brought_at > WINDOW / 2:
            self.bring_all()  # later would be too late
        if self._chance.random() < 0.85:
            return  # one event settles a whole batch: most turns have to do without any
        self._chance.shuffle(self._events)
        part = self._chance.randint(0, len(self._events) // 2)
        self._post(self._events[:part])
        again = part // 2
        self._events = self._events[part - again :]

    def bring_all(self) -> None:
        """Bring all that are left."""
        self._collect()
        self._post(self._events)
        self._events = []
        self._all_brought_at = self._clock.now()

    def _collect(self) -> None:
        fresh = self._provider.accepted[self._collected :]
        self._collected += len(fresh)
        for request in fresh:
            self._events += self._source.events(request, "processed", "delivered")

    def _post(self, events: list[dict[str, Any]]) -> None:
        post = self._source.post(events)
        receive(self._engine, self._verifier, post, now=self._clock.now(), keep_body=False)
