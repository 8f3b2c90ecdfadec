"""A receiving domain that refuses us is paused, and the limit of another is kept; all others go on."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from support.world import World

from subscribers.announcing import announcements
from subscribers.database import reading
from subscribers.ledger.domain_limits import DomainLimit
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import statuses
from subscribers.model import batches
from subscribers.transports import DeferredError, OutgoingBatch, UnclearRefusalError

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
START = datetime(2026, 6, 1, 12, tzinfo=UTC)  # of every world


def begin(world: World, *domains: str) -> World:
    """Announce to one user at each of these domains, in this order."""
    world.transport.name, world.transport.batch_limit = "smtp", 1
    for number, domain in enumerate(domains):
        world.register(f"user{number}", email=f"user{number}@{domain}")
    world.open_with_baseline()
    world.announce()
    return world


def refuse(world: World, *domains: str, busy: bool = False) -> Counter[str]:
    """Let these domains refuse; counts the attempts by domain."""
    tried: Counter[str] = Counter()

    def rule(outgoing: OutgoingBatch) -> None:
        domain = outgoing.recipients[0].address.partition("@")[2]
        tried[domain] += 1
        if domain in domains and busy:
            raise DeferredError("450 4.7.28 too much", reason="4.7.28 security or policy", slower=True)
        if domain in domains:
            raise UnclearRefusalError("550 5.7.26 no", reason="5.7.26 sender not authenticated")

    world.transport.rule = rule
    return tried


def state(world: World) -> str:
    return next(status.state for status in statuses(world.engine) if status.announcement_id == 2)


def test_a_domain_that_refuses_us_is_paused_and_the_others_go_on(world: World) -> None:
    begin(world, *["good.example", "picky.example"] * 10)
    tried = refuse(world, "picky.example")
    world.deliver()
    assert tried == {"good.example": 10, "picky.example": 3}
    assert state(world) == "open"
    totals = world.totals(2)
    assert (totals.accepted, totals.waiting, totals.rejected) == (10, 10, 0)
    [pause] = world.ledger.domain_pauses(world.transport)
    assert (pause.domain, pause.reason) == ("picky.example", "5.7.26 sender not authenticated")


@on_sqlite
def test_a_paused_domain_is_tried_again_with_one_message_and_longer_each_time(world: World) -> None:
    begin(world, "good.example", *["picky.example"] * 6)
    tried = refuse(world, "picky.example")
    world.deliver()
    assert tried["picky.example"] == 3
    for minutes, number in ((14, 3), (2, 4), (29, 4), (2, 5), (59, 5), (2, 6)):
        world.wait(minutes=minutes)
        world.deliver()
        assert tried["picky.example"] == number
    assert world.totals(2).waiting == 6
    world.transport.rule = lambda _: None
    world.wait(hours=4)
    world.deliver()
    assert world.totals(2).accepted == 7
    assert not world.ledger.domain_pauses(world.transport)


@on_sqlite
def test_refusals_by_every_domain_pause_the_announcement(world: World) -> None:
    begin(world, *["one.example", "two.example"] * 10)
    tried = refuse(world, "one.example", "two.example")
    world.deliver()
    assert state(world) == "paused"
    assert tried.total() == 5
    assert world.totals(2).waiting == 20


@on_sqlite
def test_domains_that_refuse_one_after_another_without_any_acceptance_pause_the_announcement(
    world: World,
) -> None:
    begin(world, "good.example", *["one.example"] * 5, *["two.example"] * 9, "good.example")
    tried = refuse(world, "one.example", "two.example")
    world.deliver()
    assert state(world) == "paused"
    assert tried == {"good.example": 1, "one.example": 3, "two.example": 5}


@on_sqlite
def test_the_only_domain_of_all_recipients_pauses_the_announcement(world: World) -> None:
    begin(world, *["only.example"] * 9)
    refuse(world, "only.example")
    world.deliver()
    assert state(world) == "paused"


@on_sqlite
def test_a_domain_that_wants_less_is_paused_and_not_the_server(world: World) -> None:
    begin(world, "good.example", *["busy.example"] * 8, *["good.example"] * 3)
    tried = refuse(world, "busy.example", busy=True)
    world.deliver()
    assert tried == {"good.example": 4, "busy.example": 3}
    [pause] = world.ledger.domain_pauses(world.transport)
    assert pause.until - world.now == timedelta(minutes=1)


@on_sqlite
def test_a_release_tries_every_domain_at_once(world: World) -> None:
    begin(world, "good.example", *["picky.example"] * 6)
    refuse(world, "picky.example")
    world.deliver()
    announcements.retry(world.engine, 2)
    world.transport.rule = lambda _: None
    world.deliver()
    assert world.totals(2).accepted == 7


@on_sqlite
def test_a_domain_that_refuses_for_five_days_is_left_to_a_person(world: World) -> None:
    begin(world, "good.example", *["picky.example"] * 3)
    refuse(world, "picky.example")
    world.deliver()
    while state(world) == "open":
        world.wait(hours=5)
        world.deliver()
    assert timedelta(days=5) <= world.now - START <= timedelta(days=6)
    assert world.totals(2).waiting == 3


@on_sqlite
@pytest.mark.parametrize("limits", [{"slow.example": DomainLimit(hourly=60)}, {"*": DomainLimit(hourly=60)}])
def test_a_domain_gets_no_more_than_its_limit(world: World, limits: dict[str, DomainLimit]) -> None:
    begin(world, *["slow.example"] * 5, *["good.example"] * (5 if "*" not in limits else 0))
    world.ledger = Ledger(world.engine, mark=world.mark, now=lambda: world.now, domain_limits=limits)
    tried = refuse(world)
    for minute in range(1, 6):
        world.deliver()
        assert tried["slow.example"] == minute
        assert tried["good.example"] == (5 if "*" not in limits else 0)
        world.wait(seconds=60.5)  # somewhat late each time
    assert world.totals(2).accepted == tried.total()


def test_each_waiting_recipient_has_a_moment_of_their_own(world: World) -> None:
    begin(world, *["slow.example"] * 4)
    world.ledger = Ledger(
        world.engine,
        mark=world.mark,
        now=lambda: world.now,
        domain_limits={"slow.example": DomainLimit(hourly=60)},
    )
    began = world.now
    world.deliver()
    with reading(world.engine) as connection:
        moments = connection.scalars(select(batches.c.retry_at).where(batches.c.retry_at.is_not(None))).all()
    assert sorted(moments) == [began + timedelta(minutes=minute) for minute in (1, 2, 3)]


def test_a_domain_gets_no_more_messages_at_once_than_its_limit(world: World) -> None:
    begin(world, *["slow.example"] * 3)
    limits = {"slow.example": DomainLimit(at_once=1)}
    world.ledger = Ledger(world.engine, mark=world.mark, now=lambda: world.now, domain_limits=limits)
    world.ledger.fan_out(batch_limit=1)
    first, second, _ = world.ledger.sendable(world.transport)
    claim = world.ledger.claim(first, world.transport)
    assert claim is not None
    assert world.ledger.claim(second, world.transport) is None
    world.ledger.put_back(claim, "not sent")
    world.wait(seconds=2)
    assert world.ledger.claim(second, world.transport) is not None
