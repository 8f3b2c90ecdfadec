"""A batch stays its sender's as long as its request is under way, and not a moment longer."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from support.world import SENDER, World

from subscribers import clock
from subscribers.announcing import announcements
from subscribers.database import open_database
from subscribers.delivery.sending import deliver_batch
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import statuses
from subscribers.transports import OutgoingBatch, UnconfirmedError

SHORT = timedelta(seconds=3)


@pytest.fixture
def announced(world: World) -> World:
    """Five people, announcement 2 with a batch for each, and real time."""
    world.register("anna", "boris", "chen", "dora", "emil")
    world.open_with_baseline()
    world.announce()
    world.transport.batch_limit = 1
    world.ledger.fan_out(batch_limit=1)
    return world


def test_a_slow_answer_is_waited_for_and_the_lease_is_renewed_meanwhile(announced: World) -> None:
    ledger = Ledger(announced.engine, mark=announced.mark, lease=SHORT)
    expired = []

    def slowly(_: OutgoingBatch) -> None:
        for _step in range(20):
            time.sleep(0.25)
            expired.append(ledger.expire())

    announced.transport.rule = slowly
    assert deliver_batch(ledger, announced.transport, 1, sender=SENDER)

    assert set(expired) == {0}
    assert announced.totals(2).accepted == 1


def test_a_machine_that_was_suspended_writes_nothing_when_it_wakes(
    announced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``time.monotonic()`` stands still meanwhile; the time since boot does not."""
    suspended_seconds = 0.0
    awake = clock.seconds_since_boot
    monkeypatch.setattr("subscribers.delivery.lease.seconds_since_boot", lambda: awake() + suspended_seconds)
    asked = []

    class Sleeper:
        sha256 = "0" * 64

        def send(self, *, may_write: object) -> None:
            nonlocal suspended_seconds
            assert callable(may_write)
            asked.append(may_write())
            suspended_seconds = 90
            asked.append(may_write())

    announced.transport.prepare = lambda _: Sleeper()  # type: ignore[method-assign, assignment, return-value]
    deliver_batch(Ledger(announced.engine, mark=announced.mark), announced.transport, 1, sender=SENDER)
    assert asked == [True, False]


def test_the_clock_of_a_lease_goes_on_while_the_machine_is_suspended() -> None:
    running = time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
    assert clock.seconds_since_boot() == pytest.approx(running, abs=1)


def test_a_lease_that_others_took_is_not_renewed(announced: World) -> None:
    claim = announced.ledger.claim(1, announced.transport)
    assert claim is not None
    assert announced.ledger.renew(claim)
    announced.ledger.intend(claim, request_sha256="0" * 64)
    announced.wait(seconds=46)
    announced.ledger.expire()
    assert not announced.ledger.renew(claim)


def test_all_senders_on_one_postgresql_go_by_its_clock(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine whose own clock is an hour ahead takes no living sender's batch."""
    now = datetime.now(UTC)

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return now + timedelta(hours=1)

    monkeypatch.setattr(clock, "datetime", Ahead)
    assert abs(Ledger(open_database(postgresql_url)).now() - now) < timedelta(minutes=1)


def test_a_few_unknowns_in_a_row_pause_the_announcement(announced: World) -> None:
    announced.transport.answers = [UnconfirmedError("timed out")] * 5
    for batch_id in range(1, 4):
        _send(announced, batch_id)

    [status, _] = statuses(announced.engine)
    assert status.state == "paused"
    assert status.pause_reason is not None
    assert "3 requests" in status.pause_reason
    assert "timed out" in status.pause_reason
    assert (announced.totals(2).unknown, announced.totals(2).waiting) == (3, 2)


def test_unknowns_with_an_answer_between_them_pause_nothing(announced: World) -> None:
    announced.transport.answers = [
        UnconfirmedError("timed out"),
        UnconfirmedError("timed out"),
        None,
        UnconfirmedError("timed out"),
        UnconfirmedError("timed out"),
    ]
    for batch_id in range(1, 6):
        _send(announced, batch_id)

    assert statuses(announced.engine)[0].state == "open"
    assert announced.totals(2).unknown == 4


def test_an_announcement_released_after_unknowns_goes_on_until_the_next(announced: World) -> None:
    announced.transport.answers = [UnconfirmedError("timed out")] * 3
    for batch_id in range(1, 4):
        _send(announced, batch_id)
    announcements.release(announced.engine, 2)
    _send(announced, 4)

    assert announced.totals(2).accepted == 1
    assert statuses(announced.engine)[0].state == "open"


def _send(world: World, batch_id: int) -> None:
    world.wait(minutes=20)  # the provider is left alone after each unknown
    deliver_batch(world.ledger, world.transport, batch_id, sender=SENDER)
    world.check()
