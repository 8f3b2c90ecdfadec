"""A small world for tests of notifications: users, a site, a clock that tests set, a scripted provider."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from threading import Event
from typing import Any, Literal

from sqlalchemy import Engine, func, insert, select, update

from subscribers.announcing.published_past import NO_TRUST, Trust
from subscribers.announcing.publishing import Opening, Publication, publish
from subscribers.database import reading, writing
from subscribers.delivery.single_process import deliver
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import Totals, audit, statuses
from subscribers.model import attempts, batches, deliveries, users
from subscribers.settings import Sender
from subscribers.site.site_reader import open_site
from subscribers.transports import OutgoingBatch
from support.marks import mark_beside
from support.published_site import PublishedSiteMaker

SENDER = Sender(
    address=Address("Example Market", "policy", "market.example"),
    legal_name="Example Market LLC",
    contact="privacy@market.example",
)


@dataclass
class ScriptedTransport:
    """Takes every batch, unless ``answers`` or the ``rule`` say otherwise."""

    name: str = "sendgrid"
    batch_limit: int = 1000
    repeatable: bool = False
    answers: list[Exception | Callable[[OutgoingBatch], None] | None] = field(default_factory=list)
    rule: Callable[[OutgoingBatch], None] = lambda _: None
    taken: list[OutgoingBatch] = field(default_factory=list)

    def prepare(self, outgoing: OutgoingBatch) -> ScriptedRequest:
        return ScriptedRequest(self, outgoing)

    @property
    def received(self) -> Counter[str]:
        """How many messages each email address got."""
        return Counter(recipient.address for outgoing in self.taken for recipient in outgoing.recipients)


@dataclass
class ScriptedRequest:
    transport: ScriptedTransport
    outgoing: OutgoingBatch

    @property
    def sha256(self) -> str:
        return hashlib.sha256(repr(self.outgoing).encode()).hexdigest()

    def send(self, *, may_write: Callable[[], bool]) -> str | None:
        answer = self.transport.answers.pop(0) if self.transport.answers else None
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            answer(self.outgoing)
        self.transport.rule(self.outgoing)
        self.transport.taken.append(self.outgoing)
        return f"provider-{len(self.transport.taken)}"


class World:
    """Everything on one database; ``now`` is the clock, and waiting sets it forward."""

    def __init__(self, engine: Engine, site: PublishedSiteMaker) -> None:
        self.engine = engine
        self.site = site
        self.now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
        self.mark = mark_beside(engine, site.folder)
        self.ledger = Ledger(engine, mark=self.mark, now=lambda: self.now)
        self.transport = ScriptedTransport()

    def register(self, *names: str, language: str | None = "en", **values: Any) -> None:
        with writing(self.engine) as connection:
            rows = [
                {
                    "external_id": name,
                    "email": f"{name}@example.com",
                    "language": language,
                    "registered_at": self.now,
                    "pseudonym_key": b"k" * 32,
                }
                | values
                for name in names
            ]
            connection.execute(insert(users), rows)

    def change(self, name: str, **values: Any) -> None:
        with writing(self.engine) as connection:
            connection.execute(update(users).where(users.c.external_id == name).values(values))

    def publish(
        self,
        *,
        opening: Opening | None = None,
        changes: Literal["every", "material"] = "every",
        hold: bool = False,
        trust: Trust = NO_TRUST,
        daily_limit: int | None = None,
    ) -> Publication:
        return publish(
            self.engine,
            open_site(str(self.site.write())),
            sender=SENDER,
            changes=changes,
            opening=opening,
            hold=hold,
            now=self.now,
            trust=trust,
            daily_limit=daily_limit,
        )

    def open_with_baseline(self) -> None:
        """Record the site's privacy policy as known to every user."""
        self.site.publish("privacy", summary="The first text.")
        self.publish(opening=Opening(since=None))

    def announce(self, summary: str = "We keep less.", **values: Any) -> int:
        """Record a new version of the privacy policy as an announcement."""
        self.site.commit()
        self.site.publish("privacy", summary=summary)
        publication = self.publish(**values)
        assert publication.announcement_id is not None
        return publication.announcement_id

    def deliver(self) -> None:
        """Deliver without waiting: leave what cannot be sent now."""
        deliver(
            self.ledger,
            self.transport,
            sender=SENDER,
            stop=Event(),
            patience=timedelta(seconds=-1),
        )
        self.check()

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def totals(self, announcement_id: int) -> Totals:
        return next(s.totals for s in statuses(self.engine) if s.announcement_id == announcement_id)

    def check(self) -> None:
        """The totals add up, down to the last delivery."""
        assert audit(self.engine) == []

    def exclusions(self, announcement_id: int) -> dict[str, str | None]:
        """By name: why somebody is excluded, None for those who are not."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(users.c.external_id, deliveries.c.exclusion)
                .join(users, users.c.id == deliveries.c.recipient_id)
                .where(deliveries.c.announcement_id == announcement_id)
            )
            return {row.external_id: row.exclusion for row in rows}

    def states(self) -> Counter[str]:
        """The sizes of all batches by their state."""
        with reading(self.engine) as connection:
            rows = connection.execute(
                select(batches.c.state, func.sum(batches.c.size)).group_by(batches.c.state)
            )
            return Counter({state: size for state, size in rows if size})

    def attempts(self) -> list[str]:
        """The states of all attempts, oldest first."""
        with reading(self.engine) as connection:
            return list(connection.scalars(select(attempts.c.state).order_by(attempts.c.claimed_at)))


def addresses(names: Iterable[str]) -> Counter[str]:
    """One message to each."""
    return Counter(f"{name}@example.com" for name in names)
