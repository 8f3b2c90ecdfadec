"""Kills senders, counts users who received two messages or none, and checks that the totals balance.

PYTHONPATH=tests python -m support.kill_campaign --kills 1000    # the long form; the suite runs a short one

A campaign is one announcement on a fresh database. Senders are killed at a named point or at a random moment,
while the provider answers well, badly or not at all, and its events come late, twice and shuffled, but within
the evidence window. The senders are those of the embedded engine, one after another, or three workers at a
time, and a sender that dies is replaced. All share a clock that can jump ahead, so a day takes no time.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from sqlalchemy import select

from subscribers.announcing import announcements
from subscribers.database import migrate, open_database, reading
from subscribers.delivery.log_evidence import QUIET
from subscribers.ledger import logged_messages
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import audit, statuses
from subscribers.model import AttemptState, BatchState, attempts, batches
from support import postgresql_cluster
from support.kill_crew import MAIL_LOG, POINTS, Crew, new_clock
from support.kill_events import Postman
from support.kill_postfix import PostfixProvider, postfix_provider
from support.kill_sender import CANARY, START, WINDOW, EngineName, TransportName
from support.mail_log import MailLog
from support.published_site import PublishedSiteMaker
from support.sendgrid_server import Behaviour, SendGridServer, SendRequest
from support.smtp_server import SmtpMail, SmtpServer
from support.world import SENDER, World

# In batches of ten with SendGrid, and of one with SMTP.
PEOPLE: Mapping[TransportName, int] = {"sendgrid": 120, "smtp": 40, "postfix": 40}
BAD = {"person7@example.com", "person19@example.com"}
KILLS_OF_A_CAMPAIGN = 40  # after them it may end in peace
MOST_TURNS = 500

ANSWERS = {
    Behaviour.ACCEPT: 12,
    Behaviour.ACCEPT_THEN_DROP: 1,
    Behaviour.ACCEPT_THEN_FAIL: 1,
    Behaviour.DROP: 1,
    Behaviour.FAIL: 1,
    Behaviour.THROTTLE: 1,
    Behaviour.THROTTLE_IN_SILENCE: 1,
}

DatabaseKind = Literal["sqlite", "postgresql"]


class Kind(NamedTuple):
    """A kind of campaign."""

    engine: EngineName
    database: DatabaseKind
    transport: TransportName


KINDS = (
    Kind("embedded", "sqlite", "sendgrid"),
    Kind("embedded", "sqlite", "smtp"),
    Kind("embedded", "postgresql", "sendgrid"),
    Kind("embedded", "postgresql", "smtp"),
    Kind("workers", "postgresql", "sendgrid"),
    Kind("workers", "postgresql", "smtp"),
    Kind("embedded", "sqlite", "postfix"),
)

Provider = SendGridServer | SmtpServer | PostfixProvider


@dataclass
class Tally:
    """The results of all campaigns of one kind."""

    kills: Counter[str] = field(default_factory=Counter)
    campaigns: int = 0
    messages: int = 0
    doubts: int = 0
    by_log: int = 0  # unknown messages that the mail server's log has settled
    left: int = 0  # unknown batches that only a person could settle
    twice: int = 0
    never: int = 0
    unbalanced: int = 0
    most_doubts_by_a_kill: int = 0

    @property
    def is_clean(self) -> bool:
        return (
            not (self.twice or self.never or self.unbalanced or self.left) and self.most_doubts_by_a_kill <= 1
        )


class Campaign:
    """One announcement, sent by senders that are killed."""

    def __init__(
        self,
        kind: Kind,
        *,
        database_url: str,
        folder: Path,
        provider: Provider,
        tally: Tally,
        seed: int,
        kills: int,
    ) -> None:
        self.kind = kind
        self.provider = provider
        self.tally = tally
        self.chance = random.Random(seed)
        self.world = World(open_database(database_url), PublishedSiteMaker(folder / "site"))
        self.world.now = START
        self.world.register(*(f"person{number}" for number in range(PEOPLE[kind.transport])))
        self.world.open_with_baseline()
        self.world.announce()
        self.clock = new_clock()
        self.ledger = Ledger(self.world.engine, mark=self.world.mark, now=self.clock.now)
        self.postman = None
        if not isinstance(provider, SendGridServer):
            provider.log = MailLog(folder / MAIL_LOG, self.clock.now)
        if isinstance(provider, SendGridServer):
            self.postman = Postman(provider, self.world.engine, clock=self.clock, chance=self.chance)
        self.crew = Crew(
            kind.engine,
            transport=kind.transport,
            database_url=database_url,
            provider_url=provider.url,
            clock=self.clock,
            folder=folder,
            chance=self.chance,
            kills=kills,
        )
        provider.behave = self._behave
        provider.interrupt = self.crew.is_killed_amid_request
        provider.bad_addresses = BAD

    def run(self) -> None:
        """Let senders work until no recipient waits and no batch is unknown; then count."""
        try:
            for _ in range(MOST_TURNS):
                self.tally.kills.update(self.crew.work(self._planned()))
                self._let_leases_end()
                self._note_doubts()
                self._check_books()
                self._release_what_paused()
                if self.postman:
                    self.postman.bring_some()
                if self._is_complete():
                    break
            else:
                self.tally.left += len(self.ledger.unknown_batches())
                raise AssertionError(f"not complete after {MOST_TURNS} turns: {self.world.totals(2)}")
        finally:
            self.crew.end()
        self._count()

    def _behave(self, request: SendRequest | SmtpMail) -> Behaviour:
        """Choose how the provider answers a request; after the last kill it accepts everything."""
        if self.crew.is_killed_before_reply(request.client) or self.crew.kills_left <= 0:
            return Behaviour.ACCEPT
        time.sleep(self.chance.uniform(0, 0.02))
        return self.chance.choices([*ANSWERS], weights=[*ANSWERS.values()])[0]

    def _planned(self) -> Sequence[int]:
        with reading(self.world.engine) as connection:
            planned = batches.c.state == BatchState.PLANNED.value
            return connection.scalars(select(batches.c.id).where(planned).order_by(batches.c.id)).all()

    def _let_leases_end(self) -> None:
        """Let some minutes pass, more than a lease: the batch of a killed sender is unknown then.

        So is the batch of a living sender during its request, until it has the reply. No further time passes
        before that: no request lasts so long.
        """
        if isinstance(self.provider, PostfixProvider):
            self.provider.finish()
        if not self._somebody_is_amid():
            self.clock.leap(timedelta(minutes=self.chance.randint(1, 20)))
        if self.kind.engine == "embedded":  # workers see to it themselves
            self.ledger.expire()

    def _somebody_is_amid(self) -> bool:
        lost = self._lost()
        return any(lost & sender.tokens for sender in self.crew.living)

    def _lost(self) -> set[str]:
        """The attempts that are unknown because their sender was lost."""
        with reading(self.world.engine) as connection:
            unknown = select(attempts.c.token).where(
                attempts.c.state == AttemptState.UNKNOWN.value, attempts.c.detail == "the worker was lost"
            )
            return set(connection.scalars(unknown))

    def _note_doubts(self) -> None:
        lost = self._lost()
        for sender in self.crew.dead:
            sender.left_in_doubt |= lost & sender.tokens

    def _check_books(self) -> None:
        self.tally.unbalanced += len(audit(self.world.engine))

    def _release_what_paused(self) -> None:
        """Release the announcement if several unknown batches in a row have paused it."""
        if any(status.state == "paused" for status in statuses(self.world.engine)):
            announcements.release(self.world.engine, 2)

    def _is_complete(self) -> bool:
        """Whether no recipient waits and no batch is unknown; evidence comes once nobody waits."""
        if self._somebody_is_amid():
            return False
        books = self.world.totals(2)
        if books.waiting or not books.audience:
            return False
        self._let_evidence_come()
        books = self.world.totals(2)
        return not books.waiting and not books.unknown

    def _let_evidence_come(self) -> None:
        """Let all events arrive and the window pass; over SMTP, the next sender reads the server's log."""
        time.sleep(0.05)  # the request of a killed sender may still be on its way to the provider
        if self.postman:
            self.postman.bring_some()
            self.postman.bring_all()
            self.clock.leap(WINDOW)
        else:
            self.clock.leap(QUIET)

    def _count(self) -> None:
        names = [f"person{number}@example.com" for number in range(PEOPLE[self.kind.transport])]
        got = [
            self.provider.received[f"2-{number}"] for number, name in enumerate(names, 1) if name not in BAD
        ]
        left = [len(sender.left_in_doubt) for sender in self.crew.dead]
        self.tally.campaigns += 1
        self.tally.messages += sum(
            number for delivery, number in self.provider.received.items() if delivery.startswith("2-")
        )
        with reading(self.world.engine) as connection:
            settled = attempts.c.detail.in_([logged_messages.ACCEPTED, logged_messages.UNSENT])
            self.tally.by_log += len(connection.scalars(select(attempts.c.token).where(settled)).all())
        self.tally.doubts += sum(left)
        self.tally.most_doubts_by_a_kill = max([self.tally.most_doubts_by_a_kill, *left])
        self.tally.twice += sum(count - 1 for count in got if count > 1)
        self.tally.never += got.count(0)
        books = self.world.totals(2)
        assert books.rejected == len(BAD), books
        self.world.engine.dispose()


