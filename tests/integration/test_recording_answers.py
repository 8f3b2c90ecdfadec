"""The provider's answer is known but the database cannot be reached: the answer is recorded later."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from support import postgresql_cluster
from support.published_site import PublishedSiteMaker
from support.sendgrid_server import API_KEY, Behaviour, SendGridServer, SendRequest
from support.smtp_server import SmtpMail, SmtpServer
from support.world import SENDER, World

from subscribers.database import UnreadableDatabaseError, migrate, open_database
from subscribers.delivery.recording import UnrecordedAnswerError, record_answer
from subscribers.delivery.single_process import deliver
from subscribers.ledger.claim import Claim
from subscribers.ledger.ledger import Ledger
from subscribers.transports import Transport
from subscribers.transports.folder import FolderTransport
from subscribers.transports.sendgrid import SendGridTransport
from subscribers.transports.smtp import SmtpTransport
from subscribers.transports.smtp_server import read_server

NAMES = ("anna", "boris", "chen")


@pytest.fixture
def own_cluster() -> Iterator[postgresql_cluster.Cluster]:
    """A PostgreSQL that the test may stop."""
    if not postgresql_cluster.BINARIES:
        pytest.skip(postgresql_cluster.MISSING)
    with postgresql_cluster.running_cluster() as cluster:
        yield cluster


def _announced(url: str, folder: Path) -> World:
    world = World(open_database(url), PublishedSiteMaker(folder / "site"))
    world.register(*NAMES)
    world.open_with_baseline()
    world.announce()
    return world


def _deliver(world: World, transport: Transport) -> None:
    ledger = Ledger(world.engine, mark=world.mark)
    deliver(ledger, transport, sender=SENDER, stop=Event(), patience=timedelta(0))


def test_an_answer_given_while_postgresql_restarts_is_not_forgotten(
    own_cluster: postgresql_cluster.Cluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SMTP."""
    url = own_cluster.create("restarted")
    migrate(open_database(url))
    world = _announced(url, tmp_path)
    starting: list[threading.Timer] = []

    def stop_before_the_second_answer(_: SmtpMail) -> Behaviour:
        if sum(server.received.values()) == 1:
            own_cluster.stop()
            starting.append(threading.Timer(3, own_cluster.start))
            starting[0].start()
        return Behaviour.ACCEPT

    with SmtpServer() as server, caplog.at_level(logging.WARNING):
        server.behave = stop_before_the_second_answer
        _deliver(world, SmtpTransport(read_server(server.url)))
        starting[0].join()
        assert server.received == Counter({"2-1": 1, "2-2": 1, "2-3": 1})
    assert world.totals(2).accepted == 3
    assert "batch" in caplog.text
    assert "the provider has accepted it" in caplog.text
    world.check()


def test_a_sendgrid_answer_given_while_postgresql_restarts_is_not_forgotten(
    own_cluster: postgresql_cluster.Cluster, tmp_path: Path
) -> None:
    url = own_cluster.create("restarted")
    migrate(open_database(url))
    world = _announced(url, tmp_path)

    def stop_before_the_answer(_: SendRequest) -> Behaviour:
        own_cluster.stop()
        threading.Timer(3, own_cluster.start).start()
        return Behaviour.ACCEPT

    with SendGridServer() as provider:
        provider.behave = stop_before_the_answer
        _deliver(world, SendGridTransport(api_key=API_KEY, host=provider.url, subuser=None))
    assert world.totals(2).accepted == 3
    world.check()


def test_an_intent_that_may_be_on_record_is_taken_back_since_nothing_was_written(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database breaks off right after it has committed the intent."""
    world = _announced(sqlite_url, tmp_path)
    intend = Ledger.intend
    broken = list[object]()

    def break_off(self: Ledger, claim: Claim, *, request_sha256: str) -> bool:
        held = intend(self, claim, request_sha256=request_sha256)
        if not broken:
            broken.append(claim)
            raise UnreadableDatabaseError(world.engine.url, "the connection was lost", "fix it")
        return held

    monkeypatch.setattr(Ledger, "intend", break_off)
    with SmtpServer() as server:
        _deliver(world, SmtpTransport(read_server(server.url)))
        assert server.received == Counter({"2-1": 1, "2-2": 1, "2-3": 1})
    assert world.totals(2).accepted == 3
    world.check()


@pytest.mark.parametrize("kind", ["smtp", "folder"])
def test_an_answer_given_while_sqlite_is_locked_is_not_forgotten(
    kind: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscribers.database.BUSY_SECONDS", 1)
    world = _announced(sqlite_url, tmp_path)
    file = sqlite_url.removeprefix("sqlite:///")

    def lock() -> None:
        connection = sqlite3.connect(file, isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        locked.set()
        time.sleep(4)
        connection.execute("ROLLBACK")

    locked, locking = Event(), threading.Thread(target=lock)

    def lock_once(*_: object) -> Behaviour:
        if not locked.is_set():
            locking.start()
            locked.wait()
        return Behaviour.ACCEPT

    with SmtpServer() as server:
        server.behave = lock_once
        if kind == "smtp":
            _deliver(world, SmtpTransport(read_server(server.url)))
            assert set(server.received.values()) == {1}
        else:
            write = Path.replace
            monkeypatch.setattr(Path, "replace", lambda *names: (lock_once(), write(*names))[1])
            _deliver(world, FolderTransport(tmp_path / "mails"))
    locking.join()
    assert world.totals(2).accepted == 3
    world.check()


def test_the_wait_for_the_database_ends_and_says_what_is_known() -> None:
    url = open_database("sqlite:///none").url

    def fail() -> None:
        raise UnreadableDatabaseError(url, "cannot be reached", "fix it")

    with pytest.raises(UnrecordedAnswerError) as caught:
        record_answer(
            fail,
            answer="batch 7: the provider has accepted it (id 4711)",
            remedy="policy-notify resolve 7 --sent",
            patience=timedelta(0),
        )
    for part in ("batch 7", "4711", "cannot be reached", "policy-notify resolve 7 --sent"):
        assert part in str(caught.value)
