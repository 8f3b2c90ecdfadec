"""The hourly limit applies to all senders together, and a new sender reaches it day by day."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from support.world import SENDER, World

from subscribers.database import reading
from subscribers.delivery.forecast import forecast
from subscribers.delivery.sending import deliver_batch
from subscribers.ledger.hourly_limit import HourlyLimit, days_with_mail
from subscribers.ledger.ledger import Ledger
from subscribers.transports import ThrottledError

HOUR = timedelta(hours=1)


@pytest.fixture
def waiting(world: World) -> World:
    """A hundred and fifty users, and one change to notify them of."""
    world.register(*(f"person{number}" for number in range(150)))
    world.open_with_baseline()
    world.announce()
    world.ledger.fan_out(batch_limit=1000)
    return world


def keep(world: World, hourly_limit: HourlyLimit) -> None:
    """Give the world's sender this hourly limit."""
    world.ledger = Ledger(world.engine, mark=world.mark, now=lambda: world.now, hourly_limit=hourly_limit)


def send_for(world: World, duration: timedelta, *, ledgers: int = 1) -> int:
    """Let this many senders send all that they may, second by second, and count the messages."""
    before, end = sum(world.transport.received.values()), world.now + duration
    senders = [world.ledger] + [
        Ledger(
            world.engine,
            mark=world.mark,
            now=lambda: world.now,
            hourly_limit=world.ledger.hourly_limit,
        )
        for _ in range(ledgers - 1)
    ]
    while world.now < end:
        for ledger in senders:
            for batch_id in ledger.sendable(world.transport, limit=2):
                deliver_batch(ledger, world.transport, batch_id, sender=SENDER)
        chances = [ledger.next_chance(world.transport) for ledger in senders]
        world.now = min([end, *(max(chance, world.now) for chance in chances if chance is not None)])
    world.check()
    return sum(world.transport.received.values()) - before


def test_no_more_than_the_hourly_limit_is_sent_in_an_hour_by_any_number_of_senders(waiting: World) -> None:
    keep(waiting, HourlyLimit(every_day=120))
    assert send_for(waiting, HOUR, ledgers=3) == 120
    assert max(len(outgoing.recipients) for outgoing in waiting.transport.taken) == 2, "spread over the hour"


def test_an_hourly_limit_is_kept_after_the_provider_asked_for_a_pause(waiting: World) -> None:
    keep(waiting, HourlyLimit(every_day=120))
    waiting.transport.answers = [ThrottledError("slow down", retry_after=600.0)]
    assert send_for(waiting, HOUR) == 100


def test_a_sender_that_is_too_early_is_refused_by_the_ledger_itself(waiting: World) -> None:
    keep(waiting, HourlyLimit(every_day=60))
    send_for(waiting, timedelta(minutes=1))
    first, second, *_ = waiting.ledger.sendable(waiting.transport)
    assert waiting.ledger.claim(first, waiting.transport) is not None
    assert waiting.ledger.claim(second, waiting.transport) is None
    assert waiting.ledger.sendable(waiting.transport) == []


def test_a_new_sender_starts_slowly_and_may_send_more_after_each_day(waiting: World) -> None:
    keep(waiting, HourlyLimit(every_day=50, first_day=20))
    told = []
    for _ in range(4):
        told.append(send_for(waiting, timedelta(minutes=59)))
        waiting.wait(hours=24)
    assert told == [20, 28, 39, 50]


def test_a_month_without_sending_makes_a_sender_new_again(waiting: World) -> None:
    keep(waiting, HourlyLimit(first_day=20))
    send_for(waiting, HOUR)
    waiting.wait(days=1)
    assert send_for(waiting, HOUR) == 28
    waiting.wait(days=31)
    with reading(waiting.engine) as connection:
        assert days_with_mail(connection, "sendgrid", now=waiting.now) == 0
    assert send_for(waiting, HOUR) == 20


def test_without_an_hourly_limit_nothing_waits(waiting: World) -> None:
    waiting.deliver()
    assert Counter(waiting.transport.received.values()) == {1: 150}


@pytest.mark.parametrize(
    "hourly_limit", [HourlyLimit(every_day=120), HourlyLimit(every_day=60, first_day=20)]
)
def test_the_forecast_keeps_the_hourly_limit_and_holds(waiting: World, hourly_limit: HourlyLimit) -> None:
    keep(waiting, hourly_limit)
    begun = waiting.now
    foretold = []
    while waiting.totals(2).waiting:
        foretold.append(forecast(waiting.engine, 2, "sendgrid", now=waiting.now, hourly_limit=hourly_limit))
        send_for(waiting, timedelta(minutes=40))
    with_mail = max(outgoing.written_at for outgoing in waiting.transport.taken)
    for expected in foretold[:-1]:
        assert expected is not None
        assert abs(expected - with_mail) <= (with_mail - begun) / 10


def test_a_provider_slower_than_the_hourly_limit_decides_the_forecast(waiting: World) -> None:
    hourly_limit = HourlyLimit(every_day=1800)
    keep(waiting, hourly_limit)
    begun = waiting.now
    waiting.transport.rule = lambda _: waiting.wait(seconds=70)
    send_for(waiting, timedelta(minutes=2))
    expected = forecast(waiting.engine, 2, "sendgrid", now=waiting.now, hourly_limit=hourly_limit)
    send_for(waiting, timedelta(minutes=30))
    assert waiting.totals(2).waiting == 0
    end = waiting.transport.taken[-1].written_at + timedelta(seconds=70)
    assert expected is not None
    assert abs(expected - end) <= (end - begun) / 10


def test_an_hourly_limit_outlives_the_process(database: Engine, waiting: World) -> None:
    keep(waiting, HourlyLimit(every_day=60))
    send_for(waiting, timedelta(seconds=1))
    keep(waiting, HourlyLimit(every_day=60))
    assert waiting.ledger.sendable(waiting.transport) == []
    pause = waiting.ledger.provider_pause(waiting.transport)
    assert pause is not None
    assert pause.for_hourly_limit
