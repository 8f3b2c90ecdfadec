"""Too many complaints stop an announcement by themselves; a few do not, and a person may go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from support.sendgrid_server import EventSource
from support.world import SENDER, World

from subscribers.announcing import announcements
from subscribers.database import writing
from subscribers.delivery.sending import deliver_batch
from subscribers.ledger.signed_events import Verifier, receive
from subscribers.ledger.totals import statuses
from subscribers.model import batches

SOURCE = EventSource()
VERIFIER = Verifier(SOURCE.public_key)


@pytest.fixture
def told(world: World) -> World:
    """Twenty of forty users are notified; each represents a hundred."""
    world.register(*(f"person{number}" for number in range(40)))
    world.open_with_baseline()
    world.announce()
    world.ledger.fan_out(batch_limit=20)
    deliver_batch(world.ledger, world.transport, world.ledger.sendable(world.transport)[0], sender=SENDER)
    return world


def complain(world: World, *names: int) -> None:
    """Signed events: these people press "this is spam"."""
    outgoing = world.transport.taken[0]
    posted = [
        SOURCE.event("spamreport", token=outgoing.token, delivery=one.delivery, address=one.address)
        for one in (outgoing.recipients[number] for number in names)
    ]
    receive(world.engine, VERIFIER, SOURCE.post(posted), now=world.now, keep_body=False)


def pause_reason(world: World) -> str | None:
    return statuses(world.engine)[0].pause_reason


def accept(world: World, mails: int) -> None:
    """Pretend that the accepted batch had this many messages."""
    with writing(world.engine) as connection:
        connection.execute(update(batches).where(batches.c.state == "accepted").values(size=mails))


def test_one_complaint_in_a_thousand_pauses_it_with_the_reason(told: World) -> None:
    accept(told, 3000)
    complain(told, 1, 2)
    assert pause_reason(told) is None
    complain(told, 3)
    assert pause_reason(told) == "3 complaints about 3,000 messages; the limit is 1 in 1,000"
    assert statuses(told.engine)[0].state == "paused"
    assert told.ledger.sendable(told.transport) == []


def test_one_recipient_does_not_stop_the_messages_of_others(told: World) -> None:
    complain(told, 1)
    assert pause_reason(told) is None
    complain(told, 1)
    assert pause_reason(told) is None, "the same complaint again"
    complain(told, 2)
    assert pause_reason(told) == "2 complaints about 20 messages; the limit is 1 in 1,000"


def test_a_release_bears_the_complaints_so_far(told: World) -> None:
    accept(told, 3000)
    complain(told, 1, 2, 3)
    announcements.release(told.engine, 2)
    complain(told, 4, 5)
    assert pause_reason(told) is None
    complain(told, 6)
    assert pause_reason(told) == "6 complaints about 3,000 messages; the limit is 1 in 1,000"


def test_complaints_after_the_end_change_only_who_is_notified_next(told: World) -> None:
    told.deliver()
    complain(told, 1, 2)
    told.wait(seconds=timedelta(days=1).total_seconds())
    told.announce("We keep even less.")
    told.deliver()
    assert [name for name, reason in told.exclusions(3).items() if reason == "unreachable"] == [
        "person1",
        "person2",
    ]
