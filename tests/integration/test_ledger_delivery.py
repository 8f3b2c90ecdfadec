"""With every answer of the provider, no recipient receives two messages, and none is lost unnoticed."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from support.world import SENDER, World, addresses

from subscribers.announcing import announcements
from subscribers.delivery.sending import ProviderRefusedError, deliver_batch
from subscribers.delivery.status_report import line
from subscribers.ledger.ledger import Ledger
from subscribers.ledger.totals import statuses
from subscribers.ledger.unknown_batches import NotUnconfirmedError
from subscribers.transports import (
    DeferredError,
    MisconfiguredError,
    OutgoingBatch,
    RefusedError,
    ThrottledError,
    TooLateError,
    UnconfirmedError,
    UnreachableError,
)

NAMES = ("anna", "boris", "chen", "dora")


@pytest.fixture
def announced(world: World) -> World:
    """Four people and announcement 2, nothing sent."""
    world.register(*NAMES)
    world.open_with_baseline()
    assert world.announce() == 2
    return world


def test_every_user_receives_one_message(announced: World) -> None:
    announced.deliver()

    assert announced.transport.received == addresses(NAMES)
    totals = announced.totals(2)
    assert (totals.audience, totals.accepted) == (4, 4)


def test_a_second_run_sends_nothing(announced: World) -> None:
    announced.deliver()
    announced.deliver()

    assert announced.transport.received == addresses(NAMES)


def test_a_batch_holds_no_more_than_the_transport_takes(announced: World) -> None:
    announced.transport.batch_limit = 3
    announced.deliver()

    assert sorted(len(outgoing.recipients) for outgoing in announced.transport.taken) == [1, 3]


def test_a_batch_planned_for_another_transport_is_cut_to_size(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1000)
    announced.transport.batch_limit = 1
    announced.deliver()

    assert announced.transport.received == addresses(NAMES)


@pytest.mark.parametrize(
    "answer",
    [UnreachableError("no route"), ThrottledError("busy"), TooLateError(), DeferredError("greylisted")],
)
def test_what_was_surely_not_sent_is_sent_later(announced: World, answer: Exception) -> None:
    announced.transport.answers = [answer]
    announced.deliver()
    if not isinstance(answer, TooLateError):
        assert announced.totals(2).waiting == 4
        announced.wait(minutes=10)
        announced.deliver()

    assert announced.transport.received == addresses(NAMES)
    assert sorted(announced.attempts()) == ["accepted", "unsent"]


def test_a_throttled_provider_is_left_alone_as_long_as_it_asks(announced: World) -> None:
    announced.transport.answers = [ThrottledError("429", retry_after=90)]
    announced.deliver()
    announced.wait(seconds=89)
    announced.deliver()
    assert announced.transport.taken == []

    announced.wait(seconds=2)
    announced.deliver()
    assert announced.transport.received == addresses(NAMES)


def test_a_provider_that_stays_away_is_called_ever_more_rarely(announced: World) -> None:
    announced.transport.answers = [UnreachableError("no route")] * 40
    for _ in range(120):
        announced.deliver()
        announced.wait(minutes=1)
    calls = 40 - len(announced.transport.answers)

    assert 8 <= calls <= 16
    announced.transport.answers = []
    announced.wait(minutes=15)
    announced.deliver()
    assert announced.transport.received == addresses(NAMES)


def test_a_provider_that_wants_nothing_from_us_stops_the_run_and_loses_nothing(
    announced: World,
) -> None:
    announced.transport.answers = [MisconfiguredError("401 wrong key")]
    with pytest.raises(ProviderRefusedError, match="401 wrong key"):
        announced.deliver()
    announced.check()
    assert announced.totals(2).waiting == 4

    announced.deliver()
    assert announced.transport.received == addresses(NAMES)


def test_one_bad_address_does_not_block_the_others(announced: World) -> None:
    def refuse_chen(outgoing: OutgoingBatch) -> None:
        if any(recipient.address.startswith("chen") for recipient in outgoing.recipients):
            raise RefusedError("400 bad address")

    announced.transport.rule = refuse_chen
    announced.deliver()

    assert announced.transport.received == addresses(["anna", "boris", "dora"])
    totals = announced.totals(2)
    assert (totals.accepted, totals.rejected) == (3, 1)


def test_a_provider_that_refuses_every_recipient_is_not_asked_for_each_and_nobody_is_lost(
    announced: World,
) -> None:
    announced.register(*(f"person{number}" for number in range(200)))

    def refuse(_: OutgoingBatch) -> None:
        raise RefusedError("400 bad request")

    announced.transport.rule = refuse
    announced.deliver()
    announced.deliver()

    [status] = [status for status in statuses(announced.engine) if status.announcement_id == 2]
    assert (status.state, status.totals.rejected, status.totals.waiting) == ("paused", 0, 204)
    assert "paused by itself (the last 100 recipients were refused: 400" in line(status)


def test_a_pause_that_one_worker_is_asked_for_holds_for_all(announced: World) -> None:
    announced.transport.batch_limit = 1
    announced.ledger.fan_out(batch_limit=1)
    announced.transport.answers = [ThrottledError("429", retry_after=60)]
    deliver_batch(announced.ledger, announced.transport, 1, sender=SENDER)
    another = Ledger(announced.engine, now=lambda: announced.now)

    assert another.claim(2, announced.transport) is None
    announced.wait(seconds=61)
    assert another.claim(2, announced.transport) is not None


def test_many_senders_at_once_send_each_message_once(announced: World) -> None:
    announced.register(*(f"person{number}" for number in range(60)))
    announced.transport.batch_limit = 1
    senders = [threading.Thread(target=announced.deliver) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    assert announced.totals(2).accepted == 64
    assert set(announced.transport.received.values()) == {1}


def test_an_unknown_batch_is_never_sent_again_by_itself(announced: World) -> None:
    announced.transport.answers = [UnconfirmedError("time-out")]
    announced.deliver()
    for _ in range(5):
        announced.wait(days=1)
        announced.deliver()

    assert announced.transport.taken == []
    assert announced.totals(2).unknown == 4
    [doubt] = announced.ledger.unknown_batches()
    assert (doubt.size, doubt.detail) == (4, "time-out")


def test_an_unknown_batch_resolved_as_unsent_is_sent_again(announced: World) -> None:
    announced.transport.answers = [UnconfirmedError("time-out")]
    announced.deliver()
    [doubt] = announced.ledger.unknown_batches()
    announced.ledger.resolve(doubt.batch_id, sent=False)
    announced.wait(minutes=1)
    announced.deliver()

    assert announced.transport.received == addresses(NAMES)


def test_an_unknown_batch_resolved_as_sent_is_settled(announced: World) -> None:
    announced.transport.answers = [UnconfirmedError("time-out")]
    announced.deliver()
    [doubt] = announced.ledger.unknown_batches()
    announced.ledger.resolve(doubt.batch_id, sent=True)
    announced.wait(minutes=1)
    announced.deliver()

    assert announced.transport.taken == []
    assert announced.totals(2).accepted == 4


def test_only_an_unknown_batch_can_be_resolved(announced: World) -> None:
    announced.deliver()
    with pytest.raises(NotUnconfirmedError, match="batch 1: is not unknown"):
        announced.ledger.resolve(1, sent=False)


def test_a_worker_lost_before_its_intent_leaves_nothing_unknown(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1000)
    assert announced.ledger.claim(1, announced.transport)
    announced.wait(seconds=44)
    announced.deliver()
    assert announced.transport.taken == []

    announced.wait(seconds=2)
    announced.deliver()
    assert announced.transport.received == addresses(NAMES)


def test_a_worker_lost_after_its_intent_leaves_its_batch_unknown(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1000)
    claim = announced.ledger.claim(1, announced.transport)
    assert claim
    assert announced.ledger.intend(claim, request_sha256="0" * 64)
    announced.wait(seconds=46)
    announced.deliver()

    assert announced.transport.taken == []
    assert announced.totals(2).unknown == 4


def test_a_lost_worker_of_a_repeatable_transport_leaves_nothing_unknown(announced: World) -> None:
    announced.transport.repeatable = True
    announced.ledger.fan_out(batch_limit=1000)
    claim = announced.ledger.claim(1, announced.transport)
    assert claim
    assert announced.ledger.intend(claim, request_sha256="0" * 64)
    announced.wait(seconds=46)
    announced.deliver()

    assert announced.transport.received == addresses(NAMES)


def test_an_answer_that_comes_after_the_lease_settles_the_unknown_batch(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1000)
    claim = announced.ledger.claim(1, announced.transport)
    assert claim
    assert announced.ledger.intend(claim, request_sha256="0" * 64)
    announced.wait(seconds=46)
    announced.ledger.expire()
    announced.ledger.accept(claim.token, provider_id="late")

    announced.check()
    assert announced.totals(2).accepted == 4


def test_a_worker_that_lost_its_claim_may_not_write(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1000)
    claim = announced.ledger.claim(1, announced.transport)
    assert claim
    announced.wait(seconds=46)
    announced.ledger.expire()

    assert not announced.ledger.intend(claim, request_sha256="0" * 64)


def test_a_batch_is_claimed_by_one_worker_only(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1000)

    assert announced.ledger.claim(1, announced.transport) is not None
    assert announced.ledger.claim(1, announced.transport) is None


def test_a_message_deferred_for_days_is_given_up(announced: World) -> None:
    announced.transport.batch_limit = 1
    announced.transport.rule = lambda outgoing: _defer(outgoing, "dora")
    for _ in range(40):
        announced.deliver()
        announced.wait(hours=4)

    totals = announced.totals(2)
    assert (totals.accepted, totals.rejected) == (3, 1)


def _defer(outgoing: OutgoingBatch, name: str) -> None:
    if outgoing.recipients[0].address.startswith(name):
        raise DeferredError("450 try later")


def test_a_user_who_is_erased_before_the_message_receives_none(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1000)
    gone = ("external_id", "email", "language", "registered_at", "pseudonym_key")
    announced.change("boris", erased_at=announced.now, **dict.fromkeys(gone))
    announced.change("chen", restricted_at=announced.now)
    announced.deliver()

    assert announced.transport.received == addresses(["anna", "dora"])
    assert announced.totals(2).excluded == {"left": 1, "restricted": 1}


def test_an_address_corrected_after_the_fan_out_is_the_one_used(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1000)
    announced.change("boris", email="new@example.com")
    announced.deliver()

    assert announced.transport.received["new@example.com"] == 1
    assert announced.transport.received["boris@example.com"] == 0


def test_a_held_announcement_waits_for_its_release(world: World) -> None:
    world.register(*NAMES)
    world.open_with_baseline()
    world.announce(hold=True)
    world.deliver()
    assert world.transport.taken == []

    announcements.release(world.engine, 2)
    world.deliver()
    assert world.transport.received == addresses(NAMES)


def test_a_paused_announcement_sends_no_further_batch(announced: World) -> None:
    announced.transport.batch_limit = 1
    announced.ledger.fan_out(batch_limit=1)
    deliver_batch(announced.ledger, announced.transport, 1, sender=SENDER)
    announcements.pause(announced.engine, 2)
    announced.deliver()
    assert len(announced.transport.taken) == 1

    announcements.release(announced.engine, 2)
    announced.deliver()
    assert announced.transport.received == addresses(NAMES)


def test_a_cancelled_announcement_excludes_the_recipients_who_are_waiting(announced: World) -> None:
    announced.transport.batch_limit = 1
    announced.ledger.fan_out(batch_limit=1)
    deliver_batch(announced.ledger, announced.transport, 1, sender=SENDER)
    announcements.cancel(announced.engine, 2)
    announced.deliver()

    totals = announced.totals(2)
    assert (totals.accepted, totals.excluded) == (1, {"cancelled": 3})


def test_what_is_under_way_at_a_cancel_is_not_tried_again(announced: World) -> None:
    announced.ledger.fan_out(batch_limit=1000)
    claim = announced.ledger.claim(1, announced.transport)
    assert claim
    announcements.cancel(announced.engine, 2)
    announced.ledger.put_back(claim, "no route")
    announced.deliver()

    assert announced.transport.taken == []
    assert announced.totals(2).excluded == {"cancelled": 4}


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (announcements.release, "is open; this needs one that is held or paused"),
        (announcements.cancel, "was sent completely"),
    ],
)
def test_what_does_not_fit_the_state_is_refused(announced: World, act: object, words: str) -> None:
    announced.deliver()
    assert callable(act)
    with pytest.raises(announcements.UnfitAnnouncementError, match=words):
        act(announced.engine, 2)


def test_announcements_go_out_one_after_another(announced: World) -> None:
    announced.announce("We keep even less.", hold=True)
    announced.announce("We keep nothing.")
    announced.deliver()
    assert announced.totals(3).audience == announced.totals(4).audience == 0

    announcements.release(announced.engine, 3)
    announced.deliver()
    assert [outgoing.message.subject for outgoing in announced.transport.taken]
    assert announced.transport.received == addresses(NAMES * 3)


def test_an_unknown_batch_does_not_hold_up_the_next_announcement(announced: World) -> None:
    announced.transport.answers = [UnconfirmedError("time-out")]
    announced.deliver()
    announced.announce("We keep even less.")
    announced.wait(minutes=1)
    announced.deliver()

    assert announced.transport.received == addresses(NAMES)
    [outgoing] = announced.transport.taken
    assert "We keep less." in outgoing.message.text
    assert "We keep even less." in outgoing.message.text


def test_a_change_in_a_later_message_is_not_sent_after_it(announced: World) -> None:
    announced.transport.answers = [UnconfirmedError("time-out")]
    announced.deliver()
    announced.announce("We keep even less.")
    announced.wait(minutes=1)
    announced.deliver()
    announced.ledger.resolve(1, sent=False)
    announced.deliver()

    assert announced.transport.received == addresses(NAMES)
    assert announced.totals(2).excluded == {"covered": 4}


def test_the_lease_is_short_enough_to_find_an_unknown_batch_within_a_minute(world: World) -> None:
    assert world.ledger.lease <= timedelta(seconds=45)
