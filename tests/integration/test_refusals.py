"""A refusal of a recipient is theirs, one of the sender is ours: it costs nobody the message."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select
from support.world import World

from subscribers.announcing import announcements
from subscribers.announcing.announcements import UnfitAnnouncementError
from subscribers.database import reading
from subscribers.ledger.totals import AnnouncementStatus, statuses
from subscribers.model import users
from subscribers.transports import (
    DeferredError,
    OutgoingBatch,
    RefusedError,
    UnclearRefusalError,
    UnconfirmedError,
    UnsupportedAddressError,
)
from subscribers.users.reachability import unreachable as list_unreachable

Rule = Callable[[int], Exception | None]  # by the person's number


@pytest.fixture
def announced(world: World) -> World:
    """Sixty users, an announcement with nothing sent, a message for each, and a clock that runs."""
    world.register(*(f"p{number}" for number in range(1, 61)))
    world.open_with_baseline()
    world.transport.batch_limit = 1
    assert world.announce() == 2
    answer(world, lambda _: None)
    return world


def answer(world: World, rule: Rule) -> None:
    """Answer each user's message by this rule from now on; each takes a second."""

    def say(outgoing: OutgoingBatch) -> None:
        world.wait(seconds=1)
        error = rule(int(outgoing.recipients[0].address[1:].partition("@")[0]))
        if error is not None:
            raise error

    world.transport.rule = say


def quota(after: int) -> Rule:
    """Take this many messages, and then answer every request that the sender's quota is used up."""
    taken: set[int] = set()

    def say(number: int) -> Exception | None:
        if len(taken) >= after:
            return UnclearRefusalError(
                f"550 5.4.5 <p{number}@example.com> quota", reason="5.4.5 sending quota"
            )
        taken.add(number)
        return None

    return say


def dead(number: int) -> RefusedError:
    return RefusedError(f"550 5.1.1 {number}", reason="5.1.1 unknown mailbox", unreachable=True)


def unclear(_: int) -> UnclearRefusalError:
    return UnclearRefusalError("550 5.7.1 no", reason="5.7.1 not authorized")


def status(world: World, number: int = 2) -> AnnouncementStatus:
    return next(status for status in statuses(world.engine) if status.announcement_id == number)


def unreachable(world: World) -> set[str]:
    with reading(world.engine) as connection:
        return set(connection.scalars(select(users.c.external_id).where(users.c.unreachable.is_not(None))))


@pytest.mark.parametrize("after", [0, 20, 41, 55, 58])
def test_the_senders_quota_costs_nobody_the_message(announced: World, after: int) -> None:
    answer(announced, quota(after))
    announced.deliver()
    paused = status(announced)
    assert paused.state == "paused"
    assert "quota" in (paused.pause_reason or "")
    assert (paused.totals.accepted, paused.totals.waiting) == (after, 60 - after)
    assert paused.under_way == 60 - after  # all of them at once, nobody is left set aside

    answer(announced, lambda _: None)
    announcements.release(announced.engine, 2)
    announced.deliver()
    assert status(announced).totals.accepted == 60
    assert set(announced.transport.received.values()) == {1}


def test_refusals_that_come_between_acceptances_pause_it_too(announced: World) -> None:
    answer(announced, lambda number: unclear(number) if number % 3 == 0 else None)
    announced.deliver()

    paused = status(announced)
    assert paused.state == "paused"
    assert "10 of the last 50 recipients" in (paused.pause_reason or "")
    assert paused.under_way == paused.totals.waiting
    assert paused.totals.rejected == 0


def test_one_refusal_sets_one_recipient_aside_and_the_rest_go_out(announced: World) -> None:
    answer(announced, lambda number: unclear(number) if number == 30 else None)
    announced.deliver()
    after = status(announced)
    assert (after.state, after.totals.accepted, after.totals.waiting) == ("open", 59, 1)
    assert after.set_aside == {"5.7.1 not authorized": 1}
    assert not after.is_complete

    answer(announced, lambda _: None)
    announced.wait(hours=2)
    announced.deliver()
    assert status(announced).is_complete
    assert set(announced.transport.received.values()) == {1}


def test_a_recipient_who_is_refused_repeatedly_is_rejected_and_can_still_be_retried(
    announced: World,
) -> None:
    answer(announced, lambda number: unclear(number) if number == 30 else None)
    for _ in range(12):
        announced.deliver()
        announced.wait(hours=12)
    after = status(announced)
    assert after.rejected == {"5.7.1 not authorized": 1}
    assert after.is_complete
    assert unreachable(announced) == set()

    answer(announced, lambda _: None)
    assert announcements.retry(announced.engine, 2) == 1
    assert announcements.retry(announced.engine, 2) == 0
    announced.deliver()
    assert announced.totals(2).accepted == 60