def run_campaigns(
    kind: Kind, make_database: Callable[[str], str], folder: Path, *, kills: int, seed: int = 0
) -> Tally:
    """Run campaigns until there were so many kills."""
    tally = Tally()
    while (left := kills - sum(tally.kills.values())) > 0:
        seed += 1
        home = folder / f"campaign-{seed}"
        home.mkdir()
        with _provider(kind.transport) as provider:
            Campaign(
                kind,
                database_url=make_database(f"kills_{seed}"),
                folder=home,
                provider=provider,
                tally=tally,
                seed=seed,
                kills=min(left, KILLS_OF_A_CAMPAIGN),
            ).run()
    return tally


def _provider(transport: TransportName) -> AbstractContextManager[Provider]:
    match transport:
        case "sendgrid":
            return SendGridServer()
        case "smtp":
            return SmtpServer()
        case "postfix":
            people = (f"person{number}@example.com" for number in range(PEOPLE["postfix"]))
            return postfix_provider([CANARY, SENDER.address.addr_spec, *(p for p in people if p not in BAD)])


@contextmanager
def databases(kind: DatabaseKind, folder: Path) -> Iterator[Callable[[str], str]]:
    """Makes empty databases of a kind."""
    if kind == "sqlite":
        empty = folder / "empty.sqlite"
        engine = open_database(f"sqlite:///{empty}")
        migrate(engine)
        engine.dispose()
        yield lambda name: f"sqlite:///{shutil.copy(empty, folder / f'{name}.sqlite')}"
        return
    with postgresql_cluster.running_cluster() as cluster:
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
    columns = ("kills", "unknown", "by log", "left", "messages", "twice", "never", "unbalanced", "most")
    print("".join(f"{column:>11}" for column in (*Kind._fields, *columns)), " doubts by one kill")
    for kind in KINDS:
        with (
            tempfile.TemporaryDirectory() as name,
            databases(kind.database, Path(name)) as make_database,
        ):
            tally = run_campaigns(
                kind, make_database, Path(name), kills=-(-options.kills // len(KINDS)), seed=options.seed
            )
        clean &= tally.is_clean
        figures = (
            sum(tally.kills.values()),
            tally.doubts,
            tally.by_log,
            tally.left,
            tally.messages,
            tally.twice,
            tally.never,
            tally.unbalanced,
            tally.most_doubts_by_a_kill,
        )
        print("".join(f"{figure:>11}" for figure in (*kind, *figures)))
        print("  " + ", ".join(f"{point}: {tally.kills[point]}" for point in POINTS), flush=True)
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
