"""The log of the mail server settles unknown messages; where it does not show enough, they stay unknown."""

from __future__ import annotations

import gzip
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import select
from support.mail_log import MailLog
from support.published_site import PublishedSiteMaker
from support.world import SENDER, World

from subscribers.database import open_database, reading
from subscribers.delivery.log_evidence import LogEvidence
from subscribers.delivery.reconciliation import Reconciliation
from subscribers.delivery.single_process import deliver
from subscribers.model import attempts
from subscribers.return_path import ReturnPath
from subscribers.transports import OutgoingBatch, UnconfirmedError, UnreachableError

US = SENDER.address.addr_spec
LATE = timedelta(hours=1)


@dataclass
class Logged:
    """A world whose server writes a log; messages to ``lost`` are not answered."""

    world: World
    log: MailLog
    evidence: LogEvidence

    def __post_init__(self) -> None:
        self.world.transport.name, self.world.transport.batch_limit = "smtp", 1
        self.lost: dict[str, Callable[[str, str], None]] = {}
        self.world.transport.rule = self._take
        self.canaries = 0
        self.sender = SENDER
        self.outgoing: list[OutgoingBatch] = []

    def _take(self, outgoing: OutgoingBatch) -> None:
        [recipient] = outgoing.recipients
        self.outgoing.append(outgoing)
        self.canaries += recipient.delivery == "canary"
        name = recipient.address.partition("@")[0]
        if name in self.lost:
            self.lost.pop(name)(recipient.message_id, recipient.address)
            raise UnconfirmedError("connection reset")
        self.log.accepted(
            recipient.message_id, sender=recipient.return_path or US, recipient=recipient.address
        )

    def accept(self, message_id: str, address: str) -> None:
        paths = {one.message_id: one.return_path for batch in self.outgoing for one in batch.recipients}
        self.log.accepted(message_id, sender=paths[message_id] or US, recipient=address)

    def run(self) -> None:
        """Run twice, since a request without an answer pauses the server for half a minute."""
        for _ in range(2):
            deliver(
                self.world.ledger,
                self.world.transport,
                sender=self.sender,
                stop=Event(),
                reconciliation=Reconciliation(window=self.evidence.quiet, canary=US, log=self.evidence),
                patience=timedelta(seconds=-1),
            )
            self.world.check()
            self.world.now += timedelta(minutes=1)

    def run_later(self) -> None:
        """Run an hour later; its first delivery may send the canary, and the second one uses it."""
        self.world.now += LATE
        self.run()

    @property
    def unknown(self) -> int:
        return self.world.totals(2).unknown


@pytest.fixture
def logged(sqlite_url: str, tmp_path: Path) -> Iterator[Logged]:
    engine = open_database(sqlite_url)
    yield logged_world(World(engine, PublishedSiteMaker(tmp_path / "site")), tmp_path)
    engine.dispose()


def logged_world(world: World, tmp_path: Path) -> Logged:
    world.register("anna", "boris", "clara", "dora")
    world.open_with_baseline()
    world.announce()
    log = MailLog(tmp_path / "mail.log", lambda: world.now)
    return Logged(world, log, LogEvidence((log.path,)))


def nothing(message_id: str, address: str) -> None:
    """The server never took the message over."""


def test_a_message_that_is_in_the_log_was_accepted(logged: Logged) -> None:
    logged.lost["boris"] = logged.accept
    logged.run()
    assert logged.unknown == 0
    assert logged.world.totals(2).accepted == 4
    with reading(logged.world.engine) as connection:
        details = connection.scalars(select(attempts.c.detail).where(attempts.c.detail.is_not(None))).all()
    assert details == ["accepted, by the server's log"]


def test_a_message_with_a_signed_return_path_is_found_in_the_log(logged: Logged) -> None:
    logged.sender = replace(SENDER, return_path=ReturnPath("bounces@market.example", ["k" * 32]))
    logged.lost["boris"] = logged.accept
    logged.run()
    [boris] = [one for batch in logged.outgoing for one in batch.recipients if one.address[0] == "b"]
    assert boris.return_path is not None
    assert boris.return_path.startswith(f"bounces+{boris.delivery}-")
    assert logged.unknown == 0

    logged.world.announce("We keep even less.")
    strange = "bounces+3-2-aaaaaaaaaaaaaaaa@market.example"
    logged.lost["boris"] = lambda message_id, to: logged.log.accepted(
        message_id, sender=strange, recipient=to
    )
    logged.run()
    assert logged.world.totals(3).unknown == 1, "somebody else used this Message-ID"


def test_a_message_that_is_missing_in_a_complete_log_is_sent_again(world: World, tmp_path: Path) -> None:
    logged = logged_world(world, tmp_path)
    logged.lost["boris"] = nothing
    logged.run()
    assert logged.unknown == 1  # its data may still be on their way
    logged.run_later()
    assert logged.canaries == 1  # no other message showed that the log goes on
    assert logged.world.totals(2).accepted == 4
    assert logged.world.transport.received["boris@example.com"] == 1