def test_a_few_recipients_who_are_always_refused_do_not_pause_it_for_ever(announced: World) -> None:
    answer(announced, lambda number: unclear(number) if 20 < number <= 27 else None)
    announced.deliver()
    releases = 0
    while status(announced).state != "open" or status(announced).under_way:
        if status(announced).state == "paused":
            announcements.release(announced.engine, 2)
            releases += 1
        announced.deliver()
        assert releases < 4
    assert status(announced).totals.accepted == 53
    assert sum(status(announced).set_aside.values()) == 7


def test_a_list_with_many_dead_addresses_goes_through(announced: World) -> None:
    gone = {f"p{number}" for number in range(1, 61) if number % 10 in {1, 2, 3}}
    answer(announced, lambda number: dead(number) if f"p{number}" in gone else None)
    announced.deliver()

    after = status(announced)
    assert after.is_complete
    assert (after.totals.accepted, after.rejected) == (42, {"5.1.1 unknown mailbox": 18})
    assert unreachable(announced) == gone


@pytest.mark.parametrize("after", [20, 45])
def test_a_bare_code_for_all_the_rest_is_not_theirs(announced: World, after: int) -> None:
    taken: set[int] = set()

    def relay_denied(number: int) -> Exception | None:
        if len(taken) >= after:
            return RefusedError("550 relaying denied", reason="550 unknown mailbox", unreachable=True)
        taken.add(number)
        return None

    answer(announced, relay_denied)
    announced.deliver()
    paused = status(announced)
    assert (paused.state, paused.totals.rejected, paused.under_way) == ("paused", 0, 60 - after)
    assert unreachable(announced) == set()


