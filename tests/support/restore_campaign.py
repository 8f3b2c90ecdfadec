"""Restores earlier copies of the database, and counts users who received two messages.

PYTHONPATH=tests python -m support.restore_campaign --restores 1000    # the suite runs a short form
PYTHONPATH=tests python -m support.restore_campaign --without 1000     # nothing is restored or refused

Each run is one or two announcements on a fresh database. A copy is made at a random moment, also in the
middle of a request, and put in the database's place at a later one: while senders are running, after they
were killed, or after everything was sent. Then an operator tries to send again. The senders are those of the
embedded engine or workers, in processes of their own, with the double of SendGrid or a server for SMTP. At
last the copy is recovered from the site and the events, and what waits is sent: each user must have received
every announcement once, or be listed as unknown.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from procrastinate import App
from procrastinate.types import JSONValue
from sqlalchemy import make_url, select

from subscribers.announcing import announcements
from subscribers.database import open_database, reading
from subscribers.delivery.workers import make_app
from subscribers.high_water_mark.installation import read_installation
from subscribers.high_water_mark.mark_store import MarkError
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import audit, statuses
from subscribers.model import AttemptState, BatchState, attempts, batches, deliveries
from subscribers.recovery.recover import recover
from subscribers.site.site_reader import open_site
from support.database_copies import Copy, copy_of
from support.kill_campaign import KINDS as KINDS_OF_KILLS
from support.kill_campaign import Kind, databases
from support.kill_crew import NOWHERE, PRELOADED, new_clock
from support.kill_events import Postman
from support.kill_sender import BATCH, START, EngineName, Order, send
from support.published_site import PublishedSiteMaker
from support.sendgrid_server import Behaviour, SendGridServer, SendRequest
from support.smtp_server import SmtpMail, SmtpServer
from support.world import SENDER, World

KINDS = tuple(kind for kind in KINDS_OF_KILLS if kind.transport != "postfix")
REQUESTS = 6  # for an announcement
REFUSED = 3  # the exit code of a sender that refuses the database
AT_ONCE = {"embedded": 1, "workers": 2}
LONGEST_SECONDS = 30.0
SECONDS_TO_REFUSE = 2.0  # in which workers have refused an old copy, or would have sent

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(PRELOADED)


@dataclass
class Tally:
    """The results of all runs of one kind."""

    runs: int = 0
    restores: int = 0
    old: int = 0  # restores of a copy that lacks requests which the provider has accepted
    refusals: int = 0
    wrong_refusals: int = 0
    missed: int = 0  # times that an old copy was not refused
    messages: int = 0
    twice: int = 0
    never: int = 0  # and not listed as unknown
    unknown: int = 0
    unbalanced: int = 0
    seconds: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.wrong_refusals or self.missed or self.twice or self.never or self.unbalanced)


@dataclass(frozen=True)
class Plan:
    """The number of announcements, and after how many requests in all a copy is made and restored."""

    announcements: int
    copy_at: int
    restore_at: int | None  # None: nothing is restored
    is_killed: bool  # the senders, immediately before the restore

    @classmethod
    def drawn(cls, chance: random.Random, *, restores: bool) -> Plan:
        number = chance.choice((1, 1, 2))
        copy_at = chance.randrange(number * REQUESTS)
        return cls(
            announcements=number,
            copy_at=copy_at,
            restore_at=chance.randint(copy_at, number * REQUESTS) if restores else None,
            is_killed=chance.random() < 0.5,
        )


@dataclass
class Senders:
    """The processes that send; workers do not end by themselves."""

    engine: EngineName
    start: Callable[[], ForkServerProcess]
    living: list[ForkServerProcess] = field(default_factory=list)
    refusals: int = 0

    def fill(self) -> None:
        while len(self.living) < AT_ONCE[self.engine]:
            self.living.append(self.start())

    def kill(self) -> None:
        for process in self.living:
            process.kill()

    def bury(self) -> bool:
        """Whether all have ended; counts those that refused the database."""
        for process in [process for process in self.living if not process.is_alive()]:
            self.living.remove(process)
            self.refusals += process.exitcode == REFUSED
            assert process.exitcode in {0, REFUSED, -9}, process.exitcode
        return not self.living


class Run:
    """One run: announcements, a copy, a restore, and everything that is tried afterwards."""

    def __init__(
        self,
        kind: Kind,
        *,
        database_url: str,
        folder: Path,
        provider: SendGridServer | SmtpServer,
        tally: Tally,
        seed: int,
        restores: bool,
    ) -> None:
        self.kind = kind
        self.provider = provider
        self.tally = tally
        self.chance = random.Random(seed)
        self.plan = Plan.drawn(self.chance, restores=restores)
        self.clock = new_clock()
        self.world = World(open_database(database_url), PublishedSiteMaker(folder / "site"))
        self.world.now = START
        people = REQUESTS * (BATCH if kind.transport == "sendgrid" else 1)
        self.names = [f"person{number}" for number in range(people)]
        self.world.register(*self.names)
        self.world.open_with_baseline()
        self.world.mark.check()
        self.ledger = Ledger(self.world.engine, mark=self.world.mark, now=self.clock.now)
        self.postman = (
            Postman(provider, self.world.engine, clock=self.clock, chance=self.chance)
            if isinstance(provider, SendGridServer)
            else None
        )
        self.order = Order(
            name="sender.example",
            engine=kind.engine,
            transport=kind.transport,
            database_url=database_url,
            provider_url=provider.url,
            clock=self.clock,
            claims=folder / "claims",
            log=None,
            point=NOWHERE,
            number=0,
        )
        self.senders = Senders(kind.engine, self._start)
        self.jobs: App | None = None
        if kind.engine == "workers":
            self.jobs = make_app(make_url(database_url), look=list, deliver=lambda _: None).open()
        self.copy: Copy | None = None
        self.is_restored = False
        self.is_old = False  # requests reached the provider that the database does not know
        self.refusals_before = 0
        self.is_judged = False
        self.may_be_refused = False  # the mark is one that the database does not know
        self.announced = 0
        self._requests = 0
        self._lock = threading.Lock()
        provider.behave = self._behave

    def run(self) -> None:
        try:
            self._announce_and_send()
            with self._lock:
                if self.plan.restore_at is not None and not self.is_restored:
                    self._restore()
            self._note_whether_it_is_old()
            self._try_again()
            if self.may_be_refused:
                self._recover()
            self._count()
        finally:
            self.senders.kill()
            for process in self.senders.living:
                process.join()
            if self.jobs:
                self.jobs.close()
            self.world.engine.dispose()

    def _announce_and_send(self) -> None:
        for number in range(self.plan.announcements):
            with self._lock:  # the sender of the last announcement may have been killed for a restore
                if self.is_restored:
                    return
            if self.plan.copy_at == number * REQUESTS and self.chance.random() < 0.5:
                self.copy = copy_of(self.world.engine)
            self.world.announce(f"We keep less, {number}.")
            self.announced += 1
            if self.plan.copy_at == number * REQUESTS and self.copy is None:
                self.copy = copy_of(self.world.engine)
            self.ledger.fan_out(batch_limit=BATCH if self.kind.transport == "sendgrid" else 1)
            self._send()

    def _send(self) -> None:
        """Let senders work until nothing waits, the database was restored, or they refuse it."""
        self.senders.fill()
        self._give_jobs()
        began, was_restored = time.monotonic(), self.is_restored
        while not self.senders.bury():
            time.sleep(0.005)
            if self.is_restored and not was_restored:  # give workers the batches of the restored database
                was_restored, began = True, time.monotonic()
                self._give_jobs()
            if self.kind.engine == "workers" and not self._waiting():
                self.senders.kill()
            is_over = time.monotonic() > began + (LONGEST_SECONDS if self.is_newest else SECONDS_TO_REFUSE)
            if self.kind.engine == "workers" and is_over:
                self.senders.kill()
            assert self.kind.engine == "workers" or not is_over or not self.is_newest, "a sender never ends"

    @property
    def is_newest(self) -> bool:
        """Whether everything may be sent, as far as it was judged."""
        return not self.is_restored or (self.is_judged and not self.may_be_refused)

    def _give_jobs(self) -> None:
        if self.jobs and (planned := self._waiting()):
            rounds: list[dict[str, JSONValue]] = [{"batch_id": number} for number in planned]
            self.jobs.tasks["deliver"].batch_defer(*rounds)

    def _waiting(self) -> Sequence[int]:
        open_states = [BatchState.PLANNED.value, BatchState.CLAIMED.value]
        with reading(self.world.engine) as connection:
            return connection.scalars(select(batches.c.id).where(batches.c.state.in_(open_states))).all()

    def _behave(self, _: SendRequest | SmtpMail) -> Behaviour:
        """Take each request; make the copy, and restore it, when it is time."""
        with self._lock:
            self._requests += 1
            if self.copy is None and self._requests >= self.plan.copy_at:
                self.copy = copy_of(self.world.engine)
            if self._requests == self.plan.restore_at and not self.is_restored:
                self._restore()
        return Behaviour.ACCEPT

    def _restore(self) -> None:
        assert self.copy is not None
        if self.plan.is_killed:
            self.senders.kill()
            time.sleep(0.01)
        self.copy.restore()
        self.is_restored = True
        self.tally.restores += 1

    def _note_whether_it_is_old(self) -> None:
        """See by the provider's list and by the rows, not by the code under test, how old the database is."""
        begun = [AttemptState.INTENDED.value, AttemptState.UNKNOWN.value, AttemptState.ACCEPTED.value]
        with reading(self.world.engine) as connection:
            identity = read_installation(connection).identity
            heads = dict(connection.execute(select(attempts.c.number, attempts.c.head)).all())
            known = {
                f"{announcement_id}-{recipient_id}"
                for announcement_id, recipient_id in connection.execute(
                    select(deliveries.c.announcement_id, deliveries.c.recipient_id)
                    .join(attempts, attempts.c.batch_id == deliveries.c.batch_id)
                    .where(attempts.c.state.in_(begun))
                )
            }
        mark = self.world.mark.store.read(identity)
        assert mark is not None
        self.is_old = not self.provider.received.keys() <= known
        self.may_be_refused = (
            mark.position.number > 0 and heads.get(mark.position.number) != mark.position.head
        )
        assert self.may_be_refused or not self.is_old
        self.is_judged = True
        self.tally.old += self.is_old
        self.tally.refusals += self.senders.refusals
        self.tally.wrong_refusals += 0 if self.may_be_refused else self.senders.refusals

    def _try_again(self) -> None:
        """Publish and deliver again, as an operator does next, while the events of the provider come."""
        refused = 0
        for _ in range(3 if self.may_be_refused else 12):
            self.clock.leap(timedelta(minutes=2))
            self.ledger.expire()
            try:
                self.world.mark.check()
            except MarkError:
                refused += 1
            else:
                self.tally.missed += self.is_old
            before = self.senders.refusals
            if self.chance.random() < 0.5 or not self.may_be_refused:
                self._send()  # a sender that did not compare anything at its start
            refused += self.senders.refusals - before
            if self.postman:
                self.postman.bring_all()
            if not self.may_be_refused:
                self._settle_unknown()
                if not self._waiting() and not self.ledger.unknown_batches():
                    break
        self.refusals_before = self.senders.refusals
        self.tally.refusals += refused
        self.tally.wrong_refusals += 0 if self.may_be_refused else refused

    def _recover(self) -> None:
        """Recover the copy as policy-notify recover does, and send what it allows to be sent."""
        recover(
            self.world.engine,
            self.world.mark,
            open_site(str(self.world.site.folder)),
            [],
            [],
            sender=SENDER,
            changes="every",
            opening=None,
            now=self.clock.now(),
            dry_run=False,
        )
        self.world.mark.check()
        self.may_be_refused = False
        for _ in range(3):
            self.world.publish()
            self.clock.leap(timedelta(minutes=2))
            self.ledger.expire()
            self._send()
            if self.postman:
                self.postman.bring_all()
            self._release_what_paused()
        assert self.senders.refusals == self.refusals_before

    def _settle_unknown(self) -> None:
        """A person looks up at the server what SMTP left unknown, and releases what has paused itself."""
        if self.kind.transport == "smtp":
            for doubt in self.ledger.unknown_batches():
                with reading(self.world.engine) as connection:
                    announcement_id, recipient_id = connection.execute(
                        select(deliveries.c.announcement_id, deliveries.c.recipient_id).where(
                            deliveries.c.batch_id == doubt.batch_id
                        )
                    ).one()
                sent = self.provider.received[f"{announcement_id}-{recipient_id}"] > 0
                self.ledger.resolve(doubt.batch_id, sent=sent)
        self._release_what_paused()

    def _release_what_paused(self) -> None:
        for status in statuses(self.world.engine):
            if status.state == "paused":
                announcements.release(self.world.engine, status.announcement_id)

    def _count(self) -> None:
        self.tally.runs += 1
        self.tally.messages += sum(self.provider.received.values())
        self.tally.twice += sum(count - 1 for count in self.provider.received.values() if count > 1)
        self.tally.unbalanced += len(audit(self.world.engine))
        unknown = self._unknown_recipients()
        for number in range(1, len(self.names) + 1):
            got = sum(count for name, count in self.provider.received.items() if name.endswith(f"-{number}"))
            self.tally.twice += max(0, got - self.announced)
            self.tally.never += max(0, self.announced - got - unknown[number])
        self.tally.unknown += sum(unknown.values())

    def _unknown_recipients(self) -> Counter[int]:
        """How many unknown deliveries each user has."""
        with reading(self.world.engine) as connection:
            rows = connection.scalars(
                select(deliveries.c.recipient_id)
                .join(batches, batches.c.id == deliveries.c.batch_id)
                .where(batches.c.state == BatchState.UNKNOWN.value)
            )
            return Counter(rows)

    def _start(self) -> ForkServerProcess:
        process = _processes.Process(target=_send_or_refuse, args=(self.order,))
        process.start()
        return process


