"""An announcement of a version with errors waits until a person releases it."""

from __future__ import annotations

import pytest
from support.world import World

from subscribers.announcing import announcements
from subscribers.ledger.totals import statuses

FINDING = "policy/privacy.md:3: error: `summary` is still that of the version of 2026-01-10"


@pytest.fixture
def notified(world: World) -> World:
    """One person who knows a version, and a newer one with a finding."""
    world.register("anna")
    world.open_with_baseline()
    world.site.commit()
    world.site.publish("privacy").update({"held_for": [FINDING]})
    return world


def test_an_announcement_with_errors_is_held_until_the_operator_releases_it(notified: World) -> None:
    publication = notified.publish()
    assert publication.held_for == (FINDING,)
    notified.deliver()
    assert not notified.transport.taken
    announcements.release(notified.engine, publication.announcement_id or 0)
    notified.deliver()
    assert sum(notified.transport.received.values()) == 1


def test_the_next_run_neither_sends_a_held_announcement_nor_makes_another(notified: World) -> None:
    notified.publish()
    made = len(statuses(notified.engine))
    assert notified.publish().announcement_id is None
    notified.deliver()
    assert len(statuses(notified.engine)) == made
    assert not notified.transport.taken


def test_a_version_that_was_announced_before_is_not_held(notified: World) -> None:
    first = notified.publish().announcement_id
    announcements.release(notified.engine, first or 0)
    notified.deliver()
    notified.site.commit()
    notified.site.publish("privacy")
    assert notified.publish().held_for == ()
