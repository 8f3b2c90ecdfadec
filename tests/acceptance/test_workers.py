"""Workers on one PostgreSQL: one is killed, the database is restarted, and every user is notified once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import postgresql_cluster
from support.published_site import PublishedSiteMaker
from support.sendgrid_server import Behaviour, SendGridServer, SendRequest
from support.world import SENDER, ScriptedTransport, World

from subscribers.database import migrate, open_database
from subscribers.delivery.workers import work
from subscribers.errors import NotifyError
from subscribers.ledger.ledger import Ledger

LEASE_SECONDS = 3
PEOPLE = 300
TESTS = Path(__file__).parents[1]


@pytest.fixture
def provider() -> Iterator[SendGridServer]:
    with SendGridServer() as double:
        yield double


@pytest.fixture
def start(provider: SendGridServer, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Start a worker on a database; all are ended afterwards."""
    running: list[subprocess.Popen[bytes]] = []

    def start_worker(url: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "support.worker_process", url, provider.url]
        name = f"worker{len(running)}"
        worker = subprocess.Popen([*command, name, str(LEASE_SECONDS), str(tmp_path / "site")], cwd=TESTS)
        running.append(worker)
        return worker

    yield start_worker
    for worker in running:
        worker.kill()
        worker.wait()


@pytest.fixture
def announced(postgresql_url: str, tmp_path: Path) -> World:
    """People in batches of ten, and an announcement."""
    world = World(open_database(postgresql_url), PublishedSiteMaker(tmp_path / "site"))
    world.register(*(f"person{number}" for number in range(PEOPLE)))
    world.open_with_baseline()
    world.announce()
    return world


def until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_the_batch_of_a_killed_worker_is_unknown_and_the_others_are_sent(
    announced: World,
    provider: SendGridServer,
    start: Callable[[str], subprocess.Popen[bytes]],
    postgresql_url: str,
) -> None:
    workers = {f"worker{number}": start(postgresql_url) for number in range(3)}
    killed: list[str] = []

    def kill_who_sends_the_fifth(request: SendRequest) -> Behaviour:
        name = request.headers["on-behalf-of"]
        if len(provider.accepted) >= 4 and not killed:
            killed.append(name)
            workers[name].kill()
        time.sleep(0.1)
        return Behaviour.ACCEPT

    provider.behave = kill_who_sends_the_fifth
    until(lambda: announced.totals(2).unknown == 10, seconds=60)
    until(lambda: announced.totals(2).accepted == PEOPLE - 10, seconds=60)

    announced.check()
    assert announced.totals(2).waiting == 0
    assert set(provider.received.values()) == {1}
    assert len(provider.received) == PEOPLE
    assert {request.headers["on-behalf-of"] for request in provider.accepted} == set(workers)


def test_a_database_restarted_in_the_middle_loses_nothing(
    provider: SendGridServer, start: Callable[[str], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    if not postgresql_cluster.BINARIES:
        pytest.skip(postgresql_cluster.MISSING)
    with postgresql_cluster.running_cluster() as cluster:
        url = cluster.create("restarted")
        migrate(open_database(url))
        world = World(open_database(url), PublishedSiteMaker(tmp_path / "site"))
        world.register(*(f"person{number}" for number in range(PEOPLE)))
        world.open_with_baseline()
        world.announce()
        for _ in range(2):
            start(url)

        def slowly(_: SendRequest) -> Behaviour:
            time.sleep(0.1)
            return Behaviour.ACCEPT

        provider.behave = slowly
        until(lambda: len(provider.accepted) >= 5, seconds=60)
        cluster.stop()
        time.sleep(1)
        cluster.start()
        world = World(open_database(url), world.site)
        until(lambda: _nobody_waits(world), seconds=90)

        world.check()
        assert Counter(provider.received.values()) == {1: PEOPLE}
        assert world.totals(2).unknown == 0


def _nobody_waits(world: World) -> bool:
    totals = world.totals(2)
    return totals.audience == PEOPLE and totals.waiting == 0


def test_a_worker_that_is_stopped_finishes_its_batch(
    announced: World,
    provider: SendGridServer,
    start: Callable[[str], subprocess.Popen[bytes]],
    postgresql_url: str,
) -> None:
    worker = start(postgresql_url)

    def stop_at_the_fifth(_: SendRequest) -> Behaviour:
        if len(provider.accepted) == 4:
            worker.send_signal(signal.SIGTERM)
            time.sleep(1)
        return Behaviour.ACCEPT

    provider.behave = stop_at_the_fifth
    assert worker.wait(timeout=60) == 0
    totals = announced.totals(2)
    assert totals.unknown == 0
    assert totals.accepted == sum(provider.received.values())
    assert 50 <= totals.accepted < PEOPLE


def test_workers_need_a_postgresql(sqlite_url: str) -> None:
    ledger = Ledger(open_database(sqlite_url))
    with pytest.raises(NotifyError, match="workers need PostgreSQL"):
        work(ledger, ScriptedTransport(), sender=SENDER, reconciliation=None)
