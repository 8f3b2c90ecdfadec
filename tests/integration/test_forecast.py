"""The forecast of when the last user will be notified, and how accurate it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random

import pytest
from support.world import SENDER, World

from subscribers.delivery.forecast import forecast
from subscribers.delivery.sending import deliver_batch
from subscribers.transports import DeferredError

BATCHES = 40


@pytest.fixture
def announcement(world: World) -> int:
    """Four hundred users, ten to a batch, and one change to notify them of."""
    world.register(*(f"person{number}" for number in range(BATCHES * 10)))
    world.open_with_baseline()
    number = world.announce()
    world.ledger.fan_out(batch_limit=10)
    return number


def _take(world: World, seconds: float, _: object) -> None:
    world.wait(seconds=seconds)


def send_all(
    world: World, announcement: int, seconds: Callable[[int], float]
) -> tuple[list[tuple[datetime, datetime | None]], datetime]:
    """Send each batch in the ``seconds`` it takes: when what was foretold, and when the end really came."""
    foretold = []
    for number, batch_id in enumerate(world.ledger.sendable(world.transport)):
        taken = seconds(number)
        world.transport.rule = partial(_take, world, taken)
        deliver_batch(world.ledger, world.transport, batch_id, sender=SENDER)
        foretold.append((world.now, forecast(world.engine, announcement, "sendgrid", now=world.now)))
    return foretold, world.now


def test_it_is_within_a_tenth_at_an_uneven_rate(world: World, announcement: int) -> None:
    random = Random(4)
    begun = world.now
    foretold, end = send_all(world, announcement, lambda _: random.uniform(7, 13))

    assert foretold[-1][1] is None
    for _, expected in foretold[BATCHES // 4 : -1]:
        assert expected is not None
        assert abs(expected - end) <= (end - begun) / 10


def test_it_follows_a_change_of_the_rate(world: World, announcement: int) -> None:
    begun = world.now
    foretold, end = send_all(world, announcement, lambda number: 10 if number < 10 else 30)

    for at, expected in foretold[:-1]:
        if at - begun > timedelta(seconds=100) + timedelta(minutes=5):
            assert expected is not None
            assert abs(expected - end) <= (end - begun) / 10


def test_nothing_is_foretold_where_nothing_moves(world: World, announcement: int) -> None:
    assert forecast(world.engine, announcement, "sendgrid", now=world.now) is None

    world.transport.rule = lambda _: world.wait(seconds=5)
    deliver_batch(world.ledger, world.transport, 1, sender=SENDER)
    assert forecast(world.engine, announcement, "sendgrid", now=world.now) is not None
    world.wait(minutes=6)
    assert forecast(world.engine, announcement, "sendgrid", now=world.now) is None


def test_a_pause_and_a_later_try_are_counted_in(world: World, announcement: int) -> None:
    world.transport.rule = lambda _: world.wait(seconds=10)
    for batch_id in world.ledger.sendable(world.transport)[:4]:
        deliver_batch(world.ledger, world.transport, batch_id, sender=SENDER)
    left = timedelta(seconds=10) * (BATCHES - 4)
    assert forecast(world.engine, announcement, "sendgrid", now=world.now) == world.now + left

    pause = timedelta(minutes=3)
    world.ledger.pause_provider(world.transport, detail="429", first=pause)
    assert forecast(world.engine, announcement, "sendgrid", now=world.now) == world.now + pause + left

    world.ledger.end_provider_pause(world.transport)
    world.transport.answers = [DeferredError("greylisted")] * 30
    last = world.ledger.sendable(world.transport)[-1]
    for _ in range(3):
        deliver_batch(world.ledger, world.transport, last, sender=SENDER)
        world.wait(minutes=0)
    expected = forecast(world.engine, announcement, "sendgrid", now=world.now)
    assert expected is not None
    assert expected >= world.now + timedelta(minutes=2)