def test_senders_refused_at_the_same_time_lose_nobody(announced: World) -> None:
    answer(announced, quota(20))
    senders = [threading.Thread(target=announced.deliver) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    paused = status(announced)
    assert (paused.state, paused.under_way) == ("paused", 60 - paused.totals.accepted)
    assert paused.totals.rejected == paused.totals.unknown == 0
    assert set(announced.transport.received.values()) == {1}


def test_a_server_that_knows_nobody_makes_nobody_unreachable(announced: World) -> None:
    answer(announced, dead)
    announced.deliver()

    paused = status(announced)
    assert paused.state == "paused"
    assert (paused.totals.rejected, paused.under_way) == (0, 60)
    assert unreachable(announced) == set()
    answer(announced, lambda _: None)
    announcements.release(announced.engine, 2)
    announced.deliver()
    assert announced.totals(2).accepted == 60


def test_an_account_with_the_same_dead_address_is_unreachable_too(world: World) -> None:
    world.register("anna", "boris")
    world.register("anna2", email="anna@example.com")
    world.open_with_baseline()
    world.transport.batch_limit = 1
    world.announce()

    def refuse(outgoing: OutgoingBatch) -> None:
        if outgoing.recipients[0].address.startswith("anna"):
            raise dead(1)

    world.transport.rule = refuse
    world.deliver()
    assert unreachable(world) == {"anna", "anna2"}
    world.announce("We keep even less.")
    world.deliver()
    assert world.exclusions(3) == {"anna": "unreachable", "anna2": "unreachable", "boris": None}


def test_a_refusal_of_the_sender_at_a_recipient_pauses_at_once(announced: World) -> None:
    answer(announced, lambda _: UnclearRefusalError("553 5.1.8 sender", reason="5.1.8", ours=True))
    announced.deliver()

    assert "the server refuses the sender: 553 5.1.8" in (status(announced).pause_reason or "")
    assert status(announced).under_way == 60


def test_retry_leaves_out_the_dead_unless_they_are_named(announced: World) -> None:
    answer(announced, lambda number: dead(number) if number == 7 else None)
    announced.deliver()
    assert announcements.retry(announced.engine, 2) == 0
    assert announcements.retry(announced.engine, 2, reasons=["5.1"]) == 0
    assert announcements.retry(announced.engine, 2, reasons=["5.1.1"]) == 1

    assert unreachable(announced) == set()
    answer(announced, lambda _: None)
    announced.deliver()
    assert announced.totals(2).accepted == 60


def test_retry_never_takes_up_what_was_accepted_or_is_unknown(announced: World) -> None:
    answer(announced, lambda number: UnconfirmedError("time-out") if number == 7 else None)
    for _ in range(3):
        announced.deliver()
        announced.wait(minutes=20)
    assert (announced.totals(2).accepted, announced.totals(2).unknown) == (59, 1)
    assert announcements.retry(announced.engine, 2) == 0
    assert announcements.retry(announced.engine, 2, reasons=["time-out"]) == 0
    announced.deliver()
    assert set(announced.transport.received.values()) == {1}


def test_retry_does_not_repeat_what_a_later_message_has_said(announced: World) -> None:
    answer(announced, lambda number: unclear(number) if number == 7 else None)
    announced.deliver()
    answer(announced, lambda _: None)
    announced.announce("We keep even less.")
    announced.deliver()
    assert announcements.retry(announced.engine, 2) == 0
    announced.wait(days=1)
    announced.deliver()

    assert announced.totals(2).excluded == {"covered": 1}
    assert announced.transport.received["p7@example.com"] == 1


def test_only_an_announcement_that_goes_out_can_be_retried(announced: World) -> None:
    announcements.cancel(announced.engine, 2)
    with pytest.raises(UnfitAnnouncementError, match="announcement 2: is cancelled"):
        announcements.retry(announced.engine, 2)
    with pytest.raises(UnfitAnnouncementError, match="announcement 9: does not exist"):
        announcements.retry(announced.engine, 9)


def test_one_full_mailbox_does_not_hold_up_the_next_announcement(announced: World) -> None:
    full = DeferredError("452 4.2.2 full", reason="4.2.2 mailbox full")
    answer(announced, lambda number: full if number == 7 else None)
    announced.deliver()
    assert status(announced).put_off == {"4.2.2 mailbox full": 1}
    announced.announce("We keep even less.")
    announced.deliver()

    assert announced.totals(3).accepted == 59
    assert announced.totals(2).excluded == {"covered": 1}
    answer(announced, lambda _: None)
    announced.wait(days=1)
    announced.deliver()
    assert announced.totals(3).accepted == 60
    assert announced.transport.received["p7@example.com"] == 1


def test_what_waits_for_its_retry_goes_out_beside_a_later_announcement(announced: World) -> None:
    answer(announced, lambda number: DeferredError("450") if number == 7 else None)
    announced.deliver()
    announced.announce("We keep even less.", hold=True)
    answer(announced, lambda _: None)
    announced.wait(hours=1)
    announced.deliver()

    assert announced.totals(2).accepted == 60


def test_a_server_that_wants_less_from_us_is_left_alone(announced: World) -> None:
    answer(announced, lambda _: DeferredError("451 4.7.1 slow down", reason="4.7.1", slower=True))
    tried = 0
    for _ in range(60):
        before = len(announced.attempts())
        announced.deliver()
        tried += len(announced.attempts()) - before
        announced.wait(seconds=1)
    assert 4 <= tried <= 12
    pause = announced.ledger.provider_pause(announced.transport)
    assert pause is None or "slow down" in pause.detail

    answer(announced, lambda _: None)
    announced.wait(hours=1)
    announced.deliver()
    assert announced.totals(2).accepted == 60


def test_one_recipient_put_off_for_the_senders_sake_slows_nobody_down(announced: World) -> None:
    answer(
        announced,
        lambda number: DeferredError("451 4.7.1", reason="4.7.1", slower=True) if number % 4 == 0 else None,
    )
    announced.deliver()
    assert announced.totals(2).accepted == 45


def test_a_message_that_cannot_be_made_stops_no_other(
    announced: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = announced.transport.prepare

    def fail_for_one(outgoing: OutgoingBatch) -> object:
        if any(recipient.address.startswith("p7@") for recipient in outgoing.recipients):
            raise UnicodeEncodeError("ascii", "ü", 0, 1, "ordinal not in range")
        return prepare(outgoing)

    monkeypatch.setattr(announced.transport, "prepare", fail_for_one)
    announced.transport.batch_limit = 10
    announced.deliver()

    after = status(announced)
    assert after.totals.accepted == 59
    assert after.set_aside == {"message not made: UnicodeEncodeError": 1}


def test_messages_that_can_never_be_made_pause_it(announced: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: OutgoingBatch) -> object:
        raise KeyError("template")

    monkeypatch.setattr(announced.transport, "prepare", fail)
    announced.deliver()

    assert "could not be made (KeyError: 'template')" in (status(announced).pause_reason or "")
    assert status(announced).under_way == 60


def test_whose_address_cannot_be_carried_is_listed_until_it_is_corrected(world: World) -> None:
    world.register("anna")
    world.register("boris", email="борис@example.com")
    world.register("chen", unreachable="bounced", unreachable_at=world.now)
    world.open_with_baseline()
    world.announce()

    def refuse(outgoing: OutgoingBatch) -> None:
        if not all(recipient.address.isascii() for recipient in outgoing.recipients):
            raise UnsupportedAddressError

    world.transport.rule = refuse
    world.deliver()
    assert world.exclusions(2) == {"anna": None, "boris": "unsupported address", "chen": "unreachable"}
    listed = {each.external_id: each.reason for each in list_unreachable(world.engine)}
    assert listed == {"boris": "unsupported address", "chen": "bounced"}

    world.change("boris", email="boris@example.com")
    assert {each.external_id for each in list_unreachable(world.engine)} == {"chen"}
    world.announce("We keep even less.")
    world.deliver()
    [text] = [
        outgoing.message.text
        for outgoing in world.transport.taken
        if outgoing.recipients[0].address == "boris@example.com"
    ]
    assert "We keep less." in text  # what boris missed