def _send_or_refuse(order: Order) -> None:
    """A sender's life: it ends with the exit code REFUSED if it finds the database to be old."""
    try:
        send(order)
    except MarkError:
        sys.exit(REFUSED)


def run_restores(
    kind: Kind,
    make_database: Callable[[str], str],
    folder: Path,
    *,
    runs: int,
    restores: bool = True,
    seed: int = 0,
) -> Tally:
    """So many runs of one kind."""
    tally, began = Tally(), time.monotonic()
    for number in range(seed + 1, seed + runs + 1):
        home = folder / f"restore-{number}"
        home.mkdir()
        with SendGridServer() if kind.transport == "sendgrid" else SmtpServer() as provider:
            Run(
                kind,
                database_url=make_database(f"restores_{number}"),
                folder=home,
                provider=provider,
                tally=tally,
                seed=number,
                restores=restores,
            ).run()
    tally.seconds = round(time.monotonic() - began)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--restores", type=int, default=0, help="runs with a restore, in all")
    parser.add_argument("--without", type=int, default=0, help="runs without a restore, in all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    clean = True
    names = list(Tally.__dataclass_fields__)
    print("".join(f"{name:>15}" for name in (*Kind._fields, *names)))
    for restores, runs in ((True, options.restores), (False, options.without)):
        for kind in KINDS if runs else ():
            with (
                tempfile.TemporaryDirectory() as name,
                databases(kind.database, Path(name)) as make_database,
            ):
                tally = run_restores(
                    kind,
                    make_database,
                    Path(name),
                    runs=-(-runs // len(KINDS)),
                    restores=restores,
                    seed=options.seed,
                )
            clean &= tally.is_clean
            figures = (getattr(tally, name) for name in names)
            print("".join(f"{figure:>15}" for figure in (*kind, *figures)), flush=True)
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