def test_a_message_that_the_server_rejected_is_sent_again(logged: Logged) -> None:
    logged.lost["boris"] = lambda message_id, address: logged.log.refused(message_id)
    logged.run()
    logged.run_later()
    assert logged.world.totals(2).accepted == 4


@pytest.mark.parametrize("sender", [US, "mallory@elsewhere.example"])
def test_a_strangers_message_with_our_message_id_is_no_evidence(logged: Logged, sender: str) -> None:
    recipient = "boris@example.com" if sender != US else "mallory@elsewhere.example"
    logged.lost["boris"] = lambda message_id, address: logged.log.accepted(
        message_id, sender=sender, recipient=recipient
    )
    logged.run()
    logged.run_later()
    assert logged.unknown == 1


def test_a_message_whose_end_the_log_does_not_tell_stays_unknown(logged: Logged) -> None:
    def begin(message_id: str, address: str) -> None:
        logged.log.header(message_id)

    logged.lost["boris"] = begin
    logged.run()
    logged.run_later()
    assert logged.unknown == 1


def test_a_log_of_another_machine_proves_nothing(logged: Logged, tmp_path: Path) -> None:
    logged.lost["boris"] = nothing
    other = MailLog(tmp_path / "other.log", lambda: logged.world.now)
    logged.evidence.paths = (other.path,)
    logged.run()
    logged.run_later()
    other.write("postfix/smtpd[7]: connect from localhost[127.0.0.1]")
    logged.run_later()
    assert logged.unknown == 1
    assert logged.canaries == 1  # one is enough to see that it is not in this log


def test_a_server_of_two_machines_needs_both_logs(logged: Logged, tmp_path: Path) -> None:
    other = MailLog(tmp_path / "other.log", lambda: logged.world.now)
    logged.lost["boris"] = lambda message_id, address: other.accepted(
        message_id, sender=US, recipient=address
    )
    logged.run()
    logged.evidence.paths = (logged.log.path, other.path)
    logged.evidence._watches.clear()
    logged.run()
    assert logged.unknown == 0


def test_a_log_that_began_after_the_message_proves_nothing(logged: Logged) -> None:
    logged.lost["boris"] = nothing
    lines = logged.log.path.read_text().splitlines(keepends=True)
    logged.run()
    written = logged.log.path.read_text().removeprefix("".join(lines))
    logged.log.path.write_text(written)
    logged.run_later()
    assert logged.unknown == 1


def test_a_log_that_has_lost_lines_proves_nothing(logged: Logged) -> None:
    logged.lost["boris"] = nothing
    logged.run()
    logged.log.write("systemd-journald[210]: Suppressed 12 messages from postfix@-.service")
    logged.run_later()
    assert logged.unknown == 1


def test_a_message_of_ours_that_is_missing_shows_a_gap(logged: Logged) -> None:
    logged.lost["dora"] = nothing
    logged.run()
    text = logged.log.path.read_text()
    [queue_id] = {line.split(": ")[1] for line in text.splitlines() if "to=<anna@example.com>" in line}
    logged.log.path.write_text(
        "".join(line for line in text.splitlines(keepends=True) if queue_id not in line)
    )
    logged.run_later()
    assert logged.unknown == 1


def test_a_log_that_was_rotated_in_the_meantime_is_complete(logged: Logged) -> None:
    logged.lost["boris"] = nothing
    logged.run()
    rotated = logged.log.path.with_name("mail.log.1.gz")
    rotated.write_bytes(gzip.compress(logged.log.path.read_bytes()))
    os.utime(rotated, (logged.world.now.timestamp(),) * 2)
    logged.log.path.write_text("")
    logged.run_later()
    assert logged.world.totals(2).accepted == 4


def test_a_log_that_cannot_be_read_is_named_once_and_does_not_stop_the_sending(
    logged: Logged, caplog: pytest.LogCaptureFixture
) -> None:
    logged.lost["boris"] = nothing
    logged.log.path.rename(logged.log.path.with_name("moved"))
    logged.log.path = logged.log.path.with_name("moved")
    with caplog.at_level(logging.WARNING):
        logged.run()
        logged.run_later()
    [line] = caplog.messages
    assert "mail.log: the mail server's log cannot be read (No such file or directory)" in line
    assert (logged.unknown, logged.world.totals(2).accepted) == (1, 3)


def test_a_canary_that_is_refused_is_not_sent_again_at_once(logged: Logged) -> None:
    logged.lost["boris"] = nothing
    logged.run()
    tried: list[OutgoingBatch] = []

    def refuse(outgoing: OutgoingBatch) -> None:
        tried.append(outgoing)
        raise UnreachableError("refused")

    logged.world.transport.rule = refuse
    logged.run_later()
    assert len(tried) == 2  # a minute apart


def test_each_unknown_message_is_settled_by_its_own_lines(world: World, tmp_path: Path) -> None:
    logged = logged_world(world, tmp_path)
    logged.lost |= {"anna": logged.accept, "clara": nothing}
    logged.run()
    logged.run()
    assert (logged.unknown, logged.world.totals(2).accepted) == (1, 3)
    logged.run_later()
    assert (logged.unknown, logged.world.totals(2).accepted) == (0, 4)
