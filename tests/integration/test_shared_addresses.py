"""Accounts with one address receive one message, also when addresses or accounts change meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update
from support.world import World, addresses

from subscribers.announcing import announcements
from subscribers.announcing.publishing import Opening
from subscribers.database import writing
from subscribers.model import deliveries, users
from subscribers.transports import UnconfirmedError

ERASED = {
    "erased_at": True,
    "email": None,
    "external_id": None,
    "language": None,
    "registered_at": None,
    "pseudonym_key": None,
}


@pytest.fixture
def shared(world: World) -> World:
    """Three accounts with one address, and one with another, wait for a message."""
    world.register("anna", "boris")
    world.register("anna-2", "anna-3", email="anna@example.com")
    world.open_with_baseline()
    world.announce()
    world.ledger.fan_out(batch_limit=1000)
    return world


@pytest.mark.parametrize(
    "change", [{"left_at": True}, {"restricted_at": True}, {"objected_at": True}, ERASED]
)
def test_another_account_of_the_address_is_notified_in_place_of_one_that_may_not_be(
    shared: World, change: dict[str, Any]
) -> None:
    shared.change("anna", **{name: value and shared.now for name, value in change.items()})
    shared.deliver()

    assert shared.transport.received == addresses(["anna", "boris"])
    exclusions = shared.exclusions(2)
    assert exclusions["anna-2"] is None
    assert exclusions["anna-3"] == "same address"
    assert shared.totals(2).accepted == 2


def test_accounts_that_no_longer_share_an_email_address_are_each_notified(shared: World) -> None:
    shared.change("anna", email="new@example.com")
    shared.change("anna-3", email="third@example.com")
    shared.deliver()

    assert shared.transport.received == addresses(["anna", "boris", "new", "third"])


def test_a_restricted_account_does_not_count_as_notified_once_the_account_with_its_address_has_left(
    shared: World,
) -> None:
    shared.change("anna", left_at=shared.now)
    shared.change("anna-2", restricted_at=shared.now)
    shared.deliver()

    assert shared.transport.received == addresses(["anna", "boris"])
    assert shared.exclusions(2) == {"anna": "left", "anna-2": "restricted", "anna-3": None, "boris": None}


def test_an_address_corrected_to_one_that_waits_too_receives_one_message(shared: World) -> None:
    shared.change("boris", email="anna@example.com")
    shared.deliver()

    assert shared.transport.received == addresses(["anna"])
    assert shared.exclusions(2)["boris"] == "same address"


def test_an_address_that_was_notified_is_not_notified_again(world: World) -> None:
    world.register("anna", language="en")
    world.register("boris", language="en")
    world.open_with_baseline()
    world.announce()
    world.transport.batch_limit = 1
    world.ledger.fan_out(batch_limit=1)
    world.transport.rule = lambda _: world.change("boris", email="anna@example.com")
    world.deliver()

    assert world.transport.received == addresses(["anna"])


def test_an_address_in_an_unknown_batch_is_not_notified_through_another_account(world: World) -> None:
    world.register("anna", "boris")
    world.open_with_baseline()
    world.announce()
    world.transport.batch_limit = 1
    world.ledger.fan_out(batch_limit=1)
    world.transport.answers = [UnconfirmedError("time-out")]
    world.deliver()
    world.change("boris", email="anna@example.com")
    world.wait(minutes=1)
    world.deliver()

    assert world.transport.received == {}
    assert world.exclusions(2) == {"anna": None, "boris": "same address"}


def test_an_account_with_an_address_notified_through_another_account_is_still_notified(
    world: World,
) -> None:
    world.register("anna", "boris")
    world.open_with_baseline()
    world.announce()
    world.transport.batch_limit = 1
    world.ledger.fan_out(batch_limit=1)

    def once_anna_is_told(_: object) -> None:
        world.change("anna", email="boris@example.com")

    world.transport.rule = once_anna_is_told
    world.deliver()

    assert world.transport.received == addresses(["anna", "boris"])


def test_a_user_whose_language_has_no_change_does_not_silence_another_with_the_address(
    world: World,
) -> None:
    world.site.publish("privacy")
    world.site.publish("privacy.ru", language="ru", translation_of="privacy")
    world.register("anna", language="en")
    world.register("anna-2", language="ru", email="anna@example.com")
    world.publish(opening=Opening(since=None))
    world.site.commit()
    world.site.publish("privacy.ru", summary="Только по-русски.")
    world.publish()
    world.deliver()

    assert world.exclusions(2) == {"anna": "unchanged", "anna-2": None}


def test_users_who_share_the_address_of_a_cancelled_message_are_notified_with_the_next(
    shared: World,
) -> None:
    announcements.cancel(shared.engine, 2)
    with writing(shared.engine) as connection:
        connection.execute(update(users).where(users.c.external_id == "anna").values(left_at=shared.now))
    shared.announce("We keep even less.")
    shared.deliver()

    assert shared.transport.received == addresses(["anna", "boris"])
    assert all("We keep less." in outgoing.message.text for outgoing in shared.transport.taken)


def test_users_who_shared_an_address_that_a_message_did_not_reach_are_notified_next_time(
    world: World,
) -> None:
    world.register("anna", "boris")
    world.register("anna-2", email="anna@example.com")
    world.open_with_baseline()
    world.announce("First.")
    world.ledger.fan_out(batch_limit=1000)
    world.deliver()
    with writing(world.engine) as connection:
        of_anna = (deliveries.c.announcement_id == 2) & (deliveries.c.recipient_id == 1)
        connection.execute(update(deliveries).where(of_anna).values(outcome="bounced"))
    world.change("anna-2", email="anna.two@example.com")
    world.announce("Second.")
    world.deliver()

    texts = {
        recipient.address: outgoing.message.text
        for outgoing in world.transport.taken[1:]
        for recipient in outgoing.recipients
    }
    assert "First." in texts["anna.two@example.com"]
    assert "First." not in texts["boris@example.com"]
