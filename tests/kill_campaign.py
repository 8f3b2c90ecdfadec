"""Kills senders, and counts who got two mails, who got none, and whether the books balance.

python tests/kill_campaign.py --kills 1000        # the long form; the suite runs a short one

A campaign is one announcement on a fresh database. Senders are started one after another and killed at a
named point or at a random moment, while the provider answers well, badly or not at all, and its events come
late, twice and shuffled, but within the evidence window. The clock is virtual, so a day passes at once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import postgresql
from kill_sender import START, WINDOW, Order, send
from published_site import PublishedSiteMaker
from sendgrid_double import Behaviour, EventSource, SendGridDouble
from smtp_double import SmtpDouble
from sqlalchemy import select
from told_world import ToldWorld

from subscribers.database import migrate, open_database, reading
from subscribers.ledger.books import audit
from subscribers.ledger.evidence import Verifier, receive
from subscribers.ledger.ledger import Ledger
from subscribers.model import AttemptState, attempts, deliveries

PEOPLE = 60
BAD = {"person7@example.com", "person42@example.com"}
MOST_RUNS = 500

# Where a sender kills itself, or is killed by the provider that it talks to, or by somebody from outside.
TRANSACTION_POINTS = ("before a transaction", "before a commit")
REQUEST_POINTS = ("before the request", "after the reply", "amid the request", "accepted, before the reply")
RANDOM_MOMENT = "at a random moment"
POINTS = (*TRANSACTION_POINTS, *REQUEST_POINTS, RANDOM_MOMENT)

ANSWERS = {
    Behaviour.ACCEPT: 12,
    Behaviour.ACCEPT_THEN_DROP: 1,
    Behaviour.ACCEPT_THEN_FAIL: 1,
    Behaviour.DROP: 1,
    Behaviour.FAIL: 1,
    Behaviour.THROTTLE: 1,
    Behaviour.THROTTLE_IN_SILENCE: 1,
}

# Imported once, so that a sender starts at once; the forkserver knows no modules of tests/ (Python 3.11).
PRELOADED = [
    "psycopg",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.dialects.sqlite",
    "subscribers.ledger.evidence",
    "subscribers.delivery.local",
    "subscribers.announcing.publishing",
    "subscribers.transports.sendgrid",
    "subscribers.transports.smtp",
]

_processes = multiprocessing.get_context("forkserver")


@dataclass
class Tally:
    """What the campaigns of one kind have shown."""

    kills: Counter[str] = field(default_factory=Counter)
    campaigns: int = 0
    runs: int = 0
    mails: int = 0
    doubts: int = 0
    twice: int = 0
    never: int = 0
    unbalanced: int = 0
    most_doubts_by_a_kill: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.twice or self.never or self.unbalanced) and self.most_doubts_by_a_kill <= 1


class Campaign:
    """One announcement, told by senders that are killed."""

    def __init__(
        self, url: str, folder: Path, provider: SendGridDouble | SmtpDouble, tally: Tally, seed: int
    ) -> None:
        self.url = url
        self.provider = provider
        self.tally = tally
        self.chance = random.Random(seed)
        self.since_start = timedelta()
        self.sender: ForkServerProcess | None = None
        self.order: Order | None = None
        self.requests = 0
        self.source = EventSource()
        self.verifier = Verifier(self.source.public_key)
        self.reported = 0
        self.unposted: list[dict[str, Any]] = []
        self.world = ToldWorld(open_database(url), PublishedSiteMaker(folder / f"site-{seed}"))
        self.world.now = START
        self.world.register(*(f"person{number}" for number in range(PEOPLE)))
        self.world.open_with_baseline()
        self.world.announce()
        self.ledger = Ledger(self.world.engine, now=lambda: START + self.since_start)
        provider.behave = self._behave
        provider.interrupt = self._interrupt
        provider.bad_addresses = BAD

    def run(self) -> None:
        """Start senders until nobody waits and nothing is in doubt; then count."""
        for _ in range(MOST_RUNS):
            self._start_and_kill()
            self._count_doubts()
            self._check_books()
            self._post_some_events()
            self.since_start += timedelta(minutes=self.chance.randint(1, 20))
            books = self.world.books(2)
            if books.audience and not books.waiting:
                self._let_evidence_come()
                books = self.world.books(2)
                if not books.waiting and not books.unknown:
                    break
        else:
            raise AssertionError(f"not complete after {MOST_RUNS} runs: {self.world.books(2)}")
        self._count_mails()

    def _start_and_kill(self) -> None:
        point = self.chance.choice(POINTS)
        self.order = Order(
            database_url=self.url,
            provider_url=self.provider.url,
            transport="sendgrid" if isinstance(self.provider, SendGridDouble) else "smtp",
            since_start=self.since_start,
            point=point,
            number=self.chance.randint(1, 24 if point in TRANSACTION_POINTS else 2),
        )
        self.requests = 0
        self.sender = _processes.Process(target=send, args=(self.order,))
        self.sender.start()
        if point == RANDOM_MOMENT:
            time.sleep(self.chance.uniform(0.02, 0.25))
            self.sender.kill()
        self.sender.join(60)
        assert self.sender.exitcode in {0, -signal.SIGKILL}, f"sender ended with {self.sender.exitcode}"
        self.tally.runs += 1
        if self.sender.exitcode:
            self.tally.kills[point] += 1

    def _behave(self, request: object) -> Behaviour:
        """What the provider does with a request; at its own point it kills the sender before it answers."""
        self.requests += 1
        if self._is_at("accepted, before the reply"):
            self._kill()
            return Behaviour.ACCEPT
        return self.chance.choices([*ANSWERS], weights=[*ANSWERS.values()])[0]

    def _interrupt(self, _: str) -> bool:
        """Whether the sender is gone amid its request, so that the provider never has it whole."""
        self.requests += 1
        if at_point := self._is_at("amid the request"):
            self._kill()
        self.requests -= 1
        return at_point

    def _is_at(self, point: str) -> bool:
        return self.order is not None and (self.order.point, self.order.number) == (point, self.requests)

    def _kill(self) -> None:
        assert self.sender
        self.sender.kill()

    def _count_doubts(self) -> None:
        """Let the lease of a killed sender end; its kill may leave one batch in doubt, not more."""
        before = self._left_in_doubt()
        self.since_start += timedelta(seconds=50)
        self.ledger.expire()
        left = len(self._left_in_doubt() - before)
        self.tally.doubts += left
        self.tally.most_doubts_by_a_kill = max(self.tally.most_doubts_by_a_kill, left)

    def _left_in_doubt(self) -> set[str]:
        with reading(self.world.engine) as connection:
            unknown = select(attempts.c.token).where(
                attempts.c.state == AttemptState.UNKNOWN.value, attempts.c.detail == "the worker was lost"
            )
            return set(connection.scalars(unknown))

    def _check_books(self) -> None:
        self.tally.unbalanced += len(audit(self.world.engine))

    def _post_some_events(self) -> None:
        """Of what the provider has accepted, report a part, some of it twice, in any order."""
        if not isinstance(self.provider, SendGridDouble):
            return
        for request in self.provider.accepted[self.reported :]:
            self.unposted += self.source.events(request, "processed", "delivered")
        self.reported = len(self.provider.accepted)
        if self.chance.random() < 0.7:
            return  # one event settles a whole batch: most runs have to do without any
        self.chance.shuffle(self.unposted)
        part = self.chance.randint(0, len(self.unposted) // 2)
        self._post(self.unposted[:part])
        again = part // 2
        self.unposted = self.unposted[part - again :]

    def _post(self, events: list[dict[str, Any]]) -> None:
        now = START + self.since_start
        receive(self.world.engine, self.verifier, self.source.post(events), now=now, keep_body=False)

    def _let_evidence_come(self) -> None:
        """All events arrive, then the window passes; over SMTP a person looks each doubt up."""
        if isinstance(self.provider, SendGridDouble):
            self._post_some_events()
            self._post(self.unposted)
            self.unposted = []
            self.since_start += WINDOW
            return
        for doubt in self.ledger.doubts():
            with reading(self.world.engine) as connection:
                recipient = connection.scalars(
                    select(deliveries.c.recipient_id).where(deliveries.c.batch_id == doubt.batch_id)
                ).one()
            self.ledger.resolve(doubt.batch_id, sent=self.provider.mails[f"2-{recipient}"] > 0)

    def _count_mails(self) -> None:
        good = [number for number in range(1, PEOPLE + 1) if f"person{number - 1}@example.com" not in BAD]
        got = [self.provider.mails[f"2-{number}"] for number in good]
        assert self.world.books(2).rejected == len(BAD)
        self.tally.campaigns += 1
        self.tally.mails += sum(self.provider.mails.values())
        self.tally.twice += sum(count - 1 for count in got if count > 1)
        self.tally.never += got.count(0)
        self.world.engine.dispose()


def run_campaigns(
    make_database: Callable[[str], str], folder: Path, *, transport: str, kills: int, seed: int = 0
) -> Tally:
    """Run campaigns until there were so many kills."""
    _processes.set_forkserver_preload(PRELOADED)
    tally = Tally()
    while sum(tally.kills.values()) < kills:
        seed += 1
        with SendGridDouble() if transport == "sendgrid" else SmtpDouble() as provider:
            Campaign(make_database(f"kills_{transport}_{seed}"), folder, provider, tally, seed).run()
    return tally


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[str], str]]:
    """Makes empty databases of a kind."""
    if kind == "sqlite":
        empty = folder / "empty.sqlite"
        engine = open_database(f"sqlite:///{empty}")
        migrate(engine)
        engine.dispose()
        yield lambda name: f"sqlite:///{shutil.copy(empty, folder / f'{name}.sqlite')}"
        return
    with postgresql.running_cluster() as cluster:
        engine = open_database(cluster.create("empty"))
        migrate(engine)
        engine.dispose()
        yield lambda name: cluster.create(name, template="empty")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1000, help="in all (default: 1000)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    clean = True
    columns = ("database", "transport", "kills", "doubts", "mails", "twice", "never", "unbalanced", "most")
    print("".join(f"{column:>11}" for column in columns), " doubts by one kill")
    for kind in ("sqlite", "postgresql"):
        for transport in ("sendgrid", "smtp"):
            with tempfile.TemporaryDirectory() as name, databases(kind, Path(name)) as make_database:
                tally = run_campaigns(
                    make_database,
                    Path(name),
                    transport=transport,
                    kills=-(-options.kills // 4),
                    seed=options.seed,
                )
            clean &= tally.is_clean
            figures = (
                sum(tally.kills.values()),
                tally.doubts,
                tally.mails,
                tally.twice,
                tally.never,
                tally.unbalanced,
                tally.most_doubts_by_a_kill,
            )
            print("".join(f"{figure:>11}" for figure in (kind, transport, *figures)))
            print("  " + ", ".join(f"{point}: {tally.kills[point]}" for point in POINTS))
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
